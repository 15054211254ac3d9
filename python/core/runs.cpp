#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <utility>
#include <variant>

#include "convert.h"
#include "directclr/io/safetensors.h"
#include "directclr/settings/run_directory.h"
#include "module.h"

namespace directclr::python {

using settings::EncoderSettings;
using settings::RunDirectory;

namespace {

// {section: {name: value}}
nb::dict to_dict(const FieldList& fields) {
  nb::dict sections;
  for (const auto& field : fields.fields()) {
    if (!sections.contains(field.section.c_str())) sections[field.section.c_str()] = nb::dict();
    sections[field.section.c_str()][field.name.c_str()] =
        std::visit([](const auto* value) { return nb::cast(*value); }, field.value);
  }
  return sections;
}

}  // namespace

void add_runs(nb::module_& m) {
  nb::class_<RunDirectory>(m, "RunDirectory", "The files of a training (docs/formats.md).")
      .def("__init__", [](RunDirectory* self,
                          const std::filesystem::path& path) { new (self) RunDirectory(RunDirectory::open(path)); })
      .def_prop_ro("id", &RunDirectory::id)
      .def_prop_ro("finished", &RunDirectory::finished)
      .def_prop_ro("settings", [](const RunDirectory& run) {
        settings::TrainSettings read = run.settings();
        return to_dict(fields_of(read));
      });
  m.def(
      "encoder_shape",
      [](const std::string& arch) {
        EncoderSettings settings;
        settings.arch = arch;
        const EncoderSettings::Shape shape = settings.shape();
        return std::make_tuple(shape.bottleneck, std::vector<int64_t>(shape.blocks, shape.blocks + 4), shape.width);
      },
      nb::arg("arch"), "Whether its blocks are bottlenecks, blocks a stage, channels of the first stage.");
  m.def(
      "read_safetensors",
      [](const std::filesystem::path& path) {
        const io::ArrayFile file = [&] {
          const nb::gil_scoped_release release;
          return io::read_safetensors(path);
        }();
        nb::dict arrays;
        for (const auto& [name, values] : file.arrays) arrays[name.c_str()] = to_numpy(values);
        return std::make_pair(arrays, file.metadata);
      },
      nb::arg("path"), "Arrays by name, in the file's order, and its metadata; the checksum is verified.");
}

}  // namespace directclr::python
