#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace directclr::report {

/// Text made safe inside HTML.
std::string escape(std::string_view text);

/// A sentence of a page as HTML: what stands between backticks as code. Options do not break at the end of a line (they
/// begin with two hyphens), nor does a number before its percent sign.
std::string sentence_html(std::string_view text);

/// A picture as a data: address.
std::string png_data_url(std::string_view bytes);

/// A table from rows of cells (HTML); the first row is the head, the first column names the row.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// `body` (HTML) behind a line that unfolds it.
std::string folded(const std::string& summary, const std::string& body);

/// A whole page around `body`: one file, no outside resources, readable on a phone, in print and in dark mode.
std::string page(const std::string& title, const std::string& body);

}  // namespace directclr::report
