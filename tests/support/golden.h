#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "directclr/image/image.h"
#include "directclr/io/safetensors.h"
#include "tests/support/folders.h"

namespace directclr::test {

/// A golden file: tensors, and the cases from its metadata (tools/goldens/make_goldens.py).
struct Golden {
  io::TensorFile file;
  nlohmann::json cases;

  explicit Golden(const std::string& name)
      : file(io::read_safetensors(tests_folder() / "goldens" / (name + ".safetensors"))),
        cases(nlohmann::json::parse(file.metadata.at("cases"))) {}
  const at::Tensor& operator[](const std::string& name) const {
    const at::Tensor* tensor = file.find(name);
    if (!tensor) throw std::out_of_range("no golden tensor " + name);
    return *tensor;
  }
  /// A (height, width, 3) byte tensor as a picture.
  image::Image image(const std::string& name) const {
    const at::Tensor& tensor = (*this)[name];
    image::Image result(static_cast<int>(tensor.size(1)), static_cast<int>(tensor.size(0)));
    std::copy_n(tensor.data_ptr<uint8_t>(), result.pixels.size(), result.pixels.begin());
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
  for (size_t i = 0; i < planes.plane_size(); ++i) {
    for (int c = 0; c < 3; ++c) picture.pixels[3 * i + static_cast<size_t>(c)] = planes.plane(c)[i];
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
