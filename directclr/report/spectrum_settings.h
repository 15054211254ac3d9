#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"
#include "directclr/io/row_settings.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/gates.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::report {

/// Which rows of a run are looked at.
struct LayerSettings {
  std::string layer = "representation";
  std::string split = "auto";

  void describe(FieldList& f) {
    f.section("layer");
    f.add("layer", layer, "representation (before the projector) or embedding (after it)",
          {"representation", "embedding"});
    f.add("split", split,
          "of a run: part of the data, train: the images that it was trained on; auto: test, or train where there is "
          "no test part",
          {"auto", "train", "test"});
  }
};

/// What `directclr spectrum` is asked: which rows of its inputs, what of them, and where the lines are drawn.
struct SpectrumSettings {
  LayerSettings layer;
  std::string tensor;
  int64_t limit = 0;
  spectrum::AnalysisSettings analysis;
  bool explain = false;
  bool weights = false;
  std::string prefix;
  bool exact = false;
  bool cka = false;
  spectrum::GateTexts fail;
  spectrum::VerdictSettings verdict;
  io::RowSettings rows;  ///< of files

  void describe(FieldList& f) {
    layer.describe(f);
    analysis.describe(f);
    f.add("tensor", tensor,
          "which array to read where a file holds several: its name, the name of a list of batches, or a pattern of "
          "names, '*.emb'; of a .tar the extension, such as emb.npy for KEY.emb.npy. Empty: the only matrix of "
          "floating-point numbers");
    f.add("limit", limit, 0, 1099511627776,
          "of a run: at most this many images, evenly spread; of a file: at most this many rows, the first; 0: all");
    f.add("explain", explain, "say what each measure is and when it misleads");
    f.add("weights", weights,
          "the inputs are checkpoints: singular values of every weight matrix, and how adjacent matrices align (V2^T "
          "U1)");
    f.add("prefix", prefix,
          "with --weights: of a checkpoint that holds several networks, the one whose tensor names begin with this "
          "(module.encoder_k). Empty: the trained network, not its moving average (encoder_k, teacher, momentum, ema)");
    f.add("exact", exact,
          "with --weights: compute singular values by a full SVD, which is slower and right for the smallest ones too; "
          "without it they are the square roots of the eigenvalues of W^T W, and what is below 5e-8 of the largest is "
          "not accurate");
    f.add("cka", cka,
          "also compute how similar every two inputs are (linear CKA); their rows must be the same samples in the same "
          "order");
    f.add("fail_under", fail.under,
          "exit with status 5 when a measure is under its floor: rank=0.1D,normalized-std=0.5; empty: never");
    f.add("fail_over", fail.over,
          "exit with status 5 when a measure is over its ceiling: dead=0, dead=0.05D; empty: never");
    f.add("fail_on", fail.on,
          "exit with status 5 on these verdicts: collapse (of any kind), " + join(spectrum::verdict_kinds().names()) +
              "; empty: never");
    verdict.describe(f);
    rows.describe(f);
  }
};

}  // namespace directclr::report
