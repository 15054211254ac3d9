#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "directclr/array/dtype.h"

namespace directclr::array {

/// An n-dimensional array: what files hold and what spectra are made of. Like NumPy's, it is a view: copies, slices
/// and reshaped arrays share the elements, which live as long as one of them does. Element (i, j) lies at
/// data + i * strides[0] + j * strides[1], strides counted in elements.
///
/// Throws std::invalid_argument where an argument is not what is required.
class Array {
 public:
  /// No elements: shape (0), float64.
  Array() : shape_{0}, strides_{1} {}

  /// A new array, row after row; its elements are not set.
  static Array empty(std::vector<int64_t> shape, DType type);
  static Array zeros(std::vector<int64_t> shape, DType type);
  /// A new float64 array with these values, row after row. Requires as many as the shape has places.
  static Array of(std::vector<double> values, std::vector<int64_t> shape);
  /// A view of memory that somebody else made; `owner` keeps it alive (null: the caller does). Row after row if
  /// `strides` is empty.
  static Array view(void* data, DType type, std::vector<int64_t> shape, std::vector<int64_t> strides = {},
                    std::shared_ptr<const void> owner = nullptr);

  DType dtype() const { return type_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  const std::vector<int64_t>& strides() const { return strides_; }  ///< in elements
  int64_t dim() const { return static_cast<int64_t>(shape_.size()); }
  int64_t size(int64_t axis) const;
  int64_t numel() const;
  size_t nbytes() const { return static_cast<size_t>(numel()) * size_of(type_); }
  /// Whether the elements lie row after row without gaps.
  bool is_contiguous() const;
  /// "float32 (500, 32)", for messages.
  std::string describe() const;

  /// The elements. Requires: T is the array's type.
  template <class T>
  const T* data() const {
    return static_cast<const T*>(checked(DTypeOf<T>::value));
  }
  template <class T>
  T* mutable_data() {
    return static_cast<T*>(checked(DTypeOf<T>::value));
  }
  /// Of whatever type.
  const void* raw() const { return data_; }
  void* mutable_raw() { return data_; }
  /// Of a contiguous array.
  template <class T>
  std::span<const T> values() const {
    return {static_cast<const T*>(checked_contiguous(DTypeOf<T>::value)), static_cast<size_t>(numel())};
  }
  template <class T>
  std::span<T> mutable_values() {
    return {static_cast<T*>(checked_contiguous(DTypeOf<T>::value)), static_cast<size_t>(numel())};
  }

  // Views.
  /// Every step-th of the indices first .. end - 1 of the first axis; what lies beyond the array is cut off.
  Array slice(int64_t first, int64_t end, int64_t step = 1) const;
  /// Axes in reverse order.
  Array transposed() const;
  /// The same elements in another shape. Requires a contiguous array and a shape of as many places.
  Array reshaped(std::vector<int64_t> shape) const;

  // Copies, where one is needed.
  /// Itself if contiguous, else a copy that is.
  Array contiguous() const;
  /// As another type, contiguous. Floating numbers are rounded to the nearest, and truncated towards zero for integers,
  /// whose range they must lie in.
  Array to(DType type) const;
  /// A contiguous copy of its own.
  Array clone() const;
  /// The chosen indices of the first axis, a copy.
  Array rows(std::span<const int64_t> indices) const;

 private:
  void* checked(DType type) const;
  void* checked_contiguous(DType type) const;

  DType type_ = DType::kFloat64;
  std::vector<int64_t> shape_, strides_;
  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

/// All elements as float64, row after row.
std::vector<double> to_doubles(const Array& array);

}  // namespace directclr::array
