#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "directclr/causes/contrast.h"
#include "directclr/causes/growth.h"
#include "directclr/causes/view_features.h"
#include "directclr/data/augment_variants.h"
#include "directclr/settings/explain_settings.h"
#include "directclr/settings/loss_settings.h"
#include "directclr/spectrum/layer_alignment.h"
#include "directclr/spectrum/summary.h"

namespace directclr::causes {

/// Two matrices of a network that follow one another.
struct AdjacentMatrices {
  std::string name;            ///< "last convolution and projector"
  std::string between;         ///< what the statement about linear layers leaves out
  array::Array first, second;  ///< (m, n), (p, m)
};

/// What is explained: a network as functions of rows, the loss and the augmentation that it was trained with.
struct Subject {
  Encode encode;  ///< gives r (2n, D)
  /// Rows of the input h (n, H) of the last linear map, of r (n, D). Empty: h is r.
  std::function<array::Array(const array::Array& r)> input_of_map;
  LinearMap map;
  std::vector<AdjacentMatrices> adjacent;
  /// The projector's first two matrices where it has two, and dL/dW1 from two views' r (n, D) of one batch.
  array::Array first, second;
  std::function<array::Array(const array::Array& r_a, const array::Array& r_b)> first_gradient;
  settings::LossSettings loss;
  data::AugmentSettings augment;
};

/// X on one layer, and what its parts say on one half of the images along the eigenvectors of the other half (largest
/// eigenvalue first).
struct LayerContrast {
  std::string layer;  ///< "representation r", "input of the last layer"
  ContrastSpectrum contrast;
  std::vector<double> data_along;          ///< v_k^T Sigma0 v_k / N
  std::vector<double> augmentation_along;  ///< v_k^T Sigma1 v_k / N
};

/// How much one augmentation spreads the views, over what the data spread (Sigma1 over Sigma0).
struct Attribution {
  std::string name;
  data::AugmentVariant::Kind kind = data::AugmentVariant::Kind::kAlone;
  std::string operation;
  double share = 0;       ///< of the traces
  double weak_share = 0;  ///< within the weak directions; above 1 they are killed
};

/// How two layers that follow one another meet.
struct Alignment {
  std::string name;     ///< "last convolution, projector"
  std::string between;  ///< what the statement about linear layers leaves out
  spectrum::LayerAlignment alignment;
};

/// Why a representation has the directions that it has: the paper's two causes of dimensional collapse, strong
/// augmentation (Section 4) and the interplay of layers (Section 5), measured on a real network.
struct Explanation {
  int64_t images = 0;  ///< that were looked at, in batches of
  int64_t batch = 0;
  settings::LossSettings loss;  ///< whose weights X has
  spectrum::SpectrumSummary r;  ///< of the representations of view a of these images
  bool linear = false;          ///< the last linear map takes r itself, not the output of other layers of the projector
  LayerContrast last;           ///< on the input of the last linear map, with the weights of the trained loss
  ContrastSpectrum eqn2;        ///< there, with Eqn 2's own weights
  std::optional<LayerContrast> representation;  ///< on r, if that is not the same

  /// The weak directions of `last`: of those in which the data spread at all the tenth where the augmentation's part
  /// is largest (more, if more are negative beyond chance). Eigenvectors of X on one half of the batches.
  array::Array weak;      ///< (k, H), in rows
  double weak_share = 0;  ///< Sigma1 over Sigma0 within them, on the other half

  std::vector<Attribution> attribution;  ///< the augmentation as trained first; empty when not asked for
  int64_t attribution_images = 0;

  std::vector<uint64_t> examples;      ///< places of the images whose views differ most within the weak directions
  std::vector<double> example_shares;  ///< how much of all images' difference is each one's, times their number

  Growth growth;
  std::vector<Alignment> alignments;
  std::optional<FirstLayerGrowth> first_layer;  ///< of a projector of several matrices
};

/// Looks at all images of `source`. Throws InputError, before it looks, when they do not fill two batches and for a
/// loss without weights of pairs (require_pair_weights); NumericalError, Interrupted.
Explanation explain(const Subject& subject, const data::Source& source, const settings::ExplainSettings& settings,
                    const ViewOptions& options, const Context& context);

}  // namespace directclr::causes
