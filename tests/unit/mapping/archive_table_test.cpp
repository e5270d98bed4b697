#include "mapping/archive_table.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Ten lines, id0 at 0 s to id9 at 9 s, nicks "even" and "odd"; another room with the same ids.
class ArchiveTest : public StoreTest {
 protected:
  ArchiveTest() {
    open();
    key = room();
    other = room("#other");
    for (int i = 0; i < 10; ++i) {
      say(key, i);
      say(other, 9 - i);
    }
  }

  std::string ids(const ArchivePage& page) { return ids(page.lines); }
  std::string ids(const std::vector<ArchiveLine>& lines) {
    std::string all;
    for (const auto& line : lines) all += line.id.value().substr(2);
    return all;
  }
  ArchivePage page(const ArchiveQuery& query) { return store->archive().page(key, query); }
  static MessageId id(int n) { return MessageId("id" + std::to_string(n)); }

  RoomKey key = 0, other = 0;
};

TEST_F(ArchiveTest, ALineComesBackAsItWas) {
  const std::string payload("any <bytes>\0 \xF0\x9F\xA6\x84", 17);
  EXPECT_TRUE(store->archive().append(key, MessageId("x"), at(123456), "n\xC3\xA9", payload));
  EXPECT_EQ(store->archive().get(key, MessageId("x")),
            (ArchiveLine{MessageId("x"), at(123456), "n\xC3\xA9", payload}));
  EXPECT_FALSE(store->archive().get(other, MessageId("x")));
  EXPECT_TRUE(store->archive().append(key, MessageId("y"), at(-5), "", ""));
  EXPECT_EQ(store->archive().get(key, MessageId("y")), (ArchiveLine{MessageId("y"), at(-5), "", ""}));
}

TEST_F(ArchiveTest, ALineIsTakenOnceARoom) {
  EXPECT_FALSE(store->archive().append(key, id(3), at(99), "n", "again"));
  EXPECT_EQ(store->archive().get(key, id(3))->payload, "line 3");
  EXPECT_TRUE(store->archive().append(room("#third"), id(3), at(99), "n", "new"));
  EXPECT_TRUE(store->healthy());
}

TEST_F(ArchiveTest, ARoomThatIsNoneTakesNothing) {
  EXPECT_FALSE(store->archive().append(0, id(3), at(99), "n", "p"));
  EXPECT_FALSE(store->archive().append(99, id(3), at(99), "n", "p"));
  EXPECT_TRUE(store->healthy());
}

TEST_F(ArchiveTest, WithoutBoundsTheFirstPageComes) {
  const auto all = page({});
  EXPECT_EQ(ids(all), "0123456789");
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(all.count, 10U);
  EXPECT_EQ(all.first_index, 0U);
  ArchiveQuery query;
  query.max = 3;
  const auto first = page(query);
  EXPECT_EQ(ids(first), "012");
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.count, 10U);
}

TEST_F(ArchiveTest, PagesForwardMeetTheEndExactly) {
  ArchiveQuery query;
  query.max = 5;
  EXPECT_EQ(ids(page(query)), "01234");
  EXPECT_FALSE(page(query).complete);
  query.after = id(4);
  const auto last = page(query);
  EXPECT_EQ(ids(last), "56789");
  EXPECT_TRUE(last.complete);
  EXPECT_EQ(last.first_index, 5U);
  EXPECT_EQ(last.count, 10U);
  query.after = id(9);
  const auto none = page(query);
  EXPECT_EQ(ids(none), "");
  EXPECT_TRUE(none.complete);
  EXPECT_EQ(none.count, 10U);
}

TEST_F(ArchiveTest, PagesBackwardEndRightBeforeTheirMark) {
  ArchiveQuery query;
  query.max = 3;
  query.from_end = true;
  const auto last = page(query);
  EXPECT_EQ(ids(last), "789");
  EXPECT_EQ(last.first_index, 7U);
  EXPECT_FALSE(last.complete);
  query.from_end = false;
  query.before = id(7);
  EXPECT_EQ(ids(page(query)), "456");
  EXPECT_EQ(page(query).first_index, 4U);
  EXPECT_FALSE(page(query).complete);
  query.before = id(3);
  EXPECT_EQ(ids(page(query)), "012");
  EXPECT_TRUE(page(query).complete);
  query.before = id(0);
  EXPECT_EQ(ids(page(query)), "");
  EXPECT_TRUE(page(query).complete);
}

TEST_F(ArchiveTest, BetweenTwoMarksThePageBeginsBehindTheFirst) {
  ArchiveQuery query;
  query.after = id(2);
  query.before = id(7);
  EXPECT_EQ(ids(page(query)), "3456");
  EXPECT_TRUE(page(query).complete);
  query.max = 2;
  EXPECT_EQ(ids(page(query)), "34");
  EXPECT_FALSE(page(query).complete);
  query.from_end = true;
  EXPECT_EQ(ids(page(query)), "56");
  query.after = id(7);
  query.before = id(2);
  EXPECT_EQ(ids(page(query)), "");
}

TEST_F(ArchiveTest, NoneAskedForIsTheCountAlone) {
  ArchiveQuery query;
  query.max = 0;
  const auto counted = page(query);
  EXPECT_EQ(ids(counted), "");
  EXPECT_EQ(counted.count, 10U);
  EXPECT_FALSE(counted.complete);
  query.nick = "nobody";
  EXPECT_EQ(page(query).count, 0U);
  EXPECT_TRUE(page(query).complete);
}

TEST_F(ArchiveTest, BoundsOnTimeAreInclusive) {
  ArchiveQuery query;
  query.start = at(3000);
  query.end = at(6000);
  EXPECT_EQ(ids(page(query)), "3456");
  EXPECT_EQ(page(query).count, 4U);
  query.start = at(3001);
  query.end = at(5999);
  EXPECT_EQ(ids(page(query)), "45");
  query.start = at(9001);
  query.end.reset();
  EXPECT_EQ(page(query).count, 0U);
  EXPECT_TRUE(page(query).complete);
}

TEST_F(ArchiveTest, CountAndIndexAreOfWhatMatches) {
  ArchiveQuery query;
  query.nick = "odd";
  query.start = at(2000);
  query.max = 2;
  query.after = id(3);
  const auto found = page(query);
  EXPECT_EQ(ids(found), "57");
  EXPECT_EQ(found.count, 4U);  // 3 5 7 9
  EXPECT_EQ(found.first_index, 1U);
  EXPECT_FALSE(found.complete);
}

TEST_F(ArchiveTest, AMarkNeedNotMatchTheRest) {
  ArchiveQuery query;
  query.nick = "odd";
  query.after = id(4);
  EXPECT_EQ(ids(page(query)), "579");
}

TEST_F(ArchiveTest, TheFormsIdsNarrowTheQueryItself) {
  ArchiveQuery query;
  query.after_id = id(1);
  query.before_id = id(8);
  query.max = 3;
  auto found = page(query);
  EXPECT_EQ(ids(found), "234");
  EXPECT_EQ(found.count, 6U);
  EXPECT_EQ(found.first_index, 0U);
  query.after = id(4);
  found = page(query);
  EXPECT_EQ(ids(found), "567");
  EXPECT_EQ(found.first_index, 3U);
  EXPECT_TRUE(found.complete);
  query.after.reset();
  query.from_end = true;
  EXPECT_EQ(ids(page(query)), "567");
}

TEST_F(ArchiveTest, UnknownIdsAreTold) {
  const auto unknown = [&](const auto& set) {
    ArchiveQuery query;
    set(query);
    const auto found = page(query);
    EXPECT_THAT(found.lines, IsEmpty());
    return found.unknown_id;
  };
  const MessageId none("none");
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.after = none; }));
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.before = none; }));
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.after_id = none; }));
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.before_id = none; }));
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.ids = {none}; }));
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.ids = {id(1), none, id(2)}; }));
  store->archive().append(other, MessageId("theirs"), at(1), "n", "p");
  EXPECT_TRUE(unknown([&](ArchiveQuery& q) { q.after = MessageId("theirs"); }));
}

TEST_F(ArchiveTest, LinesAskedForByIdComeInTheArchivesOrder) {
  ArchiveQuery query;
  query.ids = {id(7), id(2), id(5), id(2)};
  auto found = page(query);
  EXPECT_EQ(ids(found), "257");
  EXPECT_EQ(found.count, 3U);
  EXPECT_TRUE(found.complete);
  query.max = 1;
  query.after = id(2);
  found = page(query);
  EXPECT_EQ(ids(found), "5");
  EXPECT_EQ(found.first_index, 1U);
  EXPECT_FALSE(found.complete);
  query.after.reset();
  query.from_end = true;
  EXPECT_EQ(ids(page(query)), "7");
  query.nick = "even";
  EXPECT_EQ(page(query).count, 1U);
}

TEST_F(ArchiveTest, TheOrderIsThatOfWritingWhateverTheTimes) {
  store->archive().append(key, MessageId("idL"), at(1500), "n", "late");
  EXPECT_EQ(ids(page({})), "0123456789L");
  ArchiveQuery query;
  query.end = at(2000);
  EXPECT_EQ(ids(page(query)), "012L");
}

TEST_F(ArchiveTest, AnEmptyRoomIsAnEmptyPage) {
  const auto found = store->archive().page(room("#empty"), {});
  EXPECT_TRUE(found.complete);
  EXPECT_FALSE(found.unknown_id);
  EXPECT_EQ(found.count, 0U);
}

TEST_F(ArchiveTest, AnyWalkThroughPagesMeetsEveryLineOnce) {
  std::mt19937 random(11);
  for (int i = 10; i < 200; ++i) say(key, i);
  for (const std::size_t max : {1U, 2U, 7U, 50U, 199U, 200U, 201U}) {
    for (const bool backward : {false, true}) {
      ArchiveQuery query;
      query.max = max;
      query.from_end = backward;
      std::vector<std::string> seen;
      for (int pages = 0; pages < 250; ++pages) {
        const auto found = page(query);
        ASSERT_FALSE(found.unknown_id);
        ASSERT_EQ(found.count, 200U);
        std::vector<std::string> part;
        for (const auto& line : found.lines) part.push_back(line.id.value());
        if (!part.empty()) {
          ASSERT_EQ(part.front(), "id" + std::to_string(found.first_index));
        }
        seen.insert(backward ? seen.begin() : seen.end(), part.begin(), part.end());
        if (found.complete) break;
        query.from_end = false;
        (backward ? query.before : query.after) = backward ? found.lines.front().id : found.lines.back().id;
      }
      ASSERT_EQ(seen.size(), 200U) << max << backward;
      for (int i = 0; i < 200; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], "id" + std::to_string(i));
    }
  }
}

TEST_F(ArchiveTest, RecentLinesComeOldestFirst) {
  EXPECT_EQ(ids(store->archive().recent(key, 3, {})), "789");
  EXPECT_EQ(ids(store->archive().recent(key, 100, {})), "0123456789");
  EXPECT_EQ(ids(store->archive().recent(key, 0, {})), "");
  EXPECT_EQ(ids(store->archive().recent(key, 100, at(8000))), "89");
  EXPECT_EQ(ids(store->archive().recent(key, 1, at(3000))), "9");
}

TEST_F(ArchiveTest, ThePastLiesBehindWhatWasSaidBeforeItAndCameLate) {
  ArchiveTable& archive = store->archive();
  const RoomKey past = room("#past");
  using std::chrono::milliseconds;
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto ago = [&](int ms) { return now - milliseconds(ms); };
  EXPECT_TRUE(archive.append(past, MessageId("idb"), ago(5000), "n", "came late"));
  EXPECT_TRUE(archive.append(past, MessageId("idx"), ago(90'000'000), "n", "by a clock that goes wrong"));
  EXPECT_TRUE(archive.append_past(past, MessageId("idc"), ago(4000), "n", "p"));
  EXPECT_TRUE(archive.append_past(past, MessageId("idd"), ago(4000), "n", "p"));
  EXPECT_TRUE(archive.append_past(past, MessageId("ida"), ago(6000), "n", "p"));
  EXPECT_TRUE(archive.append(past, MessageId("ide"), now, "n", "p"));
  const std::string all = ids(archive.recent(past, 100, {}));
  EXPECT_THAT(all, testing::AnyOf("abxcde", "abcdxe")) << "x where it came";
}

TEST_F(ArchiveTest, WhatWasMissedLiesBehindAPlaceOrWasSaidSince) {
  ArchiveTable& archive = store->archive();
  const std::int64_t end = archive.end();
  EXPECT_EQ(ids(archive.missed(key, end, {}, 100)), "");
  EXPECT_EQ(ids(archive.missed(key, end, at(7000), 100)), "789");
  EXPECT_TRUE(archive.append(other, MessageId("idx"), at(20000), "n", "elsewhere"));
  EXPECT_TRUE(archive.append(key, MessageId("ida"), at(-5), "n", "by a clock that goes wrong"));
  EXPECT_TRUE(archive.append(key, MessageId("idb"), at(20000), "n", "p"));
  EXPECT_TRUE(archive.append_past(key, MessageId("idc"), at(8500), "n", "heard of later"));
  EXPECT_EQ(ids(archive.missed(key, end, {}, 100)), "ab");
  EXPECT_EQ(ids(archive.missed(key, end, at(8500), 100)), "c9ab");
  EXPECT_EQ(ids(archive.missed(key, end, at(8500), 2)), "ab") << "the newest";
  EXPECT_EQ(ids(archive.missed(key, archive.end(), {}, 100)), "");
}

TEST_F(ArchiveTest, ATombstoneKeepsItsPlace) {
  EXPECT_TRUE(store->archive().replace_payload(key, id(4), "gone"));
  EXPECT_EQ(store->archive().get(key, id(4)), (ArchiveLine{id(4), at(4000), "even", "gone"}));
  EXPECT_EQ(ids(page({})), "0123456789");
  EXPECT_EQ(store->archive().get(other, id(4))->payload, "line 4");
  EXPECT_FALSE(store->archive().replace_payload(key, MessageId("none"), "gone"));
}

TEST_F(ArchiveTest, PruningTakesTheOldestAtMostSoMany) {
  store->archive().erase(other);
  EXPECT_EQ(store->archive().prune(at(0), 100), 0U);
  EXPECT_EQ(store->archive().prune(at(5000), 2), 2U);
  EXPECT_EQ(ids(page({})), "23456789");
  EXPECT_EQ(store->archive().prune(at(5000), 100), 3U);
  EXPECT_EQ(ids(page({})), "56789");
  EXPECT_EQ(store->archive().prune(at(1'000'000), 100), 5U);
  EXPECT_EQ(store->archive().prune(at(1'000'000), 100), 0U);
}

TEST_F(ArchiveTest, PruningMakesNoGaps) {
  store->archive().erase(other);
  store->archive().append(key, MessageId("idL"), at(1), "n", "late");
  EXPECT_EQ(store->archive().prune(at(5000), 100), 5U);
  EXPECT_EQ(ids(page({})), "56789L");
}

TEST_F(ArchiveTest, ALineFromTheFutureGoesByWhenItWasWritten) {
  const auto third = room("#third");
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  store->archive().erase(other);
  store->archive().erase(key);
  store->archive().append(third, MessageId("id-future"), now + std::chrono::hours(100000), "n", "p");
  store->archive().append(third, MessageId("id-now"), now, "n", "p");
  EXPECT_EQ(store->archive().prune(now - std::chrono::hours(1), 100), 0U);
  EXPECT_EQ(store->archive().prune(now + std::chrono::hours(1), 100), 2U);
}

TEST_F(ArchiveTest, ErasingForgetsOneRoom) {
  EXPECT_TRUE(store->archive().erase(key));
  EXPECT_EQ(page({}).count, 0U);
  EXPECT_EQ(store->archive().page(other, {}).count, 10U);
}

TEST_F(ArchiveTest, AnIdOfAnErasedLineMayComeAgainAtTheEnd) {
  store->archive().erase(key);
  EXPECT_TRUE(say(key, 3));
  EXPECT_TRUE(say(key, 1));
  EXPECT_EQ(ids(page({})), "31");
}

TEST_F(ArchiveTest, WhatWasSaidBeforeTakesItsPlaceByTime) {
  auto& archive = store->archive();
  const RoomKey past = room("#past");
  EXPECT_TRUE(archive.append(past, MessageId("idL"), at(50'000), "n", "live"));
  EXPECT_TRUE(archive.append_past(past, MessageId("idC"), at(30'000), "n", "third"));
  EXPECT_TRUE(archive.append_past(past, MessageId("idA"), at(10'000), "n", "first"));
  EXPECT_TRUE(archive.append_past(past, MessageId("idB"), at(10'000), "n", "second"));
  EXPECT_FALSE(archive.append_past(past, MessageId("idA"), at(20'000), "n", "again"));
  EXPECT_FALSE(archive.append_past(past, MessageId("idL"), at(20'000), "n", "again"));
  EXPECT_EQ(ids(archive.page(past, {})), "ABCL");
  EXPECT_EQ(ids(archive.page(past, {.after = MessageId("idA"), .max = 2})), "BC");
  EXPECT_EQ(ids(archive.page(past, {.before = MessageId("idL"), .max = 2})), "BC");
  EXPECT_EQ(archive.get(past, MessageId("idA")), (ArchiveLine{MessageId("idA"), at(10'000), "n", "first"}));
  EXPECT_TRUE(store->healthy());
}

TEST_F(ArchiveTest, APastOfManyLinesInOneMomentAndOneOfTheFutureAreKeptInOrder) {
  auto& archive = store->archive();
  const RoomKey past = room("#past");
  for (int i = 0; i < 1500; ++i)
    ASSERT_TRUE(archive.append_past(past, MessageId("m-" + std::to_string(i)), at(10), "n", "p"));
  ASSERT_TRUE(archive.append_past(past, MessageId("early"), at(-1), "n", "p"));
  ASSERT_TRUE(archive.append_past(past, MessageId("late"), at(std::int64_t{1} << 45), "n", "p"));
  const ArchivePage all = archive.page(past, {.max = 2000});
  ASSERT_EQ(all.lines.size(), 1502U);
  EXPECT_EQ(all.lines.front().id.value(), "early");
  for (std::size_t i = 0; i < 1500; ++i) ASSERT_EQ(all.lines[i + 1].id.value(), "m-" + std::to_string(i));
  EXPECT_EQ(all.lines.back().id.value(), "late");
  ASSERT_TRUE(archive.append(past, MessageId("after"), at(20), "n", "p"));
  EXPECT_EQ(archive.recent(past, 1, {})[0].id.value(), "after");
}

TEST_F(ArchiveTest, APastLineTakesNoPlaceOfAnIdThatWasGivenOut) {
  auto& archive = store->archive();
  const RoomKey past = room("#past");
  const MessageId given = archive.make_id();
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  EXPECT_TRUE(archive.append_past(past, MessageId("p"), now - std::chrono::milliseconds(1), "n", "p"));
  EXPECT_TRUE(archive.append(past, given, now, "n", "mine"));
  EXPECT_EQ(archive.get(past, given)->payload, "mine");
}

TEST_F(ArchiveTest, LinesThatHoldAPieceAreFoundBehindAnother) {
  auto& archive = store->archive();
  archive.append(key, MessageId("edit"), at(100), "n", "<replace id='id3'/>");
  archive.append(other, MessageId("edit"), at(100), "n", "<replace id='id3'/>");
  const auto found = archive.holding(key, id(3), "id='id3'", 100);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id.value(), "edit");
  EXPECT_TRUE(archive.holding(key, id(3), "id='id3'", 6).empty()) << "further away than looked at";
  EXPECT_TRUE(archive.holding(key, MessageId("edit"), "id='id3'", 100).empty());
  EXPECT_TRUE(archive.holding(key, MessageId("none"), "id='id3'", 100).empty());
}

}  // namespace
}  // namespace dragoman
