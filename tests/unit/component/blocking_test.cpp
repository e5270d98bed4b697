// XEP-0191 at the gateway: the network's list of who may not write to somebody, as clients see and change it.
#include "component/blocking.hpp"

#include "component/subscriptions.hpp"
#include "tests/unit/component/town.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

// Its network has a voice of its own, which says what it can.
struct VoicedWorld : World {
  VoicedWorld() { gateway().network().session_for(PersonId{}, PlaceId{}); }
};

const std::string balcony = "juliet@example.org/balcony", garden = "juliet@example.org/garden";

std::string iq(const std::string& type, const std::string& payload, const std::string& from = balcony,
               const std::string& to = "echo.example") {
  return "<iq type='" + type + "' id='b1' from='" + from + "' to='" + to + "'>" + payload + "</iq>";
}
std::string list() { return "<blocklist xmlns='urn:xmpp:blocking'/>"; }
std::string change(const std::string& name, const std::vector<std::string>& jids) {
  std::string out = "<" + name + " xmlns='urn:xmpp:blocking'>";
  for (const std::string& jid : jids) out += "<item jid='" + jid + "'/>";
  return out + "</" + name + ">";
}
std::string push_id(const World& w) {
  for (const std::string& stanza : w.sent) {
    if (stanza.find("type='set'") == stanza.npos) continue;
    const std::size_t at = stanza.find(" id='") + 5;
    return stanza.substr(at, stanza.find('\'', at) - at);
  }
  return {};
}

TEST(Blocking, IsAdvertisedByTheGatewayAlone) {
  VoicedWorld w;
  const std::string info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
  w.in(iq("get", info));
  EXPECT_EQ(w.count({"urn:xmpp:blocking"}), 1U);
  w.in(iq("get", info, balcony, "echo@echo.example"));
  EXPECT_EQ(w.count({"urn:xmpp:blocking"}), 0U);
}

TEST(Blocking, TellsTheListAndThenWhatChanges) {
  VoicedWorld w;
  w.in(iq("get", list()));
  EXPECT_EQ(w.count({"type='result'", "<blocklist xmlns='urn:xmpp:blocking'/>"}), 1U) << w.all();
  w.in(iq("set", change("block", {"romeo@echo.example", "paris@echo.example"}), garden));
  EXPECT_EQ(w.count({"type='result'", "id='b1'", "to='" + garden + "'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"type='set'", "to='" + balcony + "'", "<block xmlns='urn:xmpp:blocking'>",
                     "romeo@echo.example"}),
            1U);
  EXPECT_EQ(w.count({"type='set'", "to='" + balcony + "'", "<block ", "paris@echo.example"}), 1U);
  EXPECT_EQ(w.count({"type='set'", "to='" + garden + "'"}), 0U) << "it has not asked for the list";
  w.in(iq("get", list(), garden));
  EXPECT_EQ(w.count({"type='result'", "romeo@echo.example", "paris@echo.example"}), 1U);
  w.in(iq("set", change("unblock", {"romeo@echo.example"}), garden));
  EXPECT_EQ(w.count({"type='set'", "<unblock ", "<item jid='romeo@echo.example'/>"}), 2U);
  w.in(iq("set", change("unblock", {}), garden));
  EXPECT_EQ(w.count({"type='set'", "<unblock xmlns='urn:xmpp:blocking'/>"}), 2U) << w.all();
  EXPECT_EQ(w.count({"type='result'", "id='b1'"}), 1U);
  w.in(iq("get", list()));
  EXPECT_EQ(w.count({"type='result'", "<blocklist xmlns='urn:xmpp:blocking'/>"}), 1U);
}

TEST(Blocking, IsEachPersonsOwn) {
  VoicedWorld w;
  w.in(iq("set", change("block", {"romeo@echo.example"})));
  w.in(iq("get", list(), "nurse@example.org/kitchen"));
  EXPECT_EQ(w.count({"romeo"}), 0U);
}

TEST(Blocking, WhatTheNetworkChangesByItselfIsTold) {
  VoicedWorld w;
  w.in(iq("get", list()));
  Session& session = w.gateway().network().session_for(PersonId{"juliet@example.org"}, PlaceId{});
  w.sent.clear();
  session.perform({UserId{"romeo"}, {}, SetStanding{"romeo", Standing::banned, {}}});
  EXPECT_EQ(w.count({"type='set'", "to='" + balcony + "'", "<block ", "romeo@echo.example"}), 1U) << w.all();
}

TEST(Blocking, AClientThatIsGoneHearsNoMore) {
  VoicedWorld w;
  w.in(iq("get", list()));
  w.in(iq("set", change("block", {"romeo@echo.example"}), garden));
  const std::string id = push_id(w);
  w.in("<iq type='error' id='" + id + "' from='" + balcony +
       "' to='echo.example'><error type='cancel'><service-unavailable "
       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  w.in(iq("set", change("unblock", {"romeo@echo.example"}), garden));
  EXPECT_EQ(w.count({"type='set'"}), 0U);
  w.in(iq("get", list()));
  w.in("<presence type='unavailable' from='" + balcony + "' to='echo.example'/>");
  w.in(iq("set", change("block", {"romeo@echo.example"}), garden));
  EXPECT_EQ(w.count({"type='set'"}), 0U);
}

TEST(Blocking, ThePresenceOfTheBlockedIsThatOfSomebodyAway) {
  VoicedWorld w;
  w.in("<presence type='subscribe' from='juliet@example.org' to='romeo@echo.example'/>");
  const PersonId juliet{"juliet@example.org"};
  Session& session = w.gateway().network().session_for(juliet, PlaceId{});
  const auto tell = [&](bool online) {
    w.gateway().on_event(
        session, Event{.in = UserId{"romeo"}, .sender = {}, .id = {}, .what = Presence{.online = online}});
  };
  tell(true);
  w.in(iq("set", change("block", {"romeo@echo.example"})));
  EXPECT_EQ(w.count({"<presence from='romeo@echo.example'", "type='unavailable'"}), 1U) << w.all();
  w.sent.clear();
  tell(false);
  tell(true);
  EXPECT_EQ(w.count({"<presence from='romeo@echo.example' to='juliet@example.org'/>"}), 0U) << w.all();
  w.in(iq("set", change("unblock", {"romeo@echo.example"})));
  EXPECT_EQ(w.count({"<presence from='romeo@echo.example' to='juliet@example.org'/>"}), 1U) << w.all();
}

TEST(Blocking, RefusesWhatItCantBlock) {
  VoicedWorld w;
  for (const char* jid :
       {"romeo@elsewhere.example", "elsewhere.example", "#room@echo.example", "echo.example", "", "@"}) {
    w.in(iq("set", change("block", {"romeo@echo.example", jid})));
    EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << jid << w.all();
  }
  w.in(iq("get", list()));
  EXPECT_EQ(w.count({"romeo"}), 0U) << "all of it or nothing";
  w.in(iq("set", change("block", {})));
  EXPECT_EQ(w.count({"type='error'", "bad-request"}), 1U);
  w.in(iq("set", change("ban", {"romeo@echo.example"})));
  EXPECT_EQ(w.count({"type='error'", "bad-request"}), 1U);
  w.in(iq("get", change("block", {})));
  EXPECT_EQ(w.count({"type='error'", "bad-request"}), 1U);
  w.in(iq("get", list(), balcony, "echo@echo.example"));
  EXPECT_EQ(w.count({"type='error'", "feature-not-implemented"}), 1U);
  w.in(iq("set", change("block", std::vector<std::string>(300, "romeo@echo.example"))));
  EXPECT_EQ(w.count({"type='result'"}), 1U) << "the same one is one";
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) many.push_back("u" + std::to_string(i) + "@echo.example");
  w.in(iq("set", change("block", many)));
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U);
}

TEST(Blocking, IsNotOfferedWhereTheNetworkHasNone) {
  World w;
  w.make_network = Town::make;
  w.open();
  w.in(iq("get", list()));
  EXPECT_EQ(w.count({"type='error'", "service-unavailable"}), 1U) << w.all();
  w.in(iq("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"urn:xmpp:blocking"}), 0U);
}

TEST(Blocking, AMessageToSomebodyBlockedSaysSo) {
  const StanzaError error = to_error({Reason::blocked_by_self, {}});
  std::string out;
  XmlWriter w(out);
  write_error(w, error);
  EXPECT_NE(out.find("<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"), out.npos);
  EXPECT_NE(out.find("<blocked xmlns='urn:xmpp:blocking:errors'/>"), out.npos) << out;
}

}  // namespace
}  // namespace dragoman::test
