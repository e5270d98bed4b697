// How people take a mail account of their own into use, and out of it.
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/account_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

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
  EXPECT_EQ(imap.asked("LOGIN \"juliet@example.org\""), 3U);
  imap.capabilities = "IMAP4rev1 LOGINDISABLED";
  EXPECT_THAT(word_of(answers()), HasSubstr("takes no password"));
}

TEST_F(AccountsTest, AServerWithoutInitialResponsesIsEntered) {
  imap.capabilities = "IMAP4rev1 IDLE AUTH=PLAIN";
  log_in();
  EXPECT_EQ(imap.asked("AUTHENTICATE PLAIN"), 3U);
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

}  // namespace
}  // namespace dragoman::email::test
