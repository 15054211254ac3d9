#!/usr/bin/env python3
"""Repeats the views of `directclr data dump` with Pillow and torchvision and counts the bytes that differ.

    directclr data dump folder:photos -n 200 --out dump
    .deps/peers/bin/python tools/replay_in_pillow.py dump

Exits with 1 when a byte differs. The drawn parameters are in dump/views.jsonl, the bytes in dump/views.npy and,
where there are local views, dump/local_views.npy. Pillow before version 13 orders the two passes of a resize otherwise.
"""

import json
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageFilter
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

ADJUST = {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast, "saturation": F.adjust_saturation,
          "hue": F.adjust_hue}


def replay(image, view, settings):
    side = view["size"]
    filter = InterpolationMode.BILINEAR if settings["interpolation"] == "bilinear" else InterpolationMode.BICUBIC
    crop = view["crop"]
    image = F.resized_crop(image, crop["top"], crop["left"], crop["height"], crop["width"], [side, side], filter)
    if view["flip"]:
        image = F.hflip(image)
    if view["jitter"]:
        for name in view["order"]:
            if float(settings["jitter_" + name]) > 0:
                image = ADJUST[name](image, view[name])
    if view["grayscale"]:
        image = F.to_grayscale(image, num_output_channels=3)
    if view["blur_sigma"] > 0:
        image = image.filter(ImageFilter.GaussianBlur(view["blur_sigma"]))
    if view["solarize"]:
        image = F.solarize(image, int(settings["solarize_threshold"]))
    return np.asarray(image)


def main(folder):
    folder = Path(folder)
    head, *lines = [json.loads(line) for line in open(folder / "views.jsonl")]
    views = np.load(folder / "views.npy")
    small = folder / "local_views.npy"
    local_views = np.load(small) if small.exists() else [[]] * len(views)
    differing, worst, count, size = 0, 0, 0, 0
    for large, few, line in zip(views, local_views, lines, strict=True):
        image = Image.open(folder / line["image"]).convert("RGB")  # an absolute path stays what it is
        for ours, view in zip([*large, *few], line["views"], strict=True):
            count, size = count + 1, size + ours.size
            difference = np.abs(ours.astype(int) - replay(image, view, head["settings"]).astype(int))
            differing += int((difference > 0).sum())
            worst = max(worst, int(difference.max()))
    print(f"{len(lines)} images, {count} views, {size} bytes: {differing} differ, by at most {worst}")
    if differing and int(PIL.__version__.split(".")[0]) < 13:
        print(f"(this is Pillow {PIL.__version__}; before version 13 it orders the two passes of a resize otherwise: "
              "docs/math.md, \"Resize\")")
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
