#include "bridges/email/report.hpp"

#include <gtest/gtest.h>

#include "bridges/email/bounce_words.hpp"
#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

std::optional<Report> report(const std::string& bytes) {
  auto mail = parse_mail(bytes, "");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail));
  return std::get<Mail>(mail).report;
}

std::string delivery(const std::string& groups) {
  return "From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; "
         "boundary=b\n\n--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
         "x\n\n" +
         groups + "\n--b--\n";
}

TEST(Reports, TheWorstRecipientIsTold) {
  const auto told =
      report(delivery("Final-Recipient: rfc822; a@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
                      "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.2.2 "
                      "(full)\nDiagnostic-Code: smtp; 552 5.2.2 over\n  quota\n\n"
                      "Final-Recipient: rfc822; c@example.org\nAction: delayed\n"));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->outcome, Outcome::failed);
  EXPECT_EQ(told->recipient, "b@example.org");
  EXPECT_EQ(told->status, "5.2.2");
  EXPECT_EQ(told->words, "552 5.2.2 over quota");
}

TEST(Reports, EveryActionHasAnOutcome) {
  for (const auto& [action, outcome] :
       {std::pair{"failed", Outcome::failed}, std::pair{"FAILED (x)", Outcome::failed},
        std::pair{"delayed", Outcome::delayed}, std::pair{"delivered", Outcome::delivered},
        std::pair{"relayed", Outcome::delivered}, std::pair{"expanded", Outcome::delivered}}) {
    const auto told =
        report(delivery(std::string("Final-Recipient: rfc822; a@example.org\nAction: ") + action + "\n"));
    ASSERT_TRUE(told) << action;
    EXPECT_EQ(told->outcome, outcome);
    EXPECT_EQ(told->words.empty(), outcome == Outcome::delivered);
  }
}

TEST(Reports, WithoutWordsTheCodeSpeaks) {
  EXPECT_EQ(report(delivery("Action: failed\nStatus: 5.1.1\n"))->words, "there is no such mailbox");
  EXPECT_EQ(report(delivery("Action: failed\nStatus: 5.9.9\n"))->words, "it could not be delivered");
  EXPECT_EQ(report(delivery("Action: delayed\n"))->words, "it is not delivered yet");
}

TEST(Reports, WordsAreOneCleanLine) {
  const auto told = report(
      delivery("Action: failed\nDiagnostic-Code: smtp; 550 a\x01 b\n " + std::string(9000, 'x') + "\n"));
  EXPECT_EQ(told->words.substr(0, 8), "550 a b ");
  EXPECT_LE(told->words.size(), 500U);
}

TEST(Reports, AReceiptThatSaysDisplayedIsOne) {
  const auto receipt = [](const std::string& disposition) {
    return report(
        "From: b@example.org\nContent-Type: multipart/report; boundary=b\n\n--b\n\nwords\n--b\nContent-Type: "
        "message/disposition-notification\n\nFinal-Recipient: rfc822; b@example.org\n"
        "Original-Message-ID: <1@gw.example>\nDisposition: " +
        disposition + "\n\n--b--\n");
  };
  EXPECT_EQ(receipt("manual-action/MDN-sent-manually; displayed")->outcome, Outcome::displayed);
  EXPECT_EQ(receipt("automatic-action/MDN-sent-automatically;displayed")->original_id, "1@gw.example");
  EXPECT_FALSE(receipt("automatic-action/MDN-sent-automatically; deleted"));
  EXPECT_FALSE(receipt("manual-action/MDN-sent-manually; denied"));
}

TEST(Reports, WhatPeopleWriteIsNone) {
  EXPECT_FALSE(
      report("From: bob@example.org\nSubject: Undelivered Mail Returned to Sender\n\n550 5.1.1 "
             "<a@example.org> no such user\n"));
  EXPECT_FALSE(report("From: postmaster@example.org\nSubject: Hello\n\nWelcome to our mail server.\n"));
  EXPECT_FALSE(
      report("From: postmaster@example.org\nSubject: Maintenance on Monday\n\nThe server will be down for an "
             "hour.\n"));
}

TEST(Statuses, AreFoundAndIpAddressesAreNot) {
  EXPECT_EQ(status_in("(#5.1.1)"), "5.1.1");
  EXPECT_EQ(status_in("550-5.1.10 x"), "5.1.10");
  EXPECT_EQ(status_in("4.4.1."), "4.4.1");
  EXPECT_EQ(status_in("5.1.1"), "5.1.1");
  for (const char* text : {"", "5", "5.", "5.1", "5.1.", "192.5.1.1", "5.1.1.7", "5.12345.1", "3.1.1",
                           "15.1.1", "version 1.5.1.1"})
    EXPECT_EQ(status_in(text), "") << text;
}

TEST(MessageIdsWithinText, AreFound) {
  EXPECT_EQ(quoted_message_id("x\nMessage-ID: <a@b>\n"), "a@b");
  EXPECT_EQ(quoted_message_id("> message-id:\n>   <a@b>\n"), "a@b");
  EXPECT_EQ(quoted_message_id("The Message-ID: <a@b>"), "");
  EXPECT_EQ(quoted_message_id(""), "");
}

}  // namespace
}  // namespace dragoman::email
