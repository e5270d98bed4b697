// How people look to one another: presence, pictures and cards, both ways.
#include "bridges/net/base64.hpp"
#include "component/digest.hpp"
#include "component/pictures.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";
const PersonId person{"juliet@example.org"};
const UserId echo{"echo"};
const std::string png = std::string("\x89PNG\r\n\x1A\n") + std::string(100, '\0');

std::string presence(const std::string& children = {}, const std::string& to = "echo.example",
                     const std::string& type = {}) {
  return "<presence from='" + juliet + "' to='" + to + "'" + (type.empty() ? "" : " type='" + type + "'") +
         ">" + children + "</presence>";
}
std::string iq(const std::string& to, const std::string& payload) {
  return "<iq type='get' id='q1' from='" + juliet + "' to='" + to + "'>" + payload + "</iq>";
}
Session& session(World& w) { return w.gateway().network().session_for(person, echo); }
void tell(World& w, What what, const Conversation& in = echo) {
  w.sent.clear();
  Event event{.in = in};
  event.what = std::move(what);
  w.gateway().on_event(session(w), std::move(event));
}
void subscribe(World& w) { w.in(presence({}, "echo@echo.example", "subscribe")); }

// The gateway's question for juliet's card, answered.
bool answer_card(World& w, const std::string& card) {
  for (const std::string& stanza : w.sent) {
    if (stanza.find("<vCard") == stanza.npos || stanza.find("to='juliet@example.org'") == stanza.npos)
      continue;
    const std::size_t at = stanza.find(" id='") + 5;
    const std::string id = stanza.substr(at, stanza.find('\'', at) - at);
    w.in("<iq type='result' id='" + id + "' from='juliet@example.org' to='echo.example'>" + card + "</iq>");
    return true;
  }
  return false;
}
std::string card_with_picture() {
  return "<vCard xmlns='vcard-temp'><NICKNAME>Juliet</NICKNAME><PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>" +
         net::base64(png) + "</BINVAL></PHOTO></vCard>";
}

TEST(Pictures, AreWhatTheirBytesSay) {
  EXPECT_EQ(pictures::type_of(png), "image/png");
  EXPECT_EQ(pictures::type_of("\xFF\xD8\xFF\xE0"), "image/jpeg");
  EXPECT_EQ(pictures::type_of("GIF89a"), "image/gif");
  EXPECT_EQ(pictures::type_of("RIFF....WEBPVP8 "), "image/webp");
  for (const char* none : {"", "<svg/>", "RIFF....WAVEfmt ", "\x89PN"})
    EXPECT_EQ(pictures::type_of(none), "");
}

TEST(Pictures, AreDecodedOrRefused) {
  const std::string coded = net::base64(png);
  EXPECT_EQ(pictures::decode(coded)->bytes, png);
  EXPECT_EQ(pictures::decode(coded.substr(0, 20) + "\n  " + coded.substr(20))->bytes, png);
  EXPECT_FALSE(pictures::decode(""));
  EXPECT_FALSE(pictures::decode("!!!!"));
  EXPECT_FALSE(pictures::decode(net::base64("<svg onload='x'/>")));
  EXPECT_FALSE(pictures::decode(net::base64(png + std::string(pictures::most_bytes, 'x'))));
}

TEST(Looks, OurPeoplesCardsAreGivenToTheNetwork) {
  World w;
  session(w);
  w.in(presence());
  ASSERT_TRUE(answer_card(w, card_with_picture())) << w.all();
  w.in(iq("echo@echo.example", "<vCard xmlns='vcard-temp'/>"));
  EXPECT_EQ(w.count({"<TYPE>image/png</TYPE>", "<BINVAL>" + net::base64(png)}), 1U) << w.all();
}

TEST(Looks, ACardIsFetchedOnceUntilItsPictureIsAnother) {
  World w;
  session(w);
  const std::string with_hash = "<x xmlns='vcard-temp:x:update'><photo>abc</photo></x>";
  w.in(presence(with_hash));
  EXPECT_EQ(w.count({"<vCard"}), 1U) << w.all();
  w.in(presence(with_hash));
  EXPECT_EQ(w.count({"<vCard"}), 0U) << w.all();
  w.in(presence("<show>away</show>"));
  EXPECT_EQ(w.count({"<vCard"}), 0U) << w.all();
  w.in(presence("<x xmlns='vcard-temp:x:update'><photo>def</photo></x>"));
  EXPECT_EQ(w.count({"<vCard"}), 1U) << w.all();
  w.now += std::chrono::hours(25);
  w.in(presence());
  EXPECT_EQ(w.count({"<vCard"}), 1U) << "a day later\n" << w.all();
}

TEST(Looks, OurPeoplesPresenceIsGivenToTheNetwork) {
  World w;
  session(w);
  subscribe(w);
  w.in(presence("<show>dnd</show><status>busy &amp; so</status>"));
  EXPECT_EQ(w.count({"from='echo@echo.example'", "<show>away</show>", "busy &amp; so"}), 1U) << w.all();
  w.in("<presence from='juliet@example.org/phone' to='echo.example'/>");
  EXPECT_EQ(w.count({"from='echo@echo.example'", "<show>"}), 0U) << "one client that is there is enough\n"
                                                                 << w.all();
  EXPECT_EQ(w.count({"from='echo@echo.example'"}), 1U) << w.all();
  w.in("<presence from='juliet@example.org/phone' to='echo.example' type='unavailable'/>");
  EXPECT_EQ(w.count({"from='echo@echo.example'", "<show>away</show>"}), 1U) << w.all();
  w.in(presence({}, "echo.example", "unavailable"));
  EXPECT_EQ(w.count({"from='echo@echo.example'", "type='unavailable'"}), 1U) << w.all();
}

TEST(Looks, ThePresenceOfSomebodyIsTold) {
  World w;
  subscribe(w);
  const Presence idle{.online = true,
                      .availability = Availability::away,
                      .status = "out",
                      .idle_since = Time{std::chrono::milliseconds(1'700'000'000'000)},
                      .avatar = "0123abcd",
                      .name = "E. Cho"};
  tell(w, idle);
  EXPECT_EQ(w.count({"from='echo@echo.example' to='juliet@example.org'", "<show>away</show>",
                     "<status>out</status>", "<idle xmlns='urn:xmpp:idle:1' since='2023-11-14T22:13:00Z'/>",
                     "<x xmlns='vcard-temp:x:update'><photo>0123abcd</photo></x>",
                     "<nick xmlns='http://jabber.org/protocol/nick'>E. Cho</nick>"}),
            1U)
      << w.all();
  Presence again = idle;
  again.idle_since += std::chrono::seconds(7);
  tell(w, again);
  EXPECT_EQ(w.count({"<presence"}), 0U) << "nothing changed\n" << w.all();
  tell(w, Presence{.online = false});
  EXPECT_EQ(w.count({"from='echo@echo.example'", "type='unavailable'"}), 1U) << w.all();
  w.in(presence({}, "echo@echo.example", "unsubscribe"));
  tell(w, Presence{.online = true});
  EXPECT_TRUE(w.sent.empty()) << "nobody wants to know\n" << w.all();
}

TEST(Looks, WhatAllSeeAlikeIsToldToEachWhoAskedForIt) {
  World w;
  subscribe(w);
  w.in("<presence from='romeo@example.org/garden' to='echo@echo.example' type='subscribe'/>");
  w.sent.clear();
  Session& voice = w.gateway().network().session_for(PersonId{}, PlaceId{});
  w.gateway().on_event(voice, {.in = echo, .what = Presence{.online = true, .status = "here"}});
  EXPECT_EQ(w.count({"<presence", "to='juliet@example.org'", "here"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<presence", "to='romeo@example.org'", "here"}), 1U) << w.all();
}

TEST(Looks, APictureIsAnnouncedAndServed) {
  World w;
  session(w);
  w.in(presence());
  ASSERT_TRUE(answer_card(w, card_with_picture()));
  subscribe(w);
  const std::string hash = sha1_hex(png);
  EXPECT_EQ(w.count({"type='headline'", "<items node='urn:xmpp:avatar:metadata'>", hash, "type='image/png'"}),
            1U)
      << w.all();
  const auto ask = [&](const std::string& node, const std::string& item) {
    w.in(iq("echo@echo.example", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" + node +
                                     "'>" + item + "</items></pubsub>"));
  };
  ask("urn:xmpp:avatar:metadata", {});
  EXPECT_EQ(w.count({"type='result'", "bytes='" + std::to_string(png.size()) + "'", hash}), 1U) << w.all();
  ask("urn:xmpp:avatar:data", "<item id='" + hash + "'/>");
  EXPECT_EQ(w.count({"type='result'", "<data xmlns='urn:xmpp:avatar:data'>" + net::base64(png)}), 1U)
      << w.all();
  ask("urn:xmpp:avatar:data", "<item id='0000'/>");
  EXPECT_EQ(w.count({"type='result'", "<data"}), 0U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U);
  ask("urn:other", {});
  EXPECT_EQ(w.count({"type='error'", "item-not-found"}), 1U) << w.all();
  w.in(iq("echo@echo.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"urn:xmpp:avatar:metadata", "type='pep'"}), 1U) << w.all();
}

TEST(Looks, WhoAsksToTalkAsksForASubscription) {
  World w;
  tell(w, Invited{"Echo <3", "let us talk", {}});
  EXPECT_EQ(w.count({"<presence from='echo@echo.example' to='juliet@example.org' type='subscribe'>",
                     "<status>let us talk</status>", "Echo &lt;3</nick>"}),
            1U)
      << w.all();
  w.in(presence({}, "echo@echo.example", "subscribed"));
  EXPECT_EQ(w.count({"type='error'"}), 0U) << w.all();
}

TEST(Looks, ARoomHasACardWithItsPicture) {
  World w;
  session(w);
  w.join();
  ASSERT_TRUE(answer_card(w, card_with_picture())) << w.all();
  w.in(iq("#room@echo.example", "<vCard xmlns='vcard-temp'/>"));
  EXPECT_EQ(w.count({"type='result'", "<BINVAL>" + net::base64(png)}), 1U) << w.all();
  tell(w, RoomInfo{.description = "what it is", .avatar = "abcd", .headcount = 20000}, RoomId{"#room"});
  w.in(iq("#room@echo.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"<field var='muc#roominfo_avatarhash'><value>abcd</value>",
                     "<field var='muc#roominfo_occupants'><value>20000</value>", "what it is"}),
            1U)
      << w.all();
}

TEST(Looks, WhatSomebodysOwnPubsubWouldSayIsSaid) {
  World w;
  session(w);
  const auto ask = [&](const std::string& node) {
    w.in(iq("echo@echo.example",
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" + node + "'/></pubsub>"));
  };
  ask("urn:xmpp:vcard4");
  EXPECT_EQ(w.count({"<items node='urn:xmpp:vcard4'><item id='current'><vcard "
                     "xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Echo</text></fn>"}),
            1U)
      << w.all();
  ask("http://jabber.org/protocol/nick");
  EXPECT_EQ(w.count({"<item id='current'><nick xmlns='http://jabber.org/protocol/nick'>Echo</nick></item>"}),
            1U)
      << w.all();
  w.in(iq("echo@echo.example", "<query xmlns='http://jabber.org/protocol/disco#items'/>"));
  EXPECT_EQ(w.count({"<item jid='echo@echo.example' node='urn:xmpp:vcard4'/>", "urn:xmpp:avatar:metadata"}),
            1U)
      << w.all();
}

TEST(Looks, ThoseWhoHaveOnlyPeopleAsContactsAreSeenByThem) {
  World w;
  session(w);
  w.in(presence("<show>away</show>", "echo@echo.example"));
  EXPECT_EQ(w.count({"from='echo@echo.example'"}), 0U) << "to nobody they know\n" << w.all();
  subscribe(w);
  w.in(presence("<show>away</show><status>busy</status>", "echo@echo.example"));
  EXPECT_NE(w.count({"from='echo@echo.example'", "busy"}), 0U) << w.all();
  w.in(presence({}, "echo.example", "subscribe"));
  w.in(presence({}, "echo@echo.example", "unavailable"));
  EXPECT_EQ(w.count({"type='unavailable'"}), 0U) << "the gateway itself is told now\n" << w.all();
}

TEST(Looks, ACardIsToldInItsNewFormToo) {
  World w;
  session(w);
  w.in(iq("echo@echo.example", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>"));
  EXPECT_EQ(w.count({"<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Echo</text></fn>"}), 1U)
      << w.all();
}

}  // namespace
}  // namespace dragoman::test
