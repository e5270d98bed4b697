#include "mapping/messages_table.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";
const PersonId person{"juliet@example.org"};
const UserId echo{"echo"};

std::string chat(const std::string& id, const std::string& children) {
  return "<message type='chat' id='" + id + "' from='" + juliet + "' to='echo@echo.example'>" + children +
         "</message>";
}
Session& session(World& w) { return w.gateway().network().session_for(person, echo); }
void tell(World& w, What what, const std::string& id = "$n", bool own = false) {
  w.sent.clear();
  Event event{.in = echo, .sender = {.nick = own ? "juliet" : "echo", .own = own}, .id = MessageId{id}};
  event.what = std::move(what);
  w.gateway().on_event(session(w), std::move(event));
}
void grant_messages(World& w) {
  w.in(
      "<message from='example.org' to='echo.example'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<perm access='message' type='outgoing'/></privilege></message>");
}
const std::string hello = "<body>hello</body>";

TEST(Contact, ACorrectionReachesTheNetworkByTheIdThatItGave) {
  World w;
  w.in(chat("m1", hello));
  w.in(chat("m2", "<body>hallo</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>"));
  // The echo of it comes back under the id that the client knows.
  EXPECT_EQ(w.count({"<body>hallo</body>", "<replace", "id='m1'", "id='echo-2'"}), 1U) << w.all();
  const RoomKey key = w.store().rooms().find(w.gateway().id(), RoomId{"user echo"}, person);
  ASSERT_NE(key, 0);
  EXPECT_EQ(w.store().messages().by_local(key, "m1")->network_id, MessageId{"own-1"});
}

TEST(Contact, IdsAreKnownAfterARestart) {
  World w;
  w.in(chat("m1", hello));
  w.open();
  EXPECT_TRUE(w.store().rooms().joined(w.gateway().id()).empty()) << "a chat is no room to come back to";
  tell(w, Reactions{MessageId{"own-1"}, {"👍"}});
  EXPECT_EQ(w.count({"<reactions", "id='m1'", "👍"}), 1U) << w.all();
}

TEST(Contact, WhatRefersToTheOthersMessagesKeepsTheirIds) {
  World w;
  tell(w, Message{"look"}, "$1");
  w.in(chat("m1", "<reactions xmlns='urn:xmpp:reactions:0' id='$1'><reaction>👍</reaction></reactions>"));
  EXPECT_EQ(w.count({"<reactions", "id='$1'"}), 1U) << w.all();
}

TEST(Contact, WhatDidNotReachItsReaderIsToldToItsAuthor) {
  World w;
  tell(w, Message{"are you there?"}, "$1");
  const std::string bounce =
      "<message type='error' id='$1' from='juliet@example.org' to='echo@echo.example'>"
      "<error type='cancel'><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No such&#10;user</text></error></message>";
  w.in(bounce);
  // What the echo says again is what it was told.
  EXPECT_EQ(w.count({"did not reach juliet@example.org: No such user", "<reply", "id='$1'"}), 1U) << w.all();
  w.in(bounce);
  EXPECT_TRUE(w.sent.empty()) << "once\n" << w.all();
  tell(w, Message{"and now?"}, "$2");
  std::string late = bounce;
  late.replace(late.find("$1"), 2, "$2");
  w.now += std::chrono::hours(25);
  w.gateway().tick(w.now);
  w.in(late);
  EXPECT_TRUE(w.sent.empty()) << "of a chat that was silent for long nothing is kept\n" << w.all();
  std::string other = bounce;
  other.replace(other.find("$1"), 2, "$7");
  w.in(other);
  EXPECT_TRUE(w.sent.empty()) << "not of a message\n" << w.all();
}

// A bounce may come days after the message was forgotten here.
TEST(Contact, AFailureOfAForgottenMessageIsAnErrorForIt) {
  World w;
  Stanza said;
  said.from = *Jid::parse(juliet);
  said.id = "old";
  tell(w, Failed{w.gateway().new_token(said), {Reason::no_such_user, "nobody lives here"}});
  EXPECT_EQ(w.count({"type='error'", "id='old'", "to='" + juliet + "'", "from='echo@echo.example'",
                     "nobody lives here"}),
            1U)
      << w.all();
}

TEST(Contact, AReceiptIsSentWhenTheNetworkHasTheMessage) {
  World w;
  w.in(chat("m1", hello + "<request xmlns='urn:xmpp:receipts'/>"));
  EXPECT_EQ(w.count({"to='" + juliet + "'", "<received xmlns='urn:xmpp:receipts' id='m1'/>"}), 1U) << w.all();
  w.in(chat("m2", hello));
  EXPECT_EQ(w.count({"<received"}), 0U) << w.all();
}

TEST(Contact, AReadMarkNamesTheClientsOwnMessage) {
  World w;
  w.in(chat("m1", hello));
  EXPECT_EQ(w.count({"<markable xmlns='urn:xmpp:chat-markers:0'/>", "id='echo-1'"}), 1U) << w.all();
  w.in(chat("m2", "<displayed xmlns='urn:xmpp:chat-markers:0' id='echo-1'/>"));
  EXPECT_EQ(w.count({"<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>"}), 1U) << w.all();
}

TEST(Contact, WhoReadTheirOwnMessageReadWhatCameBefore) {
  World w;
  w.in(chat("m1", hello));
  tell(w, Message{"and?"}, "$2");
  tell(w, ReadMark{MessageId{"$2"}});
  EXPECT_EQ(w.count({"<displayed", "id='m1'"}), 1U) << w.all();
  tell(w, ReadMark{MessageId{"$unheard-of"}});
  EXPECT_TRUE(w.sent.empty()) << w.all();
}

TEST(Contact, FilesWithATextAreStanzasOfTheirOwn) {
  World w;
  Message m{"look"};
  m.attachments = {{.url = "https://x/1.png", .name = "1.png"}, {.url = "https://x/2.png"}};
  tell(w, m, "$3");
  EXPECT_EQ(w.count({"id='$3'", "<body>https://x/1.png</body>", "jabber:x:oob"}), 1U) << w.all();
  EXPECT_EQ(w.count({"id='$3#1'", "<body>https://x/2.png</body>"}), 1U) << w.all();
  EXPECT_EQ(w.count({"id='$3#2'", "<body>look</body>"}), 1U) << w.all();
  w.in(chat("m1", "<reactions xmlns='urn:xmpp:reactions:0' id='$3#2'><reaction>👍</reaction></reactions>"));
  EXPECT_EQ(w.count({"<reactions", "id='$3'"}), 1U) << "what refers to a part means the whole\n" << w.all();
  tell(w, Retraction{MessageId{"$3"}}, "$4");
  EXPECT_EQ(w.count({"<retract", "id='$3'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<retract", "id='$3#1'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<retract", "id='$3#2'"}), 1U) << w.all();
}

TEST(Contact, AQuoteIsFilledFromWhatWasSeen) {
  World w;
  w.in(chat("m1", "<body>shall we?</body>"));
  Message m{"yes"};
  m.quote = Quote{MessageId{"own-1"}, {}, {}};
  tell(w, m);
  EXPECT_EQ(w.count({"&gt; shall we?\nyes", "<reply", "id='m1'"}), 1U) << w.all();
}

TEST(Contact, WhatOneSaidElsewhereIsANoteWhereTheServerGrantsNothing) {
  World w;
  tell(w, Message{"from my phone"}, "$9", true);
  EXPECT_EQ(w.count({"from='echo@echo.example'", "(you, from elsewhere) from my phone"}), 1U) << w.all();
}

TEST(Contact, WhatOneSaidElsewhereIsACopyWhereTheServerLetsUs) {
  World w;
  grant_messages(w);
  EXPECT_TRUE(w.sent.empty()) << w.all();
  tell(w, Message{"from my phone"}, "$9", true);
  ASSERT_EQ(w.sent.size(), 1U);
  EXPECT_EQ(w.count({"<message from='echo.example' to='example.org'",
                     "<privilege xmlns='urn:xmpp:privilege:2'><forwarded xmlns='urn:xmpp:forward:0'>"
                     "<message xmlns='jabber:client' from='juliet@example.org' to='juliet@example.org'",
                     "<sent xmlns='urn:xmpp:carbons:2'>", "to='echo@echo.example'", "id='$9'",
                     "<body>from my phone</body>"}),
            1U)
      << w.all();
}

TEST(Contact, OneServerGrantsNothingForAnother) {
  World w;
  w.in(
      "<message from='evil.example' to='echo.example'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<perm access='message' type='outgoing'/></privilege></message>");
  w.in(
      "<message from='mallory@example.org/x' to='echo.example'><privilege xmlns='urn:xmpp:privilege:2'>"
      "<perm access='message' type='outgoing'/></privilege></message>");
  tell(w, Message{"x"}, "$9", true);
  EXPECT_EQ(w.count({"(you, from elsewhere)"}), 1U) << w.all();
}

TEST(Contact, WhatWasSentFromHereIsNotToldAgain) {
  World w;
  w.in(chat("m1", hello));
  tell(w, Message{"hello"}, "own-1", true);
  EXPECT_TRUE(w.sent.empty()) << w.all();
}

}  // namespace
}  // namespace dragoman::test
