#include "bridges/matrix/json.hpp"

#include <gtest/gtest.h>

namespace dragoman::matrix {
namespace {

json::object object(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) {
    ADD_FAILURE() << text;
    return {};
  }
  return value->get_object();
}

TEST(Json, ThatIsNoneIsNothing) {
  for (const std::string_view bad :
       {"", " ", "{", "}", "{\"a\":}", "[1,]", "nul", "{'a':1}", "{\"a\":1}x", "\"", "\"\\", "\"\\u12", "NaN",
        "[\"a\nb\"]", "\xFF", "[[[[[", "]]]]", "{\"a\"}"}) {
    EXPECT_FALSE(parse_json(bad)) << bad;
  }
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '{')));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '"')));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '\\')));
}

TEST(Json, IsReadAsItIs) {
  const auto o =
      object(R"({"text":"a\u00e9\ud83d\ude00\u0000","yes":true,"no":false,"n":-7,"o":{"x":1},"a":[1]})");
  EXPECT_EQ(text_at(o, "text"), std::string_view("a\xC3\xA9\xF0\x9F\x98\x80\0", 8));
  EXPECT_TRUE(true_at(o, "yes"));
  EXPECT_FALSE(true_at(o, "no"));
  EXPECT_EQ(number_at(o, "n"), -7);
  ASSERT_TRUE(object_at(o, "o"));
  EXPECT_EQ(number_at(*object_at(o, "o"), "x"), 1);
  ASSERT_TRUE(array_at(o, "a"));
  EXPECT_EQ(array_at(o, "a")->size(), 1u);
}

TEST(Json, MembersOfAnotherTypeAreMissing) {
  const auto o = object(R"({"s":"x","n":1,"b":true,"z":null,"o":{},"a":[]})");
  for (const std::string_view key : {"s", "n", "b", "z", "o", "a", "missing", ""}) {
    EXPECT_EQ(text_at(o, key).empty(), key != "s") << key;
    EXPECT_EQ(number_at(o, key).has_value(), key == "n") << key;
    EXPECT_EQ(true_at(o, key), key == "b") << key;
    EXPECT_EQ(object_at(o, key) != nullptr, key == "o") << key;
    EXPECT_EQ(array_at(o, key) != nullptr, key == "a") << key;
  }
}

TEST(Json, WholeDoublesAreIntegers) {
  const auto number = [](std::string text) { return number_at(object("{\"n\":" + text + "}"), "n"); };
  EXPECT_EQ(number("50.0"), 50);
  EXPECT_EQ(number("5e1"), 50);
  EXPECT_EQ(number("-0.0"), 0);
  EXPECT_EQ(number("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(number("-9223372036854775808"), INT64_MIN);
  EXPECT_FALSE(number("9223372036854775808"));
  EXPECT_FALSE(number("18446744073709551615"));
  EXPECT_FALSE(number("1e300"));
  EXPECT_FALSE(number("-1e300"));
  EXPECT_FALSE(number("0.5"));
  EXPECT_FALSE(number("\"5\""));
}

TEST(Json, ThatIsTooDeepLosesTheDeepPartOnly) {
  const std::string bomb = std::string(30'000, '[') + std::string(30'000, ']');
  const auto o = object("{\"events\":[{\"content\":" + bomb + ",\"body\":\"]}\\\"\"},{\"body\":\"after\"}]}");
  const auto* events = array_at(o, "events");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ(text_at(events->at(0).as_object(), "body"), "]}\"");
  EXPECT_EQ(text_at(events->at(1).as_object(), "body"), "after");

  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "{\"a\":";
  nested += "\"[{\\\"\"" + std::string(5000, '}');
  EXPECT_EQ(text_at(object("{\"x\":" + nested + ",\"y\":\"z\"}"), "y"), "z");
}

TEST(Json, KeepsWhatIsDeepButNotTooDeep) {
  const std::string deep = std::string(63, '[') + "\"x\"" + std::string(63, ']');
  const auto value = parse_json("[" + deep + "]");
  ASSERT_TRUE(value);
  const json::value* at = &*value;
  for (int i = 0; i < 64; ++i) at = &at->as_array().at(0);
  EXPECT_EQ(at->as_string(), "x");
}

TEST(Json, HalfASurrogatePairIsAReplacementCharacter) {
  const auto text = [](std::string escaped) {
    return std::string(text_at(object("{\"a\":\"" + escaped + "\",\"b\":\"c\"}"), "a"));
  };
  EXPECT_EQ(text("x\\ud800y"), "x\xEF\xBF\xBDy");
  EXPECT_EQ(text("x\\udc00y"), "x\xEF\xBF\xBDy");
  EXPECT_EQ(text("\\ud800\\ud800\\udc00"), "\xEF\xBF\xBD\xF0\x90\x80\x80");
  EXPECT_EQ(text("\\ud800\\n"), "\xEF\xBF\xBD\n");
  EXPECT_EQ(text("\\\\ud800\\ud800"), "\\ud800\xEF\xBF\xBD");
}

TEST(Json, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(text_at(object("{\"a\":\"x\xFFy\",\"b\":1}"), "a"), "x\xEF\xBF\xBDy");
}

}  // namespace
}  // namespace dragoman::matrix
