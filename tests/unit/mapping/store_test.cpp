#include "mapping/store.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping/migrations.hpp"
#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void write_file(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path, std::ios::binary) << text;
  ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
}

TEST_F(StoreTest, MakesADatabaseAndAKeyForItsUserAlone) {
  open();
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(key_file), 0600U);
  EXPECT_EQ(std::filesystem::file_size(key_file), 32U);
  room();
  EXPECT_EQ(mode_of(path + "-wal"), 0600U);
  EXPECT_TRUE(store->healthy());
}

TEST_F(StoreTest, KeepsTheKeyItHas) {
  open();
  std::ifstream first(key_file, std::ios::binary);
  const std::string before((std::istreambuf_iterator<char>(first)), {});
  reopen();
  std::ifstream second(key_file, std::ios::binary);
  EXPECT_EQ(std::string((std::istreambuf_iterator<char>(second)), {}), before);
}

TEST_F(StoreTest, UsesAWriteAheadLog) {
  open();
  EXPECT_EQ(SQLite::Database(path).execAndGet("PRAGMA journal_mode").getString(), "wal");
}

// Groups.

TEST_F(StoreTest, TellsItsOwnerOnceThatAGroupIsOpen) {
  open();
  const auto key = room();
  store->commit();
  int woken = 0;
  store->on_first_write([&] { ++woken; });
  say(key, 1);
  say(key, 2);
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(store->commit());
  EXPECT_EQ(woken, 1);
  say(key, 3);
  EXPECT_EQ(woken, 2);
}

TEST_F(StoreTest, AnOwnerMayCommitWhenItIsTold) {
  open();
  const auto key = room();
  store->commit();
  bool committed_it = false;
  store->on_first_write([&] { committed_it = store->commit(); });
  EXPECT_TRUE(say(key, 1));
  EXPECT_TRUE(committed_it);
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1);
  EXPECT_TRUE(store->settings().save(net, PersonId("u@x"), "s", {{"a", {"1", false}}, {"b", {"2", false}}}));
  EXPECT_EQ(committed("SELECT count(*) FROM settings"), 2);
}

TEST_F(StoreTest, AGroupIsSeenByOthersWhenItIsCommitted) {
  open();
  const auto key = room();
  store->commit();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(say(key, i));
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 0);
  EXPECT_EQ(store->archive().recent(key, 50, {}).size(), 10U);
  EXPECT_TRUE(store->commit());
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 10);
}

TEST_F(StoreTest, AGroupThatNobodyEndsIsEndedBeforeItGrowsWithoutBound) {
  open();
  const auto key = room();
  store->commit();
  for (int i = 0; i < 20000; ++i) ASSERT_TRUE(say(key, i));
  EXPECT_GT(committed("SELECT count(*) FROM archive"), 10000);
}

TEST_F(StoreTest, CommitsWhenItIsClosed) {
  open();
  say(room(), 1);
  store.reset();
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1);
}

TEST_F(StoreTest, ACommitWithoutWritesIsFine) {
  open();
  EXPECT_TRUE(store->commit());
  EXPECT_TRUE(store->durable());
}

TEST_F(StoreTest, DurableCommits) {
  open();
  const auto key = room();
  say(key, 1);
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(committed("SELECT count(*) FROM archive"), 1);
  EXPECT_TRUE(store->durable());
}

TEST_F(StoreTest, TheWalDoesNotGrowWithoutBound) {
  open();
  const auto key = room();
  const std::string payload(500, 'x');
  for (int i = 0; i < 60000; ++i) {
    ASSERT_TRUE(store->archive().append(key, MessageId(std::to_string(i)), at(i), "n", payload));
    if (i % 50 == 0) {
      ASSERT_TRUE(store->commit());
    }
  }
  EXPECT_TRUE(store->commit());
  EXPECT_GT(std::filesystem::file_size(path), 20'000'000U);
  EXPECT_LT(std::filesystem::file_size(path + "-wal"), 16'000'000U);
}

// Opening refused.

TEST_F(StoreTest, AMissingFolderIsNamed) {
  path = folder + "/no/such/dragoman.db";
  EXPECT_THAT(refusal(), AllOf(HasSubstr(folder + "/no/such"), HasSubstr("does not exist")));
}

TEST_F(StoreTest, AFolderIsNoDatabase) {
  path = folder;
  EXPECT_THAT(refusal(), HasSubstr("can't be opened"));
}

TEST_F(StoreTest, APlaceWithoutFilesIsRefused) {
  path = "/proc/dragoman.db";
  EXPECT_THAT(refusal(), HasSubstr("can't be opened"));
}

TEST_F(StoreTest, AFileOfSomethingElseIsNoDatabase) {
  write_file(path, std::string(8192, 'x'), 0600);
  EXPECT_THAT(refusal(), HasSubstr("no SQLite database"));
}

TEST_F(StoreTest, AnotherProgramsDatabaseIsLeftAlone) {
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE theirs(x)");
  EXPECT_THAT(refusal(), HasSubstr("belongs to another program"));
  EXPECT_EQ(committed("SELECT count(*) FROM sqlite_master"), 1);
}

TEST_F(StoreTest, ADamagedDatabaseIsRefusedAtOpening) {
  open();
  for (int i = 0; i < 100; ++i) say(room(), i);
  store.reset();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = std::filesystem::file_size(path);
  file.seekp(4096);
  file << std::string(size - 4096, '\x5a');
  file.close();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("is damaged"), HasSubstr(".recover")));
}

TEST_F(StoreTest, ALockedDatabaseIsRefusedAtOpening) {
  open();
  store.reset();
  SQLite::Database other(path, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  EXPECT_THAT(refusal(), HasSubstr("is locked by another process"));
  other.exec("ROLLBACK");
  EXPECT_EQ(refusal(), "");
}

// The key.

TEST_F(StoreTest, AKeyThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0610U, 0602U}) {
    write_file(key_file, std::string(32, 'k'), mode);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(key_file), HasSubstr("chmod 600"))) << std::oct << mode;
  }
  write_file(key_file, std::string(32, 'k'), 0400);
  EXPECT_EQ(refusal(), "");
}

TEST_F(StoreTest, AKeyOfAnotherLengthIsRefused) {
  for (const std::size_t length : {0U, 31U, 33U}) {
    write_file(key_file, std::string(length, 'k'), 0600);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(std::to_string(length) + " bytes"), HasSubstr("32"))) << length;
  }
}

TEST_F(StoreTest, AFolderIsNoKey) {
  std::filesystem::create_directory(key_file);
  EXPECT_THAT(refusal(), HasSubstr("no regular file"));
}

TEST_F(StoreTest, AKeyInAMissingFolderIsRefused) {
  key_file = folder + "/no/key";
  EXPECT_THAT(refusal(), HasSubstr(folder + "/no"));
}

TEST_F(StoreTest, ALostKeyIsNotReplaced) {
  open();
  store.reset();
  std::filesystem::remove(key_file);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("is missing"), HasSubstr("backup")));
  EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_F(StoreTest, AnotherKeyIsRefused) {
  open();
  store.reset();
  write_file(key_file, std::string(32, 'k'), 0600);
  EXPECT_THAT(refusal(), HasSubstr("is not the one"));
}

TEST_F(StoreTest, SealedPasswordsCanBeGivenUp) {
  open();
  const PersonId person("u@example.org");
  store->settings().save(net, person, "s", {{"pass", {"hidden", true}}, {"nick", {"n", false}}});
  store.reset();
  std::filesystem::remove(key_file);
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("DELETE FROM meta WHERE name='key_check'");
  open();
  EXPECT_EQ(store->settings().load(net, person, "s"), (SettingMap{{"nick", {"n", false}}}));
}

// Migrations.

class MigrationTest : public StoreTest, public testing::WithParamInterface<int> {};

TEST_P(MigrationTest, ADatabaseOfEveryVersionIsBroughtUpWithWhatIsInIt) {
  const int version = GetParam();
  {
    SQLite::Database old(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    for (int step = 0; step < version; ++step) old.exec(migrations()[static_cast<std::size_t>(step)]);
    old.exec("PRAGMA user_version=" + std::to_string(version));
    if (version >= 1) {
      old.exec(
          "INSERT INTO rooms(key, network, room, viewer, nick, joined) "
          "VALUES(7, 'irc.example.org', '#a%irc.localhost', 'u@example.org', 'me', 1)");
      old.exec("INSERT INTO archive(seq, room, id, time, nick, payload) VALUES(1, 7, 'first', 5, 'n', 'p')");
      old.exec("INSERT INTO messages(seq, room, local_id, network_id, sender) VALUES(1, 7, 'l', 'n', 's')");
      old.exec(
          "INSERT INTO settings(network, person, scope, name, value, secret) "
          "VALUES('irc.example.org', 'u@example.org', '', 'a', 'b', 0)");
      old.exec("INSERT INTO registrations(network, person) VALUES('irc.example.org', 'u@example.org')");
      old.exec(
          "INSERT INTO subscriptions(network, person, node) VALUES('irc.example.org', 'u@example.org', 'x')");
    }
    if (version >= 2) {
      old.exec("INSERT INTO occupants(room, jid, nick) VALUES(7, 'u@example.org/r', 'me')");
      old.exec(
          "INSERT INTO outbox(seq, network, queue, key, payload, time, attempts) "
          "VALUES(1, 'irc.example.org', 'q', 'k', 'p', 5, 2)");
    }
  }
  open();
  EXPECT_EQ(committed("PRAGMA user_version"), static_cast<std::int64_t>(migrations().size()));
  const PersonId person("u@example.org");
  const auto key = room();
  EXPECT_NE(key, 0);
  if (version >= 1) {
    EXPECT_EQ(key, 7);
    EXPECT_EQ(store->archive().recent(7, 5, {}),
              (std::vector<ArchiveLine>{{MessageId("first"), at(5), "n", "p"}}));
    EXPECT_EQ(store->messages().by_local(7, "l")->sender, "s");
    EXPECT_EQ(store->settings().load(net, person, "").at("a").value, "b");
    EXPECT_TRUE(store->settings().is_registered(net, person));
    EXPECT_EQ(store->settings().subscriptions(net).size(), 1U);
    EXPECT_EQ(store->rooms().joined(net).size(), 1U);
  }
  if (version >= 2) {
    EXPECT_EQ(store->rooms().occupants(net), (std::vector<OccupantRow>{{7, "u@example.org/r", "me"}}));
    EXPECT_EQ(store->outbox().pending(net, "q", 5).at(0).attempts, 2U);
  }
  EXPECT_TRUE(say(key, 9));
  EXPECT_TRUE(store->rooms().add_occupant({key, "u@example.org/s", "me"}));
  OutboxItem item{0, "q", "k2", "p", at(1), 0};
  EXPECT_TRUE(store->outbox().put(net, item));
  EXPECT_TRUE(store->durable());
}

INSTANTIATE_TEST_SUITE_P(From, MigrationTest, testing::Range(0, static_cast<int>(migrations().size()) + 1));

TEST_F(StoreTest, ADatabaseOfANewerDragomanIsRefused) {
  open();
  store.reset();
  const int newer = static_cast<int>(migrations().size()) + 1;
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version=" + std::to_string(newer));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("version " + std::to_string(newer)), HasSubstr("newer dragoman")));
}

TEST_F(StoreTest, OpeningAgainChangesNothing) {
  open();
  const auto key = room();
  say(key, 1);
  reopen();
  EXPECT_EQ(room(), key);
  EXPECT_TRUE(say(key, 2));
  const auto lines = store->archive().recent(key, 5, {});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].id.value(), "id2");
}

}  // namespace
}  // namespace dragoman
