#pragma once

#include <cstdint>
#include <string>

#include "directclr/array/array.h"
#include "directclr/report/finding.h"

namespace directclr::report {

/// An input's rows, to be compared row by row with another's.
struct ComparedRows {
  std::string name;
  array::Array rows;    ///< (N, D)
  int64_t skipped = 0;  ///< rows that were left out
  bool varies = true;   ///< not all rows are the same
};

/// How alike two inputs are: linear CKA, plain and debiased, or why it cannot be had of them.
struct Comparison {
  std::string first;
  std::string second;
  double cka = 0;               ///< not a number when there is a reason
  double cka_debiased = 0;      ///< not a number when there is a reason for either
  std::string reason;           ///< why there is no value; empty: there is
  std::string debiased_reason;  ///< the same of the debiased one
};
Comparison compare(const ComparedRows& first, const ComparedRows& second);

/// What is printed of it.
Finding finding_of(const Comparison& comparison);

}  // namespace directclr::report
