// What becomes of an account's session: other devices, restarts, another homeserver, its end.
#include <gmock/gmock.h>

#include "mapping/outbox_table.hpp"
#include "tests/unit/matrix_session/account_world.hpp"

namespace dragoman::matrix::account_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string chat = "!chat:example.org";
const std::string room_path = "/_matrix/client/v3/rooms/" + net::url_encoded(chat);
const UserId romeo{"@romeo:example.org"};

std::string message(const std::string& id, const std::string& sender, const std::string& body,
                    const std::string& transaction = {}) {
  return "{'type':'m.room.message','event_id':'" + id + "','sender':'" + sender +
         "','origin_server_ts':1700000000000,'unsigned':{" +
         (transaction.empty() ? "" : "'transaction_id':'" + transaction + "'") +
         "},'content':{'msgtype':'m.text','body':'" + body + "'}}";
}
std::string in_chat(const std::string& section) {
  return "{'rooms':{'join':{'" + chat + "':{" + section + "}}}}";
}
std::string timeline(const std::string& events) { return in_chat("'timeline':{'events':[" + events + "]}"); }

class AccountLife : public AccountTest {
 protected:
  AccountLife() {
    server.on("GET", room_path + "/*", Homeserver::Scripted{404, quoted("{'errcode':'M_NOT_FOUND'}")});
    members();
  }
  void members() {
    server.forget("GET", room_path + "/joined_members");
    server.on(
        "GET", room_path + "/joined_members",
        quoted("{'joined':{'@alice:example.org':{'display_name':'Alice'},'@romeo:example.org':{'display_name'"
               ":'Romeo'}}}"));
  }
  // Logged in, with a chat with Romeo.
  void begin() {
    log_in();
    sync("{'account_data':{'events':[{'type':'m.direct','content':{'@romeo:example.org':['" + chat +
             "']}}]},'rooms':{'join':{'" + chat + "':{}}}}",
         "s1");
  }
  // The same, and what is said in it is heard.
  void talk() {
    begin();
    sync(timeline(message("$0", romeo.value(), "hello")), "s2");
    wait([&] { return !house.said().empty(); });
    house.heard.clear();
  }
  void say(const std::string& token, const std::string& text) {
    accounts->session_of(juliet)->perform({romeo, token, Message{Text(text)}});
  }
  // The last one on its way to the homeserver, which answers it when it is told to.
  void hold_sends() {
    server.on("PUT", room_path + "/send/*",
              [this](const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
                sends.push_back(request.path.substr(request.path.rfind('/') + 1));
                send = answer;
              });
  }
  void answer_send(const std::string& event_id) {
    wait([&] { return send != nullptr; });
    std::exchange(send, nullptr)
        ->send(200, {{"Content-Type", "application/json"}}, quoted("{'event_id':'" + event_id + "'}"));
  }

  std::vector<std::string> sends;
  std::shared_ptr<net::Answer> send;
};

TEST_F(AccountLife, AnEchoWaitsForTheAnswerToItsSend) {
  talk();
  hold_sends();
  say("t1", "hi");
  wait([&] { return send != nullptr; });
  sync(timeline(message("$1", "@alice:example.org", "hi", sends.at(0))), "s3");
  EXPECT_THAT(house.said(), IsEmpty());
  answer_send("$1");
  wait([&] { return !house.all<Delivered>().empty(); });
  sync(timeline(message("$2", romeo.value(), "and?")), "s4");
  EXPECT_THAT(house.said(), ElementsAre("@romeo:example.org: and?"));
}

TEST_F(AccountLife, AnEchoIsKnownAfterARestartToo) {
  talk();
  hold_sends();
  say("t1", "hi");
  wait([&] { return send != nullptr; });
  // It was taken, and the answer was lost.
  send.reset();
  restart();
  house.heard.clear();
  polls.clear();
  // The row waits, for its view does; the echo comes first.
  sync(timeline(message("$1", "@alice:example.org", "hi", sends.at(0))), "s3");
  answer_send("$1");
  wait([&] { return !house.all<Delivered>().empty(); });
  EXPECT_EQ(sends.at(0), sends.back());
  sync(timeline(message("$2", romeo.value(), "and?")), "s4");
  wait([&] { return !house.said().empty(); });
  EXPECT_THAT(house.said(), ElementsAre("@romeo:example.org: and?"));
}

TEST_F(AccountLife, WhatAnotherDeviceSaidIsNotForgottenWhileItCantBeTold) {
  begin();
  server.forget("GET", room_path + "/joined_members");
  server.on("GET", room_path + "/joined_members", Homeserver::Scripted{500, "{}"});
  sync(timeline(message("$1", "@alice:example.org", "from my phone")), "s2");
  EXPECT_THAT(house.said(), IsEmpty());
  members();
  restart();
  wait([&] { return !house.said().empty(); });
  EXPECT_THAT(house.said(), ElementsAre("@romeo:example.org: from my phone"));
  EXPECT_TRUE(house.heard.back().event.sender.own || house.heard.front().event.sender.own);
}

TEST_F(AccountLife, HowFarAnotherDeviceHasReadIsTold) {
  talk();
  sync(in_chat("'account_data':{'events':[{'type':'m.fully_read','content':{'event_id':'$0'}}]}"), "s3");
  const auto marks = house.all<ReadMark>();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0].up_to, MessageId("$0"));
  EXPECT_TRUE(house.heard.back().event.sender.own);
  // The receipt that goes with it says nothing new.
  sync(in_chat("'ephemeral':{'events':[{'type':'m.receipt','content':{'$0':{'m.read':{'@alice:example.org':"
               "{'ts':1700000000000}}}}}]}"),
       "s4");
  EXPECT_EQ(house.all<ReadMark>().size(), 1U);
}

TEST_F(AccountLife, WhatIsReadHereIsReadEverywhereAndNotToldAgain) {
  talk();
  server.on("POST", room_path + "/read_markers", "{}");
  accounts->session_of(juliet)->perform({romeo, "", ReadMark{MessageId("$0")}});
  wait([&] { return server.count("POST", room_path + "/read_markers") == 1; });
  EXPECT_THAT(server.last("POST", room_path + "/read_markers")->body,
              AllOf(HasSubstr(R"("m.fully_read":"$0")"), HasSubstr(R"("m.read":"$0")")));
  sync(in_chat("'ephemeral':{'events':[{'type':'m.receipt','content':{'$0':{'m.read':{'@alice:example.org':"
               "{'ts':1700000000000}}}}}]},'account_data':{'events':[{'type':'m.fully_read','content':"
               "{'event_id':'$0'}}]}"),
       "s3");
  EXPECT_THAT(house.all<ReadMark>(), IsEmpty());
}

TEST_F(AccountLife, AnInvitationToAChatIsAcceptedAndListedAsOne) {
  begin();
  const std::string path =
      "/_matrix/client/v3/user/" + net::url_encoded("@alice:example.org") + "/account_data/m.direct";
  server.on("GET", path, quoted("{'@romeo:example.org':['" + chat + "'],'@odd:example.org':5}"));
  server.on("PUT", path, "{}");
  server.on("POST", "/_matrix/client/v3/join/*", quoted("{'room_id':'!new:example.org'}"));
  sync(
      "{'rooms':{'invite':{'!new:example.org':{'invite_state':{'events':[{'type':'m.room.member','state_key':"
      "'@alice:example.org','sender':'@tybalt:example.org','content':{'membership':'invite','is_direct':true}"
      "}"
      "]}}}}}",
      "s2");
  wait([&] { return server.count("PUT", path) == 1; });
  EXPECT_THAT(server.last("PUT", path)->body,
              AllOf(HasSubstr(R"("@tybalt:example.org":["!new:example.org"])"),
                    HasSubstr(R"("@romeo:example.org":["!chat)")));
  const auto told = std::find_if(house.heard.begin(), house.heard.end(), [](const Heard& one) {
    return std::holds_alternative<Invited>(one.event.what);
  });
  ASSERT_NE(told, house.heard.end());
  EXPECT_EQ(told->event.in, Conversation(UserId("@tybalt:example.org")));
  Stream& own = accounts->session_of(juliet)->stream();
  EXPECT_EQ(own.direct_room(juliet, UserId("@tybalt:example.org")), "!new:example.org");
}

TEST_F(AccountLife, WhatWasSaidBeforeOneCameInIsNotToldAsNew) {
  begin();
  // A room that somebody joins, and a chat that they were asked into.
  const std::string member =
      "{'type':'m.room.member','state_key':'@alice:example.org','sender':'@alice:example."
      "org','event_id':'$m','content':{'membership':'";
  accounts->session_of(juliet)->stream().note_direct(juliet, UserId("@tybalt:example.org"),
                                                     "!new:example.org");
  server.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded("!new:example.org") + "/joined_members",
            quoted("{'joined':{'@alice:example.org':{},'@tybalt:example.org':{}}}"));
  server.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded("!new:example.org") + "/*",
            Homeserver::Scripted{404, "{}"});
  sync("{'rooms':{'join':{'!new:example.org':{'timeline':{'events':[" +
           message("$a", "@tybalt:example.org", "to somebody else") + "," + member + "invite'}}," +
           message("$b", "@tybalt:example.org", "to you") + "," + member + "join'}}," +
           message("$c", "@tybalt:example.org", "now") + "]}}}}}",
       "s2");
  wait([&] { return house.said().size() >= 2; });
  EXPECT_THAT(house.said(), ElementsAre("@tybalt:example.org: to you", "@tybalt:example.org: now"));
}

TEST_F(AccountLife, PresenceIsTheAccountsAndToldAgainBeforeItDecays) {
  begin();
  const std::string path =
      "/_matrix/client/v3/presence/" + net::url_encoded("@alice:example.org") + "/status";
  server.on("PUT", path, "{}");
  Session& session = *accounts->session_of(juliet);
  session.perform({PlaceId{}, "", SetAvailability{Availability::away, "at work"}});
  session.refresh_presence();
  wait([&] { return server.count("PUT", path) == 2; });
  EXPECT_THAT(server.last("PUT", path)->body, AllOf(HasSubstr("unavailable"), HasSubstr("at work")));
  session.perform({PlaceId{}, "", SetAvailability{.online = false}});
  wait([&] { return server.count("PUT", path) == 3; });
  EXPECT_THAT(server.last("PUT", path)->body, HasSubstr("offline"));
  session.refresh_presence();
  EXPECT_FALSE(session.shown());
}

TEST_F(AccountLife, TheHomeserverMayMove) {
  begin();
  Homeserver elsewhere(loop);
  std::shared_ptr<net::Answer> there;
  std::optional<std::string> since;
  elsewhere.on("GET", "/_matrix/client/v3/sync",
               [&](const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
                 since = request.parameter("since");
                 there = answer;
               });
  hub->settings.matrix.homeserver.url = elsewhere.url();
  accounts->reload();
  wait([&] { return there != nullptr; });
  EXPECT_EQ(since, "s1");
  elsewhere.on("GET", "/_matrix/client/v3/capabilities", "{}");
  bool answered = false;
  accounts->session_of(juliet)->call({.path = "/_matrix/client/v3/capabilities"},
                                     [&](const Reply&) { answered = true; });
  wait([&] { return answered; });
  EXPECT_EQ(elsewhere.count("GET", "/_matrix/client/v3/capabilities"), 1U);
  there.reset();
}

TEST_F(AccountLife, AHomeserverThatSomebodyNamedIsNeverInAPrivateNetwork) {
  const SettingMap values{{"access_token", {"secret", true}},
                          {"user_id", {"@alice:elsewhere.org", false}},
                          {"homeserver", {"https" + server.url().substr(4), false}}};
  store->settings().save(hub->network, juliet, "account", values);
  store->notes().put(hub->network, "account", juliet.value(), "@alice:elsewhere.org");
  restart();
  Session* session = accounts->session_of(juliet);
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(session->voice().untrusted);
  std::optional<Reply> reply;
  session->call({.path = "/_matrix/client/v3/capabilities"}, [&](const Reply& told) { reply = told; });
  wait([&] { return reply.has_value(); });
  ASSERT_TRUE(std::holds_alternative<Refusal>(*reply));
  EXPECT_EQ(std::get<Refusal>(*reply).failure.reason, Reason::not_permitted);
  std::optional<std::variant<Uploaded, Failure>> uploaded;
  hub->media.upload(session->voice(), Picture{"image/gif", std::string("GIF89a\1\0\1\0\0\0\0;", 14)},
                    [&](std::variant<Uploaded, Failure> result) { uploaded = std::move(result); });
  wait([&] { return uploaded.has_value(); });
  EXPECT_EQ(std::get<Failure>(*uploaded).reason, Reason::not_permitted);
}

TEST_F(AccountLife, AStopWaitsForWhatIsOnItsWay) {
  talk();
  hold_sends();
  say("t1", "goodbye");
  wait([&] { return send != nullptr; });
  bool stopped = false;
  accounts->stop([&] { stopped = true; });
  loop.restart();
  loop.poll();
  EXPECT_FALSE(stopped);
  answer_send("$1");
  wait([&] { return stopped; });
  EXPECT_EQ(house.all<Delivered>().size(), 1U);
}

TEST_F(AccountLife, AfterALogoutNothingIsKeptAndWhoWaitsIsTold) {
  talk();
  hold_sends();
  say("t1", "never sent");
  say("t2", "this neither");
  accounts->run(juliet, PlaceId{}, "logout", {}, true);
  const auto failed = house.all<Failed>();
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[0].token, "t1");
  EXPECT_THAT(failed[0].failure.text, HasSubstr("logged out"));
  wait([&] { return server.count("POST", "/_matrix/client/v3/logout") == 1; });
  wait([&] { return store->notes().all(hub->network, "logout").empty(); });
  EXPECT_THAT(store->settings().load(hub->network, juliet, "account"), IsEmpty());
  for (const std::string kind : {"account", "sync", "m.direct"})
    EXPECT_THAT(store->notes().all(hub->network, kind), IsEmpty()) << kind;
  for (const std::string kind : {"room of ", "direct of ", "direct room of ", "place of ", "invitation of "})
    EXPECT_THAT(store->notes().all(hub->network, kind + juliet.value()), IsEmpty()) << kind;
  EXPECT_THAT(store->outbox().queues(hub->network), IsEmpty());
}

TEST_F(AccountLife, WhoMayNotLogInAnyMoreIsLoggedOutAndTold) {
  talk();
  hold_sends();
  say("t1", "never sent");
  accounts->end_unwelcome();
  EXPECT_NE(accounts->session_of(juliet), nullptr);
  hub->settings.matrix.allow_login = {"romeo@example.net"};
  accounts->end_unwelcome();
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  ASSERT_FALSE(house.words(juliet).empty());
  EXPECT_THAT(house.words(juliet).back(), HasSubstr("you are logged out of @alice:example.org"));
  const auto failed = house.all<Failed>();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].failure.reason, Reason::not_permitted);
  wait([&] { return server.count("POST", "/_matrix/client/v3/logout") == 1; });
  EXPECT_EQ(*server.last("POST", "/_matrix/client/v3/logout")->header("authorization"),
            "Bearer secret-token");
  wait([&] { return store->notes().all(hub->network, "logout").empty(); });
  EXPECT_THAT(store->settings().load(hub->network, juliet, "account"), IsEmpty());
}

TEST_F(AccountLife, WhoSleepsAndMayNotLogInAnyMoreIsLoggedOutToo) {
  begin();
  accounts->disconnect(juliet, "");
  hub->settings.matrix.allow_login = {"romeo@example.net"};
  accounts->end_unwelcome();
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  wait([&] { return server.count("POST", "/_matrix/client/v3/logout") == 1; });
}

TEST_F(AccountLife, ALogoutIsTriedUntilTheHomeserverHasTheTokenBack) {
  begin();
  server.forget("POST", "/_matrix/client/v3/logout");
  server.on("POST", "/_matrix/client/v3/logout", Homeserver::Scripted{503, "{}"});
  accounts->run(juliet, PlaceId{}, "logout", {}, true);
  wait([&] { return server.count("POST", "/_matrix/client/v3/logout") == 1; });
  restart();
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  server.forget("POST", "/_matrix/client/v3/logout");
  server.on("POST", "/_matrix/client/v3/logout", "{}");
  wait([&] { return store->notes().all(hub->network, "logout").empty(); });
  EXPECT_EQ(*server.last("POST", "/_matrix/client/v3/logout")->header("authorization"),
            "Bearer secret-token");
}

TEST_F(AccountLife, WhereAHomeserverHasASingleSignOnTheFormShowsItsLink) {
  server.forget("GET", "/_matrix/client/v3/login");
  server.on("GET", "/_matrix/client/v3/login",
            quoted("{'flows':[{'type':'m.login.sso'},{'type':'m.login.password'}]}"));
  restart();
  const auto link = [&] {
    const Outcome outcome = accounts->run(juliet, PlaceId{}, "login", {}, false);
    for (const Field& field : std::get<Form>(outcome).fields) {
      if (field.name == "sign-on") return field.values.at(0);
    }
    return std::string();
  };
  // Asked each time it is shown: there when it is known.
  std::size_t asked = server.count("GET", "/_matrix/client/v3/login");
  wait([&] { return server.count("GET", "/_matrix/client/v3/login") > asked; });
  wait([&] { return hub->http.open() == 0; });
  EXPECT_THAT(link(), HasSubstr("/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A"));
}

}  // namespace
}  // namespace dragoman::matrix::account_test
