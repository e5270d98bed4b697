// Who is shown in a room, and what is told of people who come, go, and change.
#include <malloc.h>

#include "bridges/atom.hpp"
#include "bridges/matrix/joined_members.hpp"
#include "bridges/matrix/people.hpp"
#include "tests/unit/matrix_session/view_world.hpp"

namespace dragoman::matrix::view_test {
namespace {

class RoomMembers : public ViewTest {
 protected:
  static std::string crowd_name(int i) { return "@person" + std::to_string(i) + ":example.org"; }
  void crowd(int size) {
    std::vector<std::pair<std::string, std::string>> all{{alice, "Alice"}, {bob, ""}, {ghost, "juliet"}};
    for (int i = 0; i < size; ++i) all.emplace_back(crowd_name(i), "Person " + std::to_string(i));
    people(all);
  }
};

TEST_F(RoomMembers, AreAllShownInASmallRoom) {
  ready();
  const auto all = view->members();
  EXPECT_EQ(all.size(), 3U);
  const auto moderator = shown(alice), ours = shown(ghost), other = shown(bob);
  ASSERT_TRUE(moderator && ours && other);
  EXPECT_EQ(moderator->nick, "Alice");
  EXPECT_EQ(moderator->standing, Standing::owner);
  EXPECT_EQ(moderator->account, alice);
  EXPECT_EQ(other->nick, "bob");
  EXPECT_EQ(other->standing, Standing::participant);
  EXPECT_EQ(ours->nick, "juliet");
  EXPECT_EQ(view->nick_of(bob), "bob");
  EXPECT_EQ(view->user_of("Alice"), alice);
  EXPECT_EQ(view->user_of(bob), bob);
  EXPECT_EQ(view->user_of("nobody"), std::nullopt);
  EXPECT_EQ(view->nick_of("@unknown:example.org"), "");
}

TEST_F(RoomMembers, EnterWithAllWhoAreShown) {
  people({{alice, "Alice"}, {bob, ""}});
  state("m.room.name", "{'name':'The balcony'}");
  state("m.room.topic", "{'topic':'Good night'}", bob);
  ready();
  EXPECT_EQ(view->headcount(), 2U);
  const RoomId other("#other:example.org");
  owner.listening.push_back({&bridge, other});
  view->enter({&juliet, address}, ghost);
  auto elsewhere = next<MemberJoined>();
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(std::get<RoomId>(elsewhere->event.in), other);
  EXPECT_EQ(std::get<MemberJoined>(elsewhere->event.what).member.nick, "juliet");
  const auto told = next<Entered>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->from, &juliet);
  EXPECT_EQ(std::get<RoomId>(told->event.in), address);
  const auto& entered = std::get<Entered>(told->event.what);
  EXPECT_EQ(entered.nick, "juliet");
  EXPECT_EQ(entered.members.size(), 3U);
  const auto info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(std::get<RoomInfo>(info->event.what).name, "The balcony");
  EXPECT_FALSE(std::get<RoomInfo>(info->event.what).headcount);  // all are shown
  const auto subject = next<Subject>();
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->event.sender.nick, "bob");
  EXPECT_EQ(subject->event.time.time_since_epoch().count(), 1'700'000'000'000);
  EXPECT_EQ(view->headcount(), 3U);
  // Its own m.room.member comes later, and is no news.
  member(ghost, "join", {}, "'displayname':'juliet'");
  EXPECT_EQ(count<MemberJoined>(), 0U);
  EXPECT_EQ(view->headcount(), 3U);
}

TEST_F(RoomMembers, ComeAndGo) {
  ready();
  member("@carol:example.org", "join", {}, "'displayname':'Carol'");
  const auto joined = next<MemberJoined>();
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->from, &bridge);
  EXPECT_EQ(std::get<MemberJoined>(joined->event.what).member.nick, "Carol");
  EXPECT_EQ(view->headcount(), 4U);
  sink.told.clear();
  member("@carol:example.org", "join", {}, "'displayname':'Carol'");
  EXPECT_EQ(sink.told.size(), 0U);
  const auto gone = [&](const std::string& by, const std::string& membership, const std::string& more = "") {
    member("@carol:example.org", "join", {}, "'displayname':'Carol'");
    sink.told.clear();
    member("@carol:example.org", membership, by, more);
    const auto left = next<MemberLeft>();
    return left ? std::get<MemberLeft>(left->event.what) : MemberLeft{};
  };
  MemberLeft left = gone("@carol:example.org", "leave", "'reason':'bye'");
  EXPECT_EQ(left.nick, "Carol");
  EXPECT_EQ(left.how, Departure::left);
  EXPECT_EQ(left.by, "");
  EXPECT_EQ(left.reason, "bye");
  left = gone(alice, "leave", "'reason':'out\\nwith you'");
  EXPECT_EQ(left.how, Departure::kicked);
  EXPECT_EQ(left.by, "Alice");
  EXPECT_EQ(left.reason, "out with you");
  left = gone(alice, "ban");
  EXPECT_EQ(left.how, Departure::banned);
  EXPECT_EQ(view->membership_of("@carol:example.org"), "ban");
  EXPECT_EQ(view->headcount(), 3U);
  member("@carol:example.org", "leave", alice);  // unbanned: nobody left
  EXPECT_EQ(count<MemberLeft>(), 0U);
  EXPECT_EQ(view->membership_of("@carol:example.org"), "");
  member("@carol:example.org", "invite", alice);
  EXPECT_EQ(view->membership_of("@carol:example.org"), "invite");
  EXPECT_EQ(view->headcount(), 3U);
}

TEST_F(RoomMembers, WhoKnocksIsHeard) {
  ready();
  member("@carol:example.org", "knock", "@carol:example.org", "'reason':'it is\\nraining'");
  const auto told = next<Message>();
  ASSERT_TRUE(told);
  const Message& said = std::get<Message>(told->event.what);
  EXPECT_EQ(said.kind, MessageKind::notice);
  EXPECT_NE(said.text.plain.find("@carol:example.org asks to be let in (it is"), std::string::npos)
      << said.text.plain;
  EXPECT_EQ(said.text.plain.find('\n'), std::string::npos);
  EXPECT_EQ(count<MemberLeft>(), 0U);
  EXPECT_EQ(view->membership_of("@carol:example.org"), "knock");
}

TEST_F(RoomMembers, OfOursAreToldToTheirSessionWhenTheyAreThrownOut) {
  ready();
  member(ghost, "ban", alice, "'reason':'enough'");
  const auto exited = next<Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->from, &juliet);
  EXPECT_EQ(std::get<RoomId>(exited->event.in), address);
  const auto& how = std::get<Exited>(exited->event.what);
  EXPECT_EQ(how.how, Departure::banned);
  EXPECT_EQ(how.by, "Alice");
  EXPECT_EQ(how.reason, "enough");
  EXPECT_EQ(owner.departures, std::vector<std::string>{ghost});
  const auto left = next<MemberLeft>();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->from, &bridge);
  EXPECT_EQ(std::get<MemberLeft>(left->event.what).nick, "juliet");
  EXPECT_FALSE(shown(ghost));
}

TEST_F(RoomMembers, OfOursWithoutASessionLeaveAllTheSame) {
  owner.voices.clear();
  ready();
  member(ghost, "leave", alice);
  EXPECT_EQ(count<Exited>(), 0U);
  EXPECT_EQ(count<MemberLeft>(), 1U);
  EXPECT_EQ(owner.departures.size(), 1U);
}

TEST_F(RoomMembers, SeenByAnAccountAreGoneWithItWhenItLeaves) {
  Voiced own("romeo@example.org");
  const std::string romeo = "@romeo:example.org";
  owner.voices = {{romeo, &own}};
  owner.listening = {{&own, address}};
  people({{alice, "Alice"}, {romeo, "Romeo"}});
  ready();
  say(romeo, "from my phone");
  const auto said = next<Message>();
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->event.sender.own);
  EXPECT_EQ(said->from, &own);
  view->on_receipts(object("{'$event1':{'m.read.private':{'" + romeo + "':{'ts':5}}}}"));
  const auto read = next<ReadMark>();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->event.sender.own);
  member(romeo, "leave", alice);
  const auto exited = next<Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(std::get<Exited>(exited->event.what).how, Departure::kicked);
  EXPECT_EQ(count<MemberLeft>(), 0U);
}

TEST_F(RoomMembers, ChangeTheirNames) {
  ready();
  member(bob, "join", {}, "'displayname':'Bobby'");
  const auto renamed = next<MemberRenamed>();
  ASSERT_TRUE(renamed);
  EXPECT_EQ(std::get<MemberRenamed>(renamed->event.what).nick, "bob");
  EXPECT_EQ(std::get<MemberRenamed>(renamed->event.what).new_nick, "Bobby");
  EXPECT_EQ(view->nick_of(bob), "Bobby");
  say(bob, "hi");
  EXPECT_EQ(next<Message>()->event.sender.nick, "Bobby");
  // The nick that a person of ours asked for counts, not the profile of their ghost.
  member(ghost, "join", {}, "'displayname':'Juliet Capulet'");
  EXPECT_EQ(count<MemberRenamed>(), 0U);
  owner.nicks[ghost] = "jules";
  member(ghost, "join", {}, "'displayname':'jules'");
  const auto own = next<MemberRenamed>();
  ASSERT_TRUE(own);
  EXPECT_EQ(std::get<MemberRenamed>(own->event.what).new_nick, "jules");
}

TEST_F(RoomMembers, CanNotTakeSomebodyElsesName) {
  ready();
  member(mallory, "join", {}, "'displayname':'Alice'");
  member("@eve:evil.example", "join", {}, "'displayname':'\xD0\x90lice'");  // a Cyrillic A
  member("@mike:evil.example", "join", {},
         "'displayname':'\xE2\x80\xAE"
         "ecilA\xE2\x80\xAC'");
  const std::string first = view->nick_of(mallory), second = view->nick_of("@eve:evil.example"),
                    third = view->nick_of("@mike:evil.example");
  EXPECT_EQ(view->nick_of(alice), "Alice");
  EXPECT_NE(first, "Alice");
  EXPECT_NE(first.find(mallory), std::string::npos);
  EXPECT_NE(second.find("@eve:evil.example"), std::string::npos);
  EXPECT_EQ(third.find("\xE2\x80\xAE"), std::string::npos);
  EXPECT_EQ(view->user_of("Alice"), alice);
  // Nor does somebody who is not in the room, in what they said or did.
  say("@zed:evil.example", "x");
  member(mallory, "leave");
  sink.told.clear();
  say(mallory, "still here?");
  EXPECT_NE(next<Message>()->event.sender.nick, "Alice");
}

TEST_F(RoomMembers, ChangeTheirStanding) {
  ready();
  state_event("m.room.power_levels", alice, "{'users':{'@alice:example.org':100,'@bob:example.org':50}}");
  auto updated = next<MemberUpdated>();
  ASSERT_TRUE(updated);
  EXPECT_EQ(std::get<MemberUpdated>(updated->event.what).member.nick, "bob");
  EXPECT_EQ(std::get<MemberUpdated>(updated->event.what).member.standing, Standing::admin);
  EXPECT_EQ(std::get<MemberUpdated>(updated->event.what).by, "Alice");
  EXPECT_EQ(count<MemberUpdated>(), 0U);
  state_event("m.room.power_levels", alice, "{'users':{'@alice:example.org':100,'@bob:example.org':-1}}");
  updated = next<MemberUpdated>();
  ASSERT_TRUE(updated);
  EXPECT_EQ(std::get<MemberUpdated>(updated->event.what).member.standing, Standing::visitor);
}

TEST_F(RoomMembers, OfALargeRoomAreShownWhenTheyModerateOrSpeak) {
  crowd(500);
  state("m.room.power_levels",
        "{'users':{'@alice:example.org':100,'@person7:example.org':50,'@person8:example.org':-5,"
        "'@gone:example.org':100}}");
  ready();
  EXPECT_EQ(view->headcount(), 503U);
  EXPECT_EQ(view->members().size(), 3U);
  EXPECT_TRUE(shown(alice) && shown(crowd_name(7)) && shown(ghost));
  member("@late:example.org", "join");
  member("@later:example.org", "join");
  member("@later:example.org", "leave");
  EXPECT_EQ(count<MemberJoined>() + count<MemberLeft>(), 0U);
  EXPECT_EQ(view->headcount(), 504U);
  say(crowd_name(9), "hello");
  const auto joined = next<MemberJoined>();
  ASSERT_TRUE(joined);
  EXPECT_EQ(std::get<MemberJoined>(joined->event.what).member.nick, "Person 9");
  const auto said = next<Message>();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->event.sender.nick, "Person 9");
  say(crowd_name(9), "again");
  EXPECT_EQ(count<MemberJoined>(), 0U);
  // Somebody comes to moderate.
  state_event("m.room.power_levels", alice,
              "{'users':{'@alice:example.org':100,'@person11:example.org':50}}");
  EXPECT_TRUE(shown(crowd_name(11)));
  EXPECT_EQ(count<MemberJoined>(), 1U);
  member(crowd_name(9), "leave");
  EXPECT_EQ(count<MemberLeft>(), 1U);
  EXPECT_EQ(view->nick_of(crowd_name(20)), "Person 20");
}

TEST_F(RoomMembers, WhoHaveLongBeenSilentMakeRoomForThoseWhoSpeak) {
  crowd(500);
  ready();
  for (int i = 0; i < 100; ++i) say(crowd_name(i), "hello");
  say(crowd_name(0), "I go on");
  EXPECT_EQ(count<MemberLeft>(), 0U);
  say(crowd_name(100), "I am new");
  ASSERT_EQ(count<MemberLeft>(), 1U);
  EXPECT_EQ(std::get<MemberLeft>(next<MemberLeft>()->event.what).nick, "Person 1");
  EXPECT_TRUE(shown(crowd_name(0)));
  EXPECT_FALSE(shown(crowd_name(1)));
  EXPECT_TRUE(shown(ghost));
  EXPECT_TRUE(shown(alice));
  for (int i = 101; i < 400; ++i) say(crowd_name(i), "hello");
  EXPECT_EQ(view->members().size(), 102U);
  EXPECT_EQ(view->headcount(), 503U);
}

TEST_F(RoomMembers, AreCountedInTheRoomsInfoWhereNotAllAreShown) {
  crowd(500);
  ready();
  view->enter({&juliet, address}, ghost);
  EXPECT_EQ(std::get<RoomInfo>(next<RoomInfo>()->event.what).headcount, 503U);
  member("@late:example.org", "join");
  EXPECT_EQ(count<RoomInfo>(), 0U);  // not worth a word to all
  for (int i = 0; i < 5; ++i) member("@late" + std::to_string(i) + ":example.org", "join");
  ASSERT_EQ(count<RoomInfo>(), 1U);
  EXPECT_GE(std::get<RoomInfo>(next<RoomInfo>()->event.what).headcount, 508U);
}

TEST_F(RoomMembers, ComeFromSyncTooWithTheCountOfItsSummary) {
  json::array state_events{
      object("{'type':'m.room.create','state_key':'','sender':'@alice:example.org','content':{}}"),
      object("{'type':'m.room.member','state_key':'@alice:example.org','sender':'@alice:example.org',"
             "'content':{'membership':'join','displayname':'Alice'}}"),
      object("{'type':'m.room.member','state_key':'@old:example.org','sender':'@old:example.org',"
             "'content':{'membership':'leave'}}"),
      7, object("{}")};
  const json::object summary =
      object("{'m.joined_member_count':2000,'m.heroes':['@alice:example.org','@bob:example.org',7]}");
  view->load_from(state_events, &summary);
  ASSERT_TRUE(view->ready());
  EXPECT_EQ(view->headcount(), 2000U);
  EXPECT_EQ(view->name(), "Alice, bob and 1997 others");
  say("@quiet:example.org", "hello");  // lazily loaded, or not at all
  EXPECT_EQ(count<MemberJoined>(), 1U);
  EXPECT_EQ(next<Message>()->event.sender.nick, "quiet");
  const json::object fewer = object("{'m.joined_member_count':1999}");
  view->load_from({object("{'type':'m.room.topic','state_key':'','sender':'@alice:example.org',"
                          "'content':{'topic':'News'}}")},
                  &fewer);
  EXPECT_EQ(view->headcount(), 1999U);
  EXPECT_EQ(count<Subject>(), 1U);
}

TEST_F(RoomMembers, ShowTheirPicturesOnceTheyAreKnown) {
  homeserver.answers["/_matrix/client/v3/rooms/" + room + "/joined_members"].body =
      R"({"joined":{"@alice:example.org":{"display_name":"Alice","avatar_url":"mxc://example.org/face"},)"
      R"("@bob:example.org":{"avatar_url":"https://evil.example/x"}}})";
  homeserver.special = [](const Homeserver::Asked& asked) -> std::optional<Homeserver::Given> {
    if (asked.path.find("/thumbnail/example.org/face") == std::string::npos) return std::nullopt;
    return Homeserver::Given{200, "\x89PNG\r\n\x1a\nabc", "image/png"};
  };
  ready();
  EXPECT_EQ(view->avatar_of(alice), "mxc://example.org/face");
  EXPECT_EQ(view->avatar_of(bob), "");
  view->enter({&juliet, address}, ghost);
  ASSERT_TRUE(until([&] { return shown(alice)->avatar.size() == 40; }));
  const auto updated = next<MemberUpdated>();
  ASSERT_TRUE(updated);
  const std::string sha1 = std::get<MemberUpdated>(updated->event.what).member.avatar;
  EXPECT_EQ(sha1.size(), 40U);
  // It is known for good; and gone when it is taken away.
  make_view();
  ready();
  EXPECT_EQ(shown(alice)->avatar, sha1);
  member(alice, "join", {}, "'displayname':'Alice'");
  const auto without = next<MemberUpdated>();
  ASSERT_TRUE(without);
  EXPECT_EQ(std::get<MemberUpdated>(without->event.what).member.avatar, "");
}

std::string list_of(int size) {
  std::string text = R"({"joined":{)";
  for (int i = 0; i < size; ++i) {
    const std::string n = std::to_string(i);
    if (i > 0) text += ',';
    text += R"("@some.person)" + n + R"(:server)" + std::to_string(i % 50) +
            R"(.example.org":{"display_name":"Some Person )" + n +
            R"(","avatar_url":"mxc://example.org/AbCdEfGhIjKlMnOp)" + n + R"("})";
  }
  return text + "}}";
}

TEST(PeopleOfALargeRoom, AreFewBytesEachAndGoneWithTheRoom) {
  constexpr int size = 20'000;
  const std::string list = list_of(size);
  const std::size_t atoms = Atom::living();
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::size_t before = in_use();
  std::size_t most = before;
  {
    People people;
    JoinedMembers reader([&](std::string_view user, std::string_view name, std::string_view avatar) {
      people.put(user, name, avatar);
    });
    for (std::size_t at = 0; at < list.size(); at += 16'384) {
      ASSERT_TRUE(reader.feed(std::string_view(list).substr(at, 16'384)));
      most = std::max(most, in_use());
    }
    ASSERT_TRUE(reader.finish());
    EXPECT_EQ(people.size(), std::size_t{size});
    EXPECT_EQ(people.name_of("@some.person7:server7.example.org"), "Some Person 7");
    EXPECT_LT((most - before) / size, 450U);  // while it is read, too
    EXPECT_LT((in_use() - before) / size, 400U);
  }
  EXPECT_EQ(Atom::living(), atoms);
}

TEST(PeopleOfALargeRoom, WhoAreCalledAsTheirIdSaysCostNothingForTheName) {
  People people;
  const std::size_t atoms = Atom::living();
  for (int i = 0; i < 100; ++i) {
    const std::string name = "plain" + std::to_string(i);
    EXPECT_EQ(people.put("@" + name + ":example.org", name, {}), People::Put::added);
  }
  EXPECT_EQ(Atom::living() - atoms, 100U);
  EXPECT_EQ(people.name_of("@plain7:example.org"), "plain7");
  EXPECT_EQ(people.put("@plain7:example.org", "", ""), People::Put::same);
  EXPECT_EQ(people.put("@plain7:example.org", "Other", ""), People::Put::changed);
  EXPECT_EQ(people.put("nobody", "", ""), People::Put::refused);
  EXPECT_TRUE(people.erase("@plain7:example.org"));
  EXPECT_FALSE(people.erase("@plain7:example.org"));
}

TEST(PeopleOfALargeRoom, AreReadInPiecesOfAnySize) {
  const std::string list =
      R"({"a":[{"joined":1}],"joined":{"@a:b.c":{"display_name":"\u00c4\"x","avatar_url":null},"@d:e.f":{}},"z":{}})";
  for (std::size_t piece = 1; piece < list.size(); ++piece) {
    std::string read;
    JoinedMembers reader([&](std::string_view user, std::string_view name, std::string_view) {
      read += std::string(user) + "=" + std::string(name) + ";";
    });
    for (std::size_t at = 0; at < list.size(); at += piece)
      EXPECT_TRUE(reader.feed(std::string_view(list).substr(at, piece)));
    EXPECT_TRUE(reader.finish());
    EXPECT_EQ(read, "@a:b.c=Ä\"x;@d:e.f=;") << piece;
  }
  JoinedMembers broken([](std::string_view, std::string_view, std::string_view) {});
  EXPECT_TRUE(broken.feed("{\"joined\":{"));
  EXPECT_FALSE(broken.finish());
  JoinedMembers wrong([](std::string_view, std::string_view, std::string_view) {});
  EXPECT_FALSE(wrong.feed("<html>"));
  EXPECT_FALSE(wrong.feed("{}"));
}

}  // namespace
}  // namespace dragoman::matrix::view_test
