#include "directclr/train/parts.h"

namespace directclr::train {

std::vector<std::string> own_parts(const Parts& parts) {
  std::vector<std::string> names;
  if (parts.source) names.emplace_back("source");
  if (parts.encoder.module) names.emplace_back("encoder");
  if (parts.projector) names.emplace_back("projector");
  if (parts.loss) names.emplace_back("loss");
  if (parts.optimizer) names.emplace_back("optimizer");
  return names;
}

}  // namespace directclr::train
