#include "directclr/data/folder_listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/image/formats.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexHeader = "directclr folder index 3";

DirectoryTimes times_of(const struct stat& status) {
  const auto in_ns = [](const timespec& time) {
    return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  };
  return {in_ns(status.st_mtim), in_ns(status.st_ctim)};
}

DirectoryTimes times_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? times_of(status) : DirectoryTimes{};
}

// Walks through a directory and those below it.
class Walk {
 public:
  explicit Walk(const fs::path& root) : root_(root) {
    struct stat status {};
    if (::stat(root.c_str(), &status) != 0) throw InputError(printable(root.string()), "cannot be opened");
    visit("", status);
    std::sort(listing_.files.begin(), listing_.files.end());
  }
  FolderListing take() { return std::move(listing_); }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void visit(const std::string& directory, const struct stat& status) {
    constexpr int kMostWays = 16;
    const Identity identity{status.st_dev, status.st_ino};
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) {
      listing_.left_out.add("links back to a folder above", directory);
      return;
    }
    if (++ways_[identity] > kMostWays) {
      throw InputError(printable((root_ / directory).string()), "links reach this folder by more than sixteen ways");
    }
    listing_.directories[directory] = times_of(status);
    above_.push_back(identity);
    std::error_code error;
    std::vector<std::string> names;
    for (auto it = fs::directory_iterator(root_ / directory, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) {
      throw InputError(printable((root_ / directory).string()), "cannot list the directory: " + error.message());
    }
    std::sort(names.begin(), names.end());
    for (const auto& name : names) look_at(directory.empty() ? name : directory + "/" + name, name);
    above_.pop_back();
  }

  void look_at(const std::string& path, const std::string& name) {
    struct stat status {};
    if (name.starts_with(".")) {
      listing_.left_out.add("hidden files", path);
    } else if (::stat((root_ / path).c_str(), &status) != 0) {
      listing_.left_out.add("links that lead nowhere", path);
      listing_.lasting = false;  // what they name may come
    } else if (S_ISDIR(status.st_mode)) {
      visit(path, status);
    } else if (!S_ISREG(status.st_mode)) {
      listing_.left_out.add("pipes, sockets and devices", path);
    } else if (image::has_picture_name(name)) {
      listing_.files.push_back(path);
    } else {
      look_into(path, name, static_cast<uint64_t>(status.st_size));
    }
  }

  // A file that is no picture by its name.
  void look_into(const std::string& path, const std::string& name, uint64_t size) {
    std::string head;
    try {
      head = read_range(root_ / path, 0, std::min<uint64_t>(size, 32));
    } catch (const InputError&) {
      listing_.left_out.add("files that cannot be read", path);
      listing_.lasting = false;
      return;
    }
    const image::Format* format = image::format_of(head);
    if (format && format->decode) {
      listing_.files.push_back(path);
      return;
    }
    if (!format) format = image::format_of_name(name);
    const size_t dot = name.rfind('.');
    listing_.left_out.add(format                     ? format->name + " files, which are not read"
                          : dot == std::string::npos ? "files that are no pictures"
                                                     : lower(name.substr(dot)) + " files",
                          path);
  }

  const fs::path& root_;
  FolderListing listing_;
  std::vector<Identity> above_;  // the directories around, from the root inwards
  std::map<Identity, int> ways_;
};

fs::path cache_path(const fs::path& root) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (!cache && !home) return {};
  const fs::path base = cache && *cache ? fs::path(cache) : fs::path(home) / ".cache";
  return base / "directclr" / "index" / format("%016llx.txt", static_cast<unsigned long long>(fnv1a(root.string())));
}

// "COUNT WHAT\tFIRST"
bool read_remark(const std::string& text, Reading& left_out) {
  const size_t space = text.find(' '), tab = text.find('\t');
  int64_t count = 0;
  if (space == std::string::npos || tab == std::string::npos || tab < space ||
      !parse_int(text.substr(0, space), count) || count < 1) {
    return false;
  }
  left_out.add(text.substr(space + 1, tab - space - 1), text.substr(tab + 1), static_cast<uint64_t>(count));
  return true;
}

// The file's text; "" where it is not there, or must not be read: a home may be another user's.
std::string text_of_cache(const fs::path& path) {
  std::error_code error;
  if (path.empty() || !fs::exists(path, error)) return "";
  try {
    return read_file(path);
  } catch (const InputError&) {
    return "";
  }
}

// The cached listing, if every directory in it is as it was. Any doubt about the file means: scan again.
bool read_cache(const fs::path& path, const fs::path& root, FolderListing& listing) {
  const auto lines = split(text_of_cache(path), '\n');
  if (lines.size() < 3 || lines[0] != kIndexHeader || lines[1] != root.string()) return false;
  if (lines[lines.size() - 2] != "end " + std::to_string(lines.size() - 4)) return false;
  for (size_t i = 2; i + 2 < lines.size(); ++i) {
    const auto& line = lines[i];
    if (line.starts_with("f ")) {
      listing.files.push_back(line.substr(2));
      continue;
    }
    if (line.starts_with("o ")) {
      if (!read_remark(line.substr(2), listing.left_out)) return false;
      continue;
    }
    DirectoryTimes times;
    const size_t first = line.find(' ', 2), second = first == std::string::npos ? first : line.find(' ', first + 1);
    if (!line.starts_with("d ") || second == std::string::npos ||
        !parse_int(line.substr(2, first - 2), times.modified) ||
        !parse_int(line.substr(first + 1, second - first - 1), times.changed)) {
      return false;
    }
    const std::string directory = line.substr(second + 1);
    if (times_of(root / directory) != times) return false;
    listing.directories[directory] = times;
  }
  return true;
}

void write_cache(const fs::path& path, const fs::path& root, const FolderListing& listing) {
  if (path.empty()) return;
  std::string text = std::string(kIndexHeader) + "\n" + root.string() + "\n";
  const auto add = [&](const std::string& line) {
    text += line + "\n";
    return line.find('\n') == std::string::npos;
  };
  bool lines = true;
  for (const auto& [directory, times] : listing.directories)
    lines &= add("d " + std::to_string(times.modified) + " " + std::to_string(times.changed) + " " + directory);
  for (const auto& o : listing.left_out.remarks())
    lines &= add("o " + std::to_string(o.count) + " " + o.what + "\t" + o.first);
  for (const auto& file : listing.files) lines &= add("f " + file);
  if (!lines) return;  // such a name would break the format; go without the cache
  text += "end " +
          std::to_string(listing.directories.size() + listing.left_out.remarks().size() + listing.files.size()) + "\n";
  try {
    make_directories(path.parent_path());
    write_file(path, text);
  } catch (const InputError&) {
    // The cache only saves time: a home that cannot be written is no reason to stop.
  }
}

}  // namespace

FolderListing list_folder(const fs::path& root) {
  const fs::path cache = cache_path(root);
  FolderListing listing;
  if (read_cache(cache, root, listing)) return listing;
  listing = Walk(root).take();
  if (listing.lasting) write_cache(cache, root, listing);
  return listing;
}

}  // namespace directclr::data
