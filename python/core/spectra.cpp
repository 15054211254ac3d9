#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "convert.h"
#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/report/spectrum_inputs.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/spectrum_text.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/gates.h"
#include "directclr/spectrum/geometry.h"
#include "directclr/spectrum/neighbours.h"
#include "directclr/spectrum/similarity.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/spectrum/verdict.h"
#include "module.h"

namespace directclr::python {

using array::Array;
using report::SpectrumResult;

namespace {

// What rows in memory may be asked.
struct RowSettings {
  spectrum::AnalysisSettings analysis;
  spectrum::VerdictSettings verdict;
  void describe(FieldList& f) {
    analysis.describe(f);
    verdict.describe(f);
  }
};

RowSettings row_settings(const nb::dict& given) {
  RowSettings settings;
  FieldList fields = fields_of(settings);
  apply(given, fields);
  return settings;
}

// Rows that arrive in blocks from Python.
class Analyser {
 public:
  Analyser(int64_t rows, int64_t columns, const nb::dict& given)
      : settings_(row_settings(given)), analysis_(settings_.analysis, rows, columns) {}

  void add(const AnyArray& block, double roundoff) {
    const Array rows = to_array(block);
    const nb::gil_scoped_release release;
    analysis_.add(rows, roundoff);
  }

  SpectrumResult finish(const std::string& where) {
    return interruptible([&](const Context& context) {
      return report::spectrum_result(analysis_.finish(where, context), settings_.verdict, Json::object());
    });
  }

 private:
  RowSettings settings_;
  spectrum::RowAnalysis analysis_;
};

SpectrumResult measure_path(const std::string& path, const nb::dict& given) {
  report::SpectrumSettings settings;
  FieldList fields = fields_of(settings);
  apply(given, fields);
  return interruptible([&](const Context& context) { return report::measure_file(path, settings, context).result; });
}

nb::dict state_of(const spectrum::FeatureMoments& moments) {
  const auto sums = moments.sums();
  nb::dict state;
  state["count"] = sums.covariance.count;
  state["skipped"] = sums.skipped;
  state["roundoff"] = sums.roundoff;
  state["mean"] = to_numpy(sums.covariance.mean);
  state["scatter"] = to_numpy(sums.covariance.scatter);
  state["unit_sum"] = to_numpy(sums.unit_sum);
  state["unit_squares"] = to_numpy(sums.unit_squares);
  return state;
}

void restore(spectrum::FeatureMoments& moments, const nb::dict& state) {
  const auto of = [&](const char* name) { return to_array(nb::cast<AnyArray>(state[name])).clone(); };
  const int64_t d = moments.dimensions();
  spectrum::FeatureMoments::Sums sums{{nb::cast<int64_t>(state["count"]), of("mean"), of("scatter")},
                                      of("unit_sum"),
                                      of("unit_squares"),
                                      nb::cast<int64_t>(state["skipped"]),
                                      state.contains("roundoff") ? nb::cast<double>(state["roundoff"]) : 0};
  const std::vector<int64_t> row = {d};
  if (sums.covariance.mean.shape() != row || sums.covariance.scatter.shape() != std::vector<int64_t>{d, d} ||
      sums.unit_sum.shape() != row || sums.unit_squares.shape() != row) {
    throw InputError("state", "is of rows of another width");
  }
  moments.restore(sums);
}

void add_results(nb::module_& m) {
  nb::class_<SpectrumResult>(m, "Result", "What one pass over rows (N, D) says of them.")
      .def_prop_ro(
          "values", [](const SpectrumResult& r) { return to_numpy(r.values); },
          "Eigenvalues of the covariance, largest first: (D) float64.")
      .def_prop_ro("verdict", [](const SpectrumResult& r) { return r.verdict.name(); })
      .def_prop_ro("verdict_text", [](const SpectrumResult& r) { return r.verdict.text; })
      .def_prop_ro("dead", [](const SpectrumResult& r) { return r.verdict.dead; })
      .def_ro("samples", &SpectrumResult::samples)
      .def_prop_ro(
          "json", [](const SpectrumResult& r) { return report::json_of(r).dump(); },
          "The result file's object, as text.")
      .def(
          "text", [](const SpectrumResult& r, bool explain) { return report::measures_text(r, explain); },
          nb::arg("explain") = false);
  nb::class_<Analyser>(m, "Analyser", "Rows that arrive in blocks, measured in one pass.")
      .def(nb::init<int64_t, int64_t, const nb::dict&>(), nb::arg("rows"), nb::arg("columns"), nb::arg("settings"))
      .def("add", &Analyser::add, nb::arg("block"), nb::arg("roundoff"),
           "Rows (n, D), floating, and the roundoff of what they were made of where that is larger than their type's.")
      .def("finish", &Analyser::finish, nb::arg("where"));
  m.def("measure_path", &measure_path, nb::arg("path"), nb::arg("settings"));
  m.def("settings_help", [] {
    RowSettings settings;
    return help_of(fields_of(settings));
  });
  m.def("measures", [] {
    std::vector<std::string> keys;
    for (const auto& kind : spectrum::measure_kinds()) keys.push_back(kind.name);
    return keys;
  });
}

void add_moments(nb::module_& m) {
  using spectrum::FeatureMoments;
  nb::class_<FeatureMoments>(m, "FeatureMoments")
      .def(nb::init<int64_t, bool, bool>(), nb::arg("dim"), nb::arg("l2_normalize") = false,
           nb::arg("skip_nonfinite") = false)
      .def(
          "add",
          [](FeatureMoments& self, const AnyArray& rows, double roundoff) {
            const Array block = to_array(rows);
            const nb::gil_scoped_release release;
            self.add(block, roundoff);
          },
          nb::arg("rows"), nb::arg("roundoff"))
      .def(
          "merge", [](FeatureMoments& self, const FeatureMoments& other) { self.add(other); }, nb::arg("other"))
      .def_prop_ro("count", &FeatureMoments::count)
      .def_prop_ro("dim", &FeatureMoments::dimensions)
      .def("state", &state_of)
      .def("restore", &restore, nb::arg("state"))
      .def(
          "summary",
          [](const FeatureMoments& self, const nb::dict& given) {
            spectrum::VerdictSettings lines;
            FieldList fields = fields_of(lines);
            apply(given, fields);
            if (self.count() < 2) throw InputError("rows", "fewer than 2");
            const nb::gil_scoped_release release;
            return report::spectrum_result(self.summary(), lines, Json::object());
          },
          nb::arg("settings"));
}

// A covariance (D, D) of `rows` rows with the spread of their directions, as the monitor of a training judges it, and
// the lines of the gates that it does not pass. `mean_square`: of the rows' entries, which are rounded by `roundoff`.
std::pair<SpectrumResult, std::vector<std::string>> judge(const AnyArray& covariance, int64_t rows, double mean_cosine,
                                                          double normalized_std, double mean_square, double roundoff,
                                                          const spectrum::Gates& gates) {
  const Array matrix = to_array(covariance);
  const nb::gil_scoped_release release;
  const double of_rounding =
      spectrum::rounding_variance(roundoff, mean_square, matrix.size(0), static_cast<double>(rows));
  spectrum::SpectrumSummary summary = spectrum::summarize_covariance(matrix, of_rounding);
  summary.samples = rows;
  summary.mean_cosine = mean_cosine;
  summary.normalized_std = normalized_std;
  SpectrumResult result = report::spectrum_result(summary, {}, Json::object());
  const bool enough = rows >= 2 * summary.dimensions();
  auto stop = enough ? spectrum::failures(gates.results(result, result.verdict)) : std::vector<std::string>{};
  return {std::move(result), std::move(stop)};
}

void add_judgement(nb::module_& m) {
  nb::class_<spectrum::Gates>(m, "Gates", "Floors, ceilings and verdicts that stop a training.")
      .def(
          "__init__",
          [](spectrum::Gates* self, const std::string& under, const std::string& over, const std::string& on) {
            const spectrum::Gates gates({under, over, on}, "stop");
            gates.check_for_training("stop");
            new (self) spectrum::Gates(gates);
          },
          nb::arg("under"), nb::arg("over"), nb::arg("on"));
  m.def("judge", &judge, nb::arg("covariance"), nb::arg("rows"), nb::arg("mean_cosine"), nb::arg("normalized_std"),
        nb::arg("mean_square"), nb::arg("roundoff"), nb::arg("gates"));
  m.def(
      "covariance_measures",
      [](bool with_directions) {
        using From = spectrum::MeasureKind::From;
        std::vector<std::string> names;
        for (const auto& kind : spectrum::measure_kinds()) {
          if (kind.from != From::kUncentred && (with_directions || kind.from != From::kDirections)) {
            names.push_back(kind.name);
          }
        }
        return names;
      },
      nb::arg("with_directions") = true);
  m.def("verdict_severity", [] {
    std::vector<std::pair<std::string, int>> kinds;
    for (const auto& kind : spectrum::verdict_kinds()) kinds.emplace_back(kind.text, kind.severity);
    return kinds;
  });
}

}  // namespace

void add_spectra(nb::module_& m) {
  add_results(m);
  add_moments(m);
  add_judgement(m);
  m.def(
      "require_finite",
      [](const AnyArray& x) {
        const Array rows = to_array(x);
        const nb::gil_scoped_release release;
        spectrum::require_finite(rows);
      },
      nb::arg("rows"));
  m.def(
      "cka",
      [](const AnyArray& x, const AnyArray& y) {
        const Array a = to_array(x), b = to_array(y);
        const nb::gil_scoped_release release;
        const auto both = spectrum::linear_cka(a, b);
        return std::pair(both.plain, both.debiased);
      },
      nb::arg("x"), nb::arg("y"));
  m.def(
      "lidar",
      [](const AnyArray& rows, int64_t views, double delta) {
        const Array all = to_array(rows);
        const nb::gil_scoped_release release;
        return spectrum::lidar(all, views, delta);
      },
      nb::arg("rows"), nb::arg("views"), nb::arg("delta"));
  m.def(
      "alignment",
      [](const AnyArray& a, const AnyArray& b) {
        const Array x = to_array(a), y = to_array(b);
        const nb::gil_scoped_release release;
        return spectrum::alignment(x, y);
      },
      nb::arg("a"), nb::arg("b"));
  m.def(
      "uniformity",
      [](const AnyArray& rows) {
        const Array all = to_array(rows);
        const nb::gil_scoped_release release;
        return spectrum::uniformity(all);
      },
      nb::arg("rows"));
  m.def(
      "neighbours",
      [](const AnyArray& rows, int64_t k) {
        const Array all = to_array(rows);
        const auto found =
            interruptible([&](const Context& context) { return spectrum::nearest_neighbours(all, k, context); });
        return std::pair(to_numpy(found.distances), found.duplicates);
      },
      nb::arg("rows"), nb::arg("k"));
}

}  // namespace directclr::python
