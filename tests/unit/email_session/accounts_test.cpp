// People's own mail accounts, against servers of IMAP and SMTP in the same loop, through virtual days.
#include "bridges/email/accounts.hpp"

#include <gmock/gmock.h>

#include "mapping/mail_queue_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/imap_peer.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string own_address = "juliet@example.org";

// One for all: a key takes its time.
const net::test::Certificate& certificate() {
  static const net::test::Certificate one;
  return one;
}

class AccountsTest : public World {
 protected:
  AccountsTest() : imap(loop, certificate()), submission(loop) {
    submission.use(certificate());
    submission.tls_at_once = true;
    submission.hello = "250-peer\r\n250-AUTH PLAIN XOAUTH2\r\n250 SIZE 1000000";
    hub->settings.email.accounts = {{"127.0.0.1"}, certificate().file()};
    settings.email.accounts = hub->settings.email.accounts;
    let_know(bob);
  }

  Answers answers() const {
    return {{"address", {own_address}},
            {"password", {"sesame"}},
            {"imap", {"127.0.0.1:" + std::to_string(imap.port())}},
            {"smtp", {"127.0.0.1:" + std::to_string(submission.port())}}};
  }
  std::string run(const std::string& node, const Answers& given) {
    const auto outcome = accounts->run(juliet, node, given, true);
    if (const auto* note = std::get_if<Note>(&outcome)) return note->text;
    if (const auto* failure = std::get_if<Failure>(&outcome)) return failure->text;
    return "a form";
  }
  // What the gateway itself said last.
  std::string said() const {
    for (auto one = sink.told.rbegin(); one != sink.told.rend(); ++one)
      if (const auto* message = std::get_if<Message>(&one->event.what);
          message != nullptr && std::holds_alternative<PlaceId>(one->event.in))
        return message->text.plain;
    return {};
  }
  // What it says to this; no longer than trying both ways of two servers takes.
  std::string word_of(const Answers& given) {
    sink.told.clear();
    const auto words = run("own-account", given);
    if (words.find("is being tried") == std::string::npos) return words;
    time.pass_until([&] { return !said().empty(); }, 200s);
    return said();
  }
  void log_in() {
    ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account juliet@example.org now"));
    ASSERT_TRUE(until_idle());
  }
  bool until_idle() {
    return time.pass_until([&] { return imap.somebody_waits(); }, 700s);
  }
  Letter letter(const std::string& text) const {
    Letter out;
    out.to = own_address;
    out.id = text + "@example.net";
    out.text = text;
    return out;
  }
  std::vector<std::string> chat() const {
    std::vector<std::string> out;
    for (const Told& one : sink.told)
      if (const auto* message = std::get_if<Message>(&one.event.what);
          message != nullptr && !std::holds_alternative<PlaceId>(one.event.in))
        out.push_back(message->text.plain);
    return out;
  }
  bool until_heard(std::size_t count) {
    return time.pass_until([&] { return chat().size() >= count; }, 700s);
  }
  bool until_left(std::size_t count) {
    return time.pass_until([&] { return submission.mails.size() >= count; }, 200s);
  }
  std::size_t waiting() { return disk->mail_queue().count(NetworkId{settings.domain}, juliet); }

  ImapPeer imap;
  net::test::SmtpPeer submission;
};

// ---------------------------------------------------------------------------------------------- logging in

TEST_F(AccountsTest, AreOfferedOnlyWhereTheAdministratorNamesServers) {
  EXPECT_EQ(accounts->procedures().size(), 2U);
  hub->settings.email.accounts.servers.clear();
  EXPECT_THAT(accounts->procedures(), IsEmpty());
  EXPECT_THAT(run("own-account", answers()), HasSubstr("not open to you"));
  hub->settings.email.accounts.servers = {"127.0.0.1"};
  hub->settings.email.allow_login = {"romeo@xmpp.example"};
  EXPECT_THAT(run("own-account", answers()), HasSubstr("not open to you"));
  EXPECT_EQ(imap.accepted, 0U);
}

TEST_F(AccountsTest, AreTriedAtOnceAndKeptWithTheirPasswordSealed) {
  log_in();
  EXPECT_THAT(submission.commands, Contains(StartsWith("AUTH PLAIN")));
  EXPECT_THAT(submission.mails, IsEmpty()) << "no mail is sent to try it";
  const auto kept = disk->settings().load(NetworkId{settings.domain}, juliet, "account");
  EXPECT_EQ(kept.at("password").value, "sesame");
  EXPECT_TRUE(kept.at("password").secret);
  EXPECT_EQ(hub->from_of(juliet).address, own_address);
  EXPECT_EQ(hub->from_of(romeo).address, romeos);
}

TEST_F(AccountsTest, AWrongPasswordIsSaidAndNothingIsKept) {
  auto given = answers();
  given["password"] = {"wrong"};
  EXPECT_THAT(word_of(given), AllOf(HasSubstr("does not take this user name and password"),
                                    HasSubstr("Wrong."), Not(HasSubstr("wrong"))));
  EXPECT_EQ(hub->accounts.address_of(juliet), nullptr);
  EXPECT_THAT(submission.commands, IsEmpty());
  EXPECT_EQ(imap.open(), 0U);
}

TEST_F(AccountsTest, MailThatCanBeReadAndNotSentIsNoAccount) {
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "AUTH" ? "535 5.7.8 Not you" : "";
  };
  EXPECT_THAT(word_of(answers()), AllOf(HasSubstr("can be read, but not sent"), HasSubstr("Not you")));
  EXPECT_EQ(hub->accounts.address_of(juliet), nullptr);
}

TEST_F(AccountsTest, ATokenIsGivenByXoauth2) {
  auto given = answers();
  given["password"] = {""};
  given["token"] = {"sesame"};
  EXPECT_THAT(word_of(given), StartsWith("You use your mail account"));
  EXPECT_THAT(imap.commands, Contains(StartsWith("AUTHENTICATE XOAUTH2")));
  EXPECT_THAT(submission.commands, Contains(StartsWith("AUTH XOAUTH2")));
  given["token"] = {"stale"};
  EXPECT_THAT(word_of(given), HasSubstr("does not take this access token"));
  EXPECT_NE(hub->accounts.address_of(juliet), nullptr) << "the one before is kept";
}

TEST_F(AccountsTest, AServerWithoutPlainIsEnteredByLogin) {
  imap.capabilities = "IMAP4rev1 IDLE";
  log_in();
  EXPECT_EQ(imap.asked("LOGIN \"juliet@example.org\""), 2U);
  imap.capabilities = "IMAP4rev1 LOGINDISABLED";
  EXPECT_THAT(word_of(answers()), HasSubstr("takes no password"));
}

TEST_F(AccountsTest, AServerWithoutInitialResponsesIsEntered) {
  imap.capabilities = "IMAP4rev1 IDLE AUTH=PLAIN";
  log_in();
  EXPECT_EQ(imap.asked("AUTHENTICATE PLAIN"), 2U);
}

TEST_F(AccountsTest, ServersThatAreNotListedAreNotReached) {
  auto given = answers();
  given["imap"] = {"127.0.0.2:" + std::to_string(imap.port())};
  EXPECT_THAT(word_of(given), HasSubstr("does not let mail accounts of 127.0.0.2 be used"));
  hub->settings.email.accounts.servers = {"*"};
  EXPECT_THAT(word_of(given), HasSubstr("127.0.0.2 has no address on the public Internet"));
  EXPECT_THAT(word_of(answers()), HasSubstr("127.0.0.1 has no address on the public Internet"));
  EXPECT_EQ(imap.accepted, 0U);
}

TEST_F(AccountsTest, ASubmissionServerInsideIsNotReachedEither) {
  hub->settings.email.accounts.servers = {"127.0.0.1", "*"};
  auto given = answers();
  given["smtp"] = {"127.0.0.2:" + std::to_string(submission.port())};
  EXPECT_THAT(word_of(given), HasSubstr("127.0.0.2 has no address on the public Internet"));
  EXPECT_EQ(submission.accepted, 0U);
}

TEST_F(AccountsTest, ACertificateOfSomebodyElseIsNotTrusted) {
  hub->settings.email.accounts.ca_file.clear();
  EXPECT_THAT(word_of(answers()), HasSubstr("certificate"));
  EXPECT_THAT(imap.commands, IsEmpty());
}

TEST_F(AccountsTest, WhoSpeaksOnBeforeTlsIsNotHeard) {
  ImapPeer plain(loop, certificate(), false);
  plain.capabilities = "IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR";
  plain.behind_starttls = "* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n";
  auto given = answers();
  given["imap"] = {"127.0.0.1:" + std::to_string(plain.port())};
  EXPECT_THAT(word_of(given), HasSubstr("spoke on before TLS"));
  EXPECT_EQ(plain.asked("AUTHENTICATE"), 0U);
  plain.behind_starttls.clear();
  EXPECT_THAT(word_of(given), StartsWith("You use your mail account"));
}

TEST_F(AccountsTest, WithoutTlsNoPasswordIsSaid) {
  ImapPeer plain(loop, certificate(), false);
  plain.capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR";
  auto given = answers();
  given["imap"] = {"127.0.0.1:" + std::to_string(plain.port())};
  EXPECT_THAT(word_of(given), HasSubstr("offers no TLS"));
  EXPECT_EQ(plain.asked("AUTHENTICATE") + plain.asked("LOGIN"), 0U);
}

TEST_F(AccountsTest, AGreetingThatWantsNoLoginIsNotTrusted) {
  imap.greeting = "* PREAUTH come in";
  EXPECT_THAT(word_of(answers()), HasSubstr("wants no log-in"));
  imap.greeting = "* BYE full house";
  EXPECT_THAT(word_of(answers()), HasSubstr("full house"));
  imap.greeting = "220 mail.example.org ESMTP";
  EXPECT_THAT(word_of(answers()), HasSubstr("can't be used"));
}

// ------------------------------------------------------------------------------------------------- mail in

TEST_F(AccountsTest, OnlyMailThatArrivesAfterTheLoginIsTold) {
  imap.arrive(letter("before").bytes());
  log_in();
  imap.arrive(letter("after").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("after"));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
  EXPECT_TRUE(until_idle());
}

TEST_F(AccountsTest, AnOldMailThatIsMovedToTheInboxIsNoNews) {
  log_in();
  imap.arrive(letter("old").bytes(), "01-Jan-2020 00:00:00 +0000");
  imap.arrive(letter("new").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("new"));
}

TEST_F(AccountsTest, WhatArrivesWhileWeAreAwayIsToldOnce) {
  log_in();
  imap.arrive(letter("one").bytes());
  ASSERT_TRUE(until_heard(1));
  disk->commit();
  kill();
  sink.told.clear();
  imap.arrive(letter("two").bytes());
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_idle());
  time.pass(120s);
  EXPECT_THAT(chat(), ElementsAre("two", "three"));
}

TEST_F(AccountsTest, AMailAndItsMarkAreKeptTogetherBeforeItIsOutOfTheHouse) {
  log_in();
  imap.arrive(letter("one").bytes());
  ASSERT_TRUE(until_heard(1));
  // Nothing is committed but what was there when it was told.
  kill();
  ASSERT_TRUE(until_idle());
  time.pass(120s);
  EXPECT_THAT(chat(), ElementsAre("one"));
}

TEST_F(AccountsTest, ALostConnectionIsMadeAnew) {
  log_in();
  imap.hang_up_all();
  imap.arrive(letter("meanwhile").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("meanwhile"));
  EXPECT_TRUE(until_idle());
}

TEST_F(AccountsTest, IdleIsRenewedBeforeServersTireOfIt) {
  log_in();
  const auto before = imap.asked("IDLE");
  time.pass(29min);
  EXPECT_GE(imap.asked("IDLE"), before + 2);
  EXPECT_EQ(imap.accepted, 2U) << "on the same connection";
}

TEST_F(AccountsTest, WithoutIdleItLooksEveryMinute) {
  imap.capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR";
  imap.answer = [this](const std::string& command) {
    return command == "NOOP" ? "* " + std::to_string(imap.inbox.size()) + " EXISTS\r\nTAG OK done" : "";
  };
  ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account"));
  time.pass(5s);
  imap.arrive(letter("polled").bytes());
  ASSERT_TRUE(time.pass_until([&] { return !chat().empty(); }, 70s));
  EXPECT_THAT(chat(), ElementsAre("polled"));
}

TEST_F(AccountsTest, AServerThatRefusesIdleIsPolled) {
  imap.answer = [](const std::string& command) { return command == "IDLE" ? "TAG BAD what?" : ""; };
  ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account"));
  time.pass(300s);
  EXPECT_LE(imap.asked("IDLE"), 1U);
  EXPECT_GE(imap.asked("NOOP"), 3U);
}

TEST_F(AccountsTest, AServerThatEndsEachIdleAtOnceIsPolled) {
  imap.answer = [](const std::string& command) { return command == "IDLE" ? "+ idling\r\nTAG OK done" : ""; };
  ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account"));
  time.pass(300s);
  EXPECT_LE(imap.asked("IDLE"), 1U);
  EXPECT_GE(imap.asked("NOOP"), 3U);
}

TEST_F(AccountsTest, ServersThatNumberTheirMailsAnewTellNothingTwice) {
  imap.arrive(letter("before").bytes(), "01-Jan-2020 00:00:00 +0000");
  log_in();
  imap.arrive(letter("one").bytes());
  imap.arrive(letter("two").bytes());
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_idle());
  imap.number_anew(500);
  imap.hang_up_all();
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(3));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(chat(), ElementsAre("one", "two", "three"));
  imap.arrive(letter("four").bytes());
  ASSERT_TRUE(until_heard(4));
  EXPECT_THAT(chat(), ElementsAre("one", "two", "three", "four"));
  // Lower than before.
  ASSERT_TRUE(until_idle());
  imap.number_anew(1);
  imap.hang_up_all();
  imap.arrive(letter("five").bytes());
  ASSERT_TRUE(until_heard(5));
  ASSERT_TRUE(until_idle());
  EXPECT_EQ(chat().size(), 5U);
}

TEST_F(AccountsTest, TheSameMailByTheOtherWayIsToldOnce) {
  log_in();
  const auto twice = letter("both ways");
  EXPECT_EQ(receive(twice), 250);
  imap.arrive("Received: by another way\r\n" + twice.bytes());
  imap.arrive(letter("last").bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre("both ways", "last"));
  EXPECT_EQ(receive(letter("last")), 250);
  EXPECT_EQ(chat().size(), 2U);
}

TEST_F(AccountsTest, SomebodyNewAsksFirst) {
  log_in();
  auto mail = letter("I am new");
  mail.from = "Carol <carol@example.net>";
  imap.arrive(mail.bytes());
  ASSERT_TRUE(until_told([&] { return !sink.all<Invited>().empty(); }));
  EXPECT_THAT(chat(), IsEmpty());
  EXPECT_THAT(sink.last_of<Invited>().reason, Not(HasSubstr("verified"))) << "nobody is known who would say";
  perform(carol, {}, Join{});
  EXPECT_THAT(chat(), ElementsAre("I am new"));
}

TEST_F(AccountsTest, OnlyTheProvidersOwnWordOnSendersCounts) {
  log_in();
  auto forged = letter("ours");
  forged.headers = "Authentication-Results: mx.provider.example; dmarc=fail header.from=example.net\r\n";
  forged.verified = true;  // by our own server's name, which stands in any mail that somebody writes
  imap.arrive(forged.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(chat().back(), "ours") << "nothing is said where nobody is known who checks";
  auto given = answers();
  given["authserv-id"] = {"MX.provider.example"};
  ASSERT_THAT(word_of(given), StartsWith("You use"));
  ASSERT_TRUE(until_idle());
  forged.id = "2@example.net";
  imap.arrive(forged.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(chat().back(), "(unverified sender)\nours");
  auto good = letter("good");
  good.verified = false;
  good.headers = "Authentication-Results: mx.provider.example; dmarc=pass header.from=example.net\r\n";
  imap.arrive(good.bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_EQ(chat().back(), "good");
}

TEST_F(AccountsTest, AMailThatIsTooLargeIsToldAsSuch) {
  hub->settings.email.max_mail_bytes = 1000;
  log_in();
  auto large = letter("large");
  large.text = std::string(100'000, 'x');
  imap.arrive(large.bytes());
  imap.arrive(letter("small").bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre(HasSubstr("too large to be shown"), "small"));
}

TEST_F(AccountsTest, AMailThatCannotBeReadIsToldAsSuch) {
  log_in();
  auto deep = letter("deep");
  for (int i = 0; i < 3000; ++i) deep.headers += "X-More: x\r\n";
  imap.arrive(deep.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre(HasSubstr("can't be shown here")));
}

TEST_F(AccountsTest, AMailThatBreaksTheConnectionIsPassedBy) {
  log_in();
  imap.answer = [](const std::string& command) {
    return command.starts_with("UID FETCH 1 ") ? "* 1 FETCH (UID 1 BODY[] {99999999999}" : "";
  };
  imap.arrive(letter("broken").bytes());
  imap.arrive(letter("whole").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("whole"));
  EXPECT_THAT(said(), HasSubstr("can't be fetched"));
}

TEST_F(AccountsTest, WhatServersMakeUpHurtsNobody) {
  log_in();
  for (const char* line : {"* 1 FETCH (UID 9 BODY[] {5}", "* SEARCH 1 2 3 4294967295", "(((((((",
                           "* 99 EXISTS", "TAG OK\r\nTAG OK", "* BYE", "+ ?"}) {
    imap.answer = [line](const std::string& command) {
      return command.starts_with("UID SEARCH") ? line : "";
    };
    imap.arrive(letter(line).bytes());
    time.pass(200s);
    imap.answer = nullptr;
    imap.hang_up_all();
    ASSERT_TRUE(until_idle()) << line;
  }
  EXPECT_EQ(chat().size(), 7U);
}

TEST_F(AccountsTest, NothingIsToldWhileNobodyMayBeTold) {
  log_in();
  accounts->hold(true);
  imap.arrive(letter("held").bytes());
  time.pass(120s);
  EXPECT_THAT(chat(), IsEmpty());
  accounts->hold(false);
  ASSERT_TRUE(until_heard(1));
}

TEST_F(AccountsTest, WhatIsReadHereIsReadThere) {
  log_in();
  imap.arrive(letter("one").bytes());
  imap.arrive(letter("two").bytes());
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(3));
  ASSERT_TRUE(until_idle());
  perform(bob, {}, ReadMark{MessageId{"two@example.net"}, false});
  time.pass(10s);
  EXPECT_EQ(imap.asked("STORE"), 0U) << "it was received, not read";
  perform(bob, {}, ReadMark{MessageId{"two@example.net"}});
  ASSERT_TRUE(time.pass_until([&] { return imap.inbox[1].seen; }, 60s));
  EXPECT_TRUE(imap.inbox[0].seen);
  EXPECT_FALSE(imap.inbox[2].seen);
  ASSERT_TRUE(until_idle());
  // While the server is away: as soon as it is back.
  imap.hang_up_all();
  perform(bob, {}, ReadMark{MessageId{"three@example.net"}});
  ASSERT_TRUE(time.pass_until([&] { return imap.inbox[2].seen; }, 60s));
  ASSERT_TRUE(until_idle());
  time.pass(10s);
  EXPECT_EQ(imap.asked("STORE"), 2U);
}

// ------------------------------------------------------------------------------------------------ mail out

TEST_F(AccountsTest, WhatIsSaidLeavesByTheirOwnServerFromTheirOwnAddress) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  EXPECT_THAT(peer.mails, IsEmpty()) << "not by the smarthost";
  EXPECT_THAT(field(submission.mails[0], "From"), HasSubstr("<" + own_address + ">"));
  EXPECT_EQ(field(submission.mails[0], "Reply-To"), "");
  EXPECT_THAT(submission.commands, Contains(StartsWith("MAIL FROM:<juliet@example.org>")));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  EXPECT_THAT(sink.delivered(), ElementsAre("t1"));
  say(bob, "t2", "And I", romeo);
  EXPECT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "From"), HasSubstr(romeos));
}

TEST_F(AccountsTest, ACopyIsInTheSentFolderOnce) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.empty(); }, 120s));
  EXPECT_EQ(imap.asked("APPEND \"Sent Items\" (\\Seen)"), 1U);
  EXPECT_EQ(field(imap.sent[0], "Message-ID"), field(submission.mails[0], "Message-ID"));
  time.pass(3600s);
  EXPECT_EQ(imap.sent.size(), 1U);
  EXPECT_EQ(imap.open(), 1U) << "the visit has ended";
}

TEST_F(AccountsTest, AServerThatKeepsWhatIsSentGetsNoSecondCopy) {
  log_in();
  submission.answer = [this](const std::string& verb, const std::string&) {
    if (verb == ".") imap.sent.push_back(submission.mails.back());
    return "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return imap.asked("UID SEARCH HEADER") > 0; }, 120s));
  time.pass(60s);
  EXPECT_EQ(imap.sent.size(), 1U);
  EXPECT_EQ(imap.asked("APPEND"), 0U);
}

TEST_F(AccountsTest, AFolderIsMadeWhereThereIsNone) {
  imap.list = R"(* LIST () "/" INBOX)";
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.empty(); }, 120s));
  EXPECT_EQ(imap.asked("CREATE \"Sent\""), 1U);
}

TEST_F(AccountsTest, ACopyIsMadeAfterARestartToo) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  disk->commit();
  EXPECT_THAT(imap.sent, IsEmpty());
  kill();
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.empty(); }, 120s));
}

TEST_F(AccountsTest, ABounceInTheInboxIsAFailureOfTheVeryMessage) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  const auto id = field(submission.mails[0], "Message-ID");
  auto bounce = report("failed");
  bounce.insert(bounce.rfind("\r\n--b--"),
                "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + id + "\r\n");
  imap.arrive(bounce);
  ASSERT_TRUE(until_told([&] { return !sink.failed().empty(); }));
  EXPECT_THAT(sink.failed(), ElementsAre("t1"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("no mailbox here by that name"));
  EXPECT_THAT(chat(), IsEmpty());
}

TEST_F(AccountsTest, ALaterWrongPasswordIsToldForEachMailAndHoldsUpNobodyElse) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "AUTH" ? "535 5.7.8 The password has changed" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return !chat().empty(); }));
  EXPECT_THAT(chat(), ElementsAre(AllOf(HasSubstr("waits"), HasSubstr("The password has changed"))));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
  say(carol, "t2", "And you");
  ASSERT_TRUE(until_told([&] { return chat().size() == 2; }));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), carol);
  EXPECT_THAT(sink.failed(), IsEmpty());
  say(bob, "t3", "I can", romeo);
  EXPECT_EQ(sent(1), 1U) << "others' mail leaves";
  const auto logins = [&] {
    return std::count_if(submission.commands.begin(), submission.commands.end(),
                         [](const std::string& line) { return line.starts_with("AUTH"); });
  };
  const auto before = logins();
  time.pass(50min);
  EXPECT_LE(logins(), before + 1) << "who knocks too often is locked out";
  // With the right one all of it leaves at once.
  submission.answer = nullptr;
  ASSERT_THAT(word_of(answers()), StartsWith("You use"));
  ASSERT_TRUE(until_left(2));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(AccountsTest, AnInboxThatLetsNobodyInAnyMoreIsToldOnce) {
  log_in();
  imap.password = "changed";
  imap.hang_up_all();
  ASSERT_TRUE(until_told([&] { return said().find("does not come here any more") != std::string::npos; }));
  const auto tries = imap.asked("AUTHENTICATE");
  sink.told.clear();
  time.pass(50min);
  EXPECT_EQ(said(), "");
  EXPECT_LE(imap.asked("AUTHENTICATE"), tries + 1);
  auto given = answers();
  given["password"] = {"changed"};
  imap.arrive(letter("meanwhile").bytes());
  ASSERT_THAT(word_of(given), StartsWith("You use"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("meanwhile")) << "what came in between is not lost";
}

TEST_F(AccountsTest, WhatWaitsGoesItsWayAfterARestart) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "" ? "421 not now" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return waiting() == 1; }));
  disk->commit();
  kill();
  submission.answer = nullptr;
  ASSERT_TRUE(until_left(1));
  EXPECT_THAT(peer.mails, IsEmpty());
  EXPECT_THAT(sink.delivered(), ElementsAre("t1"));
}

TEST_F(AccountsTest, WhoLogsOutWritesFromTheirAddressHereAndWhatWaitedFails) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "" ? "421 not now" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return waiting() == 1; }));
  time.pass(30s);
  EXPECT_THAT(run("own-account-out", {}), HasSubstr("do not use juliet@example.org here any more"));
  EXPECT_THAT(sink.failed(), ElementsAre("t1"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("logged out"));
  EXPECT_TRUE(disk->settings().load(NetworkId{settings.domain}, juliet, "account").empty());
  time.pass(10s);
  EXPECT_EQ(imap.open(), 0U);
  say(bob, "t2", "Hello again");
  EXPECT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "From"), HasSubstr(juliets));
  EXPECT_THAT(run("own-account-out", {}), HasSubstr("no mail account of your own"));
}

TEST_F(AccountsTest, AnAccountThatIsGoneAtTheStartFailsWhatWaits) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "" ? "421 not now" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return waiting() == 1; }));
  time.pass(30s);
  disk->settings().erase(NetworkId{settings.domain}, juliet, "account");
  disk->commit();
  kill();
  ASSERT_TRUE(until_told([&] { return !sink.failed().empty(); }));
  EXPECT_THAT(said(), HasSubstr("can't be read any more"));
}

TEST_F(AccountsTest, WhoIsTakenOffTheListIsLoggedOutAndTold) {
  log_in();
  hub->settings.email.accounts.servers = {"imap.example.org"};
  accounts->reload();
  EXPECT_THAT(said(), HasSubstr("does not let you use a mail account"));
  EXPECT_EQ(hub->accounts.address_of(juliet), nullptr);
}

TEST_F(AccountsTest, WhoIsNotRegisteredAnyMoreHasNoAccount) {
  log_in();
  accounts->forget(juliet);
  time.pass(5s);
  EXPECT_EQ(imap.open(), 0U);
  EXPECT_EQ(hub->accounts.address_of(juliet), nullptr);
}

TEST_F(AccountsTest, MailToTheOwnAddressIsNoRoom) {
  log_in();
  auto mail = letter("to both");
  mail.to = own_address + ", " + juliets;
  imap.arrive(mail.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
}

}  // namespace
}  // namespace dragoman::email::test
