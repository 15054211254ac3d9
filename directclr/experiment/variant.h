#pragma once

#include <string>
#include <utility>
#include <vector>

namespace directclr::experiment {

/// One way to train that an experiment compares with others: a row of its tables, a curve of its figures.
struct Variant {
  std::string name;   ///< "direct-90": the same name is the same run, whichever suite asks for it; fit for a file name
  std::string label;  ///< "DirectCLR (d0 = 90)"
  std::vector<std::pair<std::string, std::string>> settings;  ///< training settings on top of the scale's, as text
  std::string dims = "";      ///< columns of the representation that are probed alone, too: "0:90"; empty: none
  std::string baseline = "";  ///< name of the variant that it is compared with; empty: none
};

}  // namespace directclr::experiment
