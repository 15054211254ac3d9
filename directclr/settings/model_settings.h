#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

/// The encoder: which ResNet, which stem, which end.
struct EncoderSettings {
  std::string arch = "resnet50";
  std::string stem = "auto";
  bool zero_init_residual = true;
  std::string encoder_end = "relu";

  void describe(FieldList& fields);

  /// What `arch` stands for.
  struct Shape {
    bool bottleneck;
    int64_t blocks[4];
    int64_t width;  ///< channels of the first stage
    /// D: channels of the last stage.
    int64_t representation() const { return width * 8 * (bottleneck ? 4 : 1); }
  };
  /// Throws InputError for an unknown name or a malformed `bottleneck:a,b,c,d:width`.
  Shape shape() const;
  /// The stem, with what "auto" stands for: cifar for images of 64 pixels and less, else imagenet.
  std::string resolved_stem(int64_t image_size) const;
};

/// The projector z = P(r). D is the representation's width.
struct ProjectorSettings {
  std::string projector = "mlp";
  int64_t d0 = 0;
  int64_t projector_dim = 128;
  int64_t mlp_depth = 2;
  int64_t mlp_hidden = 0;
  bool mlp_batch_norm = true;
  bool mlp_last_batch_norm = true;
  bool mlp_bias = false;
  bool lowrank_left = false;

  void describe(FieldList& fields);

  /// d0 with its default filled in: round(D * 360 / 2048), the paper's share. Throws InputError when outside 1 .. D.
  int64_t resolved_d0(int64_t representation) const;
};

}  // namespace directclr::settings
