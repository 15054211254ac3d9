#include "directclr/data/pack.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/image/decode.h"
#include "directclr/image/encode.h"
#include "directclr/image/formats.h"
#include "directclr/image/resize.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

std::string extension_of(std::string_view bytes) { return image::format_of(bytes)->suffixes[0]; }

// The picture with its short side at most `side`, as Pillow's bicubic resize makes it.
image::Image shrunk(const image::Image& picture, int64_t side) {
  const int short_side = std::min(picture.width, picture.height);
  if (short_side <= side) return picture;
  const auto scaled = [&](int length) {
    return static_cast<int>(std::nearbyint(static_cast<double>(length) * static_cast<double>(side) / short_side));
  };
  image::Planes planes;
  image::crop_resize(picture, {0, 0, picture.width, picture.height}, scaled(picture.width), scaled(picture.height),
                     image::Filter::kBicubic, planes);
  image::Image result(planes.width, planes.height);
  for (size_t i = 0; i < planes.plane_size(); ++i) {
    for (int c = 0; c < 3; ++c) result.pixels[3 * i + static_cast<size_t>(c)] = planes.plane(c)[i];
  }
  return result;
}

std::string content_of(const Source& source, uint64_t index, const PackSettings& settings) {
  if (settings.mode == "jpeg") {
    std::string file = source.file(index);
    image::read_size(file, source.describe(index));  // what is no picture is not packed
    return file;
  }
  image::Image picture;
  source.load(index, picture);
  if (settings.mode == "raw") return image::encode_ppm(picture);
  return image::encode_jpeg(shrunk(picture, settings.short_side), static_cast<int>(settings.quality));
}

void append(std::string& archive, const std::string& name, const std::string& content) {
  archive += tar_header(name, content.size());
  archive += content;
  archive.resize((archive.size() + 511) / 512 * 512, '\0');
}

uint64_t images_in(const fs::path& shard) {
  uint64_t count = 0;
  for (const auto& entry : read_tar_index(read_file(shard), shard.string())) count += !entry.name.ends_with(".cls");
  return count;
}

// What the archives hold and how: a folder continues only what it began.
Json identity(const Source& source, const PackSettings& settings) {
  Json object = {{"version", 1},
                 {"images", source.size()},
                 {"fingerprint", format("%016llx", static_cast<unsigned long long>(source.fingerprint()))}};
  PackSettings copy = settings;
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) object[field.name] = field.text();
  return object;
}

}  // namespace

PackResult pack(const Source& source, const PackSettings& settings, const fs::path& folder, const Context& context) {
  make_directories(folder);
  const FolderLock owner(folder);
  const fs::path manifest = folder / "pack.json";
  Json object = identity(source, settings);
  if (fs::exists(manifest)) {
    Json before = Json::try_parse(read_file(manifest)).value_or(Json());
    if (before.is_object()) before.erase("shards");
    if (before != object) {
      throw InputError(folder.string(), "holds shards of other data or settings", "choose another --out");
    }
  } else {
    write_file(manifest, object.dump(1) + "\n");
  }
  if (source.labelled()) write_file(folder / "classes.txt", join(source.class_names(), "\n") + "\n");

  const auto limit = static_cast<uint64_t>(settings.shard_size) << 20;
  PackResult result;
  for (uint64_t next = 0; next < source.size(); ++result.shards) {
    const fs::path path = folder / format("%05llu.tar", static_cast<unsigned long long>(result.shards));
    if (fs::exists(path)) {
      next += images_in(path);
    } else {
      std::string archive;
      for (; next < source.size() && (archive.empty() || archive.size() < limit); ++next) {
        if (context.stop_requested()) {
          throw Interrupted(format("stopped after %llu whole shards; the same command goes on",
                                   static_cast<unsigned long long>(result.shards)));
        }
        const std::string key = format("%09llu", static_cast<unsigned long long>(next));
        const std::string content = content_of(source, next, settings);
        append(archive, key + "." + extension_of(content), content);
        if (source.label(next) >= 0) append(archive, key + ".cls", std::to_string(source.label(next)));
        context.progress({"pack", next + 1, source.size(), "images", next + 1, path.filename().string()});
      }
      archive.resize(archive.size() + 1024, '\0');
      write_file(path, archive);
    }
    result.bytes += size_of_file(path);
  }
  result.images = source.size();
  object["shards"] = result.shards;
  write_file(manifest, object.dump(1) + "\n");
  return result;
}

}  // namespace directclr::data
