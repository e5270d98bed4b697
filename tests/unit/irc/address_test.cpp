#include "bridges/irc/address.hpp"

#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

const PlaceId kServer("irc.example.org");

TEST(Address, OfAChannelUserAndServer) {
  const AddressBook book;
  EXPECT_EQ(book.resolve("#Chan%IRC.example.org"), Conversation(RoomId("#chan%irc.example.org")));
  EXPECT_EQ(book.resolve("&chan%srv"), Conversation(RoomId("&chan%srv")));
  EXPECT_EQ(book.resolve("Nick%srv"), Conversation(UserId("nick%srv")));
  EXPECT_EQ(book.resolve("irc.example.org"), Conversation(kServer));
}

TEST(Address, IsSplitAtTheFirstPercentSign) {
  const AddressBook book;
  const auto room = book.resolve("#a%b%c");
  ASSERT_TRUE(room);
  EXPECT_EQ(book.channel_of(std::get<RoomId>(*room)), "#a");
  EXPECT_EQ(book.place_of(*room), PlaceId("b%c"));
}

TEST(Address, WithAFixedServerIsTheNameAlone) {
  const AddressBook book("IRC.example.org");
  EXPECT_EQ(book.resolve(""), Conversation(kServer));
  EXPECT_EQ(book.resolve("#Chan"), Conversation(RoomId("#chan")));
  EXPECT_EQ(book.resolve("#50%off"), Conversation(RoomId("#50%off")));
  EXPECT_EQ(book.resolve("nick"), Conversation(UserId("nick")));
  EXPECT_EQ(book.channel_of(RoomId("#50%off")), "#50%off");
  EXPECT_EQ(book.place_of(RoomId("#50%off")), kServer);
  EXPECT_EQ(book.node_of(kServer), "");
  EXPECT_EQ(book.room("#X", kServer), RoomId("#x"));
  EXPECT_EQ(book.user("Nick", kServer), UserId("nick"));
  EXPECT_EQ(book.place("anything"), kServer);
}

TEST(Address, ThatIsEmptyIsTheGatewayOrItsFixedServer) {
  EXPECT_EQ(AddressBook().resolve(""), Conversation(PlaceId()));
  EXPECT_EQ(AddressBook("srv").resolve(""), Conversation(PlaceId("srv")));
}

TEST(Address, ThatIsNoneIsNothing) {
  const AddressBook book, fixed("srv");
  for (std::string_view bad :
       {"%", "%srv", "#chan%", "nick%", "#a b%srv", "#a,b%srv", "#a\x07%srv", "a\r\nb%srv", "#a%s v",
        "#a%s,v", "#a%s\nv", "s v", "s,v", "#chan", "&chan", ":a%srv", "a/b"}) {
    EXPECT_FALSE(book.resolve(bad)) << bad;
  }
  EXPECT_FALSE(book.resolve(std::string_view("#a\0b%srv", 8)));
  EXPECT_FALSE(book.resolve("#" + std::string(600, 'a') + "%srv"));
  EXPECT_FALSE(book.resolve("#a%" + std::string(300, 'a')));
  for (std::string_view bad : {"#a b", "#a,b", "#a\x07", "a\r\nb", ":a"})
    EXPECT_FALSE(fixed.resolve(bad)) << bad;
}

TEST(Address, GoesThereAndBack) {
  const AddressBook book;
  for (std::string_view node : {"#chan%srv", "##c++%irc.example.org", "nick[1]%srv", "srv", "#été%srv"}) {
    const auto what = book.resolve(node);
    ASSERT_TRUE(what) << node;
    EXPECT_EQ(book.node_of(*what), node);
  }
}

TEST(Address, IsMadeFromWhatTheServerSays) {
  const AddressBook book;
  EXPECT_EQ(book.room("#Chan", kServer), RoomId("#chan%irc.example.org"));
  EXPECT_EQ(book.user("Nick|away", kServer), UserId("nick|away%irc.example.org"));
  EXPECT_EQ(book.channel_of(RoomId("#chan%srv")), "#chan");
  EXPECT_EQ(book.nick_of(UserId("nick%srv")), "nick");
  EXPECT_EQ(book.place_of(UserId("nick%srv")), PlaceId("srv"));
  EXPECT_EQ(book.place_of(PlaceId("srv")), PlaceId("srv"));
  EXPECT_EQ(book.place("Srv"), PlaceId("srv"));
}

TEST(Address, OfANameThatCannotHaveOneIsEmpty) {
  const AddressBook book;
  EXPECT_TRUE(book.room("#50%off", kServer).empty());
  EXPECT_TRUE(book.room("#a b", kServer).empty());
  EXPECT_TRUE(book.room("", kServer).empty());
  EXPECT_TRUE(book.user("a b", kServer).empty());
  EXPECT_TRUE(book.user("nick", PlaceId()).empty());
  EXPECT_TRUE(book.place("").empty());
  EXPECT_TRUE(book.place("a b").empty());
}

TEST(Target, IsWhatMayStandInALine) {
  EXPECT_TRUE(is_target("#chan"));
  EXPECT_TRUE(is_target("nick^`"));
  for (std::string_view bad : {"", " ", "a b", "a,b", ":a", "a\n", "a\x07", "a\x7f"})
    EXPECT_FALSE(is_target(bad)) << bad;
}

}  // namespace
}  // namespace dragoman::irc
