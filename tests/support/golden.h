#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/json.h"
#include "directclr/image/image.h"
#include "directclr/io/safetensors.h"
#include "tests/support/folders.h"
#include "tests/support/json_printing.h"

namespace directclr::test {

/// A golden file: arrays, and the cases from its metadata (tools/goldens/make_goldens.py).
struct Golden {
  io::ArrayFile file;
  Json cases;

  explicit Golden(const std::string& name)
      : file(io::read_safetensors(tests_folder() / "goldens" / (name + ".safetensors"))),
        cases(Json::parse(file.metadata.at("cases"))) {}
  const array::Array& operator[](const std::string& name) const {
    const array::Array* found = file.find(name);
    if (!found) throw std::out_of_range("no golden array " + name);
    return *found;
  }
  /// An array's elements, row after row, as float64.
  std::vector<double> values(const std::string& name) const { return array::to_doubles((*this)[name]); }
  /// A (height, width, 3) byte array as a picture.
  image::Image image(const std::string& name) const {
    const array::Array& pixels = (*this)[name];
    image::Image result(static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)));
    std::copy_n(pixels.data<uint8_t>(), result.pixels.size(), result.pixels.begin());
    return result;
  }
};

inline image::Planes to_planes(const image::Image& picture) {
  image::Planes planes(picture.width, picture.height);
  for (size_t i = 0; i < planes.plane_size(); ++i) {
    for (int c = 0; c < 3; ++c) planes.plane(c)[i] = picture.pixels[3 * i + static_cast<size_t>(c)];
  }
  return planes;
}

inline image::Image to_image(const image::Planes& planes) {
  image::Image picture(planes.width, planes.height);
  for (int c = 0; c < 3; ++c) {
    const uint8_t* const from = planes.plane(c);
    uint8_t* const to = picture.pixels.data() + c;
    for (size_t i = 0, count = planes.plane_size(); i < count; ++i) to[3 * i] = from[i];
  }
  return picture;
}

/// How many bytes differ, and by how much at most.
inline ::testing::AssertionResult same_bytes(const std::vector<uint8_t>& actual, const std::vector<uint8_t>& expected) {
  if (actual.size() != expected.size()) {
    return ::testing::AssertionFailure() << "sizes differ: " << actual.size() << " against " << expected.size();
  }
  size_t differing = 0;
  int worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const int difference = std::abs(int{actual[i]} - int{expected[i]});
    differing += difference > 0;
    worst = std::max(worst, difference);
  }
  if (differing == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << differing << " of " << actual.size() << " bytes differ, at most by " << worst;
}

}  // namespace directclr::test
