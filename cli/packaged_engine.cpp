#include "cli/packaged_engine.h"

#include <dlfcn.h>

#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::cli {
namespace {

// "2.15.0" of the line `__version__ = '2.15.0+cu130'`.
std::string version_of(const std::filesystem::path& torch) {
  const std::string text = "\n" + read_file(torch / "version.py");
  const std::string before = "\n__version__ = '";
  const size_t found = text.find(before);
  if (found == std::string::npos) return "of an unknown version";
  const size_t begin = found + before.size();
  return text.substr(begin, text.find_first_of("'+", begin) - begin);
}

}  // namespace

void* open_packaged_engine(const std::filesystem::path& engine, const std::filesystem::path& torch) {
  if (engine.empty()) {
    throw InputError("directclr-train", "this package, which trains, evaluates and explains, is not installed",
                     "pip install 'directclr[train]'");
  }
  const std::string wanted = split(read_file(engine / "torch_version"), '\n').front();
  const std::string hint = "pip install torch==" + wanted;
  if (torch.empty()) throw InputError("torch", "is not installed, and training needs version " + wanted, hint);
  const std::string found = version_of(torch);
  if (found != wanted) {
    throw InputError("torch", "is " + found + " here, and directclr-train works with " + wanted + " alone", hint);
  }
  // What the engine links to is found by name once it is loaded. The part for CUDA registers itself.
  const auto library = [&](const char* name) {
    return ::dlopen((torch / "lib" / name).c_str(), RTLD_NOW | RTLD_GLOBAL);
  };
  const bool has_device = std::filesystem::exists("/dev/nvidiactl");
  if (!(has_device && library("libtorch_cuda.so")) && !library("libtorch_cpu.so")) return nullptr;
  return ::dlopen((engine / "libdirectclr_engine.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
}

}  // namespace directclr::cli
