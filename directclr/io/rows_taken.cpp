#include "directclr/io/rows_taken.h"

#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/io/array_span.h"

namespace directclr::io {
namespace {

std::string separator_text(char separator) {
  switch (separator) {
    case '\t': return "tabs";
    case ';': return "semicolons";
    case '|': return "vertical bars";
    case ' ': return "blanks";
    default: return "commas";
  }
}

std::string text_of(const TableTaken& table, int64_t dimensions) {
  std::string text = table.columns > 1 ? ", " + separator_text(table.dialect.separator) + " between" : "";
  if (table.dialect.decimal_comma) text += ", decimal commas";
  if (table.heading > 0) {
    text += format(", line %lld names the columns%s%s", static_cast<long long>(table.heading),
                   table.counts ? " by numbers" : "", table.in_comment ? " (a comment)" : "");
  } else {
    text += ", no heading";
  }
  const int64_t others = table.comments - (table.in_comment ? 1 : 0);
  if (others > 0) text += format(", %lld comment lines passed over", static_cast<long long>(others));
  if (table.rows_with_hash > 0) {
    text += format(", %lld rows begin with #", static_cast<long long>(table.rows_with_hash));
  }
  if (!table.chosen.empty()) {
    text += format("; taken: %lld of %lld columns, --columns %s", static_cast<long long>(dimensions),
                   static_cast<long long>(table.columns), table.chosen.c_str());
  }
  constexpr size_t kMost = 6;
  std::vector<std::string> words;
  for (const auto& column : table.left_out) {
    if (words.size() == kMost) {
      words.push_back(format("%zu more", table.left_out.size() - kMost));
      break;
    }
    words.push_back(column_text(column.number, column.name) + " (" + column.why + ")");
  }
  if (!words.empty()) text += "; left out: " + join(words);
  return text;
}

Json json_of(const TableTaken& table) {
  Json object = {{"separator", separator_text(table.dialect.separator)},
                 {"decimal", table.dialect.decimal_comma ? "comma" : "point"},
                 {"heading_line", table.heading > 0 ? Json(table.heading) : Json()},
                 {"comment_lines", table.comments},
                 {"columns", table.columns},
                 {"left_out", Json::array()}};
  for (const auto& column : table.left_out) {
    object["left_out"].push_back({{"column", column.number}, {"name", column.name}, {"why", column.why}});
  }
  if (!table.chosen.empty()) object["chosen"] = table.chosen;
  return object;
}

}  // namespace

std::string column_text(int64_t number, const std::string& name) {
  return format("column %lld", static_cast<long long>(number)) + (name.empty() ? "" : " '" + name + "'");
}

std::string RowsTaken::text() const {
  std::string text = "read " + file + ": ";
  if (table) return text + "table " + shape_text(shape) + text_of(*table, dimensions);
  if (!what.empty()) text += what + ", ";
  text += type + " " + shape_text(shape);
  if (parts > 1 && (what.empty() || !tensor.empty())) text += format(" in %lld parts", static_cast<long long>(parts));
  if (!pooled.empty()) text += ", " + pooled + ": " + shape_text({rows, dimensions});
  if (!passed_over.empty()) text += "; passed over: " + passed_over;
  return text;
}

Json RowsTaken::json() const {
  Json object = {{"text", text()}, {"file", file}, {"dtype", type}, {"shape", shape}, {"parts", parts}};
  if (!tensor.empty()) object["tensor"] = tensor;
  if (!pooled.empty()) object["pooled"] = pooled;
  if (!passed_over.empty()) object["passed_over"] = passed_over;
  if (table) object["table"] = json_of(*table);
  return object;
}

}  // namespace directclr::io
