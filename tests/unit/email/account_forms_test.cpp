// What people fill in to use a mail account of their own.
#include "bridges/email/account_forms.hpp"

#include <gmock/gmock.h>

#include "bridges/email/mailbox_watcher.hpp"
#include "bridges/email/sent_folder.hpp"
#include "bridges/email/stub.hpp"

namespace dragoman::email {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Answers least{{"address", {"Juliet@Example.ORG"}}, {"password", {"sesame"}}};

Wanted wanted(Answers answers) {
  auto out = wanted_in(answers);
  if (const auto* failure = std::get_if<Failure>(&out)) ADD_FAILURE() << failure->text;
  return std::holds_alternative<Wanted>(out) ? std::get<Wanted>(out) : Wanted{};
}
Wanted with(const std::string& field, const std::string& value) {
  Answers answers = least;
  answers[field] = {value};
  return wanted(answers);
}
bool is_refused(const std::string& field, const std::string& value) {
  Answers answers = least;
  answers[field] = {value};
  return std::holds_alternative<Failure>(wanted_in(answers));
}

TEST(AccountForms, ServersAreGuessedFromTheAddress) {
  const Wanted out = wanted(least);
  EXPECT_EQ(out.account.address, "Juliet@example.org");
  EXPECT_EQ(out.account.user, "Juliet@example.org");
  EXPECT_EQ(out.account.password, "sesame");
  EXPECT_THAT(out.imap, ElementsAre(MailServer{"imap.example.org", 993, true},
                                    MailServer{"imap.example.org", 143, false}));
  EXPECT_THAT(out.smtp, ElementsAre(MailServer{"smtp.example.org", 465, true},
                                    MailServer{"smtp.example.org", 587, false}));
}

TEST(AccountForms, APortSaysHowTlsBegins) {
  EXPECT_THAT(with("imap", "Mail.Example.net").imap, ElementsAre(MailServer{"mail.example.net", 993, true},
                                                                 MailServer{"mail.example.net", 143, false}));
  EXPECT_THAT(with("imap", " mail.example.net:993 ").imap,
              ElementsAre(MailServer{"mail.example.net", 993, true}));
  EXPECT_THAT(with("imap", "mail.example.net:143").imap,
              ElementsAre(MailServer{"mail.example.net", 143, false}));
  EXPECT_THAT(with("smtp", "mail.example.net:587").smtp,
              ElementsAre(MailServer{"mail.example.net", 587, false}));
  EXPECT_THAT(
      with("smtp", "mail.example.net:2525").smtp,
      ElementsAre(MailServer{"mail.example.net", 2525, true}, MailServer{"mail.example.net", 2525, false}));
  EXPECT_THAT(with("smtp", "[::1]:465").smtp, ElementsAre(MailServer{"::1", 465, true}));
  EXPECT_EQ(with("smtp", "::1").smtp.front().host, "::1");
}

TEST(AccountForms, WhatIsNoServerIsRefused) {
  for (const char* text :
       {"https://imap.example.org", "imap example", "imap.example.org:0", "imap.example.org:99999",
        "imap.example.org:x", "imap.example.org:", "[::1", "user@imap.example.org", "imap/x", "-x"}) {
    EXPECT_TRUE(is_refused("imap", text)) << text;
    EXPECT_TRUE(is_refused("smtp", text)) << text;
  }
  EXPECT_TRUE(is_refused("user", "a\r\nb"));
  EXPECT_TRUE(is_refused("password", std::string("a\0b", 3)));
  EXPECT_TRUE(is_refused("password", std::string(2000, 'x')));
  EXPECT_TRUE(is_refused("address", "juliet"));
  EXPECT_TRUE(is_refused("address", ""));
}

TEST(AccountForms, OnePasswordOrOneTokenIsWanted) {
  EXPECT_TRUE(is_refused("password", ""));
  EXPECT_TRUE(is_refused("token", "t"));
  EXPECT_EQ(wanted({{"address", {"a@example.org"}}, {"token", {" " + std::string(3000, 't') + "\n"}}})
                .account.token,
            std::string(3000, 't'));
  EXPECT_EQ(with("password", " with spaces ").account.password, " with spaces ");
}

TEST(AccountForms, TheAdministratorSaysWhichServersMayBeUsed) {
  EXPECT_EQ(permit_of({}, "imap.example.org"), Permit::no);
  const config::Email::Accounts some{{"imap.example.org", "127.0.0.1"}, {}};
  EXPECT_EQ(permit_of(some, "imap.example.org"), Permit::anywhere);
  EXPECT_EQ(permit_of(some, "127.0.0.1"), Permit::anywhere);
  EXPECT_EQ(permit_of(some, "smtp.example.org"), Permit::no);
  const config::Email::Accounts all{{"*", "imap.example.org"}, {}};
  EXPECT_EQ(permit_of(all, "imap.example.org"), Permit::anywhere);
  EXPECT_EQ(permit_of(all, "smtp.example.org"), Permit::if_public);
}

TEST(AccountForms, APasswordIsNeverShown) {
  const Form form = login_form("juliet@example.org");
  for (const Field& field : form.fields)
    if (field.name == "password" || field.name == "token") {
      EXPECT_EQ(field.type, FieldType::secret);
      EXPECT_TRUE(field.values.empty());
    }
}

TEST(SentFolder, IsFoundByItsAttributeElseByItsName) {
  EXPECT_EQ(sent_among({{"Sent", {}}, {"[Gmail]/Gesendet", {"\\hasnochildren", "\\sent"}}}),
            "[Gmail]/Gesendet");
  EXPECT_EQ(sent_among({{"INBOX", {}}, {"INBOX.Sent", {}}}), "INBOX.Sent");
  EXPECT_EQ(sent_among({{"Sent Items", {}}, {"Archive/sent", {}}}), "Archive/sent");
  EXPECT_EQ(sent_among({{"Sent", {"\\noselect"}}, {"Sent Messages", {}}}), "Sent Messages");
  EXPECT_EQ(sent_among({{"INBOX", {}}, {"Absent", {}}}), "");
  EXPECT_EQ(sent_among({}), "");
}

TEST(MailboxMarks, AreKeptAsTheyAre) {
  const MailboxMark mark{4294967295U, 17, Time(std::chrono::milliseconds(1700000000123)),
                         Time(std::chrono::milliseconds(1700000000456))};
  EXPECT_EQ(unpacked_mark(packed(mark)), mark);
  EXPECT_EQ(unpacked_mark(""), MailboxMark{});
  EXPECT_EQ(unpacked_mark("x y"), MailboxMark{});
  EXPECT_EQ(unpacked_mark("5 6").last, 6U);
}

TEST(Stubs, KeepWhoWroteAboutWhatAndNothingElse) {
  const std::string stub = stub_of(
      "Received: from x\r\nFrom: Bob\r\n <bob@example.net>\r\nContent-Type: multipart/mixed; "
      "boundary=x\r\nSUBJECT: Hi\r\n"
      "Message-ID: <1@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n--x\r\nFrom: eve@example.net\r\n",
      "Too large.");
  EXPECT_EQ(stub,
            "From: Bob\r\n <bob@example.net>\r\nSUBJECT: Hi\r\nMessage-ID: <1@x>\r\nMIME-Version: "
            "1.0\r\nContent-Type: "
            "text/plain; charset=utf-8\r\n\r\nToo large.\r\n");
}

TEST(Stubs, OfAnyBytesAreSmall) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "From: a@b.c\r\n";
  EXPECT_LT(stub_of(many, "x").size(), 5000U);
  EXPECT_LT(stub_of("Subject: " + std::string(1'000'000, 'x'), "x").size(), 5000U);
  EXPECT_THAT(stub_of(std::string(100'000, '\n'), "x"), HasSubstr("\r\n\r\nx\r\n"));
  EXPECT_THAT(stub_of("", "x"), Not(HasSubstr("From")));
}

}  // namespace
}  // namespace dragoman::email
