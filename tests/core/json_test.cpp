#include "directclr/core/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "directclr/core/philox.h"
#include "tests/support/error_of.h"
#include "tests/support/json_printing.h"

namespace directclr {
namespace {

using nlohmann::ordered_json;
using Strings = std::map<std::string, std::string>;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMostUnsigned = std::numeric_limits<uint64_t>::max();

TEST(Json, GivesBackWhatItWasMadeOf) {
  EXPECT_TRUE(Json().is_null());
  EXPECT_TRUE(Json(nullptr).is_null());
  EXPECT_EQ(Json(true).get<bool>(), true);
  EXPECT_EQ(Json(-7).get<int>(), -7);
  EXPECT_EQ(Json(uint8_t{200}).get<uint8_t>(), 200);
  EXPECT_EQ(Json(kLeast).get<int64_t>(), kLeast);
  EXPECT_EQ(Json(kMost).get<int64_t>(), kMost);
  EXPECT_EQ(Json(kMostUnsigned).get<uint64_t>(), kMostUnsigned);
  EXPECT_EQ(Json(0.1).get<double>(), 0.1);
  EXPECT_EQ(Json(0.1F).get<float>(), 0.1F);
  EXPECT_EQ(Json("text").get<std::string>(), "text");
  EXPECT_EQ(Json(std::string("a\0b", 3)).get<std::string>().size(), 3U);
  EXPECT_EQ(Json(std::string_view("view")).get<std::string>(), "view");
  const std::vector<double> numbers = {1, 2.5};
  EXPECT_EQ(Json(numbers).get<std::vector<double>>(), numbers);
  const std::vector<std::vector<std::string>> words = {{"a", "b"}, {}};
  EXPECT_EQ(Json(words).get<std::vector<std::vector<std::string>>>(), words);
  EXPECT_EQ(Json(std::vector<bool>{true, false}).get<std::vector<bool>>(), (std::vector<bool>{true, false}));
  const std::map<std::string, double> named = {{"x", 1}, {"y", -0.5}};
  EXPECT_EQ((Json(named).get<std::map<std::string, double>>()), named);
}

TEST(Json, ConvertsBetweenNumbersOnlyWithoutLoss) {
  EXPECT_EQ(Json(3).get<double>(), 3.0);
  EXPECT_EQ(Json(3.0).get<int>(), 3);
  EXPECT_EQ(Json(-0x1p63).get<int64_t>(), kLeast);
  const auto refused = [](const Json& value, auto kind) {
    EXPECT_THROW(value.get<decltype(kind)>(), JsonError) << value.dump();
  };
  refused(2.5, int{});
  refused(-1, uint64_t{});
  refused(-1.0, uint64_t{});
  refused(256, uint8_t{});
  refused(kMostUnsigned, int64_t{});
  refused(0x1p63, int64_t{});
  refused(0x1p64, uint64_t{});
  refused(INFINITY, int64_t{});
  refused(NAN, uint64_t{});
  EXPECT_EQ(test::error_of([] { Json(300).get<uint8_t>(); }), "300 is no whole number from 0 to 255");
}

TEST(Json, NamesWhatIsMissingOrOfAnotherKind) {
  const Json object = {{"a", 1}, {"list", Json::array({1, "two"})}};
  EXPECT_EQ(test::error_of([&] { object.at("b"); }), "key 'b' not found");
  EXPECT_EQ(test::error_of([&] { object["b"]; }), "key 'b' not found");
  EXPECT_EQ(test::error_of([&] { object.at("a").at("b"); }), "expected an object with 'b', found a number");
  EXPECT_EQ(test::error_of([&] { object.at("a").get<std::string>(); }), "expected a string, found a number");
  EXPECT_EQ(test::error_of([&] { object.at("list").get<std::vector<double>>(); }), "expected a number, found a string");
  EXPECT_EQ(test::error_of([&] { object.at("list").at(2); }), "array index 2 is out of range: 2 elements");
  EXPECT_EQ(test::error_of([&] { object.get<bool>(); }), "expected a boolean, found an object");
  EXPECT_EQ(test::error_of([&] { object.get<double>(); }), "expected a number, found an object");
  EXPECT_EQ(test::error_of([&] { object.get<std::vector<int>>(); }), "expected an array, found an object");
  EXPECT_EQ(test::error_of([] { Json().get<double>(); }), "expected a number, found null");
  EXPECT_EQ(test::error_of([] { Json().get<std::vector<int>>(); }), "expected an array, found null");
  EXPECT_EQ(test::error_of([] { Json("x").get<Strings>(); }), "expected an object, found a string");
  EXPECT_EQ(test::error_of([value = Json(true)] { value.items(); }), "expected an object, found a boolean");
  EXPECT_THROW(Json(1).size(), JsonError);
  EXPECT_THROW(Json(1).push_back(2), JsonError);
  EXPECT_THROW(Json(1)["a"], JsonError);
  EXPECT_THROW(Json(1).erase("a"), JsonError);
  EXPECT_THROW(Json::array().back(), JsonError);
  EXPECT_THROW(
      {
        for (const Json& element : object) ADD_FAILURE() << element.dump();
      },
      JsonError);
}

TEST(Json, GivesADefaultForAMissingMemberOnly) {
  const Json object = {{"n", 2}, {"text", "x"}};
  EXPECT_EQ(object.value("n", 0.0), 2.0);
  EXPECT_EQ(object.value("m", 7), 7);
  EXPECT_EQ(object.value("text", "?"), "x");
  EXPECT_EQ(object.value("none", "?"), "?");
  EXPECT_EQ(Json().value("none", "?"), "?");
  EXPECT_THROW(object.value("text", 1), JsonError);
}

TEST(Json, KeepsMembersInTheirOrder) {
  Json object = {{"z", 1}, {"a", 2}};
  object["m"] = 3;
  object["z"] = 4;  // stays where it is
  EXPECT_EQ(object.dump(), R"({"z":4,"a":2,"m":3})");
  std::string seen;
  for (const auto& [key, value] : object.items()) seen += key + value.dump() + " ";
  EXPECT_EQ(seen, "z4 a2 m3 ");
  object.erase("a");
  object.erase("none");
  EXPECT_EQ(object.dump(), R"({"z":4,"m":3})");
  EXPECT_EQ(Json::parse(R"({"z":1,"a":2,"z":3})").dump(), R"({"z":3,"a":2})") << "the last of one name";
  EXPECT_EQ((Json{{"z", 1}, {"z", 2}}).dump(), R"({"z":1})") << "the first in a list, as nlohmann has it";
}

TEST(Json, TakesAListOfNamedPairsForAnObject) {
  const std::string name = "n";
  const std::vector<double> values = {1, 0.5};
  EXPECT_EQ((Json{{"a", 1}}).dump(), R"({"a":1})");
  EXPECT_EQ((Json{{"a", {1, 2}}, {name, {{"b", nullptr}}}}).dump(), R"({"a":[1,2],"n":{"b":null}})");
  EXPECT_EQ((Json{"a", 1}).dump(), R"(["a",1])");
  EXPECT_EQ((Json{{"a", "b"}, {"c", "d"}}).dump(), R"({"a":"b","c":"d"})");
  EXPECT_EQ((Json{{"of", {name, "d"}}}).dump(), R"({"of":["n","d"]})");
  EXPECT_EQ((Json{{"a", 1}, {2, 3}}).dump(), R"([["a",1],[2,3]])");
  EXPECT_EQ((Json{{"a", 1, 2}}).dump(), R"([["a",1,2]])");
  EXPECT_EQ((Json{{"v", values}, {"m", Strings{{"x", "y"}}}}).dump(), R"({"v":[1.0,0.5],"m":{"x":"y"}})");
  EXPECT_EQ(Json::array({{"a", 1}}).dump(), R"([["a",1]])");
  Json from_nothing = {};
  EXPECT_TRUE(from_nothing.is_null());
  from_nothing = {{"a", 1}};
  EXPECT_EQ(from_nothing.dump(), R"({"a":1})");
  from_nothing["pair"] = {int64_t{3}, int64_t{4}};
  EXPECT_EQ(from_nothing["pair"].dump(), "[3,4]");
}

TEST(Json, NullBecomesWhatIsPutIntoIt) {
  Json object, list;
  EXPECT_TRUE(object.items().empty());
  EXPECT_EQ(object.begin(), object.end());
  EXPECT_EQ(object.size(), 0U);
  EXPECT_EQ(object.find("a"), nullptr);
  object["a"]["b"] = 1;
  list.push_back({{"c", 2}});
  EXPECT_EQ(object.dump(), R"({"a":{"b":1}})");
  EXPECT_EQ(list.dump(), R"([{"c":2}])");
  list[0]["c"] = 3;
  EXPECT_EQ(list.back().at("c"), 3);
}

TEST(Json, IsEqualByValue) {
  EXPECT_EQ(Json(1), 1.0);
  EXPECT_EQ(Json(1), 1U);
  EXPECT_EQ(Json(-1), -1.0);
  EXPECT_NE(Json(-1), kMostUnsigned);
  EXPECT_NE(Json(kMost), kMostUnsigned);
  EXPECT_NE(Json(NAN), NAN);
  EXPECT_EQ(Json("a"), "a");
  EXPECT_NE(Json("1"), 1);
  EXPECT_NE(Json(true), 1);
  EXPECT_NE(Json(), false);
  EXPECT_EQ(Json(), nullptr);
  EXPECT_EQ((Json{{"a", 1}, {"b", {1, 2}}}), (Json{{"b", {1.0, 2.0}}, {"a", 1}})) << "in any order";
  EXPECT_NE((Json{{"a", 1}}), (Json{{"a", 1}, {"b", 2}}));
  EXPECT_NE((Json{{"a", 1}}), (Json{{"b", 1}}));
  EXPECT_NE((Json{1, 2}), (Json{2, 1}));
  EXPECT_NE(Json::array(), Json::object());
}

TEST(JsonDump, WritesAsByHand) {
  const Json value = {{"version", 1},
                      {"list", {1, 2.5, "x"}},
                      {"inner", {{"none", nullptr}, {"yes", true}, {"no", false}}},
                      {"empty", Json::array()},
                      {"nothing", Json::object()}};
  EXPECT_EQ(value.dump(),
            R"({"version":1,"list":[1,2.5,"x"],"inner":{"none":null,"yes":true,"no":false},"empty":[],"nothing":{}})");
  EXPECT_EQ(value.dump(1), R"({
 "version": 1,
 "list": [
  1,
  2.5,
  "x"
 ],
 "inner": {
  "none": null,
  "yes": true,
  "no": false
 },
 "empty": [],
 "nothing": {}
})");
  EXPECT_EQ(value["inner"].dump(2), R"({
  "none": null,
  "yes": true,
  "no": false
})");
  EXPECT_EQ((Json{1, 2}).dump(0), "[\n1,\n2\n]");
}

TEST(JsonDump, WritesNumbersThatReadBack) {
  const std::pair<Json, const char*> cases[] = {{0, "0"},
                                                {kLeast, "-9223372036854775808"},
                                                {kMost, "9223372036854775807"},
                                                {kMostUnsigned, "18446744073709551615"},
                                                {1.0, "1.0"},
                                                {-0.0, "-0.0"},
                                                {0.1, "0.1"},
                                                {1e15, "1e+15"},
                                                {123456789012345.0, "123456789012345.0"},
                                                {1e-5, "1e-05"},
                                                {1.0 / 3, "0.3333333333333333"},
                                                {5e-324, "5e-324"},
                                                {2.2250738585072014e-308, "2.2250738585072014e-308"},
                                                {1.7976931348623157e308, "1.7976931348623157e+308"}};
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(value.dump(), text);
    const Json back = Json::parse(text);
    EXPECT_EQ(back, value);
    EXPECT_EQ(back.is_number_integer(), value.is_number_integer()) << text;
    EXPECT_EQ(back.dump(), text);
  }
  EXPECT_TRUE(std::signbit(Json::parse("-0.0").get<double>()));
  for (const double value : {NAN, INFINITY, -INFINITY}) EXPECT_EQ(Json(value).dump(), "null");
  EXPECT_EQ(Json::parse("18446744073709551616").get<double>(), 0x1p64) << "too large for an integer";
  EXPECT_NE(test::error_of([] { Json::parse("[1e400]"); }).find("1e400"), std::string::npos);
}

TEST(JsonDump, EscapesWhatMustBeAndKeepsUtf8) {
  EXPECT_EQ(Json("\" \\ / \b\f\n\r\t \x01 \x1f \x7f").dump(), R"("\" \\ / \b\f\n\r\t \u0001 \u001f )"
                                                              "\x7f\"");
  EXPECT_EQ(Json("größer ≥ 𝛼 \u2028").dump(), "\"größer ≥ 𝛼 \u2028\"");
  EXPECT_EQ(Json(std::string("\0", 1)).dump(), R"("\u0000")");
  EXPECT_EQ(Json::parse(R"("\u00e9\ud835\udefc\/\u0000")").get<std::string>(), std::string("é𝛼/\0", 8));
  EXPECT_EQ((Json{{"a\"b", 1}}).dump(), R"({"a\"b":1})");
}

TEST(JsonDump, EscapesNamesThatAreNoUtf8AndParseRefusesThem) {
  EXPECT_EQ(Json("d\xE9/\\").dump(), R"("d\\xE9/\\\\")");
  EXPECT_EQ((Json{{"\xFF", "é\\"}}).dump(), R"({"\\xFF":"é\\"})");
  for (const char* text : {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_EQ(Json::parse(Json(text).dump()).get<std::string>().find(text), std::string::npos);
    EXPECT_THROW(Json::parse(std::string("\"") + text + "\""), JsonError);
  }
}

TEST(JsonParse, SaysWhereATextIsDamaged) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1"},
      {"{\"top1\": ", "line 1, column 10"},
      {"[1, 2", "line 1, column 6"},
      {"[1, 2,]", "line 1, column 7"},
      {"{\n\"a\": 1,\n}", "line 3, column 1"},
      {"{\"a\" 1}", "line 1, column 6"},
      {"[1] 2", "line 1, column 5"},
      {"[01]", "line 1, column 3"},
      {"nul", "line 1, column 4"},
      {"\"a\nb\"", "line 2, column 0"},
      {"[1 /* one */]", "line 1, column 4"},
      {"'a'", "line 1, column 1"},
      {"[NaN]", "line 1, column 2"},
      {"\"\\ud835\"", "line 1, column 8"},
  };
  for (const auto& [text, where] : cases) {
    const std::string error = test::error_of([text = text] { Json::parse(text); });
    EXPECT_NE(error.find(std::string("at ") + where + ":"), std::string::npos) << text << ": " << error;
    EXPECT_FALSE(Json::try_parse(text)) << text;
  }
  EXPECT_EQ(Json::try_parse(" [1] \n"), Json{1});
}

TEST(JsonParse, RefusesWhatIsNestedTooDeeply) {
  const auto nested = [](size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  const std::pair<std::string, std::string> kinds[] = {{"[", "]"}, {"{\"a\":", "}"}};
  for (const auto& kind : kinds) {
    const auto& [open, close] = kind;
    const std::string deepest = nested(Json::kDeepest, open, close);
    EXPECT_EQ(Json::parse(deepest).dump(), deepest);
    for (const size_t depth : {size_t{Json::kDeepest} + 1, size_t{100000}}) {
      EXPECT_EQ(test::error_of([&] { Json::parse(nested(depth, kind.first, kind.second)); }),
                "nested more than 1000 levels deep");
      EXPECT_THROW(Json::parse(nested(depth, open, "")), JsonError) << "never closed";
    }
  }
}

// The library behind it, used as the project used it before it had a type of its own.
class JsonAgainstNlohmann : public ::testing::Test {
 protected:
  uint32_t below(uint32_t n) { return random_.below(n); }

  std::string text() {
    static const std::string kPieces[] = {"a",    "Z",      "\"",     "\\",         "/", "\n",
                                          "\x01", "\u00e9", "\u2028", "\U0001D6FC", " ", std::string("\0", 1)};
    std::string result;
    for (uint32_t n = below(6); n > 0; --n) result += kPieces[below(std::size(kPieces))];
    return result;
  }

  double real() {
    // Any bit pattern, and numbers as they come.
    if (below(2) == 0) return (below(2) == 0 ? 1 : -1) * below(100000) / std::pow(10.0, below(8));
    return std::bit_cast<double>(bits());
  }

  uint64_t bits() { return uint64_t{random_.bits()} << 32 | random_.bits(); }

  // The same value in both types.
  std::pair<Json, ordered_json> value(int depth) {
    switch (below(depth > 0 ? 8 : 6)) {
      case 0: return {nullptr, nullptr};
      case 1: return {true, true};
      case 2: {
        const auto number = static_cast<int64_t>(bits() >> below(64));
        return {number, number};
      }
      case 3: {
        const uint64_t number = bits() >> below(64);
        return {number, number};
      }
      case 4: {
        const double number = real();
        return {number, number};
      }
      case 5: {
        const std::string string = text();
        return {string, string};
      }
      case 6: {
        std::pair list{Json::array(), ordered_json::array()};
        for (uint32_t n = below(5); n > 0; --n) {
          const auto [ours, theirs] = value(depth - 1);
          list.first.push_back(ours);
          list.second.push_back(theirs);
        }
        return list;
      }
      default: {
        std::pair object{Json::object(), ordered_json::object()};
        for (uint32_t n = below(5); n > 0; --n) {
          const std::string key = text();
          std::tie(object.first[key], object.second[key]) = value(depth - 1);
        }
        return object;
      }
    }
  }

  RandomStream random_{3, Purpose::kSplit};
};

TEST_F(JsonAgainstNlohmann, WritesTheSameText) {
  for (int i = 0; i < 2000; ++i) {
    const auto [ours, theirs] = value(4);
    for (const int indent : {-1, 0, 1, 2, 7}) ASSERT_EQ(ours.dump(indent), theirs.dump(indent));
    const Json back = Json::parse(theirs.dump(1));
    ASSERT_EQ(back.dump(), theirs.dump());
  }
}

TEST_F(JsonAgainstNlohmann, AcceptsTheSameTextsAndSaysTheSameOfOthers) {
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = value(3).second.dump(static_cast<int>(below(3)) - 1);
    const auto place = [&] { return below(static_cast<uint32_t>(text.size())); };
    for (uint32_t n = below(3); n > 0 && !text.empty(); --n) {
      switch (below(3)) {
        case 0: text.erase(place(), 1 + below(3)); break;
        case 1: text[place()] = static_cast<char>(below(256)); break;
        default: text.insert(place(), 1, "[]{},:\"\\0-.e \n"[below(14)]); break;
      }
    }
    ordered_json theirs;
    std::string complaint = "no error";
    try {
      theirs = ordered_json::parse(text);
    } catch (const ordered_json::exception& error) {
      complaint = error.what();
      ++refused;
    }
    ASSERT_EQ(test::error_of([&] { ASSERT_EQ(Json::parse(text).dump(), theirs.dump()) << text; }), complaint) << text;
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace directclr
