// The readers under clang's libFuzzer, which looks for inputs that reach new code (preset `fuzz`; fuzz/run --coverage).
// FUZZ_READER in the environment names the reader.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string reader = std::getenv("FUZZ_READER");
  directclr::fuzz::accepts(reader, std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
