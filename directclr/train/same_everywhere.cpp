#include "directclr/train/same_everywhere.h"

#include <torch/version.h>

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/core/version.h"

namespace directclr::train {

void refuse_together(const distributed::ProcessGroup& group, const InputError& error) {
  if (group.is_root()) throw error;
  throw RankFailure(error.what(), /*already_reported=*/true);
}

void check_alike(const settings::TrainSettings& settings, bool bfloat16, uint64_t data_fingerprint,
                 const std::vector<std::string>& own_parts, const distributed::ProcessGroup& group) {
  settings::TrainSettings copy = settings;
  std::string mine = format("directclr %s, libtorch %s", kVersion, TORCH_VERSION);
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) {
    // How the run is carried out may differ from machine to machine, and where the data lie.
    if (field.section != "run" && field.name != "data") {
      mine += "\n" + field.option() + " " + field.text();
    }
  }
  mine += format("\nprecision %s\ndata fingerprint %016llx", bfloat16 ? "bfloat16" : "float32",
                 static_cast<unsigned long long>(data_fingerprint));
  mine += "\nown parts: " + join(own_parts, ", ");
  const auto all = group.all_gather_text(mine);
  const auto roots = split(all[0], '\n');
  for (size_t rank = 1; rank < all.size(); ++rank) {
    const auto theirs = split(all[rank], '\n');
    for (size_t i = 0; i < std::max(roots.size(), theirs.size()); ++i) {
      const std::string here = i < theirs.size() ? theirs[i] : "nothing",
                        there = i < roots.size() ? roots[i] : "nothing";
      if (here == there) continue;
      refuse_together(group, InputError(format("rank %zu", rank), "has '" + here + "', rank 0 has '" + there + "'",
                                        "all processes need the same settings, data and version"));
    }
  }
}

}  // namespace directclr::train
