#pragma once

#include <filesystem>
#include <string>

namespace directclr::test {

/// Where fixtures and goldens lie: the tests/ folder of the source tree. Defined in one small file, so that objects of
/// the others hold no path and a compiler cache knows them in every checkout.
std::filesystem::path tests_folder();
inline std::filesystem::path fixture(const std::string& name) { return tests_folder() / "fixtures" / name; }

}  // namespace directclr::test
