#include "tests/cli/cli.h"

namespace directclr::test {

std::string program() { return DIRECTCLR_PROGRAM; }

}  // namespace directclr::test
