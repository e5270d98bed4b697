#include "bridges/matrix/power_levels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman::matrix {
namespace {

using testing::UnorderedElementsAre;

json::object object(std::string_view text) { return parse_json(text).value().as_object(); }

PowerLevels levels(std::string_view content, std::string_view create = R"({"room_version":"11"})") {
  PowerLevels p;
  p.set_create(object(create), "@creator:x");
  p.set_levels(object(content));
  return p;
}

TEST(PowerLevels, WithoutTheEventTheCreatorAloneRules) {
  PowerLevels p;
  p.set_create(object(R"({"room_version":"10","creator":"@old:x"})"), "@sender:x");
  EXPECT_EQ(p.of("@old:x"), 100);
  EXPECT_EQ(p.of("@sender:x"), 0);
  EXPECT_EQ(p.standing("@old:x"), Standing::owner);
  EXPECT_EQ(p.standing("@a:x"), Standing::participant);
  EXPECT_TRUE(p.can_speak("@a:x"));
  EXPECT_EQ(p.needed_for("m.room.topic", true), 50);
  EXPECT_EQ(p.needed_for("m.room.message", false), 0);
  EXPECT_THAT(p.elevated(), UnorderedElementsAre("@old:x"));
}

TEST(PowerLevels, FromVersionElevenTheSenderIsTheCreator) {
  PowerLevels p;
  p.set_create(object(R"({"room_version":"11"})"), "@sender:x");
  EXPECT_EQ(p.of("@sender:x"), 100);
}

TEST(PowerLevels, WithTheEventTheCreatorOfAnOldRoomIsAsOthersAre) {
  EXPECT_EQ(levels(R"({"users":{"@a:x":100}})").of("@creator:x"), 0);
}

TEST(PowerLevels, CreatorsOfVersionTwelveOutrankAll) {
  const auto p = levels(R"({"users":{"@a:x":100,"@creator:x":5}})",
                        R"({"room_version":"12","additional_creators":["@second:x",7,"@creator:x"]})");
  EXPECT_EQ(p.of("@creator:x"), PowerLevels::creator);
  EXPECT_EQ(p.of("@second:x"), PowerLevels::creator);
  EXPECT_EQ(p.standing("@second:x"), Standing::owner);
  EXPECT_EQ(p.standing("@a:x"), Standing::owner);
  EXPECT_THAT(p.elevated(), UnorderedElementsAre("@creator:x", "@second:x", "@a:x"));
}

TEST(PowerLevels, AreReadByTheRoomsOwnThresholds) {
  const auto p = levels(R"({"users":{"@o:x":100,"@a:x":50,"@m:x":30,"@s:x":10,"@v:x":-1},
                            "redact":30,"kick":40,"events_default":0})");
  EXPECT_EQ(p.standing("@o:x"), Standing::owner);
  EXPECT_EQ(p.standing("@a:x"), Standing::admin);
  EXPECT_EQ(p.standing("@m:x"), Standing::moderator);
  EXPECT_EQ(p.standing("@s:x"), Standing::member);
  EXPECT_EQ(p.standing("@v:x"), Standing::visitor);
  EXPECT_EQ(p.standing("@n:x"), Standing::participant);
  EXPECT_FALSE(p.can_speak("@v:x"));
}

TEST(PowerLevels, AHundredIsNoOwnerWhereMoreIsNeeded) {
  const auto p = levels(R"({"users":{"@a:x":100,"@b:x":150},"events":{"m.room.power_levels":150}})");
  EXPECT_EQ(p.standing("@a:x"), Standing::admin);
  EXPECT_EQ(p.standing("@b:x"), Standing::owner);
  EXPECT_EQ(p.level_for(Standing::owner), 150);
}

TEST(PowerLevels, OfARoomForReadersMakeVisitors) {
  const auto p = levels(R"({"events_default":50,"users":{"@a:x":50},"events":{"m.reaction":0}})");
  EXPECT_EQ(p.standing("@n:x"), Standing::visitor);
  EXPECT_FALSE(p.can_speak("@n:x"));
  EXPECT_TRUE(p.can_speak("@a:x"));
  EXPECT_EQ(p.needed_for("m.reaction", false), 0);
}

TEST(PowerLevels, MayBeStringsInOldRooms) {
  const auto p = levels(
      R"({"users":{"@a:x":"100","@b:x":" +50\n","@c:x":"five","@d:x":99.9,"@e:x":"-3","@f:x":null,"@g:x":[1],
          "@h:x":"","@i:x":"1 2","@j:x":"99999999999999999999999","@k:x":1e300,"@l:x":"+-5"},"ban":"60"})");
  EXPECT_EQ(p.of("@a:x"), 100);
  EXPECT_EQ(p.of("@b:x"), 50);
  EXPECT_EQ(p.of("@c:x"), 0);
  EXPECT_EQ(p.of("@d:x"), 99);
  EXPECT_EQ(p.of("@e:x"), -3);
  EXPECT_EQ(p.of("@f:x"), 0);
  EXPECT_EQ(p.of("@g:x"), 0);
  EXPECT_EQ(p.of("@h:x"), 0);
  EXPECT_EQ(p.of("@i:x"), 0);
  EXPECT_EQ(p.of("@j:x"), 0);
  EXPECT_EQ(p.of("@k:x"), (std::int64_t{1} << 53) - 1);
  EXPECT_EQ(p.of("@l:x"), 0);
  EXPECT_EQ(p.ban(), 60);
}

TEST(PowerLevels, OfAnotherTypeAreTheDefaults) {
  const auto p =
      levels(R"({"users":[],"events":"x","ban":{},"kick":null,"redact":true,"users_default":"x"})");
  EXPECT_EQ(p.ban(), 50);
  EXPECT_EQ(p.kick(), 50);
  EXPECT_EQ(p.redact(), 50);
  EXPECT_EQ(p.invite(), 0);
  EXPECT_EQ(p.of("@a:x"), 0);
}

TEST(PowerLevels, ANewEventReplacesTheOldOneWhole) {
  auto p = levels(R"({"users":{"@a:x":100},"ban":70,"events":{"x":1}})");
  p.set_levels(object("{}"));
  EXPECT_EQ(p.of("@a:x"), 0);
  EXPECT_EQ(p.ban(), 50);
  EXPECT_EQ(p.needed_for("x", true), 50);
}

TEST(PowerLevels, SayWhichLevelMakesWhichStanding) {
  const auto p = levels("{}");
  EXPECT_EQ(p.level_for(Standing::owner), 100);
  EXPECT_EQ(p.level_for(Standing::admin), 50);
  EXPECT_EQ(p.level_for(Standing::moderator), std::nullopt);  // fifty may ban too
  EXPECT_EQ(p.level_for(Standing::member), 1);
  EXPECT_EQ(p.level_for(Standing::participant), 0);
  EXPECT_EQ(p.level_for(Standing::visitor), -1);
  EXPECT_EQ(p.level_for(Standing::banned), std::nullopt);
}

TEST(PowerLevels, GiveAVoiceWhereMostAreMute) {
  const auto p = levels(R"({"events_default":10})");
  EXPECT_EQ(p.level_for(Standing::visitor), 0);
  EXPECT_EQ(p.level_for(Standing::participant), 10);
  EXPECT_EQ(p.level_for(Standing::member), 10);
  const auto readers = levels(R"({"events_default":50})");
  EXPECT_EQ(readers.level_for(Standing::participant), std::nullopt);  // that would be an admin
}

TEST(PowerLevels, HaveNoAdminBelowTheOwnerWhereOnlyAHundredMayBan) {
  const auto p = levels(R"({"ban":100,"kick":100,"redact":20})");
  EXPECT_EQ(p.level_for(Standing::admin), std::nullopt);
  EXPECT_EQ(p.level_for(Standing::moderator), 20);
}

TEST(PowerLevels, EachLevelForAStandingMakesThatStanding) {
  for (const std::string_view content :
       {"{}", R"({"redact":10})", R"({"kick":5,"users_default":3})", R"({"events_default":20,"redact":40})",
        R"({"ban":0,"kick":0})", R"({"users_default":100})", R"({"events":{"m.room.message":30}})"}) {
    for (const Standing s :
         {Standing::visitor, Standing::member, Standing::moderator, Standing::admin, Standing::owner}) {
      auto p = levels(content);
      const auto level = p.level_for(s);
      if (!level) continue;
      p.set_levels(p.with("@a:x", *level));
      EXPECT_EQ(p.standing("@a:x"), s) << content << ' ' << static_cast<int>(s);
    }
  }
}

TEST(PowerLevels, ChangeOneUserAndLeaveTheRest) {
  const auto p = levels(R"({"users":{"@a:x":"50"},"ban":60,"org.custom":{"x":[1]},"users_default":2})");
  EXPECT_EQ(p.with("@b:x", 7),
            object(R"({"users":{"@a:x":"50","@b:x":7},"ban":60,"org.custom":{"x":[1]},"users_default":2})"));
  EXPECT_EQ(p.with("@a:x", 2), object(R"({"users":{},"ban":60,"org.custom":{"x":[1]},"users_default":2})"));
}

TEST(PowerLevels, TheFirstEventKeepsTheCreatorsLevel) {
  PowerLevels p;
  p.set_create(object(R"({"room_version":"9","creator":"@c:x"})"), "@c:x");
  EXPECT_EQ(p.with("@b:x", 50), object(R"({"users":{"@c:x":100,"@b:x":50}})"));
  PowerLevels twelve;
  twelve.set_create(object(R"({"room_version":"12"})"), "@c:x");
  EXPECT_EQ(twelve.with("@b:x", 50), object(R"({"users":{"@b:x":50}})"));
  EXPECT_EQ(twelve.with("@c:x", 50), object(R"({"users":{}})"));
}

TEST(PowerLevels, AModeratedRoomAsksForMoreThanMostHave) {
  const auto with = [](std::string_view content, bool moderated) {
    PowerLevels before = levels(content), after;
    after.set_create(object(R"({"room_version":"11"})"), "@creator:x");
    after.set_levels(before.with_moderation(moderated));
    return after;
  };
  const std::string_view plain = R"({"users":{"@a:x":50},"events":{"m.room.name":50}})";
  const PowerLevels moderated = with(plain, true);
  EXPECT_FALSE(moderated.can_speak("@nobody:x"));
  EXPECT_TRUE(moderated.can_speak("@a:x"));
  EXPECT_EQ(moderated.standing("@nobody:x"), Standing::visitor);
  EXPECT_EQ(moderated.level_for(Standing::member), 1);
  EXPECT_EQ(moderated.needed_for("m.room.name", true), 50);
  // Whatever made it so, it is undone.
  EXPECT_TRUE(with(R"({"events_default":50,"events":{"m.room.message":20}})", false).can_speak("@nobody:x"));
  EXPECT_TRUE(with(R"({"users_default":10,"events_default":50})", false).can_speak("@nobody:x"));
}

TEST(PowerLevels, TheFirstEventOfAnOldRoomKeepsItsCreatorWhateverItIsFor) {
  PowerLevels p;
  p.set_create(object(R"({"room_version":"10","creator":"@old:x"})"), "@sender:x");
  EXPECT_EQ(serialize(p.with_moderation(true)), R"({"users":{"@old:x":100},"events_default":1})");
}

}  // namespace
}  // namespace dragoman::matrix
