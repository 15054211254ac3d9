#include "directclr/report/html.h"

#include <cstdint>

#include "directclr/core/text.h"
#include "directclr/report/page_files.h"

namespace directclr::report {
namespace {

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

std::string sentence_html(std::string_view text) {
  std::string html;
  bool code = false;
  for (const auto& part : split(text, '`')) {
    if (code) {
      std::vector<std::string> words = split(part, ' ');
      for (auto& word : words) {
        word = (word.starts_with("-") ? "<code>" : "<code class=\"free\">") + escape(word) + "</code>";
      }
      html += join(words, " ");
    } else {
      std::string plain = escape(part);
      for (size_t at = 0; (at = plain.find(" %", at)) != std::string::npos;) plain.replace(at, 1, "&nbsp;");
      html += plain;
    }
    code = !code;
  }
  return html;
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

std::string folded(const std::string& summary, const std::string& body) {
  return "<details><summary>" + escape(summary) + "</summary>\n" + body + "</details>\n";
}

std::string page(const std::string& title, const std::string& body) {
  // Pages without figures need no script, unless they load themselves anew.
  const bool scripted =
      body.find("<figure class=\"plot\"") != std::string::npos || body.find("id=\"anew\"") != std::string::npos;
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape(title) + "</title>\n<style>\n" + page_style() + "</style>\n</head>\n<body>\n" + body +
         (scripted ? std::string("<script>\n") + page_script() + "</script>\n" : "") + "</body>\n</html>\n";
}

}  // namespace directclr::report
