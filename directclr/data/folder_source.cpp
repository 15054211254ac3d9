#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/data/file_source.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexHeader = "directclr folder index 1";

// What lies under a directory: every directory with the time it last changed, every image relative to the root.
struct Listing {
  std::map<std::string, int64_t> directories;
  std::vector<std::string> files;
};

int64_t changed_at(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return -1;
  return static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

bool is_image(const fs::path& path) {
  const std::string extension = lower(path.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

Listing scan(const fs::path& root) {
  Listing listing;
  listing.directories[""] = changed_at(root);
  const auto options = fs::directory_options::follow_directory_symlink;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(root, options, error); it != fs::recursive_directory_iterator();
       it.increment(error)) {
    if (error) break;
    const std::string relative = it->path().lexically_relative(root).string();
    if (it->path().filename().string().starts_with(".")) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (it->is_directory()) {
      listing.directories[relative] = changed_at(it->path());
    } else if (is_image(it->path())) {
      listing.files.push_back(relative);
    }
  }
  if (error) throw InputError(root.string(), "cannot list the directory: " + error.message());
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

fs::path cache_path(const fs::path& root) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (!cache && !home) return {};
  const fs::path base = cache && *cache ? fs::path(cache) : fs::path(home) / ".cache";
  return base / "directclr" / "index" / format("%016llx.txt", static_cast<unsigned long long>(fnv1a(root.string())));
}

// The cached listing, if every directory in it is as it was. Any doubt about the file means: scan again.
bool read_cache(const fs::path& path, const fs::path& root, Listing& listing) {
  if (path.empty() || !fs::exists(path)) return false;
  const auto lines = split(read_file(path), '\n');
  if (lines.size() < 3 || lines[0] != kIndexHeader || lines[1] != root.string()) return false;
  if (lines[lines.size() - 2] != "end " + std::to_string(lines.size() - 4)) return false;
  for (size_t i = 2; i + 2 < lines.size(); ++i) {
    const auto& line = lines[i];
    if (line.starts_with("f ")) {
      listing.files.push_back(line.substr(2));
      continue;
    }
    const size_t space = line.find(' ', 2);
    int64_t time = 0;
    if (!line.starts_with("d ") || space == std::string::npos || !parse_int(line.substr(2, space - 2), time)) {
      return false;
    }
    const std::string directory = line.substr(space + 1);
    if (changed_at(root / directory) != time) return false;
    listing.directories[directory] = time;
  }
  return true;
}

void write_cache(const fs::path& path, const fs::path& root, const Listing& listing) {
  if (path.empty()) return;
  std::string text = std::string(kIndexHeader) + "\n" + root.string() + "\n";
  for (const auto& [directory, time] : listing.directories)
    text += "d " + std::to_string(time) + " " + directory + "\n";
  for (const auto& file : listing.files) {
    if (file.find('\n') != std::string::npos) return;  // such a name would break the format; go without the cache
    text += "f " + file + "\n";
  }
  text += "end " + std::to_string(listing.directories.size() + listing.files.size()) + "\n";
  try {
    make_directories(path.parent_path());
    write_file(path, text);
  } catch (const InputError&) {
    // The cache only saves time: a home that cannot be written is no reason to stop.
  }
}

// Sub-folders are classes; a flat directory, or a single class, is unlabelled.
FileSource::Contents contents_of(Listing listing) {
  FileSource::Contents contents;
  std::map<std::string, int64_t> classes;
  bool flat = false;
  for (const auto& file : listing.files) {
    const size_t slash = file.find('/');
    if (slash == std::string::npos) {
      flat = true;
    } else {
      classes[file.substr(0, slash)] = 0;
    }
  }
  if (flat || classes.size() < 2) classes.clear();
  int64_t next = 0;
  for (auto& [name, number] : classes) {
    number = next++;
    contents.class_names.push_back(name);
  }
  contents.fingerprint = fnv1a("folder");
  for (const auto& file : listing.files) {
    contents.labels.push_back(classes.empty() ? -1 : classes.at(file.substr(0, file.find('/'))));
    contents.fingerprint = fnv1a(file, contents.fingerprint);
  }
  contents.files = std::move(listing.files);
  return contents;
}

fs::path split_path(const fs::path& directory, Split split) {
  if (split == Split::kTrain) return directory / "train";
  return fs::is_directory(directory / "val") ? directory / "val" : directory / "test";
}

}  // namespace

bool folder_has_split(const fs::path& directory, Split split) { return fs::is_directory(split_path(directory, split)); }

fs::path folder_of_split(const fs::path& directory, Split split) {
  if (folder_has_split(directory, split)) return split_path(directory, split);
  if (split == Split::kTrain) return directory;
  throw InputError(directory.string(), "has no test images", "put them under val/ or test/");
}

std::unique_ptr<Source> open_folder(const fs::path& directory, Split split) {
  const fs::path root = fs::canonical(folder_of_split(directory, split));
  const fs::path cache = cache_path(root);
  Listing listing;
  if (!read_cache(cache, root, listing)) {
    listing = scan(root);
    write_cache(cache, root, listing);
  }
  if (listing.files.empty()) {
    throw InputError(root.string(), "holds no images", "expected .jpg, .jpeg or .png files, in class folders or flat");
  }
  return std::make_unique<FileSource>(root, contents_of(std::move(listing)));
}

}  // namespace directclr::data
