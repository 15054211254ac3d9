#include "directclr/io/array_index.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/inflate.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "directclr/io/torch_file.h"
#include "directclr/io/unread_files.h"
#include "directclr/io/zip_index.h"

namespace directclr::io {
namespace {

using std::string_view_literals::operator""sv;

enum class FileKind { kUnknown, kNpy, kZip, kSafetensors, kRefused };

// Files that people take for arrays, and what to do about each.
struct RefusedFile {
  std::string_view begin;
  const char* what;
  const char* hint;
};
constexpr RefusedFile kRefusedFiles[] = {
    {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv,
     "was written by torch.save of before PyTorch 1.6, or without its archive: a stream of pickles",
     "write it again in Python: torch.save(torch.load(f), f)"},
    {"\x80\x02"sv, "is a pickle of Python, which could hold any code", "save arrays: numpy.savez or torch.save"},
    {"\x80\x03"sv, "is a pickle of Python, which could hold any code", "save arrays: numpy.savez or torch.save"},
    {"\x80\x04"sv, "is a pickle of Python, which could hold any code", "save arrays: numpy.savez or torch.save"},
    {"\x80\x05"sv, "is a pickle of Python, which could hold any code", "save arrays: numpy.savez or torch.save"},
    {"\x89HDF\r\n"sv, "is an HDF5 file, which is not read", "save its arrays with numpy.savez"},
    {"version https://git-lfs"sv, "is a pointer of Git LFS, not the file that it stands for", "git lfs pull"},
    {"<!DOCTYPE"sv, "is a web page: a download that failed?", ""},
    {"<html"sv, "is a web page: a download that failed?", ""}};

const RefusedFile* refused_file(std::string_view begin) {
  const auto* found = std::find_if(std::begin(kRefusedFiles), std::end(kRefusedFiles),
                                   [&](const RefusedFile& file) { return begin.starts_with(file.begin); });
  return found == std::end(kRefusedFiles) ? nullptr : found;
}

// torch.save of before PyTorch 0.1.10 wrote a tar archive with these members.
bool is_tar_of_torch(const std::filesystem::path& path, uint64_t size) {
  constexpr uint64_t kBlock = 512;
  if (size < 2 * kBlock) return false;
  const std::string head = read_range(path, 0, kBlock);
  const std::string name = head.substr(0, std::min<size_t>(head.find('\0'), 100));
  return head.substr(257, 5) == "ustar" && (name == "sys_info" || name == "pickle" || name == "storages");
}

FileKind kind_of(const std::filesystem::path& path) {
  const uint64_t size = size_of_file(path);
  const std::string begin = read_range(path, 0, std::min<uint64_t>(size, 32));
  if (begin.starts_with("\x93NUMPY")) return FileKind::kNpy;
  if (begin.starts_with("PK\x03\x04") || begin.starts_with("PK\x05\x06")) return FileKind::kZip;
  if (refused_file(begin) || is_tar_of_torch(path, size)) return FileKind::kRefused;
  // A length, then a JSON object.
  if (begin.size() > 8 && begin[8] == '{' && begin[6] == '\0' && begin[7] == '\0') return FileKind::kSafetensors;
  // A damaged file is what its name says: its reader tells what is wrong.
  const std::string ending = lower(path.extension().string());
  if (ending == ".npy") return FileKind::kNpy;
  if (ending == ".safetensors") return FileKind::kSafetensors;
  if (ending == ".npz" || ending == ".pt" || ending == ".pth") return FileKind::kZip;
  return FileKind::kUnknown;
}

[[noreturn]] void refuse(const std::filesystem::path& path) {
  const std::string begin = read_range(path, 0, std::min<uint64_t>(size_of_file(path), 32));
  const RefusedFile* known = refused_file(begin);
  throw InputError(path.string(), known ? known->what : "was written by torch.save of before PyTorch 0.1.10",
                   known ? known->hint : "write it again in Python: torch.save(torch.load(f), f)");
}

void add(ArrayIndex& index, const std::string& name, NpyHead head) {
  if (head.span) {
    index.arrays.emplace_back(name, std::move(*head.span));
  } else {
    index.others.push_back({name, head.other, head.hint});
  }
}

ArrayIndex read_npz_index(const std::filesystem::path& path, const std::map<std::string, ZipEntry>& archive) {
  ArrayIndex index;
  index.container = "an archive of NumPy";
  // In the order in which they were written, which for rows with a name each is that of the rows.
  std::vector<const std::pair<const std::string, ZipEntry>*> entries;
  for (const auto& item : archive) entries.push_back(&item);
  std::ranges::sort(entries, {}, [](const auto* item) { return item->second.offset; });
  for (const auto* item : entries) {
    const auto& [name, entry] = *item;
    if (!name.ends_with(".npy")) continue;
    const std::string array = name.substr(0, name.size() - 4), what = path.string() + ", array '" + array + "'";
    std::string head(std::min(entry.size, kNpyHead), '\0');
    if (entry.stored) {
      NpyHead found = parse_npy_head(read_range(path, entry.offset, head.size()), entry.size, what);
      if (found.span) found.span->offset += entry.offset;
      add(index, array, std::move(found));
    } else {
      InflateStream(path, entry.offset, entry.compressed).read(head.data(), head.size());
      NpyHead found = parse_npy_head(head, entry.size, what);
      if (found.span) {
        found.span->skip = std::exchange(found.span->offset, entry.offset);
        found.span->compressed = entry.compressed;
      }
      add(index, array, std::move(found));
    }
  }
  if (index.arrays.empty() && index.others.empty()) {
    const bool workbook = archive.contains("xl/workbook.xml");
    throw InputError(path.string(),
                     workbook ? "is an Excel workbook, which is not read"
                              : "is a ZIP archive with neither arrays of NumPy (.npy) nor a file of torch.save",
                     workbook ? kTableHint : "");
  }
  return index;
}

}  // namespace

ArrayIndex read_array_index(const std::filesystem::path& path) {
  switch (kind_of(path)) {
    case FileKind::kNpy: {
      ArrayIndex index;
      index.container = "a .npy file";
      add(index, "", read_npy_head(path));
      return index;
    }
    case FileKind::kZip: {
      const auto archive = read_zip_index(path);
      return is_torch_archive(archive) ? read_torch_index(path, archive) : read_npz_index(path, archive);
    }
    case FileKind::kSafetensors: return read_safetensors_index(path);
    case FileKind::kRefused: refuse(path);
    case FileKind::kUnknown: break;
  }
  throw InputError(
      path.string(),
      "is neither a run directory nor a .npy, .npz, .safetensors, .csv or .tar file, nor one of torch.save",
      hint_on_unknown(path));
}

bool is_array_file(const std::filesystem::path& path) { return kind_of(path) != FileKind::kUnknown; }

std::string hint_on(const std::vector<OtherContent>& others) {
  const auto found = std::ranges::find_if(others, [](const OtherContent& other) { return !other.hint.empty(); });
  return found == others.end() ? "" : found->hint;
}

std::string hint_on_objects(const std::vector<OtherContent>& others) {
  const auto found = std::ranges::find_if(others, &OtherContent::is_object);
  return found == others.end() ? "" : found->hint;
}

std::string names_of(const std::vector<OtherContent>& others, size_t most) {
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(others.size(), most); ++i) {
    words.push_back((others[i].name.empty() ? "" : "'" + others[i].name + "' ") + others[i].what);
  }
  return join(words) + (others.size() > most ? format(" and %zu more", others.size() - most) : "");
}

}  // namespace directclr::io
