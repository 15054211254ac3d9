#include "directclr/data/views.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <array>
#include <cstring>

#include "convert.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/augment_settings.h"
#include "module.h"

namespace directclr::python {

using array::Array;
using array::DType;

namespace {

image::Image to_image(const AnyArray& x) {
  const Array pixels = to_array(x);
  if (pixels.dtype() != DType::kUint8 || pixels.dim() != 3 || pixels.size(2) != 3 || pixels.numel() == 0) {
    throw InputError("image", "expected uint8 (height, width, 3), got " + pixels.describe());
  }
  image::Image image(static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)));
  const Array rows = pixels.contiguous();
  std::memcpy(image.pixels.data(), rows.raw(), image.pixels.size());
  return image;
}

// What was drawn for a view, under the names of docs/math.md, "Augmentation".
nb::dict to_dict(const data::ViewParams& p) {
  static constexpr std::array<const char*, 4> kOperations = {"brightness", "contrast", "saturation", "hue"};
  nb::dict d;
  d["crop"] = nb::make_tuple(p.crop.left, p.crop.top, p.crop.width, p.crop.height);
  d["size"] = p.size;
  d["flip"] = p.flip;
  d["jitter"] = p.jitter;
  if (p.jitter) {
    nb::list order;
    for (const uint8_t operation : p.order) order.append(kOperations.at(operation));
    d["order"] = order;
    d["brightness"] = p.brightness;
    d["contrast"] = p.contrast;
    d["saturation"] = p.saturation;
    d["hue"] = p.hue;
  }
  d["grayscale"] = p.grayscale;
  d["blur_sigma"] = p.blur_sigma;
  d["solarize"] = p.solarize;
  return d;
}

// Augmented views of single images.
class Views {
 public:
  Views(const std::string& preset, const nb::dict& given) {
    if (preset == "auto") throw InputError("preset", "auto is for data sets", data::augment_presets().help());
    settings_.apply_preset(preset);
    FieldList fields = fields_of(settings_);
    apply(given, fields);
    settings_.check_order();
    settings_.preset = preset;
  }

  int64_t count() const { return settings_.views(); }

  // View number `view` of an image, normalised float32 (size, size, 3) or bytes, and what was drawn.
  nb::object view(const AnyArray& x, uint64_t seed, uint32_t epoch, uint64_t sample, uint8_t number, bool bytes) const {
    const image::Image image = to_image(x);
    nb::dict drawn;
    Array out;
    {
      data::ViewParams params;
      {
        const nb::gil_scoped_release release;
        params = data::sample_view(settings_, seed, epoch, sample, number, image.width, image.height);
        image::Planes planes;
        data::render_view(image, params, settings_, planes);
        out = written(planes, bytes);
      }
      drawn = to_dict(params);
    }
    return nb::make_tuple(to_numpy(out), drawn);
  }

  nb::object evaluation_view(const AnyArray& x, bool bytes) const {
    const image::Image image = to_image(x);
    Array out;
    {
      const nb::gil_scoped_release release;
      image::Planes planes;
      data::render_eval_view(image, settings_, planes);
      out = written(planes, bytes);
    }
    return to_numpy(out);
  }

 private:
  Array written(const image::Planes& planes, bool bytes) const {
    Array out = Array::empty({planes.height, planes.width, 3}, bytes ? DType::kUint8 : DType::kFloat32);
    data::NormalizeTable(settings_.normalization())
        .write(planes, bytes ? data::PixelFormat::kBytes : data::PixelFormat::kFloat32, out.mutable_raw());
    return out;
  }

  data::AugmentSettings settings_;
};

}  // namespace

void add_views(nb::module_& m) {
  nb::class_<Views>(m, "Views")
      .def(nb::init<const std::string&, const nb::dict&>(), nb::arg("preset"), nb::arg("settings"))
      .def_prop_ro("count", &Views::count)
      .def("view", &Views::view, nb::arg("image"), nb::arg("seed"), nb::arg("epoch"), nb::arg("sample"),
           nb::arg("number"), nb::arg("bytes"))
      .def("evaluation_view", &Views::evaluation_view, nb::arg("image"), nb::arg("bytes"));
  m.def("augment_help", [] {
    data::AugmentSettings settings;
    FieldList fields = fields_of(settings);
    std::erase_if(fields.fields(), [](const Field& field) { return field.name == "preset"; });  // an argument
    return help_of(fields);
  });
}

}  // namespace directclr::python
