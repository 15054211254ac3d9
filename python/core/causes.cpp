#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "convert.h"
#include "directclr/causes/conclusion.h"
#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/data/subset.h"
#include "module.h"
#include "source.h"

namespace directclr::python {

using array::Array;
using array::DType;

namespace {

// What an explanation may be told, besides the augmentation.
struct ExplainFields {
  settings::ExplainSettings explain;
  settings::LossSettings loss;
  void describe(FieldList& f) {
    explain.describe(f);
    loss.describe(f);
  }
};

Array wide_matrix(const AnyArray& x) { return to_array(x).to(DType::kFloat64); }

// Calls `forward` with the pixels (2, n, S, S, 3) of a batch's views, which are the loader's, and gives its rows.
causes::Encode encoder_of(const nb::callable& forward, int64_t side) {
  return [forward, side](const data::Batch& batch, const Context&) {
    const nb::gil_scoped_acquire lock;
    const std::vector<size_t> shape = {static_cast<size_t>(batch.views), static_cast<size_t>(batch.count),
                                       static_cast<size_t>(side), static_cast<size_t>(side), 3};
    const nb::object pixels = nb::cast(
        nb::ndarray<nb::numpy>(const_cast<void*>(batch.images), shape.size(), shape.data(), nb::none(), nullptr,
                               numpy_type(batch.format == data::PixelFormat::kBytes ? DType::kUint8 : DType::kFloat32)),
        nb::rv_policy::reference);
    return wide_matrix(nb::cast<AnyArray>(forward(pixels)));
  };
}

// explain.json's object as text, and the conclusion in lines.
nb::tuple explain(const Opened& data, const nb::callable& forward, const nb::dict& given, const nb::dict& augment,
                  const nb::dict& options, const std::optional<AnyArray>& weight, const std::optional<AnyArray>& bias) {
  ExplainFields fields;
  FieldList list = fields_of(fields);
  apply(given, list);
  causes::Subject subject;
  subject.loss = fields.loss;
  subject.augment = augment_of(data, augment, nb::cast<std::string>(options["preset"]));
  subject.encode = encoder_of(forward, subject.augment.image_size);
  if (weight) {
    subject.map.weight = wide_matrix(*weight);
    if (subject.map.weight.dim() != 2)
      throw InputError("weight", "expected (P, D), got " + to_array(*weight).describe());
    subject.map.bias = bias ? wide_matrix(*bias) : Array::zeros({subject.map.weight.size(0)}, DType::kFloat64);
    if (subject.map.bias.shape() != std::vector<int64_t>{subject.map.weight.size(0)}) {
      throw InputError("bias", "expected (P), got " + subject.map.bias.describe());
    }
  }
  causes::ViewOptions how;
  how.seed = nb::cast<uint64_t>(options["seed"]);
  how.workers = nb::cast<int64_t>(options["workers"]);
  how.skip_bad = nb::cast<bool>(options["skip_bad"]);
  how.format = nb::cast<bool>(options["bytes"]) ? data::PixelFormat::kBytes : data::PixelFormat::kFloat32;
  const auto out = nb::cast<std::string>(options["out"]);

  const uint64_t count = std::min(static_cast<uint64_t>(fields.explain.images), data.source->size());
  // 0: as much as fills two batches, at most 256.
  const int64_t asked = fields.explain.batch, half = static_cast<int64_t>(count) / 2;
  how.batch = asked > 0 ? asked : std::clamp<int64_t>(half, 2, 256);
  const data::Subset images(*data.source, data::spread_places(count, data.source->size()));
  const auto result = interruptible([&](const Context& context) {
    const auto found = causes::explain(subject, images, fields.explain, how, context);
    Json protocol = {{"data", data.text},
                     {"view", "two augmented views, as in training"},
                     {"preset", subject.augment.preset},
                     {"loss", subject.loss.loss},
                     {"tau", subject.loss.tau},
                     {"projector", weight ? "linear" : "none"},
                     {"seed", how.seed}};
    auto file = causes::result_of(found, images, subject.augment, std::move(protocol));
    if (!out.empty()) causes::write_explanation(out, found, file, images, subject.augment, how.seed, context.notice);
    return file;
  });
  return nb::make_tuple(report::json_of(result).dump(), report::lines_of(result.conclusion));
}

}  // namespace

void add_causes(nb::module_& m) {
  m.def("explain", &explain, nb::arg("data"), nb::arg("forward"), nb::arg("settings"), nb::arg("augment"),
        nb::arg("options"), nb::arg("weight").none(), nb::arg("bias").none());
  m.def("explain_help", [] {
    ExplainFields fields;
    return help_of(fields_of(fields));
  });
}

}  // namespace directclr::python
