#include "bridges/irc/modes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Isupport& rich() {
  static const Isupport server = [] {
    Isupport s;
    s.update("PREFIX=(qaohv)~&@%+");
    s.update("CHANMODES=beI,k,lj,imnst");
    s.update("MODES=4");
    return s;
  }();
  return server;
}

std::vector<ModeChange> parsed(std::string_view letters, std::vector<std::string_view> args,
                               const Isupport& server = rich()) {
  return parse_modes(letters, args, server);
}

Marks marks(std::string_view prefixes) { return marks_in(prefixes, rich()); }

std::string told(Standing standing, std::string_view prefixes, const Isupport& server = rich()) {
  return describe_modes(changes_to(standing, "al", marks_in(prefixes, server), server));
}

TEST(Modes, GiveArgumentsToThoseThatTakeThem) {
  EXPECT_THAT(
      parsed("+ovim-k+l", {"alice", "bob", "key", "5"}),
      ElementsAre(ModeChange{true, 'o', ModeKind::prefix, "alice"},
                  ModeChange{true, 'v', ModeKind::prefix, "bob"}, ModeChange{true, 'i', ModeKind::flag, ""},
                  ModeChange{true, 'm', ModeKind::flag, ""}, ModeChange{false, 'k', ModeKind::always, "key"},
                  ModeChange{true, 'l', ModeKind::when_set, "5"}));
}

TEST(Modes, UnsettingALimitTakesNoArgument) {
  EXPECT_THAT(parsed("-lo", {"alice"}), ElementsAre(ModeChange{false, 'l', ModeKind::when_set, ""},
                                                    ModeChange{false, 'o', ModeKind::prefix, "alice"}));
}

TEST(Modes, WithoutASignAreAdded) {
  EXPECT_THAT(parsed("n", {}), ElementsAre(ModeChange{true, 'n', ModeKind::flag, ""}));
}

TEST(Modes, AListWithoutAnArgumentIsAQuestion) {
  EXPECT_THAT(parsed("b", {}), ElementsAre(ModeChange{true, 'b', ModeKind::list, ""}));
}

TEST(Modes, WhoseArgumentIsMissingAreLeftOut) {
  EXPECT_THAT(parsed("+oov", {"alice"}), ElementsAre(ModeChange{true, 'o', ModeKind::prefix, "alice"}));
}

TEST(Modes, ThatNobodyKnowsTakeNoArgument) {
  EXPECT_THAT(parsed("+Zo", {"alice"}), ElementsAre(ModeChange{true, 'Z', ModeKind::flag, ""},
                                                    ModeChange{true, 'o', ModeKind::prefix, "alice"}));
}

TEST(Modes, AreReadFromALine) {
  const auto line = parse_line(":op!u@h MODE #c +b-o *!*@bad alice");
  EXPECT_EQ(describe_modes(parse_modes(*line, 1, rich())), "+b-o *!*@bad alice");
  EXPECT_THAT(parse_modes(*parse_line("MODE #c"), 1, rich()), IsEmpty());
}

TEST(Modes, AreWrittenWithinWhatTheServerTakesAtOnce) {
  std::vector<ModeChange> changes;
  for (int i = 0; i < 6; ++i) changes.push_back({i % 2 == 0, 'o', ModeKind::prefix, "n" + std::to_string(i)});
  changes.push_back({true, 'm', ModeKind::flag, ""});
  EXPECT_THAT(format_modes("#c", changes, rich()),
              ElementsAre("MODE #c +o-o+o-o n0 n1 n2 n3", "MODE #c +o-o+m n4 n5"));
}

TEST(Modes, AreWrittenWithinTheLine) {
  Isupport server = rich();
  server.modes = 0;
  std::vector<ModeChange> changes;
  for (int i = 0; i < 50; ++i)
    changes.push_back({true, 'b', ModeKind::list, std::string(100, 'x') + std::to_string(i)});
  std::size_t seen = 0;
  for (const auto& line : format_modes("#c", changes, server)) {
    EXPECT_LE(line.size(), 512u);
    seen += parse_modes(*parse_line(line), 1, server).size();
  }
  EXPECT_EQ(seen, 50u);
}

TEST(Modes, NoChangesAreNoLine) { EXPECT_THAT(format_modes("#c", {}, rich()), IsEmpty()); }

TEST(Modes, AHostileArgumentIsNotWritten) {
  EXPECT_THAT(
      format_modes("#c", {{true, 'b', ModeKind::list, "a b"}, {true, 'b', ModeKind::list, "c"}}, rich()),
      IsEmpty());
}

TEST(Marks, AreBitsInTheOrderOfPrefix) {
  EXPECT_EQ(mark_of_mode('q', rich()), 1);
  EXPECT_EQ(mark_of_mode('v', rich()), 16);
  EXPECT_EQ(mark_of_mode('Z', rich()), 0);
  EXPECT_EQ(mark_of_prefix('@', rich()), 4);
  EXPECT_EQ(mark_of_prefix('n', rich()), 0);
  EXPECT_EQ(marks_in("H*@+", rich()), 4 | 16);
  EXPECT_EQ(highest_prefix(4 | 16, rich()), '@');
  EXPECT_EQ(highest_prefix(0, rich()), 0);
}

TEST(Marks, MeanStandings) {
  EXPECT_EQ(standing_of(marks("~"), rich()), Standing::owner);
  EXPECT_EQ(standing_of(marks("&"), rich()), Standing::owner);
  EXPECT_EQ(standing_of(marks("@+"), rich()), Standing::admin);
  EXPECT_EQ(standing_of(marks("%+"), rich()), Standing::moderator);
  EXPECT_EQ(standing_of(marks("+"), rich()), Standing::member);
  EXPECT_EQ(standing_of(0, rich()), Standing::participant);
  EXPECT_EQ(standing_of(0xFFFF, rich()), Standing::owner);
}

TEST(Marks, OfALetterThatNobodyKnowsCountAsTheNextLower) {
  Isupport server;
  server.update("PREFIX=(Yqov)!~@+");
  EXPECT_EQ(standing_of(mark_of_mode('Y', server), server), Standing::owner);
  server.update("PREFIX=(oXv)@X+");
  EXPECT_EQ(standing_of(mark_of_mode('X', server), server), Standing::member);
  server.update("PREFIX=(ovX)@+X");
  EXPECT_EQ(standing_of(mark_of_mode('X', server), server), Standing::participant);
}

TEST(Standings, AreGivenByTheChangesThatAreNeeded) {
  EXPECT_EQ(told(Standing::participant, "~&@%+"), "-qaohv al al al al al");
  EXPECT_EQ(told(Standing::visitor, "+"), "-v al");
  EXPECT_EQ(told(Standing::participant, ""), "");
  EXPECT_EQ(told(Standing::member, "@"), "+v-o al al");
  EXPECT_EQ(told(Standing::member, "%+"), "-h al");
  EXPECT_EQ(told(Standing::moderator, "@+"), "+h-o al al");
  EXPECT_EQ(told(Standing::moderator, "%+"), "");
  EXPECT_EQ(told(Standing::admin, ""), "+o al");
  EXPECT_EQ(told(Standing::admin, "~&%+"), "+o-qa al al al");
  EXPECT_EQ(told(Standing::owner, "@"), "+a al");
  EXPECT_EQ(told(Standing::owner, "&@"), "");
  EXPECT_EQ(told(Standing::owner, "~@"), "+a-q al al");
  EXPECT_EQ(told(Standing::banned, "@"), "");
}

TEST(Standings, AreGivenByTheRanksThatTheServerHas) {
  const Isupport plain;  // ov
  EXPECT_EQ(told(Standing::owner, "", plain), "+o al");
  EXPECT_EQ(told(Standing::admin, "+", plain), "+o al");
  EXPECT_EQ(told(Standing::moderator, "", plain), "+o al");
  EXPECT_EQ(told(Standing::moderator, "@", plain), "");
  EXPECT_EQ(told(Standing::member, "@", plain), "+v-o al al");
  Isupport with_admins;
  with_admins.update("PREFIX=(aov)&@+");
  EXPECT_EQ(told(Standing::owner, "@", with_admins), "+a al");
  Isupport with_founders;
  with_founders.update("PREFIX=(qov)~@+");
  EXPECT_EQ(told(Standing::owner, "@", with_founders), "+q al");
  Isupport none;
  none.update("PREFIX=");
  EXPECT_EQ(told(Standing::owner, "", none), "");
}

std::string settings(const SetRoomInfo& wish, const std::map<char, std::string>& modes) {
  const auto lines = format_modes("#c", changes_to(wish, modes, rich()), rich());
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : "; ") + line;
  return all;
}

TEST(Settings, AreTheModesThatAreNeeded) {
  EXPECT_EQ(settings({.members_only = true, .moderated = true, .hidden = true}, {}), "MODE #c +ims");
  EXPECT_EQ(settings({.members_only = false, .moderated = false, .hidden = false},
                     {{'i', ""}, {'m', ""}, {'p', ""}, {'s', ""}}),
            "MODE #c -imsp");
  EXPECT_EQ(settings({.members_only = true, .hidden = true}, {{'i', ""}, {'p', ""}}), "");
  EXPECT_EQ(settings({.limit = 12}, {}), "MODE #c +l 12");
  EXPECT_EQ(settings({.limit = 0}, {{'l', "12"}}), "MODE #c -l");
  EXPECT_EQ(settings({.limit = 0}, {}), "");
}

TEST(Settings, AKeyThatIsThereGoesBeforeAnother) {
  EXPECT_EQ(settings({.key = "sesame"}, {}), "MODE #c +k sesame");
  EXPECT_EQ(settings({.key = "sesame"}, {{'k', "old"}}), "MODE #c -k+k old sesame");
  EXPECT_EQ(settings({.key = ""}, {{'k', ""}}), "MODE #c -k *");
  EXPECT_EQ(settings({.key = ""}, {}), "");
}

TEST(Settings, AreThoseThatTheServerHasModesFor) {
  EXPECT_EQ(
      settable(rich()),
      (RoomTraits{.members_only = true, .moderated = true, .hidden = true, .key = true, .limit = true}));
  Isupport poor;
  poor.update("CHANMODES=b,,,im");
  EXPECT_EQ(settable(poor), (RoomTraits{.members_only = true, .moderated = true}));
}

TEST(Settings, AKeyHasNothingThatEndsIt) {
  for (const char* good : {"sesame", "*", "a:b", "\xC3\xA9"}) EXPECT_TRUE(is_key(good)) << good;
  for (const char* bad : {"", "two words", "a,b", ":a", "a\r\nQUIT", "\x7f", "a\tb"})
    EXPECT_FALSE(is_key(bad)) << bad;
}

TEST(Settings, AreAnsweredByTheChangeAndRanksByTheirNick) {
  EXPECT_EQ(answer_name({true, 'i', ModeKind::flag, {}}), "+i");
  EXPECT_EQ(answer_name({false, 'k', ModeKind::always, "old"}), "-k");
  EXPECT_EQ(answer_name({true, 'o', ModeKind::prefix, "alice"}), "alice");
  EXPECT_EQ(answer_name({true, 'b', ModeKind::list, {}}), "");
}

TEST(Bans, HaveTheMaskThatTheServerTellsBack) {
  Isupport server;
  EXPECT_EQ(full_mask("bob", server), "bob!*@*");
  EXPECT_EQ(full_mask("bob!b", server), "bob!b@*");
  EXPECT_EQ(full_mask("*@host", server), "*!*@host");
  EXPECT_EQ(full_mask("~b@host", server), "*!~b@host");
  EXPECT_EQ(full_mask("bob!b@host", server), "bob!b@host");
  EXPECT_EQ(full_mask("$a:bobby", server), "$a:bobby");
  EXPECT_EQ(full_mask("~account:bobby", server), "~account:bobby");
  server.update("EXTBAN=,R");
  EXPECT_EQ(full_mask("R:bobby", server), "R:bobby");
}

TEST(Standings, GivenAreHad) {
  for (int had = 0; had < 32; ++had) {
    for (Standing wanted :
         {Standing::participant, Standing::member, Standing::moderator, Standing::admin, Standing::owner}) {
      Marks now = static_cast<Marks>(had);
      for (const ModeChange& change : changes_to(wanted, "al", now, rich())) {
        const Marks mark = mark_of_mode(change.letter, rich());
        EXPECT_EQ((now & mark) != 0, !change.add);
        now = change.add ? now | mark : now & ~mark;
      }
      EXPECT_EQ(standing_of(now, rich()), wanted) << had;
    }
  }
}

TEST(Names, AreReadWithAllTheirPrefixesAndAddresses) {
  const auto entry = parse_names_entry("@+alice!al@host.example", rich());
  EXPECT_EQ(entry.marks, marks("@+"));
  EXPECT_EQ(entry.who.nick, "alice");
  EXPECT_EQ(entry.who.user, "al");
  EXPECT_EQ(entry.who.host, "host.example");
  EXPECT_EQ(parse_names_entry("alice", rich()).who.nick, "alice");
  EXPECT_EQ(parse_names_entry("alice", rich()).marks, 0);
  EXPECT_EQ(parse_names_entry("~&@%+a", rich()).who.nick, "a");
  EXPECT_EQ(parse_names_entry("@", rich()).who.nick, "");
  EXPECT_EQ(parse_names_entry("", rich()).who.nick, "");
  EXPECT_EQ(parse_names_entry("a!b", rich()).who.user, "b");
  EXPECT_EQ(parse_names_entry("a!b", rich()).who.host, "");
}

}  // namespace
}  // namespace dragoman::irc
