#include "directclr/paper/suites.h"

#include "directclr/experiment/collapse_measures.h"

namespace directclr::paper {

using experiment::Suite;

// Each in a file of its own.
Suite figure2();
Suite figure7();
Suite table1();
Suite figure9();
Suite table2();
Suite appendix_f();
Suite figure12();
Suite rank_and_accuracy();

const Table<Suite>& suites() {
  static const Table<Suite> table("reproduce", {figure2(), figure7(), table1(), figure9(), table2(), appendix_f(),
                                                figure12(), rank_and_accuracy()});
  return table;
}

experiment::Experiment reproduction(const std::string& suite, const std::string& scale) {
  experiment::Experiment result{
      {"The paper's tables and figures, as obtained here",
       "&ldquo;Understanding Dimensional Collapse in Contrastive Self-supervised Learning&rdquo; (Jing, Vincent, "
       "LeCun, Tian, ICLR 2022). r is the representation, the encoder's output; the projector makes of it the "
       "embedding z, which the loss sees.",
       "The paper's figures are its own, on ImageNet with ResNet-50: they stand beside ours for the order, not for the "
       "size."},
      experiment::scales().at(scale),
      {}};
  if (suite == "all") {
    result.suites.assign(suites().begin(), suites().end());
  } else {
    result.suites = {suites().at(suite)};
  }
  result.scale.varied = {"projector", "d0"};
  result.suites.push_back(experiment::collapse_measures());
  result.suites.back().published =
      "The paper reads collapse off the logarithmic spectrum and gives no single number for it.";
  return result;
}

}  // namespace directclr::paper
