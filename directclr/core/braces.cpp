#include "directclr/core/braces.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

constexpr size_t kMostTexts = 1'000'000;
constexpr size_t kMostBytes = 1 << 28;  // of all texts together

// The pieces between commas that stand in no braces of their own.
std::vector<std::string> choices_of(const std::string& inside) {
  std::vector<std::string> choices(1);
  int depth = 0;
  for (const char c : inside) {
    depth += (c == '{') - (c == '}');
    if (c == ',' && depth == 0) {
      choices.emplace_back();
    } else {
      choices.back() += c;
    }
  }
  return choices;
}

// "007..012" as its numbers; empty: it is no range.
std::vector<std::string> numbers_of(const std::string& inside, const std::string& pattern) {
  const size_t dots = inside.find("..");
  if (dots == std::string::npos) return {};
  const std::string first = inside.substr(0, dots), last = inside.substr(dots + 2);
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
std::vector<size_t> closes_of(const std::string& text) {
  std::vector<size_t> closes(text.size(), std::string::npos), open;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') open.push_back(i);
    if (text[i] == '}' && !open.empty()) {
      closes[open.back()] = i;
      open.pop_back();
    }
  }
  return closes;
}

struct Texts {
  const std::string& pattern;
  std::vector<std::string> all;
  size_t bytes = 0;

  void add(std::string text) {
    bytes += text.size();
    if (all.size() == kMostTexts) throw InputError(pattern, "names more than a million files");
    if (bytes > kMostBytes) throw InputError(pattern, "the names of all its files are longer than 256 MiB");
    all.push_back(std::move(text));
  }
};

void expand_into(const std::string& done, const std::string& rest, Texts& texts) {
  if (rest.find('{') == std::string::npos) return texts.add(done + rest);
  const std::vector<size_t> closes = closes_of(rest);
  for (size_t open = 0; open < rest.size(); ++open) {
    const size_t close = closes[open];
    if (close == std::string::npos) continue;  // a brace that nothing closes is a brace
    const std::string inside = rest.substr(open + 1, close - open - 1);
    std::vector<std::string> choices = numbers_of(inside, texts.pattern);
    if (choices.empty()) choices = choices_of(inside);
    if (choices.size() < 2 && inside.find("..") == std::string::npos) continue;
    for (const auto& choice : choices) {
      expand_into(done + rest.substr(0, open), choice + rest.substr(close + 1), texts);
    }
    return;
  }
  texts.add(done + rest);
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  Texts texts{.pattern = pattern, .all = {}};
  expand_into("", pattern, texts);
  return std::move(texts.all);
}

}  // namespace directclr
