#include "directclr/report/html.h"

#include <cstdint>

namespace directclr::report {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: #0072b2; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
p, li { max-width: 46rem; } .note { opacity: .75; font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; } td:first-child { min-width: 9rem; } thead th { border-bottom-width: 2px; vertical-align: bottom; }
.long { overflow-wrap: anywhere; min-width: 7rem; }
figure { margin: 1rem 0; } figure svg { width: 100%; max-width: 46rem; height: auto; display: block; }
figure img { max-width: 100%; height: auto; image-rendering: pixelated; background: #fff; padding: 6px; }
figcaption { font-size: .9rem; opacity: .8; max-width: 46rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: .5rem 1.5rem; }
.grid figure { margin: .3rem 0; }
details { margin: .6rem 0; } summary { cursor: pointer; } pre { overflow-x: auto; background: var(--soft); padding: .6rem;
  font-size: .8rem; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }
@media print { details > * { display: block; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
)";

constexpr size_t kLongCell = 16;

}  // namespace

std::string escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string png_data_url(std::string_view bytes) {
  constexpr const char* kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result = "data:image/png;base64,";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) {
      result += i + k <= bytes.size() ? kAlphabet[(word >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return result;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<div class=\"scroll\"><table>";
  for (size_t r = 0; r < rows.size(); ++r) {
    html += r == 0 ? "<thead><tr>" : r == 1 ? "<tbody><tr>" : "<tr>";
    for (const auto& cell : rows[r]) {
      // A path or a name without blanks would widen the table beyond the page.
      const char* open = cell.size() > kLongCell ? " class=\"long\">" : ">";
      html += r == 0 ? std::string("<th") + open + cell + "</th>" : std::string("<td") + open + cell + "</td>";
    }
    html += r == 0 ? "</tr></thead>" : "</tr>";
  }
  return html + "</tbody></table></div>\n";
}

std::string page(const std::string& title, const std::string& body) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape(title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n" + body + "</body>\n</html>\n";
}

}  // namespace directclr::report
