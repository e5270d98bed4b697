#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TablesTest : public StoreTest {
 protected:
  TablesTest() { open(); }

  // Whether the database's files hold this text anywhere.
  bool disk_holds(const std::string& text) {
    store->durable();
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(path + suffix, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }
  const PersonId person{"u@example.org"};
};

// Settings.

using SettingsTableTest = TablesTest;

TEST_F(SettingsTableTest, WhatIsSavedIsLoaded) {
  const SettingMap values{{"nick", {"me", false}},
                          {"ports", {"6667\n6668", false}},
                          {"pass", {"hidden-thing", true}},
                          {"none", {"", false}},
                          {"empty", {"", true}}};
  EXPECT_TRUE(store->settings().save(net, person, "server irc.localhost", values));
  EXPECT_EQ(store->settings().load(net, person, "server irc.localhost"), values);
  reopen();
  EXPECT_EQ(store->settings().load(net, person, "server irc.localhost"), values);
}

TEST_F(SettingsTableTest, ScopesPersonsAndNetworksAreApart) {
  store->settings().save(net, person, "a", {{"k", {"1", false}}});
  EXPECT_THAT(store->settings().load(net, person, "b"), IsEmpty());
  EXPECT_THAT(store->settings().load(net, person, ""), IsEmpty());
  EXPECT_THAT(store->settings().load(net, PersonId("v@example.org"), "a"), IsEmpty());
  EXPECT_THAT(store->settings().load(NetworkId("x"), person, "a"), IsEmpty());
}

TEST_F(SettingsTableTest, SavingReplacesTheScope) {
  store->settings().save(net, person, "a", {{"k", {"1", false}}, {"l", {"2", true}}});
  store->settings().save(net, person, "a", {{"l", {"3", false}}});
  EXPECT_EQ(store->settings().load(net, person, "a"), (SettingMap{{"l", {"3", false}}}));
  EXPECT_TRUE(store->settings().erase(net, person, "a"));
  EXPECT_THAT(store->settings().load(net, person, "a"), IsEmpty());
}

TEST_F(SettingsTableTest, SecretsAreSealedOnTheDisk) {
  store->settings().save(net, person, "a",
                         {{"pass", {"hidden-thing", true}}, {"nick", {"shown-thing", false}}});
  store->rooms().set_joined(room(), true, "me", "room-password");
  EXPECT_TRUE(disk_holds("shown-thing"));
  EXPECT_FALSE(disk_holds("hidden-thing"));
  EXPECT_FALSE(disk_holds("room-password"));
}

TEST_F(SettingsTableTest, TheSameSecretIsSealedDifferentlyEachTime) {
  store->settings().save(net, person, "a", {{"p", {"same", true}}, {"q", {"same", true}}});
  store->commit();
  EXPECT_EQ(committed("SELECT count(DISTINCT value) FROM settings"), 2);
}

TEST_F(SettingsTableTest, AnyBytesComeBack) {
  const std::string bytes("a\0b'\"\xF0\x9F\xA6\x84;--\n", 13);
  store->settings().save(net, person, bytes, {{"k", {bytes, false}}, {"s", {bytes, true}}});
  EXPECT_EQ(store->settings().load(net, person, bytes),
            (SettingMap{{"k", {bytes, false}}, {"s", {bytes, true}}}));
}

TEST_F(SettingsTableTest, RegistrationsAreKept) {
  EXPECT_FALSE(store->settings().is_registered(net, person));
  EXPECT_TRUE(store->settings().register_person(net, person));
  EXPECT_TRUE(store->settings().register_person(net, person));
  EXPECT_TRUE(store->settings().is_registered(net, person));
  EXPECT_FALSE(store->settings().is_registered(NetworkId("x"), person));
}

TEST_F(SettingsTableTest, UnregisteringForgetsAllSettingsOfThatNetwork) {
  store->settings().register_person(net, person);
  store->settings().save(net, person, "a", {{"k", {"1", false}}});
  store->settings().save(net, person, "", {{"k", {"1", false}}});
  store->settings().save(NetworkId("x"), person, "a", {{"k", {"1", false}}});
  EXPECT_TRUE(store->settings().unregister_person(net, person));
  EXPECT_FALSE(store->settings().is_registered(net, person));
  EXPECT_THAT(store->settings().load(net, person, "a"), IsEmpty());
  EXPECT_THAT(store->settings().load(net, person, ""), IsEmpty());
  EXPECT_EQ(store->settings().load(NetworkId("x"), person, "a").size(), 1U);
}

TEST_F(SettingsTableTest, SubscriptionsAreKeptOnceEach) {
  store->settings().subscribe(net, person, "b");
  store->settings().subscribe(net, person, "a");
  store->settings().subscribe(net, person, "a");
  store->settings().subscribe(NetworkId("x"), person, "c");
  EXPECT_THAT(store->settings().subscriptions(net),
              ElementsAre(std::pair(person, "a"), std::pair(person, "b")));
  EXPECT_TRUE(store->settings().unsubscribe(net, person, "a"));
  EXPECT_TRUE(store->settings().unsubscribe(net, person, "a"));
  EXPECT_THAT(store->settings().subscriptions(net), ElementsAre(std::pair(person, "b")));
}

TEST_F(SettingsTableTest, AHalfSavedScopeIsNotKept) {
  store->settings().save(net, person, "a", {{"k", {"old", false}}});
  store->commit();
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, 5000);
  EXPECT_FALSE(store->settings().save(net, person, "a",
                                      {{"b", {"new", false}}, {"c", {std::string(4990, 'x'), false}}}));
  EXPECT_EQ(store->settings().load(net, person, "a"), (SettingMap{{"k", {"old", false}}}));
}

// Rooms.

using RoomsTableTest = TablesTest;

TEST_F(RoomsTableTest, AViewHasOneKey) {
  const auto key = room("#a");
  EXPECT_GT(key, 0);
  EXPECT_EQ(room("#a"), key);
  EXPECT_NE(room("#b"), key);
  EXPECT_NE(room("#a", "v@example.org"), key);
  EXPECT_NE(room("#a", ""), key);
  EXPECT_NE(store->rooms().open(NetworkId("x"), RoomId("#a"), person), key);
  reopen();
  EXPECT_EQ(room("#a"), key);
}

TEST_F(RoomsTableTest, AKeyIsNotGivenBeforeItsRowIsCommitted) {
  const auto key = room();
  EXPECT_EQ(committed("SELECT key FROM rooms"), key);
}

TEST_F(RoomsTableTest, AKeyIsNeverUsedAgain) {
  const auto key = room("#a");
  store->rooms().erase(key);
  EXPECT_GT(room("#b"), key);
}

TEST_F(RoomsTableTest, WhatIsSetIsRead) {
  const auto key = room();
  EXPECT_TRUE(store->rooms().set_joined(key, true, "me", "sesame"));
  const auto row = store->rooms().get(key);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->key, key);
  EXPECT_EQ(row->network, net);
  EXPECT_EQ(row->room.value(), "#a%irc.localhost");
  EXPECT_EQ(row->viewer, person);
  EXPECT_EQ(row->nick, "me");
  EXPECT_TRUE(row->joined);
  EXPECT_EQ(row->password, "sesame");
  EXPECT_TRUE(store->rooms().set_joined(key, false, "you", ""));
  EXPECT_FALSE(store->rooms().get(key)->joined);
  EXPECT_EQ(store->rooms().get(key)->password, "");
}

TEST_F(RoomsTableTest, AMissingRoomIsNone) {
  EXPECT_FALSE(store->rooms().get(0));
  EXPECT_FALSE(store->rooms().get(99));
  EXPECT_FALSE(store->rooms().set_joined(99, true, "me", ""));
  EXPECT_FALSE(store->rooms().add_occupant({99, "u@x/r", "me"}));
  EXPECT_TRUE(store->healthy());
}

TEST_F(RoomsTableTest, JoinedRoomsOfANetworkAreListed) {
  const auto a = room("#a");
  const auto b = room("#b");
  room("#c");
  store->rooms().set_joined(a, true, "me", "");
  store->rooms().set_joined(b, true, "me", "p");
  const auto rows = store->rooms().joined(net);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].key, a);
  EXPECT_EQ(rows[1].password, "p");
  EXPECT_THAT(store->rooms().joined(NetworkId("x")), IsEmpty());
}

TEST_F(RoomsTableTest, OccupantsAreKeptOnceAJid) {
  const auto key = room();
  EXPECT_TRUE(store->rooms().add_occupant({key, "u@x/a", "me"}));
  EXPECT_TRUE(store->rooms().add_occupant({key, "u@x/b", "me"}));
  EXPECT_TRUE(store->rooms().add_occupant({key, "u@x/a", "you"}));
  EXPECT_THAT(store->rooms().occupants(net),
              ElementsAre(OccupantRow{key, "u@x/a", "you"}, OccupantRow{key, "u@x/b", "me"}));
  EXPECT_TRUE(store->rooms().remove_occupant(key, "u@x/a"));
  EXPECT_THAT(store->rooms().occupants(net), ElementsAre(OccupantRow{key, "u@x/b", "me"}));
  EXPECT_THAT(store->rooms().occupants(NetworkId("x")), IsEmpty());
}

TEST_F(RoomsTableTest, ErasingForgetsAllOfTheViewAndNothingElse) {
  const auto key = room("#a");
  const auto other = room("#b");
  for (const auto k : {key, other}) {
    say(k, 1);
    store->messages().put(k, "l", MessageId("n"), "s");
    store->rooms().add_occupant({k, "u@x/a", "me"});
  }
  EXPECT_TRUE(store->rooms().erase(key));
  EXPECT_FALSE(store->rooms().get(key));
  EXPECT_FALSE(store->archive().get(key, MessageId("id1")));
  EXPECT_FALSE(store->messages().by_local(key, "l"));
  EXPECT_EQ(store->rooms().occupants(net).size(), 1U);
  EXPECT_TRUE(store->archive().get(other, MessageId("id1")));
  EXPECT_TRUE(store->messages().by_local(other, "l"));
}

// Message ids.

using MessagesTableTest = TablesTest;

TEST_F(MessagesTableTest, AreFoundBothWays) {
  const auto key = room();
  EXPECT_TRUE(store->messages().put(key, "local", MessageId("net"), "u@x/r"));
  const auto by_local = store->messages().by_local(key, "local");
  ASSERT_TRUE(by_local);
  EXPECT_EQ(by_local->network_id.value(), "net");
  EXPECT_EQ(by_local->sender, "u@x/r");
  const auto by_network = store->messages().by_network(key, MessageId("net"));
  ASSERT_TRUE(by_network);
  EXPECT_EQ(by_network->local_id, "local");
  EXPECT_FALSE(store->messages().by_local(key, "net"));
  EXPECT_FALSE(store->messages().by_network(key, MessageId("local")));
  EXPECT_FALSE(store->messages().by_local(room("#b"), "local"));
}

TEST_F(MessagesTableTest, TheNewestPairIsFound) {
  const auto key = room();
  store->messages().put(key, "l", MessageId("1"), "a");
  store->messages().put(key, "l", MessageId("2"), "b");
  store->messages().put(key, "m", MessageId("1"), "c");
  EXPECT_EQ(store->messages().by_local(key, "l")->network_id.value(), "2");
  EXPECT_EQ(store->messages().by_network(key, MessageId("1"))->local_id, "m");
}

TEST_F(MessagesTableTest, NeedTheirRoom) {
  EXPECT_FALSE(store->messages().put(99, "l", MessageId("n"), "s"));
  EXPECT_TRUE(store->healthy());
}

TEST_F(MessagesTableTest, OldPairsArePruned) {
  const auto key = room();
  for (int i = 0; i < 5; ++i) store->messages().put(key, std::to_string(i), MessageId("n"), "s");
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  EXPECT_EQ(store->messages().prune(now - std::chrono::hours(1), 100), 0U);
  EXPECT_EQ(store->messages().prune(now + std::chrono::hours(1), 2), 2U);
  EXPECT_FALSE(store->messages().by_local(key, "1"));
  EXPECT_TRUE(store->messages().by_local(key, "2"));
  EXPECT_EQ(store->messages().prune(now + std::chrono::hours(1), 100), 3U);
}

// The outbox.

class OutboxTableTest : public TablesTest {
 protected:
  bool put(const std::string& queue, const std::string& key, const std::string& payload = "p") {
    OutboxItem item{0, queue, key, payload, at(5), 0};
    return store->outbox().put(net, item);
  }
  std::vector<std::string> keys(const std::string& queue, std::size_t at_most = 100) {
    std::vector<std::string> all;
    for (const auto& item : store->outbox().pending(net, queue, at_most)) all.push_back(item.key);
    return all;
  }
};

TEST_F(OutboxTableTest, ItemsLeaveInTheOrderTheyCame) {
  put("q", "z");
  put("q", "a");
  put("other", "x");
  put("q", "m");
  EXPECT_THAT(keys("q"), ElementsAre("z", "a", "m"));
  EXPECT_THAT(keys("q", 2), ElementsAre("z", "a"));
  reopen();
  put("q", "b");
  EXPECT_THAT(keys("q"), ElementsAre("z", "a", "m", "b"));
}

TEST_F(OutboxTableTest, AnItemIsTakenOnce) {
  OutboxItem item{0, "q", "k", "first", at(77), 3};
  EXPECT_TRUE(store->outbox().put(net, item));
  EXPECT_GT(item.order, 0);
  EXPECT_FALSE(put("q", "k", "second"));
  EXPECT_TRUE(put("r", "k"));
  const auto items = store->outbox().pending(net, "q", 10);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].order, item.order);
  EXPECT_EQ(items[0].queue, "q");
  EXPECT_EQ(items[0].payload, "first");
  EXPECT_EQ(items[0].time, at(77));
  EXPECT_EQ(items[0].attempts, 3U);
  EXPECT_TRUE(store->healthy());
}

TEST_F(OutboxTableTest, WhatIsDoneIsGone) {
  put("q", "a");
  put("q", "b");
  EXPECT_TRUE(store->outbox().done(net, "q", "a"));
  EXPECT_FALSE(store->outbox().done(net, "q", "a"));
  EXPECT_FALSE(store->outbox().done(NetworkId("x"), "q", "b"));
  EXPECT_THAT(keys("q"), ElementsAre("b"));
}

TEST_F(OutboxTableTest, AttemptsAreCounted) {
  put("q", "a");
  EXPECT_TRUE(store->outbox().tried(net, "q", "a"));
  EXPECT_TRUE(store->outbox().tried(net, "q", "a"));
  EXPECT_FALSE(store->outbox().tried(net, "q", "b"));
  EXPECT_EQ(store->outbox().pending(net, "q", 1).at(0).attempts, 2U);
}

TEST_F(OutboxTableTest, QueuesWithSomethingInThemAreListed) {
  put("b", "1");
  put("a", "1");
  put("b", "2");
  EXPECT_THAT(store->outbox().queues(net), ElementsAre("a", "b"));
  store->outbox().done(net, "a", "1");
  EXPECT_THAT(store->outbox().queues(net), ElementsAre("b"));
  EXPECT_THAT(store->outbox().queues(NetworkId("x")), IsEmpty());
}

}  // namespace
}  // namespace dragoman
