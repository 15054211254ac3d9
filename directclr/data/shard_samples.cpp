#include "directclr/data/shard_samples.h"

#include <unordered_map>

#include "directclr/core/error.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/image/formats.h"

namespace directclr::data {
namespace {

// Members of one sample, as places in the archive's index; SIZE_MAX: it has none.
struct Members {
  static constexpr size_t kNone = SIZE_MAX;
  size_t first = kNone;
  size_t image = kNone, label = kNone, json = kNone;
  bool plain = false;  // the image's suffix is a picture's alone: KEY.jpg
};

bool is_hidden(const std::string& name, size_t begin) {
  return name[begin] == '.' || name.starts_with("__MACOSX/") || name.find("/__MACOSX/") != std::string::npos;
}

std::string_view without_blanks(std::string_view text) {
  const char* const blanks = " \t\r\n\0";
  const std::string_view set(blanks, 5);
  const size_t begin = text.find_first_not_of(set);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(set) - begin + 1);
}

class SampleReader {
 public:
  SampleReader(std::string_view archive, const std::vector<TarEntry>& entries, const ReadSettings& reading,
               const std::string& where, Reading& left_out)
      : archive_(archive),
        entries_(entries),
        image_key_(reading.image_key),
        label_key_(reading.label_key.empty() ? "cls" : reading.label_key),
        where_(where),
        left_out_(left_out) {}

  std::vector<ShardSample> read() {
    for (size_t i = 0; i < entries_.size(); ++i) sort_in(i);
    std::vector<ShardSample> samples;
    for (const auto& members : members_) {
      if (members.image == Members::kNone) {
        left_out_.add("samples without an image", entries_[members.first].name);
        continue;
      }
      auto& sample = samples.emplace_back(ShardSample{entries_[members.image], false, ""});
      if (members.label != Members::kNone) {
        sample.label = without_blanks(content(members.label));
        sample.labelled = !sample.label.empty();
      } else if (members.json != Members::kNone && label_key_ != "cls") {
        sample.labelled = read_field(members.json, sample.label);
      }
      if (!sample.labelled) left_out_.add("images without a label", sample.image.name);
    }
    return samples;
  }

 private:
  void sort_in(size_t i) {
    const std::string& name = entries_[i].name;
    const size_t slash = name.rfind('/'), begin = slash == std::string::npos ? 0 : slash + 1;
    if (begin == name.size()) return;  // a directory
    if (is_hidden(name, begin)) return left_out_.add("hidden files", name);
    const size_t dot = name.find('.', begin);
    if (dot == std::string::npos) return left_out_.add("files without a suffix", name);
    const auto [place, added] = places_.emplace(name.substr(0, dot), members_.size());
    if (added) members_.emplace_back().first = i;
    Members& members = members_[place->second];
    const std::string suffix = name.substr(dot + 1);
    if (image_key_.empty() ? image::has_picture_name(name) : suffix == image_key_) {
      take_image(members, i, suffix.find('.') == std::string::npos);
    }
    if (suffix == label_key_) take(members.label, i);
    if (suffix == "json") take(members.json, i);
  }

  void take(size_t& place, size_t i) {
    if (place != Members::kNone) left_out_.add("members twice of one name, of which the last counts", entries_[i].name);
    place = i;
  }

  void take_image(Members& members, size_t i, bool plain) {
    if (members.image != Members::kNone && entries_[members.image].name != entries_[i].name) {
      const std::string &before = entries_[members.image].name, &now = entries_[i].name;
      if (plain == members.plain) {
        throw InputError(where_, "a sample has two images: " + printable(before) + " and " + printable(now),
                         "--image-key SUFFIX says which");
      }
      left_out_.add("other pictures of a sample", plain ? before : now);
      if (!plain) return;
      members.image = Members::kNone;
    }
    take(members.image, i);
    members.plain = plain;
  }

  bool read_field(size_t i, std::string& label) const {
    Json object;
    try {
      object = Json::parse(content(i));
    } catch (const JsonError& error) {
      throw InputError(where_, printable(entries_[i].name) + ": " + error.what());
    }
    const Json* value = object.find(label_key_);
    if (!value || value->is_null()) return false;
    if (!value->is_string() && !value->is_number_integer()) {
      throw InputError(where_,
                       printable(entries_[i].name) + ": '" + label_key_ + "' is neither a text nor a whole number");
    }
    label = value->is_string() ? value->get<std::string>() : value->dump();
    return true;
  }

  std::string_view content(size_t i) const { return archive_.substr(entries_[i].offset, entries_[i].size); }

  std::string_view archive_;
  const std::vector<TarEntry>& entries_;
  const std::string &image_key_, label_key_, &where_;
  Reading& left_out_;
  std::vector<Members> members_;
  std::unordered_map<std::string, size_t> places_;  // of members_, by key
};

}  // namespace

std::vector<ShardSample> samples_of(std::string_view archive, const std::vector<TarEntry>& entries,
                                    const ReadSettings& reading, const std::string& where, Reading& left_out) {
  return SampleReader(archive, entries, reading, where, left_out).read();
}

}  // namespace directclr::data
