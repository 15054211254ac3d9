#include "directclr/core/braces.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

constexpr size_t kMostTexts = 1'000'000;
constexpr size_t kMostBytes = 1 << 28;  // of all texts together

// The pieces between commas that stand in no braces of their own.
std::vector<std::string_view> choices_of(std::string_view inside) {
  std::vector<std::string_view> choices;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    depth += (inside[i] == '{') - (inside[i] == '}');
    if (inside[i] == ',' && depth == 0) {
      choices.push_back(inside.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  choices.push_back(inside.substr(begin));
  return choices;
}

// "007..012" as its numbers; empty: it is no range.
std::vector<std::string> numbers_of(std::string_view inside, const std::string& pattern) {
  const size_t dots = inside.find("..");
  if (dots == std::string_view::npos) return {};
  const std::string first(inside.substr(0, dots)), last(inside.substr(dots + 2));
  int64_t from = 0, to = 0;
  if (!parse_int(first, from) || !parse_int(last, to) || from < 0 || to < 0) return {};
  if (static_cast<uint64_t>(std::max(from, to) - std::min(from, to)) >= kMostTexts) {
    throw InputError(pattern, "names more than a million files");
  }
  const bool padded = first[0] == '0' || last[0] == '0';
  const size_t digits = padded ? std::max(first.size(), last.size()) : 1;
  if (digits > kMostBytes / kMostTexts) throw InputError(pattern, format("numbers of %zu digits", digits));
  std::vector<std::string> numbers;
  for (int64_t n = from;; n += from <= to ? 1 : -1) {
    numbers.push_back(format("%0*lld", static_cast<int>(digits), static_cast<long long>(n)));
    if (n == to) return numbers;
  }
}

// For every brace that opens where it is closed; npos where nothing closes it, and for all other characters.
std::vector<size_t> closes_of(std::string_view text) {
  std::vector<size_t> closes(text.size(), std::string_view::npos), open;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') open.push_back(i);
    if (text[i] == '}' && !open.empty()) {
      closes[open.back()] = i;
      open.pop_back();
    }
  }
  return closes;
}

// Texts that together stay within the bounds.
struct Texts {
  const std::string* pattern;  // for messages
  std::vector<std::string> all = {};
  size_t bytes = 0;

  void add(std::string text) {
    bytes += text.size();
    if (all.size() == kMostTexts) throw InputError(*pattern, "names more than a million files");
    if (bytes > kMostBytes) throw InputError(*pattern, "the names of all its files are longer than 256 MiB");
    all.push_back(std::move(text));
  }
};

// Every text of `begins` with every one of `ends` behind it; `ends` are used up.
Texts joined(const Texts& begins, Texts& ends) {
  Texts texts{.pattern = begins.pattern};
  for (const auto& begin : begins.all) {
    // What a single text is continued with can be long: never in memory twice.
    for (auto& end : ends.all) texts.add(begins.all.size() == 1 ? std::move(end.insert(0, begin)) : begin + end);
  }
  return texts;
}

void append(Texts& texts, std::string_view literal) {
  if (literal.empty()) return;
  Texts longer{.pattern = texts.pattern};
  for (auto& text : texts.all) longer.add(std::move(text.append(literal)));
  texts = std::move(longer);
}

Texts expand(std::string_view text, const std::string& pattern) {
  Texts texts{.pattern = &pattern};
  texts.add("");
  const std::vector<size_t> closes = closes_of(text);
  size_t literal = 0;  // where what is not in `texts` yet begins
  for (size_t open = 0; open < text.size(); ++open) {
    const size_t close = closes[open];
    if (close == std::string_view::npos) continue;  // a brace that nothing closes is a brace
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    Texts ends{.pattern = &pattern};
    for (auto& number : numbers_of(inside, pattern)) ends.add(std::move(number));
    if (ends.all.empty()) {
      const auto choices = choices_of(inside);
      if (choices.size() < 2) continue;  // braces around one text are braces
      for (const auto& choice : choices) {
        for (auto& one : expand(choice, pattern).all) ends.add(std::move(one));
      }
    }
    append(texts, text.substr(literal, open - literal));
    texts = joined(texts, ends);
    open = close;
    literal = close + 1;
  }
  append(texts, text.substr(literal));
  return texts;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) { return expand(pattern, pattern).all; }

}  // namespace directclr
