#include "directclr/settings/encoders.h"

namespace directclr::settings {

const Table<Architecture>& architectures() {
  static const Table<Architecture> table{
      "--arch",
      {
          {"resnet18", {false, {2, 2, 2, 2}, 64}},
          {"resnet34", {false, {3, 4, 6, 3}, 64}},
          {"resnet50", {true, {3, 4, 6, 3}, 64}},
          {"resnet101", {true, {3, 4, 23, 3}, 64}},
      },
  };
  return table;
}

}  // namespace directclr::settings
