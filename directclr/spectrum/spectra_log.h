#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace directclr::spectrum {

// The spectra of r and z while a network is trained, as spectra.jsonl holds them (docs/formats.md): of each logged
// step some eigenvalues of the covariances that the monitor keeps.

/// How many eigenvalues a layer has at most.
inline constexpr int64_t kLoggedEigenvalues = 64;

/// The ranks (0: the largest eigenvalue) whose eigenvalues are kept of `dimensions`: all of up to kLoggedEigenvalues,
/// else so many at equal distances, the first and the last among them. Ascending.
std::vector<int64_t> logged_ranks(int64_t dimensions);

/// log10 of the eigenvalues at logged_ranks; minus infinity for 0. `values`: all, descending, >= 0.
std::vector<double> logged_spectrum(const std::vector<double>& values);

/// Buckets of a histogram: `count[i]` of the numbers lie in (limit[i - 1], limit[i]].
struct LogHistogram {
  std::vector<double> limit;
  std::vector<double> count;
  double least = 0, largest = 0, sum = 0, sum_of_squares = 0;  ///< of the numbers themselves
};
/// log10 of all eigenvalues above 0, in `buckets` >= 1 of equal width, in one where they
/// are equal. No buckets where there are none.
LogHistogram log_histogram(const std::vector<double>& values, int64_t buckets = 30);

/// The first line of the file. `z` is 0 where z is r, of which the file then says nothing.
std::string spectra_head(const std::string& run_id, int64_t r_dimensions, int64_t z_dimensions);
/// The line of a step. The logged spectra of r and z; no z where it is r.
std::string spectra_line(int64_t step, const std::vector<double>& r, const std::vector<double>& z);

/// What such a file holds.
struct SpectraLog {
  int64_t r_dimensions = 0, z_dimensions = 0;
  std::vector<int64_t> steps;
  std::vector<std::vector<double>> r, z;  ///< by step, each as logged_spectrum gives it
};
/// Reads the text of a file. A last line that is cut short counts for nothing. Throws JsonError when it is damaged or
/// of a later version.
SpectraLog read_spectra_log(std::string_view text);

}  // namespace directclr::spectrum
