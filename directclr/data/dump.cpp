#include "directclr/data/dump.h"

#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/data/views.h"
#include "directclr/image/encode.h"

namespace directclr::data {
namespace {

constexpr const char* kOperations[] = {"brightness", "contrast", "saturation", "hue"};

Json to_object(const ViewParams& p) {
  Json order = Json::array();
  for (const uint8_t operation : p.order) order.push_back(kOperations[operation]);
  return {{"size", p.size},
          {"crop", {{"left", p.crop.left}, {"top", p.crop.top}, {"width", p.crop.width}, {"height", p.crop.height}}},
          {"flip", p.flip},
          {"jitter", p.jitter},
          {"order", order},
          {"brightness", p.brightness},
          {"contrast", p.contrast},
          {"saturation", p.saturation},
          {"hue", p.hue},
          {"grayscale", p.grayscale},
          {"blur_sigma", p.blur_sigma},
          {"solarize", p.solarize}};
}

// The head of a .npy file of bytes (count, views, side, side, 3): version 1.0, padded to 64 bytes.
std::string npy_head(uint64_t count, int64_t views, int64_t side) {
  std::string text = format("{'descr': '|u1', 'fortran_order': False, 'shape': (%llu, %lld, %lld, %lld, 3), }",
                            static_cast<unsigned long long>(count), static_cast<long long>(views),
                            static_cast<long long>(side), static_cast<long long>(side));
  text.resize((text.size() + 1 + 10 + 63) / 64 * 64 - 10 - 1, ' ');
  text += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(text.size() & 0xFF);
  head += static_cast<char>(text.size() >> 8);
  return head + text;
}

}  // namespace

void dump_views(const Source& source, const AugmentSettings& settings, uint64_t seed, uint64_t count, bool files,
                const std::filesystem::path& folder, const Context& context) {
  count = std::min(count, source.size());
  make_directories(folder);
  AugmentSettings copy = settings;
  Json head = {{"version", 1}, {"seed", seed}, {"settings", Json::object()}};
  const FieldList fields = fields_of(copy);
  for (const auto& field : fields.fields()) head["settings"][field.name] = field.text();
  std::string lines = head.dump() + "\n", bytes = npy_head(count, 2, settings.image_size),
              local_bytes = npy_head(count, settings.local_views, settings.local_size);
  image::Image image;
  image::Planes planes;
  uint64_t done = 0;
  for (const uint64_t index : spread_places(count, source.size())) {
    if (context.stop_requested()) throw Interrupted("stopped; views.npy and views.jsonl were not written");
    source.load(index, image);
    Json line = {{"index", index},
                 {"image", std::filesystem::absolute(source.describe(index)).string()},
                 {"views", Json::array()}};
    if (!files || !std::filesystem::exists(source.describe(index))) {  // a name that had to be escaped
      make_directories(folder / "originals");
      const auto name =
          std::filesystem::path("originals") / format("%05llu.png", static_cast<unsigned long long>(done));
      write_file(folder / name, image::encode_png(image));
      line["image"] = name.string();
    }
    for (uint8_t view = 0; view < settings.views(); ++view) {
      const ViewParams params = sample_view(settings, seed, 0, index, view, image.width, image.height);
      line["views"].push_back(to_object(params));
      render_view(image, params, settings, planes);
      std::string& target = view < 2 ? bytes : local_bytes;
      for (size_t i = 0; i < planes.plane_size(); ++i) {
        for (int c = 0; c < 3; ++c) target += static_cast<char>(planes.plane(c)[i]);
      }
    }
    lines += line.dump() + "\n";
    ++done;
    context.progress({"views", done, count, "images", done, ""});
  }
  write_file(folder / "views.npy", bytes);
  if (settings.local_views > 0) {
    write_file(folder / "local_views.npy", local_bytes);
  } else {
    std::filesystem::remove(folder / "local_views.npy");  // an earlier dump's would be taken for this one's
  }
  write_file(folder / "views.jsonl", lines);
}

}  // namespace directclr::data
