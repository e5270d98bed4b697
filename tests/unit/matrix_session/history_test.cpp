// A room's past, as a homeserver tells it page by page.
#include <algorithm>

#include "mapping/archive_table.hpp"
#include "mapping/rooms_table.hpp"
#include "tests/unit/matrix_session/view_world.hpp"

namespace dragoman::matrix::view_test {
namespace {

class RoomHistory : public ViewTest {
 protected:
  RoomHistory() {
    homeserver.special = [this](const Homeserver::Asked& asked) -> std::optional<Homeserver::Given> {
      if (asked.path != "/_matrix/client/v3/rooms/" + room + "/messages") return std::nullopt;
      queries.push_back(asked.query);
      if (refuse) return Homeserver::Given{403, R"({"errcode":"M_FORBIDDEN","error":"No"})"};
      return Homeserver::Given{200, page(asked.query)};
    };
  }

  // What was said, the oldest first; JSON with ' for ".
  void past(const std::string& type, const std::string& sender, const std::string& content,
            const std::string& more = {}) {
    const auto n = static_cast<std::int64_t>(timeline.size());
    timeline.push_back(
        object(event_text(id(timeline.size()), type, sender, content, 1'600'000'000'000 + n, more)));
  }
  void said(const std::string& sender, const std::string& body) {
    past("m.room.message", sender, "{'msgtype':'m.text','body':'" + body + "'}");
  }
  static std::string id(std::size_t n) { return "$past" + std::to_string(n); }

  // Tokens are how many events lie before.
  std::string page(const std::string& query) const {
    const auto value = [&](const std::string& name) -> std::optional<std::size_t> {
      const std::size_t at = ("&" + query).find("&" + name + "=");
      if (at == std::string::npos) return std::nullopt;
      return std::stoul(query.substr(at + name.size() + 1));
    };
    std::size_t at = value("from").value_or(timeline.size());
    std::size_t limit = std::min<std::size_t>(value("limit").value_or(10), 100);
    json::array chunk;
    for (; at > 0 && limit > 0; --limit) chunk.push_back(timeline[--at]);
    json::object answer{{"start", "s"}, {"chunk", std::move(chunk)}, {"state", senders}};
    if (at > 0) answer["end"] = std::to_string(at);
    return json::serialize(answer);
  }

  std::size_t recent(std::size_t at_most) {
    sink.told.clear();
    bool done = false;
    view->fetch_recent({&bridge, address}, at_most, [&] { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
    return count<Message>();
  }
  std::optional<Told> more(std::size_t wanted, dragoman::Session* asking = nullptr) {
    sink.told.clear();
    view->fetch_history({asking == nullptr ? &bridge : asking, address}, wanted, "token");
    EXPECT_TRUE(until([&] { return count<HistoryTold>() + count<Failed>() > 0; }));
    if (count<HistoryTold>() == 0) return std::nullopt;
    Told last = sink.told.back();
    EXPECT_TRUE(std::holds_alternative<HistoryTold>(last.event.what));
    EXPECT_EQ(std::get<HistoryTold>(last.event.what).token, "token");
    return last;
  }
  std::vector<std::string> bodies() {
    std::vector<std::string> all;
    while (const auto told = next<Message>()) all.push_back(std::get<Message>(told->event.what).text.plain);
    return all;
  }

  std::vector<json::object> timeline;
  json::array senders;
  std::vector<std::string> queries;
  bool refuse = false;
};

TEST_F(RoomHistory, IsToldOldestFirstToTheOneWhoAsked) {
  const RoomId other("#other:example.org");
  owner.listening.push_back({&bridge, other});
  for (int i = 0; i < 5; ++i) said(alice, std::to_string(i));
  past("m.room.topic", alice, "{'topic':'then'}", "'state_key':''");
  ready();
  EXPECT_EQ(recent(4), 4U);
  EXPECT_NE(queries.at(0).find("dir=b"), std::string::npos);
  EXPECT_NE(queries.at(0).find("lazy_load_members"), std::string::npos);
  const auto first = next<Message>();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->event.past);
  EXPECT_EQ(first->event.id.value(), id(1));
  EXPECT_EQ(first->event.time.time_since_epoch().count(), 1'600'000'000'001);
  EXPECT_EQ(first->event.sender.nick, "Alice");
  EXPECT_EQ(std::get<RoomId>(first->event.in), address);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"2", "3", "4"}));
}

TEST_F(RoomHistory, GoesOnFromItsHorizonAlsoAfterARestart) {
  for (int i = 0; i < 30; ++i) said(alice, std::to_string(i));
  ready();
  EXPECT_EQ(recent(10), 10U);
  auto told = more(5);
  ASSERT_TRUE(told);
  const auto& so_far = std::get<HistoryTold>(told->event.what);
  EXPECT_FALSE(so_far.complete);
  EXPECT_EQ(so_far.horizon.time_since_epoch().count(), 1'600'000'000'015);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"15", "16", "17", "18", "19"}));
  make_view();
  ready();
  queries.clear();
  told = more(0);
  ASSERT_TRUE(told);
  EXPECT_EQ(std::get<HistoryTold>(told->event.what).horizon.time_since_epoch().count(), 1'600'000'000'015);
  EXPECT_TRUE(queries.empty());
  // Whoever asks: it is one archive.
  told = more(100, &juliet);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->from, &juliet);
  EXPECT_TRUE(std::get<HistoryTold>(told->event.what).complete);
  EXPECT_EQ(bodies().size(), 15U);
  queries.clear();
  told = more(10);
  ASSERT_TRUE(told);
  EXPECT_TRUE(std::get<HistoryTold>(told->event.what).complete);
  EXPECT_TRUE(queries.empty());
}

TEST_F(RoomHistory, TakesSeveralPagesForMuch) {
  for (int i = 0; i < 350; ++i) said(bob, std::to_string(i));
  ready();
  const auto told = more(300);
  ASSERT_TRUE(told);
  const auto all = bodies();
  ASSERT_EQ(all.size(), 300U);
  EXPECT_EQ(all.front(), "50");
  EXPECT_EQ(all.back(), "349");
  EXPECT_EQ(queries.size(), 3U);
}

TEST_F(RoomHistory, StopsAtWhatTheArchiveHasAlready) {
  for (int i = 0; i < 20; ++i) said(alice, std::to_string(i));
  ready();
  EXPECT_EQ(recent(5), 5U);
  const RoomKey key = store->rooms().open(network, address, {});
  store->archive().append(key, MessageId(id(19)), Time{std::chrono::milliseconds(1)}, "Alice", "x");
  for (int i = 20; i < 23; ++i) said(alice, std::to_string(i));
  make_view();
  ready();
  EXPECT_EQ(recent(10), 3U);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"20", "21", "22"}));
  // What lies before goes on where it did.
  const auto told = more(2);
  ASSERT_TRUE(told);
  EXPECT_EQ(bodies(), (std::vector<std::string>{"13", "14"}));
}

TEST_F(RoomHistory, BeginsAnewBehindAGap) {
  for (int i = 0; i < 20; ++i) said(alice, std::to_string(i));
  ready();
  EXPECT_EQ(recent(5), 5U);
  for (int i = 20; i < 40; ++i) said(alice, std::to_string(i));
  make_view();
  ready();
  EXPECT_EQ(recent(5), 5U);
  ASSERT_TRUE(more(2));
  EXPECT_EQ(bodies(), (std::vector<std::string>{"33", "34"}));
}

TEST_F(RoomHistory, SaysWhyItCanNotBeTold) {
  ready();
  refuse = true;
  EXPECT_EQ(recent(5), 0U);
  EXPECT_FALSE(more(5));
  const auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->event.what).token, "token");
  EXPECT_EQ(std::get<Failed>(failed->event.what).failure.reason, Reason::not_permitted);
  refuse = false;
  said(alice, "x");
  EXPECT_TRUE(more(5));
}

TEST_F(RoomHistory, AnswersInTheOrderItWasAsked) {
  for (int i = 0; i < 20; ++i) said(alice, std::to_string(i));
  ready();
  view->fetch_history({&bridge, address}, 3, "one");
  view->fetch_history({&bridge, address}, 3, "two");
  ASSERT_TRUE(until([&] { return count<HistoryTold>() == 2; }));
  EXPECT_EQ(std::get<HistoryTold>(next<HistoryTold>()->event.what).token, "one");
  EXPECT_EQ(bodies(), (std::vector<std::string>{"14", "15", "16"}));
}

TEST_F(RoomHistory, NamesPeopleWhoHaveLeft) {
  senders = {object("{'type':'m.room.member','state_key':'@gone:example.org','sender':'@gone:example.org',"
                    "'content':{'membership':'join','displayname':'Long Gone'}}"),
             object("{'type':'m.room.member','state_key':'@false:example.org',"
                    "'content':{'membership':'join','displayname':'Alice'}}"),
             7};
  said("@gone:example.org", "bye");
  said("@false:example.org", "I am Alice");
  ready();
  EXPECT_EQ(recent(5), 2U);
  EXPECT_EQ(next<Message>()->event.sender.nick, "Long Gone");
  EXPECT_NE(next<Message>()->event.sender.nick, "Alice");
  EXPECT_FALSE(shown("@gone:example.org"));
}

TEST_F(RoomHistory, ShowsInALargeRoomWhoHasSpokenLately) {
  std::vector<std::pair<std::string, std::string>> all{{alice, "Alice"}, {bob, "Bob"}, {ghost, ""}};
  for (int i = 0; i < 200; ++i) all.emplace_back("@p" + std::to_string(i) + ":example.org", "");
  people(all);
  said(bob, "hello");
  ready();
  EXPECT_FALSE(shown(bob));
  recent(5);
  EXPECT_TRUE(shown(bob));
}

TEST_F(RoomHistory, TellsEditsReactionsAndRedactions) {
  said(alice, "teh");  // 0
  said(bob, "nice");   // 1
  past("m.room.message", alice,
       "{'msgtype':'m.text','body':'* the','m.new_content':{'msgtype':'m.text','body':'the'},"
       "'m.relates_to':{'rel_type':'m.replace','event_id':'$past0'}}");  // 2
  past("m.room.message", mallory,
       "{'msgtype':'m.text','body':'* no','m.new_content':{'msgtype':'m.text','body':'no'},"
       "'m.relates_to':{'rel_type':'m.replace','event_id':'$past0'}}");                                   // 3
  past("m.reaction", bob, "{'m.relates_to':{'rel_type':'m.annotation','event_id':'$past0','key':'A'}}");  // 4
  past("m.reaction", bob, "{'m.relates_to':{'rel_type':'m.annotation','event_id':'$past0','key':'B'}}");  // 5
  past("m.room.message", bob, "{}", "'unsigned':{'redacted_because':{}}");                                // 6
  past("m.room.redaction", bob, "{'redacts':'$past6'}");                                                  // 7
  past("m.room.redaction", alice, "{'redacts':'$elsewhere'}");                                            // 8
  past("m.room.encrypted", bob, "{'ciphertext':'x'}");                                                    // 9
  ready();
  EXPECT_EQ(recent(50), 3U);
  ASSERT_EQ(count<Edit>(), 1U);
  ASSERT_EQ(count<Retraction>(), 2U);
  ASSERT_EQ(count<Reactions>(), 1U);
  for (const Told& told : sink.told) EXPECT_TRUE(told.event.past);
  const auto reactions = next<Reactions>();
  EXPECT_EQ(std::get<Reactions>(reactions->event.what), (Reactions{MessageId("$past0"), {"A", "B"}}));
  EXPECT_EQ(reactions->event.sender.user.value(), bob);
  const auto edit = next<Edit>();
  ASSERT_TRUE(edit);
  EXPECT_EQ(std::get<Edit>(edit->event.what).message.text.plain, "the");
  EXPECT_EQ(std::get<Retraction>(next<Retraction>()->event.what).target.value(), "$past6");
  EXPECT_EQ(std::get<Retraction>(next<Retraction>()->event.what).target.value(), "$elsewhere");
}

TEST_F(RoomHistory, ForgetsReactionsThatWereTakenBackWhileNobodyLooked) {
  said(alice, "news");
  ready();
  view->note_reaction(bob, "$past0", "A", "$past1");
  view->note_reaction(bob, "$past0", "B", "$other");
  past("m.reaction", bob, "{}", "'unsigned':{'redacted_because':{}}");
  past("m.room.redaction", bob, "{'redacts':'$past1'}");
  recent(10);
  EXPECT_EQ(view->reactions_of(bob, "$past0").size(), 1U);
  std::optional<Reactions> last;
  while (const auto told = next<Reactions>()) last = std::get<Reactions>(told->event.what);
  EXPECT_EQ(last, (Reactions{MessageId("$past0"), {"B"}}));
}

TEST_F(RoomHistory, BringsOldMessagesWithWhatBecameOfThem) {
  past("m.room.message", alice, "{'msgtype':'m.text','body':'teh'}",
       "'unsigned':{'m.relations':{'m.replace':" +
           event_text("$past2", "m.room.message", alice,
                      "{'msgtype':'m.text','body':'* the','m.new_content':{'msgtype':'m.text','body':'the'},"
                      "'m.relates_to':{'rel_type':'m.replace','event_id':'$past0'}}",
                      5) +
           "}}");
  past("m.reaction", bob, "{'m.relates_to':{'rel_type':'m.annotation','event_id':'$past0','key':'A'}}");
  past("m.room.message", alice,
       "{'msgtype':'m.text','body':'* the','m.new_content':{'msgtype':'m.text','body':'the'},"
       "'m.relates_to':{'rel_type':'m.replace','event_id':'$past0'}}");
  ready();
  recent(2);
  EXPECT_EQ(count<Edit>(), 0U);  // it comes with its message
  ASSERT_TRUE(more(1));
  EXPECT_EQ(count<Message>(), 1U);
  EXPECT_EQ(count<Edit>(), 1U);
  EXPECT_EQ(count<Reactions>(), 1U);
}

TEST_F(RoomHistory, SurvivesPagesThatAreNone) {
  ready();
  for (const std::string body :
       {"[]", "7", "{}", R"({"chunk":7})", R"({"chunk":[7,null,{},{"event_id":"$a"}],"end":7})",
        R"({"chunk":[],"state":[7,{}]})"}) {
    homeserver.special = [&](const Homeserver::Asked& asked) -> std::optional<Homeserver::Given> {
      if (asked.path.find("/messages") == std::string::npos) return std::nullopt;
      return Homeserver::Given{200, body};
    };
    EXPECT_EQ(recent(5), 0U) << body;
  }
  // A page whose end is its beginning would be asked for for ever.
  homeserver.special = [&](const Homeserver::Asked& asked) -> std::optional<Homeserver::Given> {
    if (asked.path.find("/messages") == std::string::npos) return std::nullopt;
    return Homeserver::Given{200, R"({"chunk":[],"end":"same"})"};
  };
  EXPECT_EQ(recent(5), 0U);
}

}  // namespace
}  // namespace dragoman::matrix::view_test
