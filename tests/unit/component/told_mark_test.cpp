#include "component/told_mark.hpp"

#include "mapping/archive_table.hpp"
#include "mapping/rooms_table.hpp"
#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

const NetworkId network{"net.example"};

class Told : public StoreTest {
 protected:
  Told() {
    open();
    key = room();
    mark.emplace(*store, network);
  }
  void said(char name) {
    const MessageId id(std::string(1, name));
    EXPECT_TRUE(store->archive().append(key, id, at(1000), "n", "p"));
  }
  std::string untold() { return behind(mark->place()); }
  std::string behind(std::int64_t place) {
    std::string all;
    for (const ArchiveLine& line : store->archive().missed(key, place, {}, 100)) all += line.id.value();
    return all;
  }
  void restart() {
    mark.reset();
    open();
    mark.emplace(*store, network);
  }

  RoomKey key = 0;
  std::optional<ToldMark> mark;
};

TEST_F(Told, WhatLiesThereAtTheFirstStartIsOld) {
  said('a');
  mark.emplace(*store, NetworkId{"another.example"});
  EXPECT_EQ(untold(), "");
  said('b');
  EXPECT_EQ(untold(), "b");
  restart();
  EXPECT_EQ(untold(), "ab") << "kept at once";
}

TEST_F(Told, ItMovesOnWhenItHasBeenWritten) {
  said('a');
  mark->told(100);
  mark->written(99);
  EXPECT_EQ(untold(), "a");
  restart();
  EXPECT_EQ(untold(), "a");
  mark->told(10);
  said('b');
  mark->written(10);
  EXPECT_EQ(untold(), "b");
  restart();
  EXPECT_EQ(untold(), "b");
}

TEST_F(Told, ItMovesOnThoughThereIsAlwaysMore) {
  std::uint64_t position = 0;
  for (const char name : std::string("abcdef")) {
    said(name);
    mark->told(position += 10);
  }
  mark->written(10);
  EXPECT_EQ(untold(), "bcdef");
  said('g');
  mark->told(70);
  mark->written(59);
  EXPECT_EQ(untold(), "bcdefg") << "the rest in one";
  mark->written(69);
  EXPECT_EQ(untold(), "g");
  mark->written(70);
  EXPECT_EQ(untold(), "");
}

TEST_F(Told, ALinkThatIsLostLeavesItWhereItWas) {
  said('a');
  mark->told(100);
  mark->pause();
  mark->written(100);
  said('b');
  mark->told(200);
  mark->written(200);
  EXPECT_EQ(untold(), "ab");
  mark->go_on(300);
  mark->written(300);
  EXPECT_EQ(untold(), "");
  said('c');
  mark->go_on(400);
  mark->written(400);
  EXPECT_EQ(untold(), "c") << "it did not stand still";
}

TEST_F(Told, ARoomMayBeBehindTheOthers) {
  mark->fall_behind(key, mark->place());
  said('a');
  mark->told(10);
  mark->written(10);
  restart();
  EXPECT_EQ(untold(), "");
  EXPECT_EQ(behind(mark->place_of(key)), "a");
  EXPECT_EQ(behind(mark->place_of(key + 1)), "");
  mark->catch_up(key);
  EXPECT_EQ(behind(mark->place_of(key)), "");
}

}  // namespace
}  // namespace dragoman
