// What the store does when the disk is full, locked, read-only or damaged while it runs.
#include <csignal>

#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(StoreTest, ALockedDatabaseIsToldOnceAndItsEndToo) {
  open();
  const auto key = room();
  store->commit();
  SQLite::Database other(path, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(say(key, i));
  EXPECT_FALSE(store->commit());
  EXPECT_FALSE(store->healthy());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_THAT(troubles[0], AllOf(HasSubstr(path), HasSubstr("locked")));
  EXPECT_TRUE(store->archive().recent(key, 10, {}).empty());  // reading goes on
  EXPECT_EQ(store->rooms().open(net, RoomId("#new"), PersonId("u@x")), 0);
  EXPECT_EQ(room(), key);
  other.exec("ROLLBACK");
  EXPECT_TRUE(say(key, 100));
  EXPECT_FALSE(store->healthy());  // not before it is committed
  store->commit();
  EXPECT_TRUE(store->healthy());
  ASSERT_EQ(troubles.size(), 2U);
  EXPECT_EQ(troubles[1], "");
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1);
  EXPECT_TRUE(store->commit());
}

TEST_F(StoreTest, AFullDiskIsToldAndNothingThrows) {
  open();
  const auto key = room();
  store->commit();
  pragma("max_page_count=1");  // SQLite makes that: no more than there are
  const std::string payload(100000, 'x');
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(store->archive().append(key, MessageId(std::to_string(i)), at(i), "n", payload));
  }
  EXPECT_FALSE(store->commit());
  EXPECT_FALSE(store->healthy());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_THAT(troubles[0], HasSubstr("no room"));
  pragma("max_page_count=1000000");
  EXPECT_TRUE(say(key, 1));
  EXPECT_TRUE(store->commit());
  EXPECT_TRUE(store->healthy());
  EXPECT_EQ(troubles.size(), 2U);
}

TEST_F(StoreTest, AReadOnlyDatabaseIsTold) {
  open();
  const auto key = room();
  say(key, 1);
  store->commit();
  pragma("query_only=ON");
  EXPECT_FALSE(say(key, 2));
  EXPECT_FALSE(store->durable());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_THAT(troubles[0], HasSubstr("can't be written"));
  EXPECT_EQ(store->archive().recent(key, 10, {}).size(), 1U);
  pragma("query_only=OFF");
  EXPECT_TRUE(say(key, 3));
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(troubles.size(), 2U);
}

TEST_F(StoreTest, ADatabaseDamagedWhileRunningIsToldAndStaysTold) {
  open();
  const auto key = room();
  for (int i = 0; i < 2000; ++i) say(key, i);
  store->commit();
  pragma("wal_checkpoint(TRUNCATE)");
  pragma("cache_size=0");
  sqlite3_db_release_memory(connection);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(path);
    file.seekp(4096);
    file << std::string(size - 4096, '\x5a');
  }
  EXPECT_TRUE(store->archive().recent(key, 10, {}).empty());
  EXPECT_FALSE(store->archive().page(key, {}).complete);
  EXPECT_FALSE(store->archive().get(key, MessageId("id1")));
  EXPECT_FALSE(say(key, 5000));
  store->commit();
  EXPECT_FALSE(store->healthy());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_THAT(troubles[0], HasSubstr("damaged"));
}

TEST_F(StoreTest, TheOneWhoIsToldOfTroubleMayUseTheStore) {
  open();
  const auto key = room();
  store->commit();
  pragma("query_only=ON");
  int told = 0;
  store->on_trouble([&](const std::string&) {
    ++told;
    EXPECT_FALSE(say(key, 7));
    EXPECT_FALSE(store->commit());
  });
  EXPECT_FALSE(say(key, 1));
  EXPECT_EQ(told, 1);
}

TEST_F(StoreTest, EachLossIsCountedAndNothingElseIs) {
  open();
  const auto key = room();
  EXPECT_TRUE(store->commit());
  EXPECT_EQ(store->losses(), 0U);
  SQLite::Database other(path, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  EXPECT_FALSE(say(key, 1));
  const auto after_one = store->losses();
  EXPECT_GT(after_one, 0U);
  EXPECT_FALSE(say(key, 2));
  const auto after_two = store->losses();
  EXPECT_GT(after_two, after_one);
  // Reading loses nothing, nor does it that commit() has told of the losses.
  EXPECT_TRUE(store->archive().recent(key, 10, {}).empty());
  EXPECT_FALSE(store->commit());
  EXPECT_EQ(store->losses(), after_two);
  other.exec("ROLLBACK");
  EXPECT_TRUE(say(key, 3));
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(store->losses(), after_two);
}

// What commit() has told one of is still a loss to another who remembers the number from before.
TEST_F(StoreTest, ALossIsSeenByWhoRemembersTheNumber) {
  open();
  const auto key = room();
  store->commit();
  const auto before = store->losses();
  EXPECT_TRUE(say(key, 1));
  pragma("query_only=ON");
  EXPECT_FALSE(say(key, 2));
  pragma("query_only=OFF");
  EXPECT_FALSE(store->commit()) << "one of the two was lost";
  EXPECT_TRUE(store->commit()) << "which is told once";
  EXPECT_NE(store->losses(), before);
}

TEST_F(StoreTest, OnlyAFullDiskIsFull) {
  open();
  const auto key = room();
  store->commit();
  EXPECT_FALSE(store->full());
  pragma("query_only=ON");
  EXPECT_FALSE(say(key, 1));
  EXPECT_FALSE(store->healthy());
  EXPECT_FALSE(store->full());
  pragma("query_only=OFF");
  pragma("max_page_count=1");
  EXPECT_FALSE(store->archive().append(key, MessageId("large"), at(1), "n", std::string(100000, 'x')));
  EXPECT_TRUE(store->full());
  pragma("max_page_count=1000000");
  EXPECT_TRUE(store->full()) << "until something was written";
  EXPECT_FALSE(store->commit()) << "the large one was lost";
  EXPECT_TRUE(say(key, 2));
  EXPECT_TRUE(store->commit());
  EXPECT_FALSE(store->full());
}

TEST_F(StoreTest, TryingAgainFindsOutThatTheTroubleIsOver) {
  open();
  const auto key = room();
  EXPECT_TRUE(say(key, 1));
  EXPECT_TRUE(store->commit());
  EXPECT_TRUE(store->try_again());
  EXPECT_TRUE(troubles.empty());
  SQLite::Database other(path, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  EXPECT_FALSE(say(key, 2));
  EXPECT_FALSE(store->commit());
  EXPECT_FALSE(store->try_again());
  EXPECT_FALSE(store->try_again());
  EXPECT_EQ(troubles.size(), 1U);
  other.exec("ROLLBACK");
  EXPECT_TRUE(store->try_again());
  EXPECT_TRUE(store->healthy());
  EXPECT_EQ(troubles.size(), 2U);
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1) << "it writes nothing of its own";
  // What came of it before is nobody's any more.
  EXPECT_TRUE(say(key, 3));
  EXPECT_TRUE(store->durable());
}

TEST_F(StoreTest, TryingAgainSaysNoWhileTheDiskFails) {
  open();
  const auto key = room();
  store->commit();
  const auto limit = [&](std::uintmax_t bytes) {
    rlimit most{bytes, RLIM_INFINITY};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &most), 0);
  };
  std::signal(SIGXFSZ, SIG_IGN);
  pragma("wal_checkpoint(TRUNCATE)");
  limit(4096);
  EXPECT_TRUE(say(key, 1));
  EXPECT_FALSE(store->durable());
  EXPECT_FALSE(store->healthy());
  EXPECT_FALSE(store->try_again());
  limit(RLIM_INFINITY);
  EXPECT_TRUE(store->try_again());
  EXPECT_TRUE(store->healthy());
  EXPECT_TRUE(say(key, 2));
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1);
}

}  // namespace
}  // namespace dragoman
