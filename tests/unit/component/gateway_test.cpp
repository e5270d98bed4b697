#include "mapping/settings_table.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";

std::string iq(const std::string& type, const std::string& to, const std::string& payload,
               const std::string& from = juliet) {
  return "<iq type='" + type + "' id='q1' from='" + from + "' to='" + to + "'>" + payload + "</iq>";
}

TEST(Gateway, EveryIqIsAnswered) {
  World w;
  for (const std::string to :
       {"echo.example", "#room@echo.example", "#room@echo.example/nick", "someone@echo.example"}) {
    for (const std::string type : {"get", "set"}) {
      for (const std::string payload :
           {"<query xmlns='urn:unheard:of'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>",
            "<query xmlns='http://jabber.org/protocol/disco#items'/>", "<query xmlns='jabber:iq:version'/>",
            "<ping xmlns='urn:xmpp:ping'/>", "<time xmlns='urn:xmpp:time'/>", "<vCard xmlns='vcard-temp'/>",
            "<query xmlns='jabber:iq:register'/>", "<query xmlns='jabber:iq:gateway'/>",
            "<query xmlns='http://jabber.org/protocol/muc#admin'/>",
            "<query xmlns='http://jabber.org/protocol/muc#owner'/>", "<query xmlns='urn:xmpp:mam:2'/>",
            "<command xmlns='http://jabber.org/protocol/commands' node='nothing'/>", ""}) {
        w.in(iq(type, to, payload));
        EXPECT_EQ(w.count({"<iq", "id='q1'"}), 1U) << type << " to " << to << ": " << payload << "\n"
                                                   << w.all();
      }
    }
  }
}

TEST(Gateway, ResultsAndErrorsAreNotAnswered) {
  World w;
  w.in("<iq type='result' id='x' from='a@b/c' to='echo.example'/>");
  w.in("<iq type='error' id='x' from='a@b/c' to='echo.example'/>");
  EXPECT_TRUE(w.sent.empty()) << w.all();
}

TEST(Gateway, SaysWhatItIs) {
  World w;
  w.in(iq("get", "echo.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"category='gateway'", "type='echo'", "jabber:iq:register",
                     "http://jabber.org/protocol/commands"}),
            1U)
      << w.all();
  EXPECT_EQ(w.count({"urn:xmpp:mam:2"}), 0U) << "only rooms have an archive\n" << w.all();
}

TEST(Gateway, ARoomAdvertisesWhatItsNetworkCarries) {
  World w;
  w.join();
  w.in(iq("get", "#room@echo.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  EXPECT_EQ(w.count({"urn:xmpp:message-correct:0", "urn:xmpp:reactions:0", "urn:xmpp:mam:2", "urn:xmpp:sid:0",
                     "muc#roominfo_occupants", "<value>2</value>"}),
            1U)
      << w.all();
}

TEST(Gateway, RegistersAndForgets) {
  World w;
  w.in(iq("set", "echo.example", "<query xmlns='jabber:iq:register'/>"));
  EXPECT_EQ(w.count({"type='result'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<presence", "type='subscribe'"}), 1U) << w.all();
  w.in(iq("get", "echo.example", "<query xmlns='jabber:iq:register'/>"));
  EXPECT_EQ(w.count({"<registered"}), 1U) << w.all();
  w.in(iq("set", "echo.example", "<query xmlns='jabber:iq:register'><remove/></query>"));
  EXPECT_EQ(w.count({"type='result'"}), 1U) << w.all();
  w.in(iq("get", "echo.example", "<query xmlns='jabber:iq:register'/>"));
  EXPECT_EQ(w.count({"<registered"}), 0U) << w.all();
}

TEST(Gateway, TurnsATypedNameIntoAnAddress) {
  World w;
  w.in(iq("set", "echo.example", "<query xmlns='jabber:iq:gateway'><prompt>a friend</prompt></query>"));
  EXPECT_EQ(w.count({"<jid>a\\20friend@echo.example</jid>"}), 1U) << w.all();
}

TEST(Gateway, ASubscriptionIsAnsweredAndPresenceIsTold) {
  World w;
  w.in("<presence type='subscribe' from='juliet@example.org' to='echo.example'/>");
  EXPECT_EQ(w.count({"type='subscribed'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<presence from='echo.example' to='juliet@example.org'/>"}), 1U) << w.all();
  w.in("<presence type='probe' from='juliet@example.org' to='echo.example'/>");
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  w.in("<presence type='unsubscribe' from='juliet@example.org' to='echo.example'/>");
  EXPECT_EQ(w.count({"type='unsubscribed'"}), 1U) << w.all();
  w.in("<presence type='probe' from='juliet@example.org' to='echo.example'/>");
  EXPECT_TRUE(w.sent.empty()) << w.all();
}

TEST(Gateway, ContactsComeAndGoWithTheRoomsOneIsIn) {
  World w;
  w.in("<presence type='subscribe' from='juliet@example.org' to='echo@echo.example'/>");
  EXPECT_EQ(w.count({"from='echo@echo.example'", "unavailable"}), 1U) << w.all();
  w.join();
  EXPECT_EQ(w.count({"<presence from='echo@echo.example' to='juliet@example.org'/>"}), 1U) << w.all();
  Session& session = w.gateway().network().session_for(PersonId{"juliet@example.org"}, RoomId{"#room"});
  const Member away{.nick = "echo", .status = "dinner", .availability = Availability::away};
  w.sent.clear();
  w.gateway().on_event(session, {RoomId{"#room"}, {}, {}, {}, false, MemberUpdated{away, {}}});
  EXPECT_EQ(w.count({"from='echo@echo.example'", "<show>away</show><status>dinner</status>"}), 1U) << w.all();
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  EXPECT_EQ(w.count({"from='echo@echo.example'", "to='juliet@example.org'", "unavailable"}), 1U) << w.all();
}

TEST(Gateway, UnregisteringEndsAllSubscriptions) {
  World w;
  w.in(iq("set", "echo.example", "<query xmlns='jabber:iq:register'/>"));
  w.in("<presence type='subscribe' from='juliet@example.org' to='friend@echo.example'/>");
  w.in(iq("set", "echo.example", "<query xmlns='jabber:iq:register'><remove/></query>"));
  for (const std::string from : {"echo.example", "friend@echo.example"}) {
    for (const std::string type : {"unsubscribe", "unsubscribed", "unavailable"}) {
      EXPECT_EQ(w.count({"from='" + from + "'", "type='" + type + "'"}), 1U)
          << from << " " << type << w.all();
    }
  }
  w.in("<presence type='probe' from='juliet@example.org' to='friend@echo.example'/>");
  EXPECT_TRUE(w.sent.empty()) << w.all();
  EXPECT_TRUE(w.store().settings().subscriptions(w.gateway().id()).empty());
}

TEST(Gateway, SoManyContactsAPersonAndNoMore) {
  World w;
  const auto subscribe = [&](int i) {
    w.in("<presence type='subscribe' from='juliet@example.org' to='friend" + std::to_string(i) +
         "@echo.example'/>");
  };
  for (int i = 0; i < 1000; ++i) subscribe(i);
  EXPECT_EQ(w.count({"type='subscribed'"}), 1U) << w.all();
  subscribe(1000);
  EXPECT_EQ(w.count({"type='error'", "resource-constraint"}), 1U) << w.all();
  subscribe(999);
  EXPECT_EQ(w.count({"type='subscribed'"}), 1U) << "that one is there already\n" << w.all();
}

TEST(Gateway, AChatIsAnsweredByTheSameAddress) {
  World w;
  w.in("<message type='chat' id='c1' from='" + juliet +
       "' to='friend@echo.example'><body>hi</body></message>");
  EXPECT_EQ(w.count({"from='friend@echo.example'", "to='juliet@example.org'", "type='chat'", ">hi<"}), 1U)
      << w.all();
}

TEST(Gateway, APrivateMessageThroughARoomIsAnsweredFromThePersonsOneAddress) {
  World w;
  w.join();
  w.in("<message type='chat' id='c1' from='" + juliet +
       "' to='#room@echo.example/echo'><body>psst</body></message>");
  EXPECT_EQ(w.count({"from='echo@echo.example'", "to='juliet@example.org'", "type='chat'", ">psst<"}), 1U)
      << w.all();
}

TEST(Gateway, WhatIsSaidToAPersonWhileTheLinkIsDownComesLater) {
  World w;
  w.link = false;
  w.gateway().on_link_down();
  w.gateway()
      .network()
      .session_for(PersonId{"juliet@example.org"}, UserId{"friend"})
      .perform({UserId{"friend"}, "", Message{Text("late")}});
  w.open();  // even after a restart
  EXPECT_EQ(w.count({"from='friend@echo.example'", ">late<", "urn:xmpp:delay"}), 1U) << w.all();
  w.sent.clear();
  w.gateway().on_link_up();
  EXPECT_EQ(w.count({">late<"}), 0U) << w.all();
}

TEST(Commands, OnlyAdminsSeeAndUseTheirs) {
  World w;
  const std::string items =
      "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>";
  w.in(iq("get", "echo.example", items));
  EXPECT_EQ(w.count({"node='ping'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"node='reload'"}), 0U) << w.all();
  w.in(iq("get", "echo.example", items, "admin@example.org/x"));
  EXPECT_EQ(w.count({"node='reload'"}), 1U) << w.all();
  w.in(iq("set", "echo.example", "<command xmlns='http://jabber.org/protocol/commands' node='reload'/>"));
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
  w.in(iq("set", "echo.example", "<command xmlns='http://jabber.org/protocol/commands' node='reload'/>",
          "admin@example.org/x"));
  EXPECT_EQ(w.count({"completed", "Configuration reloaded."}), 1U) << w.all();
}

TEST(Commands, AFormIsFilledInStepByStep) {
  World w;
  w.in(iq("set", "echo.example",
          "<command xmlns='http://jabber.org/protocol/commands' node='hello' action='execute'/>"));
  ASSERT_EQ(w.count({"status='executing'", "var='name'"}), 1U) << w.all();
  const std::size_t at = w.sent[0].find("sessionid='") + 11;
  const std::string session = w.sent[0].substr(at, w.sent[0].find('\'', at) - at);
  const std::string complete =
      "<command xmlns='http://jabber.org/protocol/commands' node='hello' action='complete' sessionid='" +
      session +
      "'><x xmlns='jabber:x:data' type='submit'><field var='name'><value>Romeo</value></field></x></command>";
  w.in(iq("set", "echo.example", complete, "mallory@example.org/x"));
  EXPECT_EQ(w.count({"bad-request"}), 1U) << "a form belongs to who opened it\n" << w.all();
  w.in(iq("set", "echo.example", complete));
  EXPECT_EQ(w.count({"completed", "Hello Romeo!"}), 1U) << w.all();
  w.in(iq("set", "echo.example", complete));
  EXPECT_EQ(w.count({"bad-request"}), 1U) << "it is used up\n" << w.all();
}

TEST(Commands, APersonHasSoManyFormsOpenAndTheOldestGoes) {
  World w;
  std::vector<std::string> sessions;
  const auto open = [&](const std::string& from) {
    w.in(iq("set", "echo.example", "<command xmlns='http://jabber.org/protocol/commands' node='hello'/>",
            from));
    const std::size_t at = w.sent[0].find("sessionid='") + 11;
    sessions.push_back(w.sent[0].substr(at, w.sent[0].find('\'', at) - at));
  };
  const auto cancel = [&](std::size_t n, const std::string& from) {
    w.in(iq("set", "echo.example",
            "<command xmlns='http://jabber.org/protocol/commands' node='hello' action='cancel' sessionid='" +
                sessions[n] + "'/>",
            from));
    return w.count({"canceled"}) == 1;
  };
  open("romeo@example.org/a");
  for (int i = 0; i < 9; ++i) open("juliet@example.org/" + std::to_string(i));
  EXPECT_FALSE(cancel(1, "juliet@example.org/0")) << "the oldest";
  for (std::size_t i = 2; i < 10; ++i)
    EXPECT_TRUE(cancel(i, "juliet@example.org/" + std::to_string(i - 1))) << i;
  EXPECT_TRUE(cancel(0, "romeo@example.org/a")) << "somebody else's";
}

TEST(Commands, AnswersAreNotWithoutEnd) {
  World w;
  w.in(iq("set", "echo.example", "<command xmlns='http://jabber.org/protocol/commands' node='hello'/>"));
  const std::size_t at = w.sent[0].find("sessionid='") + 11;
  const std::string session = w.sent[0].substr(at, w.sent[0].find('\'', at) - at);
  w.in(iq("set", "echo.example",
          "<command xmlns='http://jabber.org/protocol/commands' node='hello' sessionid='" + session +
              "'><x xmlns='jabber:x:data' type='submit'><field var='f'><value>" + std::string(70000, 'x') +
              "</value></field></x></command>"));
  EXPECT_EQ(w.count({"policy-violation"}), 1U) << w.sent[0].substr(0, 300);
}

TEST(Commands, CancellingNothingIsABadRequest) {
  World w;
  w.in(iq("set", "echo.example",
          "<command xmlns='http://jabber.org/protocol/commands' node='hello' action='cancel'/>"));
  EXPECT_EQ(w.count({"bad-request"}), 1U) << w.all();
}

TEST(Commands, CancelEndsAForm) {
  World w;
  w.in(iq("set", "echo.example", "<command xmlns='http://jabber.org/protocol/commands' node='hello'/>"));
  const std::size_t at = w.sent[0].find("sessionid='") + 11;
  const std::string session = w.sent[0].substr(at, w.sent[0].find('\'', at) - at);
  w.in(iq("set", "echo.example",
          "<command xmlns='http://jabber.org/protocol/commands' node='hello' action='cancel' sessionid='" +
              session + "'/>"));
  EXPECT_EQ(w.count({"status='canceled'"}), 1U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
