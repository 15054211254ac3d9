#pragma once

#include "directclr/image/image.h"

namespace directclr::image {

// Per-pixel operations, in place, each equal to Pillow's to the last byte. Factors are float32 as in Pillow's C code;
// every operation rounds to bytes, so their order matters.

/// ImageEnhance.Brightness: blend with black. factor in 0 .. 2^20, here and below; 1 changes nothing.
void adjust_brightness(Planes& image, float factor);

/// ImageEnhance.Contrast: blend with the rounded mean luminance of the image as it is now.
void adjust_contrast(Planes& image, float factor);

/// ImageEnhance.Color: blend with the pixel's own luminance.
void adjust_saturation(Planes& image, float factor);

/// torchvision's adjust_hue on a Pillow image: HSV in bytes, H shifted by trunc(255 * shift) modulo 256.
/// shift in [-0.5, 0.5]. 0 is not quite the identity: the round trip through HSV rounds.
void adjust_hue(Planes& image, double shift);

/// Luminance (19595 R + 38470 G + 7471 B + 2^15) >> 16 in all three channels.
void to_grayscale(Planes& image);

/// Inverts every value at or above the threshold (128 in SimCLR-like recipes).
void solarize(Planes& image, int threshold = 128);

}  // namespace directclr::image
