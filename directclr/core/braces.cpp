#include "directclr/core/braces.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

constexpr size_t kMostTexts = 1'000'000;

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
  const int digits = padded ? static_cast<int>(std::max(first.size(), last.size())) : 1;
  std::vector<std::string> numbers;
  for (int64_t n = from;; n += from <= to ? 1 : -1) {
    numbers.push_back(format("%0*lld", digits, static_cast<long long>(n)));
    if (n == to) return numbers;
  }
}

void expand_into(const std::string& done, const std::string& rest, const std::string& pattern,
                 std::vector<std::string>& texts) {
  for (size_t open = rest.find('{'); open != std::string::npos; open = rest.find('{', open + 1)) {
    int depth = 0;
    size_t close = open;
    for (; close < rest.size(); ++close) {
      depth += (rest[close] == '{') - (rest[close] == '}');
      if (depth == 0) break;
    }
    if (close == rest.size()) continue;  // a brace that nothing closes is a brace
    const std::string inside = rest.substr(open + 1, close - open - 1);
    std::vector<std::string> choices = numbers_of(inside, pattern);
    if (choices.empty()) choices = choices_of(inside);
    if (choices.size() < 2 && inside.find("..") == std::string::npos) continue;
    for (const auto& choice : choices) {
      expand_into(done + rest.substr(0, open), choice + rest.substr(close + 1), pattern, texts);
    }
    return;
  }
  if (texts.size() == kMostTexts) throw InputError(pattern, "names more than a million files");
  texts.push_back(done + rest);
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> texts;
  expand_into("", pattern, pattern, texts);
  return texts;
}

}  // namespace directclr
