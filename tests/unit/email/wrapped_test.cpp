#include "bridges/email/wrapped.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace dragoman::email {
namespace {

std::string unwrapped(std::string text) {
  Text said(std::move(text));
  const std::size_t size = said.plain.size();
  unwrap(said);
  EXPECT_EQ(said.plain.size(), size) << "nothing comes or goes";
  return said.plain;
}

const std::string longer =
    "I have been meaning to write to you about the garden for weeks, and now\n"
    "that the rain has stopped there is nothing left that could keep me from\n"
    "it. The roses have come through the winter well, the apple tree has not,\n"
    "and neither has the pear tree that stood beside it for all these years.";

std::string joined(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

TEST(WrappedTest, ParagraphsThatAProgramBrokeAreOneLineEach) {
  const std::string before = "Dear Alice,\n\n", after = "\n\nYours, Bob";
  EXPECT_EQ(unwrapped(before + longer + after), before + joined(longer) + after);
}

TEST(WrappedTest, OneBreakIsJoinedWhereTheSentencePlainlyGoesOn) {
  EXPECT_EQ(unwrapped("The meeting has been moved to the large room on the second floor, where\n"
                      "there is a projector."),
            "The meeting has been moved to the large room on the second floor, where "
            "there is a projector.");
  const std::string sentences =
      "The meeting has been moved to the large room on the second floor today.\n"
      "There is a projector.";
  EXPECT_EQ(unwrapped(sentences), sentences);
}

TEST(WrappedTest, WhatSomebodyBrokeStaysBroken) {
  for (const std::string text : {
           "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
           "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;",
           "Bob Baker\n12 Mill Lane\nExampleton\nEX1 2AB",
           "We need:\n- milk\n- bread\n- butter\n- and something for the evening, if there is any\n- salt",
           "One\ntwo\nthree",
       }) {
    EXPECT_EQ(unwrapped(text), text);
  }
}

TEST(WrappedTest, AnAddressWithinATextThatIsJoinedStaysBroken) {
  const std::string prose = longer + "\n";
  const std::string address = "\nMill House\n12 Mill Lane\nExampleton";
  const std::string got = unwrapped(prose + address);
  EXPECT_EQ(got, joined(longer) + "\n" + address);
}

TEST(WrappedTest, TablesCodeAndListsStayWithinATextThatIsJoined) {
  const std::string prose = longer + "\n";
  const std::string table =
      "\nname                 what it costs in the shop at the corner    each\n"
      "apples               two and a half, and three in the winter      kg\n"
      "\n    for (int i = 0; i < 10; ++i) the_name_of_a_function_that_is_long(i);\n"
      "    return the_name_of_another_function_that_is_quite_as_long_as(it);\n"
      "\n1. the first thing that there is to be said about all of this is that\n"
      "2. the second thing that there is to be said is hardly to be said at all";
  EXPECT_TRUE(unwrapped(prose + table).ends_with(table));
}

TEST(WrappedTest, ATextWithLongLinesIsNotWrapped) {
  const std::string text =
      "This line is of somebody whose program does not break lines at all, so it goes on and on and on.\n"
      "And this one was ended by its writer, who pressed the key to do so, as\n"
      "was this one.";
  EXPECT_EQ(unwrapped(text), text);
}

TEST(WrappedTest, QuotesAndCodeAreLeftAlone) {
  Text said(
      "Have you thought about the roses and the apple tree that stood there,\n"
      "and of the pear tree, which has been there for as long as anybody can\n"
      "remember, and of the plum tree that stood beside it all these years?\n"
      "Yes.");
  said.spans.push_back({0, said.plain.rfind('\n'), Style::quote, {}});
  const std::string before = said.plain;
  unwrap(said);
  EXPECT_EQ(said.plain, before);
}

TEST(WrappedTest, CharactersCountNotBytes) {
  EXPECT_EQ(unwrapped("Äpfel äußern sich höchstens während übermäßig schöner Tage öffentlich,\n"
                      "hält man für möglich, und Bäume schön über Wände hinüber, doch wären\n"
                      "größere Früchte möglich, fügte er nüchtern hinzu, und führte öfter\n"
                      "Körbe herbei."),
            "Äpfel äußern sich höchstens während übermäßig schöner Tage öffentlich, "
            "hält man für möglich, und Bäume schön über Wände hinüber, doch wären "
            "größere Früchte möglich, fügte er nüchtern hinzu, und führte öfter "
            "Körbe herbei.");
}

TEST(WrappedTest, NothingAndNewlinesAloneAreNothing) {
  EXPECT_EQ(unwrapped(""), "");
  EXPECT_EQ(unwrapped("\n\n\n"), "\n\n\n");
}

}  // namespace
}  // namespace dragoman::email
