#include "component/bookmarks.hpp"
#include "mapping/notes_table.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";
const PersonId person{"juliet@example.org"};

std::string iq(const std::string& type, const std::string& payload, const std::string& to = "echo.example") {
  return "<iq type='" + type + "' id='q1' from='" + juliet + "' to='" + to + "'>" + payload + "</iq>";
}
std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out = "<x xmlns='jabber:x:data' type='submit'>";
  for (const auto& [name, value] : fields)
    out += "<field var='" + name + "'><value>" + value + "</value></field>";
  return out + "</x>";
}
std::string channels(const std::string& children) {
  return iq("get", "<search xmlns='urn:xmpp:channel-search:0:search'>" + children + "</search>");
}
void connect(World& w) { w.gateway().network().session_for(person, PlaceId{}); }

TEST(Search, RoomsAreFoundByChannelSearch) {
  World w;
  connect(w);
  w.in(channels({}));
  EXPECT_EQ(w.count({"type='result'", "var='q'", "var='all'", "var='key'"}), 1U) << w.all();
  w.in(channels(form({{"q", "echo"}})));
  EXPECT_EQ(w.count({"<result xmlns='urn:xmpp:channel-search:0:search'><item address='#echo@echo.example'>",
                     "<nusers>1</nusers>", "<is-open>true</is-open>", "<count>1</count>"}),
            1U)
      << w.all();
}

TEST(Search, BadChannelSearchesAreToldWhatIsWrong) {
  World w;
  connect(w);
  w.in(channels(form({})));
  EXPECT_EQ(w.count({"bad-request", "no-search-conditions"}), 1U) << w.all();
  w.in(channels(form({{"q", "x"}, {"all", "true"}})));
  EXPECT_EQ(w.count({"bad-request", "conflicting-fields"}), 1U) << w.all();
  w.in(channels(form({{"q", "x"}, {"key", "{urn:xmpp:channel-search:0:order}address"}})));
  EXPECT_EQ(w.count({"feature-not-implemented", "invalid-sort-key"}), 1U) << w.all();
  w.in(channels("<set xmlns='http://jabber.org/protocol/rsm'><max>x</max></set>" + form({{"q", "x"}})));
  EXPECT_EQ(w.count({"bad-request"}), 1U) << w.all();
}

TEST(Search, PeopleAndRoomsAreFoundByForms) {
  World w;
  connect(w);
  w.in(iq("get", "<query xmlns='jabber:iq:search'/>"));
  EXPECT_EQ(w.count({"var='words'", "<nick/>"}), 1U) << w.all();
  w.in(
      iq("set", "<query xmlns='jabber:iq:search'>" + form({{"words", "e"}, {"kind", "rooms"}}) + "</query>"));
  EXPECT_EQ(w.count({"<reported>", "<field var='jid'><value>#echo@echo.example</value>"}), 1U) << w.all();
  w.in(iq("set", "<query xmlns='jabber:iq:search'><nick>e</nick></query>"));
  EXPECT_EQ(w.count({"type='result'", "<item jid='#echo@echo.example'>"}), 1U) << w.all();
  w.in(iq("set", "<query xmlns='jabber:iq:search'/>"));
  EXPECT_EQ(w.count({"type='error'", "bad-request"}), 1U) << w.all();
}

TEST(Search, NobodyIsConnectedForIt) {
  World w;
  w.in(channels(form({{"q", "echo"}})));
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << w.all();
  EXPECT_TRUE(w.gateway().network().sessions().empty());
  w.gateway().network().session_for(PersonId{}, PlaceId{});  // the network's own voice
  w.in(channels(form({{"q", "echo"}})));
  EXPECT_EQ(w.count({"<item address='#echo@echo.example'>"}), 1U) << w.all();
}

TEST(Search, OnlyPlacesCanBeSearched) {
  World w;
  connect(w);
  w.in(iq("get", "<query xmlns='jabber:iq:search'/>", "someone@echo.example"));
  EXPECT_EQ(w.count({"type='error'"}), 1U) << w.all();
  w.in(iq("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"jabber:iq:search", "urn:xmpp:channel-search:0:search"}), 1U) << w.all();
}

TEST(Search, ASpaceListsItsRooms) {
  World w;
  w.join();
  w.gateway().on_event(w.gateway().network().session_for(person, PlaceId{}),
                       {.in = RoomId{"#room"}, .what = RoomInfo{.space = true}});
  w.in(iq("get", "<query xmlns='http://jabber.org/protocol/disco#items'/>", "#room@echo.example"));
  EXPECT_EQ(w.count({"<item jid='#echo@echo.example' name='#echo'/>"}), 1U) << w.all();
}

OwnPlaces places() {
  return {.rooms = {{.room = RoomId{"#one"}, .name = "The <one>"}}, .people = {{UserId{"ben"}, "Ben"}}};
}
void tell_places(World& w) {
  w.sent.clear();
  w.gateway().on_event(w.gateway().network().session_for(person, PlaceId{}),
                       {.in = PlaceId{}, .what = places()});
}
void grant(World& w) {
  w.in(
      "<message from='example.org' to='echo.example'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<perm access='roster' type='both'/><perm access='iq'>"
      "<namespace ns='http://jabber.org/protocol/pubsub' type='set'/></perm></privilege></message>");
}
std::string id_of(const std::string& stanza) {
  const std::size_t at = stanza.find(" id='") + 5;
  return stanza.substr(at, stanza.find('\'', at) - at);
}

TEST(Bookmarks, OwnPlacesAreListedInAnyCase) {
  World w;
  tell_places(w);
  EXPECT_TRUE(w.sent.empty()) << w.all();
  w.in(iq("get", "<query xmlns='http://jabber.org/protocol/disco#items'/>"));
  EXPECT_EQ(w.count({"jid='#one@echo.example' name='The &lt;one&gt;'", "jid='ben@echo.example' name='Ben'"}),
            1U)
      << w.all();
}

// Another voice of the same person's, which has no places of its own.
struct Elsewhere final : Session {
  const PersonId& person() const override { return test::person; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return Link::up; }
  std::string nick() const override { return {}; }
  void perform(Command) override {}
  Features features(const Conversation&) const override { return {}; }
  PlaceId place_;
};

TEST(Bookmarks, OwnPlacesGoWithTheSessionWhoseTheyAre) {
  World w;
  tell_places(w);
  Elsewhere elsewhere;
  w.gateway().on_session_end(elsewhere);
  EXPECT_NE(nullptr, w.gateway().bookmarks().of(person));
  w.gateway().network().disconnect(w.gateway().network().session_for(person, PlaceId{}), {});
  EXPECT_EQ(nullptr, w.gateway().bookmarks().of(person));
}

TEST(Bookmarks, ArePublishedWhereTheServerAllowsIt) {
  World w;
  tell_places(w);
  grant(w);
  EXPECT_EQ(w.count({"<iq from='echo.example' to='juliet@example.org' type='set'",
                     "<privileged_iq xmlns='urn:xmpp:privilege:2'><iq xmlns='jabber:client' type='set'",
                     "<publish node='urn:xmpp:bookmarks:1'><item id='#one@echo.example'>"
                     "<conference xmlns='urn:xmpp:bookmarks:1' name='The &lt;one&gt;' autojoin='true'"}),
            1U)
      << w.all();
  for (const std::string& stanza : std::vector<std::string>(w.sent)) {
    if (stanza.find("privileged_iq") == stanza.npos) continue;
    w.in("<iq type='result' id='" + id_of(stanza) + "' from='juliet@example.org' to='echo.example'/>");
  }
  tell_places(w);
  EXPECT_EQ(w.count({"privileged_iq"}), 0U) << "once: afterwards they are the person's own\n" << w.all();
}

TEST(Bookmarks, PeopleBecomeContactsUnlessTheyAre) {
  World w;
  grant(w);
  tell_places(w);
  std::string asked;
  for (const std::string& stanza : w.sent)
    if (stanza.find("<query xmlns='jabber:iq:roster'/>") != stanza.npos) asked = id_of(stanza);
  ASSERT_FALSE(asked.empty()) << w.all();
  w.in("<iq type='result' id='" + asked +
       "' from='juliet@example.org' to='echo.example'><query xmlns='jabber:iq:roster'>"
       "<item jid='nurse@example.org'/></query></iq>");
  EXPECT_EQ(
      w.count(
          {"<query xmlns='jabber:iq:roster'><item jid='ben@echo.example' name='Ben' subscription='both'/>"}),
      1U)
      << w.all();
  for (const std::string& stanza : std::vector<std::string>(w.sent)) {
    if (stanza.find("type='set'") == stanza.npos || stanza.find("jabber:iq:roster") == stanza.npos) continue;
    w.in("<iq type='result' id='" + id_of(stanza) + "' from='juliet@example.org' to='echo.example'/>");
  }
  tell_places(w);
  EXPECT_EQ(w.count({"jabber:iq:roster"}), 0U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
