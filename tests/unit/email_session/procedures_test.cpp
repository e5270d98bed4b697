// What people set and ask for by commands.
#include <regex>

#include "bridges/email/forgetting.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
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
using testing::SizeIs;
using testing::UnorderedElementsAre;

class ProceduresTest : public World {
 protected:
  ProceduresTest() { let_know(bob); }

  dragoman::Outcome open(const std::string& node, const Conversation& at = PlaceId{},
                         const PersonId& person = juliet) {
    return procedures->run(person, at, node, {}, false);
  }
  dragoman::Outcome submit(const std::string& node, const Answers& answers,
                           const Conversation& at = PlaceId{}, const PersonId& person = juliet) {
    return procedures->run(person, at, node, answers, true);
  }
  static std::string words(const dragoman::Outcome& outcome) {
    if (const auto* note = std::get_if<Note>(&outcome)) return note->text;
    if (const auto* why = std::get_if<Failure>(&outcome)) return "failed: " + why->text;
    return "a form: " + std::get<Form>(outcome).instructions;
  }
  static const Field* field_of(const dragoman::Outcome& outcome, const std::string& name) {
    const auto* form = std::get_if<Form>(&outcome);
    if (form == nullptr) return nullptr;
    for (const Field& one : form->fields)
      if (one.name == name) return &one;
    return nullptr;
  }
  static std::vector<std::string> nodes(const std::vector<Procedure>& all) {
    std::vector<std::string> out;
    for (const Procedure& one : all) out.push_back(one.node);
    return out;
  }
  // What was sent to this address lately.
  std::string code_in(std::size_t mail) {
    EXPECT_GE(sent(mail + 1), mail + 1);
    std::smatch found;
    const std::string text = peer.mails.at(mail);
    return std::regex_search(text, found, std::regex("\r\n([0-9]{8})\r\n")) ? found[1].str() : std::string();
  }
};

TEST_F(ProceduresTest, EachPlaceHasItsOwn) {
  EXPECT_THAT(nodes(procedures->available(PlaceId{})),
              UnorderedElementsAre("settings", "addresses", "own-address", "blocked", "waiting", "send-now",
                                   "mailbox"));
  EXPECT_THAT(nodes(procedures->available(bob)), UnorderedElementsAre("send-now", "original", "block"));
  EXPECT_THAT(nodes(procedures->available(RoomId{"dev.lists.example.net"})),
              UnorderedElementsAre("send-now", "original", "unsubscribe"));
  EXPECT_THAT(nodes(procedures->available(RoomId{"c-" + std::string(26, 'a')})),
              UnorderedElementsAre("send-now", "original"));
  EXPECT_THAT(words(open("nonsense")), HasSubstr("failed"));
  EXPECT_THAT(words(open("settings", PlaceId{}, PersonId{"nurse@xmpp.example"})), HasSubstr("Register"));
}

TEST_F(ProceduresTest, SettingsAreKeptAndChecked) {
  EXPECT_EQ(field_of(open("settings"), "coalesce")->values, std::vector<std::string>{"30"});
  EXPECT_EQ(field_of(open("settings"), "answers-there"), nullptr) << "there is no such address";
  submit("settings", {{"name", {"Juliet C."}},
                      {"coalesce", {"5"}},
                      {"signature", {"--", "J."}},
                      {"welcome", {"verified"}},
                      {"reactions", {"1"}},
                      {"read-marks", {"true"}}});
  const Preferences now = hub->preferences(juliet);
  EXPECT_EQ(now.name, "Juliet C.");
  EXPECT_EQ(now.coalesce, 5s);
  EXPECT_EQ(now.signature, "--\nJ.");
  EXPECT_EQ(now.welcome, Preferences::Welcome::verified);
  EXPECT_TRUE(now.reactions && now.read_marks);
  for (const char* bad : {"-1", "3601", "five", "5s"})
    EXPECT_THAT(words(submit("settings", {{"coalesce", {bad}}})), HasSubstr("failed")) << bad;
  EXPECT_THAT(words(submit("settings", {{"signature", {std::string(3000, 'x')}}})), HasSubstr("too long"));
  submit("settings", {{"name", {std::string(500, 'x')}}});
  EXPECT_EQ(hub->preferences(juliet).name.size(), 200U);
}

// ------------------------------------------------------------------------------------------------ addresses

TEST_F(ProceduresTest, WithoutALeaveToChooseThereIsOneAddress) {
  EXPECT_THAT(words(open("addresses")), HasSubstr(juliets));
  EXPECT_THAT(words(submit("addresses", {{"add", {"jule"}}})), HasSubstr("failed"));
  EXPECT_FALSE(hub->aliases.person("jule"));
}

TEST_F(ProceduresTest, AnAddressThatOneChoseIsReceivedAtAndWrittenFrom) {
  hub->settings.email.aliases_per_person = 2;
  EXPECT_NE(field_of(open("addresses"), "add"), nullptr);
  EXPECT_THAT(words(submit("addresses", {{"add", {"Jule"}}})), HasSubstr("jule@mail.example.org"));
  EXPECT_EQ(receive({.to = "jule@mail.example.org"}, "jule@mail.example.org"), 250);
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob)) << "it is herself: no room of two";
  EXPECT_THAT(words(submit("addresses", {{"from", {"jule@mail.example.org"}}})),
              HasSubstr("You write from jule@mail.example.org"));
  say(bob, "t", "Hello");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "From"), HasSubstr("<jule@mail.example.org>"));
  EXPECT_THAT(words(submit("addresses", {{"add", {"capulet@mail.example.org"}}})), HasSubstr("capulet@"));
  EXPECT_EQ(field_of(open("addresses"), "add"), nullptr);
  EXPECT_THAT(words(submit("addresses", {{"add", {"third"}}})), HasSubstr("as many addresses as you may"));
}

TEST_F(ProceduresTest, AnAddressThatWasGivenUpIsNobodyElses) {
  hub->settings.email.aliases_per_person = 5;
  submit("addresses", {{"add", {"jule"}}});
  EXPECT_THAT(words(submit("addresses", {{"add", {"jule"}}}, PlaceId{}, romeo)),
              HasSubstr("somebody else's"));
  submit("addresses", {{"from", {"jule@mail.example.org"}}});
  submit("addresses", {{"give-up", {"jule"}}});
  EXPECT_EQ(incoming->on_recipient("bob@example.net", "jule@mail.example.org").code, 550);
  EXPECT_EQ(hub->from_of(juliet).address, juliets);
  EXPECT_THAT(words(submit("addresses", {{"add", {"jule"}}}, PlaceId{}, romeo)),
              HasSubstr("somebody else's"));
  EXPECT_THAT(words(submit("addresses", {{"give-up", {"jule"}}}, PlaceId{}, romeo)), Not(HasSubstr("jule@")));
  EXPECT_THAT(words(submit("addresses", {{"add", {"jule"}}})), HasSubstr("jule@"));
  hub->aliases.forget(juliet);
  EXPECT_EQ(incoming->on_recipient("bob@example.net", "jule@mail.example.org").code, 550);
}

TEST_F(ProceduresTest, NamesThatMeanSomethingAreNobodys) {
  hub->settings.email.aliases_per_person = 5;
  for (const char* name : {"postmaster",
                           "abuse",
                           "admin",
                           "webmaster",
                           "hostmaster",
                           "security",
                           "noreply",
                           "mailer-daemon",
                           "b",
                           "ab",
                           "b+1.aaaaaaaaaaaaaaaaaaaa",
                           "x-1234",
                           "romeo=xmpp.example",
                           "nurse=xmpp.example",
                           "srs0=a",
                           "jule+x",
                           "jü",
                           ".jule",
                           "jule.",
                           "ju..le",
                           "ju le",
                           "ju\"le",
                           "list-owner",
                           "dev-request",
                           "owner-dev",
                           ""}) {
    submit("addresses", {{"add", {name}}});
    EXPECT_THAT(hub->aliases.chosen(juliet), IsEmpty()) << name;
  }
  submit("addresses", {{"add", {std::string(41, 'j')}}});
  EXPECT_THAT(hub->aliases.chosen(juliet), IsEmpty());
}

// --------------------------------------------------------------------------------- an address of one's own
// elsewhere

TEST_F(ProceduresTest, AnAddressThatWasProvedIsWhereAnswersGo) {
  EXPECT_NE(field_of(open("own-address"), "address"), nullptr);
  const auto form = submit("own-address", {{"address", {"Juliet@Home.example"}}});
  ASSERT_NE(field_of(form, "code"), nullptr) << words(form);
  const std::string code = code_in(0);
  ASSERT_EQ(code.size(), 8U) << peer.mails[0];
  EXPECT_THAT(peer.commands, Contains("RCPT TO:<Juliet@home.example>"));
  EXPECT_THAT(field(peer.mails[0], "Auto-Submitted"), Not(IsEmpty()));
  EXPECT_THAT(peer.mails[0], HasSubstr(juliet.value()));
  EXPECT_NE(field_of(open("own-address"), "code"), nullptr) << "who comes back later enters it";
  EXPECT_THAT(words(submit("own-address", {{"address", {"Juliet@Home.example"}},
                                           {"code", {code.substr(0, 4) + " " + code.substr(4)}}})),
              HasSubstr("Answers to your mails go to Juliet@home.example"));
  say(bob, "t", "Hello");
  ASSERT_EQ(sent(2), 2U);
  EXPECT_THAT(field(peer.mails[1], "Reply-To"), HasSubstr("<Juliet@home.example>"));
  EXPECT_THAT(field(peer.mails[1], "From"), HasSubstr(juliets));
  submit("settings", {{"answers-there", {"0"}}});
  say(bob, "t2", "Again");
  ASSERT_EQ(sent(3), 3U);
  EXPECT_THAT(field(peer.mails[2], "Reply-To"), IsEmpty());
  submit("own-address", {{"address", {""}}});
  EXPECT_EQ(hub->preferences(juliet).own_address, "");
}

TEST_F(ProceduresTest, AWrongCodeProvesNothingAndFiveOfThemEndIt) {
  submit("own-address", {{"address", {"juliet@home.example"}}});
  const std::string code = code_in(0);
  const std::string wrong = code == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 5; ++i) {
    for (const std::string& guess : {wrong})
      EXPECT_THAT(words(submit("own-address", {{"code", {guess}}})), HasSubstr("not the code")) << i;
  }
  EXPECT_THAT(words(submit("own-address", {{"address", {""}}, {"code", {code}}})),
              Not(HasSubstr("from now on")));
  EXPECT_EQ(hub->preferences(juliet).own_address, "");
}

TEST_F(ProceduresTest, TheFifthGuessMayBeRight) {
  submit("own-address", {{"address", {"juliet@home.example"}}});
  const std::string code = code_in(0);
  for (int i = 0; i < 4; ++i) submit("own-address", {{"code", {"x"}}});
  EXPECT_THAT(words(submit("own-address", {{"code", {code}}})), HasSubstr("from now on"));
  EXPECT_THAT(words(submit("own-address", {{"code", {code}}})), Not(HasSubstr("from now on")))
      << "a code is good once";
}

TEST_F(ProceduresTest, GuessesAreCountedOverAKill) {
  submit("own-address", {{"address", {"juliet@home.example"}}});
  const std::string code = code_in(0);
  disk->commit();
  for (int i = 0; i < 5; ++i) {
    submit("own-address", {{"code", {"x"}}});
    kill();
  }
  EXPECT_THAT(words(submit("own-address", {{"code", {code}}})), Not(HasSubstr("from now on")));
}

TEST_F(ProceduresTest, ACodeIsGoodForHalfAnHourAndForItsPersonAndAddressAlone) {
  submit("own-address", {{"address", {"juliet@home.example"}}});
  const std::string code = code_in(0);
  EXPECT_THAT(words(submit("own-address", {{"code", {code}}}, PlaceId{}, romeo)),
              Not(HasSubstr("from now on")));
  EXPECT_THAT(words(submit("own-address", {{"address", {"other@home.example"}}, {"code", {code}}})),
              HasSubstr("a form"))
      << "another address has a code of its own";
  EXPECT_THAT(words(submit("own-address", {{"code", {code}}})), HasSubstr("not the code"))
      << "the old one is void";
  const std::string second = code_in(1);
  const Time later = hub->now() + 31min;
  hub->now = [later] { return later; };
  EXPECT_THAT(words(submit("own-address", {{"address", {"other@home.example"}}, {"code", {second}}})),
              HasSubstr("a form"));
  EXPECT_EQ(hub->preferences(juliet).own_address, "");
}

TEST_F(ProceduresTest, NobodysMailboxIsFloodedWithCodes) {
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(words(submit("own-address", {{"address", {"a" + std::to_string(i) + "@home.example"}}})),
                HasSubstr("a form"));
  EXPECT_THAT(words(submit("own-address", {{"address", {"a4@home.example"}}})), HasSubstr("tomorrow"));
  const Time start = hub->now();
  hub->now = [start] { return start + 2h; };
  for (int i = 5; i < 8; ++i)
    EXPECT_THAT(words(submit("own-address", {{"address", {"a" + std::to_string(i) + "@home.example"}}})),
                HasSubstr("a form"));
  hub->now = [start] { return start + 5h; };
  EXPECT_THAT(words(submit("own-address", {{"address", {"a9@home.example"}}})), HasSubstr("tomorrow"))
      << "six a day";
  procedures->forget(juliet);
  EXPECT_THAT(words(submit("own-address", {{"address", {"a9@home.example"}}})), HasSubstr("tomorrow"))
      << "also for who comes anew";
  hub->now = [start] { return start + 30h; };
  EXPECT_THAT(words(submit("own-address", {{"address", {"a9@home.example"}}})), HasSubstr("a form"));
}

TEST_F(ProceduresTest, OneAddressGetsFewCodesWhoeverAsks) {
  const std::string victim = "Victim@home.example";
  for (int i = 0; i < 4; ++i) {
    const PersonId one{"p" + std::to_string(i) + "@xmpp.example"};
    disk->settings().register_person(hub->network, one);
    EXPECT_THAT(words(submit("own-address", {{"address", {victim}}}, PlaceId{}, one)), HasSubstr("a form"));
  }
  EXPECT_THAT(words(submit("own-address", {{"address", {"victim@HOME.example"}}})), HasSubstr("tomorrow"));
}

TEST_F(ProceduresTest, WhatIsNoAddressElsewhereIsSaid) {
  for (const char* bad : {"nobody", "a@b@c", "juliet=xmpp.example@mail.example.org", "x\r\nBcc: y@z"})
    EXPECT_THAT(words(submit("own-address", {{"address", {bad}}})), HasSubstr("failed")) << bad;
  EXPECT_EQ(sent(1, 40s), 0U);
}

TEST_F(ProceduresTest, OnesOwnAddressElsewhereIsNobodyElseInARoom) {
  Preferences now = hub->preferences(juliet);
  now.own_address = "juliet@home.example";
  hub->save(juliet, now);
  EXPECT_EQ(receive({.to = juliets + ", juliet@home.example"}), 250);
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

// ------------------------------------------------------------------------------------------------ the
// mailbox

TEST_F(ProceduresTest, TheMailboxSaysWhatItHoldsAndForgets) {
  EXPECT_THAT(words(open("mailbox")), HasSubstr("0 mails, 0.0 MB"));
  receive({.text = std::string(70'000, 'x') + "\r\n"});
  EXPECT_THAT(words(open("mailbox")),
              AllOf(HasSubstr("1 mail, 0.1 MB"), HasSubstr("1000.0 MB"), HasSubstr("365 days")));
  EXPECT_THAT(words(submit("mailbox", {{"forget", {"30"}}})), HasSubstr("0 mails were forgotten"))
      << "it is new";
  EXPECT_THAT(words(submit("mailbox", {{"forget", {"no"}}})), HasSubstr("Nothing"));
  EXPECT_THAT(words(submit("mailbox", {{"forget", {"0"}}})),
              AllOf(HasSubstr("1 mail was forgotten"), HasSubstr("0.0 MB")));
  EXPECT_THAT(words(open("original", bob)), HasSubstr("not kept any more"));
  receive({.id = "2@example.net", .answers = "1@example.net"});
  EXPECT_TRUE(disk->mails().find(hub->network, juliet, "1@example.net")) << "what it answered is still known";
}

TEST_F(ProceduresTest, AMailThatWaitsToBeSentIsNotForgotten) {
  peer.answer = [](const std::string& verb, const std::string&) {
    return verb == "RCPT" ? std::string("451 4.3.0 later") : std::string();
  };
  say(bob, "t", "Hello");
  procedures->run(juliet, bob, "send-now", {}, true);
  ASSERT_TRUE(until_told([&] { return !drafts->waiting(juliet).empty(); }));
  EXPECT_THAT(words(submit("mailbox", {{"forget", {"0"}}})), HasSubstr("0 mails were forgotten"));
}

TEST_F(ProceduresTest, AFullMailboxTakesNoMoreUntilThereIsRoom) {
  hub->settings.email.max_mailbox_bytes = 100'000;
  EXPECT_EQ(receive({.text = std::string(60, 'x')}), 250);
  EXPECT_EQ(receive({.id = "2@x", .text = std::string(99'000, 'x')}), 250);
  const auto refused = receive_bytes(Letter{.id = "3@x", .text = std::string(2'000, 'x')}.bytes());
  EXPECT_EQ(refused.front().code, 452);
  EXPECT_THAT(refused.front().text, HasSubstr("4.2.2"));
  EXPECT_EQ(sink.last<Message>().in, Conversation(PlaceId{})) << "she is told";
  EXPECT_THAT(sink.texts().back(), HasSubstr("full"));
  const std::size_t told = sink.told.size();
  receive_bytes(Letter{.id = "3@x", .text = std::string(2'000, 'x')}.bytes());
  EXPECT_EQ(sink.told.size(), told) << "once a day";
  EXPECT_EQ(receive({.to = romeos, .id = "4@x", .text = std::string(2'000, 'x')}, romeos), 250)
      << "it is hers alone";
  submit("mailbox", {{"forget", {"0"}}});
  EXPECT_EQ(receive({.id = "3@x", .text = std::string(2'000, 'x')}), 250);
  hub->settings.email.max_mailbox_bytes = 1'000;
  EXPECT_EQ(incoming->on_recipient("bob@example.net", juliets).code, 452) << "before anything is sent";
  hub->settings.email.max_mailbox_bytes = 0;
  EXPECT_EQ(incoming->on_recipient("bob@example.net", juliets).code, 250);
}

TEST_F(ProceduresTest, TheOriginalIsThatOfAMailThatCame) {
  EXPECT_THAT(words(open("original", bob)), HasSubstr("failed"));
  say(bob, "t", "Mine.");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(words(open("original", bob)), HasSubstr("failed")) << "one's own is none that came";
  receive({.text = "His."});
  say(bob, "t2", "Mine again.");
  ASSERT_EQ(sent(2), 2U);
  EXPECT_THAT(words(open("original", bob)), AllOf(HasSubstr("His."), Not(HasSubstr("Mine again"))));
}

// ------------------------------------------------------------------------------------------------ whom to
// hear

TEST_F(ProceduresTest, AContactIsBlockedAndUnblockedWhereItStands) {
  EXPECT_THAT(words(open("block", bob)), HasSubstr("a form"));
  EXPECT_FALSE(consent->is_blocked(juliet, bob.value()));
  EXPECT_THAT(words(submit("block", {}, bob)), HasSubstr("is blocked"));
  EXPECT_EQ(sink.last_of<StandingList>().users.size(), 1U);
  EXPECT_EQ(receive(Letter{}), 550);
  EXPECT_THAT(words(open("block", bob)), HasSubstr("again"));
  EXPECT_THAT(sink.last_of<StandingList>().users, IsEmpty());
}

TEST_F(ProceduresTest, TheListOfTheBlockedIsWrittenAnew) {
  submit("blocked", {{"blocked", {"Bob@Example.net", "", " carol@example.net "}}});
  EXPECT_EQ(field_of(open("blocked"), "blocked")->values,
            (std::vector<std::string>{"bob@example.net", "carol@example.net"}));
  EXPECT_THAT(words(submit("blocked", {{"blocked", {"nonsense"}}})), HasSubstr("failed"));
  submit("blocked", {{"blocked", {"carol@example.net"}}});
  EXPECT_FALSE(consent->is_blocked(juliet, bob.value()));
  ASSERT_THAT(sink.last_of<StandingList>().users, SizeIs(1));
  EXPECT_EQ(sink.last_of<StandingList>().users.front().who, "carol@example.net");
}

// ------------------------------------------------------------------------------------------------ those who
// go

TEST_F(ProceduresTest, ALargeMailboxIsForgottenInStepsAndWhatComesLaterStays) {
  for (int i = 0; i < 250; ++i) receive({.id = std::to_string(i) + "@x", .text = "x"});
  Forgetting forgetting(*hub);
  forgetting.begin(juliet);
  EXPECT_EQ(disk->mails().of(hub->network, juliet, 1000).size(), 150U) << "so many at once";
  receive({.id = "later@x"});
  disk->commit();
  EXPECT_TRUE(time.pass_until([&] { return disk->mails().of(hub->network, juliet, 1000).size() == 1; }, 10s));
  EXPECT_TRUE(disk->mails().find(hub->network, juliet, "later@x"));
  EXPECT_THAT(disk->notes().all(hub->network, "forgetting"), IsEmpty());
}

TEST_F(ProceduresTest, AKillMeanwhileEndsNothing) {
  for (int i = 0; i < 150; ++i) receive({.id = std::to_string(i) + "@x", .text = "x"});
  {
    Forgetting forgetting(*hub);
    forgetting.begin(juliet);
    disk->commit();
  }
  kill();
  Forgetting again(*hub);
  again.resume();
  EXPECT_TRUE(time.pass_until([&] { return disk->mails().of(hub->network, juliet, 1000).empty(); }, 10s));
}

}  // namespace
}  // namespace dragoman::email::test
