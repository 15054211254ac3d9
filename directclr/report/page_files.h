#pragma once

namespace directclr::report {

/// The script that draws the figures of a page, report/page/page.js.
const char* page_script();
/// The style of all pages, report/page/page.css.
const char* page_style();

}  // namespace directclr::report
