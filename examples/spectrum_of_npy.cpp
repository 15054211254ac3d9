// Are these embeddings collapsed? Measures the rows (N, D) of a file: spectrum_of_npy FILE [TENSOR]
// The file may be .npy, .npz, .safetensors, .pt or .csv, and larger than memory.
#include <cstdio>

#include "directclr/core/error.h"
#include "directclr/io/row_reader.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/verdict.h"

namespace io = directclr::io;
namespace spectrum = directclr::spectrum;

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: spectrum_of_npy FILE [TENSOR]\n");
    return 2;
  }
  try {
    io::RowReader reader(words[1], count > 2 ? words[2] : "");
    const auto found = spectrum::analyse(reader, spectrum::AnalysisSettings{}, /*limit=*/0, /*keep_rows=*/false);

    std::printf("%s: %lld rows\n", reader.name().c_str(), static_cast<long long>(found.summary.samples));
    for (const auto& measure : spectrum::measures_of(found.summary)) {
      std::printf("%-24s %s\n", measure.name.c_str(), measure.text.c_str());
    }
    const auto verdict = spectrum::verdict(found.summary, spectrum::VerdictSettings{});
    std::printf("%s: %s\n", verdict.name().c_str(), verdict.text.c_str());
  } catch (const directclr::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
