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

const Table<EncoderEnd>& encoder_ends() {
  static const Table<EncoderEnd> table{
      "--encoder-end",
      {
          {"relu", "ReLU, then the average over the map, as torchvision", true, false},
          {"linear", "the average without a ReLU before it, so that r has negative numbers too", false, false},
          {"norm", "as relu, then batch norm of r", true, true},
      },
  };
  return table;
}

}  // namespace directclr::settings
