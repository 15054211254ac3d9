#include "directclr/data/loader.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <mutex>

#include "convert.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "module.h"
#include "source.h"

namespace directclr::python {

using array::Array;
using array::DType;

namespace {

data::PixelFormat format_of(const std::string& dtype) {
  if (dtype == "float32") return data::PixelFormat::kFloat32;
  if (dtype == "bfloat16") return data::PixelFormat::kBFloat16;
  if (dtype == "uint8") return data::PixelFormat::kBytes;
  throw InputError("dtype", "'" + dtype + "' is not known", "allowed: float32 | bfloat16 | uint8");
}

data::Transform transform_of(const std::string& name) {
  if (name == "views") return data::Transform::kTrainingViews;
  if (name == "crop") return data::Transform::kCropAndFlip;
  if (name == "evaluation") return data::Transform::kEvaluation;
  throw InputError("transform", "'" + name + "' is not known", "allowed: views | crop | evaluation");
}

DType type_of(data::PixelFormat format) {
  switch (format) {
    case data::PixelFormat::kFloat32: return DType::kFloat32;
    case data::PixelFormat::kBFloat16: return DType::kBFloat16;
    case data::PixelFormat::kBytes: break;
  }
  return DType::kUint8;
}

data::Split split_of(const std::string& name) {
  if (name == "train") return data::Split::kTrain;
  if (name == "test") return data::Split::kTest;
  throw InputError("split", "'" + name + "' is not known", "allowed: train | test");
}

// The memory of a loader's batches, which all its epochs use.
struct Memory {
  data::BatchMemory parts = data::recycled_memory();
};

// The batches of one epoch, in memory that comes back to the loader when the last array of a batch goes. It is of the
// process that made it: fork() copies no threads, and a child that waited for them would wait for ever.
class Epoch {
 public:
  Epoch(const Opened& data, const nb::dict& options, const nb::dict& augment, const std::string& preset,
        const Memory& memory)
      : source_(data.source) {
    data::LoaderOptions o;
    o.augment = augment_of(data, augment, preset);
    o.transform = transform_of(nb::cast<std::string>(options["transform"]));
    o.format = format_of(nb::cast<std::string>(options["dtype"]));
    o.batch_size = nb::cast<int64_t>(options["batch_size"]);
    o.seed = nb::cast<uint64_t>(options["seed"]);
    o.shuffle = nb::cast<bool>(options["shuffle"]);
    o.keep_last = !nb::cast<bool>(options["drop_last"]);
    o.first_epoch = nb::cast<uint32_t>(options["epoch"]);
    o.end_epoch = o.first_epoch + 1;
    o.first_batch = nb::cast<uint64_t>(options["batch"]);
    o.part = nb::cast<int64_t>(options["rank"]);
    o.parts = nb::cast<int64_t>(options["world_size"]);
    o.workers = nb::cast<int64_t>(options["workers"]);
    o.skip_bad = nb::cast<bool>(options["skip_bad"]);
    o.memory = memory.parts;
    if (o.batch_size < 1 || o.workers < 1 || o.parts < 1 || o.part < 0 || o.part >= o.parts) {
      throw InputError("Loader", "batch_size, workers and world_size are at least 1, rank is below world_size");
    }
    side_ = o.augment.image_size;
    local_side_ = o.augment.local_size;
    loader_ = std::make_unique<data::Loader>(*source_, o);
  }

  ~Epoch() {
    if (!is_ours()) static_cast<void>(loader_.release());
  }
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  uint64_t batches() const { return loader_->batches_per_epoch(); }

  // (views, count, side, side, 3), local views or None, labels, indices, number in the epoch; None after the last.
  // Threads that share the loop get a batch each.
  nb::object next() {
    if (!is_ours()) {
      throw Error("Loader: another process began this loop, and its threads are not in this one: begin one here");
    }
    data::Batch batch;
    std::unique_lock one_at_a_time(turn_, std::defer_lock);
    {
      const nb::gil_scoped_release release;
      one_at_a_time.lock();
      if (!loader_->next(batch)) batch.images = nullptr;
    }
    if (!batch.images) return nb::none();
    // With the interpreter's lock held: a child of fork() must not find the pool locked.
    auto kept = std::make_unique<std::shared_ptr<const void>>(loader_->keep());
    const nb::capsule owner(kept.get(), [](void* p) noexcept { delete static_cast<std::shared_ptr<const void>*>(p); });
    kept.release();
    const auto array = [&](const void* data, DType type, std::vector<size_t> shape) {
      return nb::cast(nb::ndarray<nb::numpy>(const_cast<void*>(data), shape.size(), shape.data(), owner, nullptr,
                                             numpy_type(type)));
    };
    const auto size = [](int64_t n) { return static_cast<size_t>(n); };
    const size_t count = size(batch.count), side = size(side_), local_side = size(local_side_);
    const DType type = type_of(batch.format);
    const nb::object images = array(batch.images, type, {size(batch.views), count, side, side, 3});
    const nb::object local = batch.local_views > 0 ? array(batch.local_images, type,
                                                           {size(batch.local_views), count, local_side, local_side, 3})
                                                   : nb::none();
    return nb::make_tuple(images, local, array(batch.labels, DType::kInt64, {count}),
                          array(batch.indices, DType::kUint32, {count}), batch.number);
  }

 private:
  bool is_ours() const { return process_ == ::getpid(); }

  std::shared_ptr<data::Source> source_;
  const pid_t process_ = ::getpid();
  std::mutex turn_;
  int64_t side_ = 0, local_side_ = 0;
  std::unique_ptr<data::Loader> loader_;
};

}  // namespace

data::AugmentSettings augment_of(const Opened& data, const nb::dict& given, const std::string& preset) {
  data::AugmentSettings augment;
  FieldList fields = fields_of(augment);
  apply(given, fields);
  std::set<std::string> names;
  for (const auto& [key, value] : given) names.insert(nb::cast<std::string>(key));
  if (!preset.empty()) {
    augment.preset = preset;
    names.insert("preset");
  }
  augment.complete(data::SourceSpec::parse(data.text), names);
  return augment;
}

void add_loader(nb::module_& m) {
  nb::class_<Opened>(m, "Source")
      .def(
          "__init__",
          [](Opened* self, const std::string& text, const std::string& split, bool skip_bad) {
            const data::Split part = split_of(split);
            const nb::gil_scoped_release release;
            auto source = data::open_source(text, part, {.skip_bad = skip_bad});
            new (self) Opened{text, std::move(source)};
          },
          nb::arg("data"), nb::arg("split"), nb::arg("skip_bad"))
      .def("__len__", [](const Opened& o) { return o.source->size(); })
      .def_prop_ro("class_names", [](const Opened& o) { return o.source->class_names(); })
      .def(
          "image",
          [](const Opened& o, uint64_t index) {
            if (index >= o.source->size()) throw nb::index_error("image");
            image::Image image;
            {
              const nb::gil_scoped_release release;
              o.source->load(index, image);
            }
            return to_numpy(Array::view(image.pixels.data(), DType::kUint8, {image.height, image.width, 3}));
          },
          nb::arg("index"))
      .def("label", [](const Opened& o, uint64_t index) {
        if (index >= o.source->size()) throw nb::index_error("label");
        return o.source->label(index);
      });
  nb::class_<Memory>(m, "Memory").def(nb::init<>()).def("__reduce__", [](const nb::handle memory) {
    return nb::make_tuple(memory.type(), nb::tuple());
  });
  nb::class_<Epoch>(m, "Epoch")
      .def(nb::init<const Opened&, const nb::dict&, const nb::dict&, const std::string&, const Memory&>(),
           nb::arg("data"), nb::arg("options"), nb::arg("augment"), nb::arg("preset"), nb::arg("memory"))
      .def_prop_ro("batches", &Epoch::batches)
      .def("next", &Epoch::next);
}

}  // namespace directclr::python
