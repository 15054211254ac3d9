#include "tests/support/folders.h"

namespace directclr::test {

std::filesystem::path tests_folder() { return DIRECTCLR_TESTS_FOLDER; }

}  // namespace directclr::test
