#include "directclr/paper/figure_result.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/json.h"
#include "directclr/report/figure_html.h"

namespace directclr::paper {

std::vector<std::string> FigureResult::notes() const {
  std::vector<std::string> lines = {title, "protocol: " + protocol};
  for (const auto& claim : claims) {
    lines.push_back("claim: " + claim.text + " -- " + (claim.shown ? "shown" : "not shown") + ": " + claim.evidence);
  }
  for (const auto& remark : remarks) lines.push_back("remark: " + remark);
  return lines;
}

void FigureResult::draw(report::Figure figure, const std::filesystem::path& directory, const std::string& file,
                        const std::string& caption) {
  figure.notes = notes();
  drawings.push_back({file, report::figure_html(figure, directory, file, caption), caption});
}

void FigureResult::draw(report::HeatMap map, const std::filesystem::path& directory, const std::string& file,
                        const std::string& caption) {
  map.notes = notes();
  drawings.push_back({file, report::figure_html(map, directory, file, caption), caption});
}

std::string FigureResult::to_json() const {
  Json object = {{"version", 1}, {"figure", name}, {"title", title}, {"protocol", protocol}};
  object["claims"] = Json::array();
  for (const auto& claim : claims) {
    object["claims"].push_back({{"text", claim.text}, {"shown", claim.shown}, {"evidence", claim.evidence}});
  }
  object["remarks"] = remarks;
  return object.dump(2) + "\n";
}

std::string FigureResult::to_text() const {
  std::string text = title + "\n";
  for (const auto& claim : claims) {
    text += std::string(claim.shown ? "  shown:     " : "  NOT SHOWN: ") + claim.text + "\n             " +
            claim.evidence + "\n";
  }
  for (const auto& remark : remarks) text += "  remark:    " + remark + "\n";
  return text + "  (" + protocol + ")\n";
}

report::Series band(const std::string& name, const std::vector<double>& x,
                    const std::vector<std::vector<double>>& runs) {
  report::Series series{name, x};
  for (size_t k = 0; k < x.size(); ++k) {
    double total = 0, low = INFINITY, high = -INFINITY;
    for (const auto& run : runs) {
      total += run[k];
      low = std::min(low, run[k]);
      high = std::max(high, run[k]);
    }
    series.y.push_back(total / static_cast<double>(runs.size()));
    series.low.push_back(low);
    series.high.push_back(high);
  }
  return series;
}

}  // namespace directclr::paper
