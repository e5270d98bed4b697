// XEP-0033: a message to the gateway itself for several of its people, and to whom one went that came.
#include "component/addresses.hpp"

#include "tests/unit/component/town.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

// Its network has a voice of its own, which says what it can.
struct VoicedWorld : World {
  VoicedWorld() { gateway().network().session_for(PersonId{}, PlaceId{}); }
};

const std::string juliet = "juliet@example.org/balcony";

std::string message(const std::string& addresses, const std::string& more = "<body>Hello</body>",
                    const std::string& to = "echo.example") {
  return "<message type='normal' id='m1' from='" + juliet + "' to='" + to +
         "'><addresses xmlns='http://jabber.org/protocol/address'>" + addresses + "</addresses>" + more +
         "</message>";
}
std::string address(const std::string& type, const std::string& jid, const std::string& more = {}) {
  return "<address type='" + type + "' jid='" + jid + "' " + more + "/>";
}
// To two.
const std::string both =
    address("to", "romeo@echo.example", "desc='Romeo M.'") + address("cc", "paris@echo.example");

TEST(Addresses, AreAdvertisedByTheGateway) {
  VoicedWorld w;
  w.in("<iq type='get' id='d' from='" + juliet +
       "' to='echo.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  EXPECT_EQ(w.count({"<feature var='http://jabber.org/protocol/address'/>"}), 1U);
}

TEST(Addresses, BeginARoomWithAllOfThem) {
  VoicedWorld w;
  w.in(message(both, "<body>Hello</body><subject>News</subject>"));
  EXPECT_EQ(w.count({"type='error'"}), 0U) << w.all();
  EXPECT_EQ(w.count({"to='juliet@example.org'", "<invite", "paris &amp; romeo"}), 1U) << w.all();
}

TEST(Addresses, OfOnePersonAreAnOrdinaryMessage) {
  VoicedWorld w;
  w.in(message(address("to", "romeo@echo.example") + address("to", "romeo@echo.example") +
               address("cc", "paris@echo.example", "delivered='true'") + "<address type='noreply'/>"));
  EXPECT_EQ(w.count({"<message from='romeo@echo.example'", "to='juliet@example.org'", "Hello"}), 1U)
      << w.all();
}

TEST(Addresses, ThatCantBeWrittenToRefuseTheWhole) {
  VoicedWorld w;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {address("to", "romeo@elsewhere.example"), "forbidden"},
      {address("bcc", "romeo@echo.example"), "feature-not-implemented"},
      {address("to", "#room@echo.example"), "jid-malformed"},
      {address("to", "echo.example"), "jid-malformed"},
      {address("to", "@@"), "jid-malformed"},
      {address("to", "romeo@echo.example", "uri='mailto:romeo@x'"), "jid-malformed"},
      {"<address type='to' uri='%zz'/>", "jid-malformed"},
      {"<address type='to' desc='Romeo'/>", "jid-malformed"},
      {address("who", "romeo@echo.example"), "bad-request"}};
  for (const auto& [one, condition] : wrong) {
    w.in(message(both + one));
    EXPECT_EQ(w.count({"type='error'", "id='m1'", condition}), 1U) << one << w.all();
    EXPECT_EQ(w.count({"<invite"}), 0U) << one;
  }
  w.in(message(""));
  EXPECT_EQ(w.count({"type='error'", "bad-request"}), 1U);
  std::string many;
  for (int i = 0; i <= 100; ++i) many += address("to", "u" + std::to_string(i) + "@echo.example");
  w.in(message(many));
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U);
}

TEST(Addresses, CarryMessagesAndNothingElse) {
  VoicedWorld w;
  w.in(message(both, "<body>Hi</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>"));
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << w.all();
  w.in(message(both, "<composing xmlns='http://jabber.org/protocol/chatstates'/>"));
  EXPECT_TRUE(w.sent.empty()) << w.all();
  w.in("<message type='error' id='m1' from='" + juliet +
       "' to='echo.example'><addresses xmlns='http://jabber.org/protocol/address'>" + both +
       "</addresses></message>");
  EXPECT_TRUE(w.sent.empty());
}

TEST(Addresses, AreNobodysWhereTheNetworkHasNoSuchThing) {
  World w;
  w.make_network = Town::make;
  w.open();
  w.in(message(both));
  EXPECT_EQ(w.count({"type='error'", "service-unavailable"}), 1U) << w.all();
}

TEST(Addresses, OfWhatCameSayToWhomItWent) {
  VoicedWorld w;
  Session& session = w.gateway().network().session_for(PersonId{"juliet@example.org"}, PlaceId{});
  Message said{Text("News")};
  said.addressed = {{UserId{}, {}, false}, {UserId{"paris"}, "P & Co", true}};
  w.sent.clear();
  w.gateway().on_event(session,
                       Event{.in = UserId{"romeo"}, .sender = {}, .id = MessageId{"1"}, .what = said});
  EXPECT_EQ(
      w.count(
          {"<addresses xmlns='http://jabber.org/protocol/address'>"
           "<address type='to' jid='juliet@example.org' delivered='true'/>"
           "<address type='cc' jid='paris@echo.example' desc='P &amp; Co' delivered='true'/></addresses>"}),
      1U)
      << w.all();
  w.join();
  w.sent.clear();
  w.gateway().on_event(
      session, Event{.in = RoomId{"#room"}, .sender = {.nick = "echo"}, .id = MessageId{"2"}, .what = said});
  EXPECT_EQ(w.count({"type='groupchat'", "jid='juliet@example.org'", "jid='paris@echo.example'"}), 1U)
      << w.all();
}

TEST(Addresses, AFailureIsToldByTheGatewayHoweverLate) {
  VoicedWorld w;
  Session& session = w.gateway().network().session_for(PersonId{"juliet@example.org"}, PlaceId{});
  w.join();
  std::string why;
  Stanza stanza;
  stanza.from = *Jid::parse(juliet);
  stanza.id = "m7";
  const std::string token = w.gateway().new_untracked_token(stanza);
  w.sent.clear();
  w.gateway().on_event(session, Event{.in = RoomId{"#room"},
                                      .sender = {},
                                      .id = {},
                                      .what = Failed{token, {Reason::no_such_user, "No Romeo."}}});
  EXPECT_EQ(w.count({"<message from='echo.example' to='" + juliet + "' type='error' id='m7'", "No Romeo."}),
            1U)
      << w.all();
}

}  // namespace
}  // namespace dragoman::test
