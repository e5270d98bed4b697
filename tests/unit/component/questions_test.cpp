#include "component/questions.hpp"

#include "tests/unit/component/support.hpp"

namespace dragoman {
namespace {

TEST(Questions, AnIqIsAnsweredByWhoWasAskedAlone) {
  Questions questions;
  int answers = 0;
  questions.expect_iq("q1", "romeo@example.org/garden", [&](const Stanza&) { ++answers; });
  EXPECT_FALSE(questions.on_iq_answer(
      test::stanza("<iq type='error' id='q1' from='mallory@example.org/x' to='irc.localhost'/>")));
  EXPECT_FALSE(questions.on_iq_answer(
      test::stanza("<iq type='error' id='q2' from='romeo@example.org/garden' to='irc.localhost'/>")));
  EXPECT_EQ(answers, 0);
  EXPECT_TRUE(questions.on_iq_answer(
      test::stanza("<iq type='result' id='q1' from='romeo@example.org/garden' to='irc.localhost'/>")));
  EXPECT_FALSE(questions.on_iq_answer(
      test::stanza("<iq type='result' id='q1' from='romeo@example.org/garden' to='irc.localhost'/>")));
  EXPECT_EQ(answers, 1);
}

TEST(Questions, NothingIsLeftOfOneThatWasAnsweredByItsToken) {
  Questions questions;
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string token = std::to_string(i);
    questions.ask_for(token, "profile of somebody", [&](const Questions::Reply&) { ++refused; });
    EXPECT_TRUE(questions.answer(token, Failed{token, {}}));
  }
  EXPECT_EQ(refused, 100);
  EXPECT_EQ(questions.open(), 0u);
  EXPECT_FALSE(questions.answer_for("profile of somebody", Profile{}));
}

TEST(Questions, ThoseForTheSameThingAreAnsweredInOrder) {
  Questions questions;
  std::string order;
  questions.ask_for("1", "x", [&](const Questions::Reply&) { order += "1"; });
  questions.ask_for("2", "x", [&](const Questions::Reply&) { order += "2"; });
  EXPECT_TRUE(questions.answer_for("x", Profile{}));
  EXPECT_TRUE(questions.answer_for("x", Profile{}));
  EXPECT_FALSE(questions.answer_for("x", Profile{}));
  EXPECT_EQ(order, "12");
  EXPECT_EQ(questions.open(), 0u);
}

TEST(Questions, WhatIsNeverAnsweredFailsAfterMinutes) {
  Questions questions;
  int failed = 0, iqs = 0;
  questions.ask("1", [&](const Questions::Reply& reply) { failed += std::holds_alternative<Failed>(reply); });
  questions.ask_for("2", "x", [&](const Questions::Reply&) { ++failed; });
  questions.expect_iq("q1", "romeo@example.org/garden", [&](const Stanza&) { ++iqs; });
  Time now{std::chrono::hours(1000)};
  questions.tick(now);
  questions.tick(now += std::chrono::minutes(4));
  EXPECT_EQ(failed, 0);
  questions.ask("3", [&](const Questions::Reply&) { ++failed; });
  questions.tick(now += std::chrono::minutes(1));
  EXPECT_EQ(failed, 2);
  EXPECT_EQ(questions.open(), 1u);
  EXPECT_FALSE(questions.answer("1", Delivered{"1"}));
  EXPECT_FALSE(questions.on_iq_answer(
      test::stanza("<iq type='result' id='q1' from='romeo@example.org/garden' to='irc.localhost'/>")));
  EXPECT_EQ(iqs, 0);
}

}  // namespace
}  // namespace dragoman
