// Lists that are left by a request of HTTPS (RFC 8058), on the command of their reader alone.
#include "tests/unit/email_session/wing_world.hpp"
#include "tests/unit/net/http_peer.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class OneClickTest : public World {
 protected:
  OneClickTest() : server(loop, [this](auto& from) { serve(from); }) {
    hub->settings.email.fetch_private_addresses = true;
    Room room;
    room.name = "Developers";
    room.list = true;
    room.post_address = "dev@lists.example.net";
    room.unsubscribe_mail = "leave@lists.example.net";
    room.unsubscribe_url = server.url("/leave?who=juliet");
    room.one_click = true;
    conversations->save(juliet, list, room);
  }
  void serve(net::RawServer::Connection& from) {
    if (from.got.find("List-Unsubscribe=One-Click") == std::string::npos) return;
    requests.push_back(std::exchange(from.got, std::string()));
    from.say(answer);
  }
  dragoman::Outcome leave(bool submitted, const PersonId& person = juliet) {
    return procedures->run(person, list, "unsubscribe", {}, submitted);
  }
  std::string told() {
    EXPECT_TRUE(until_told([&] { return !sink.texts().empty(); }));
    EXPECT_EQ(sink.last<Message>().in, Conversation(PlaceId{}));
    return sink.texts().back();
  }

  const RoomId list{"dev.lists.example.net"};
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nBye";
  std::vector<std::string> requests;
  net::RawServer server;
};

TEST_F(OneClickTest, TheListIsAskedAsItWantsToBe) {
  EXPECT_TRUE(std::holds_alternative<Form>(leave(false)));
  EXPECT_THAT(requests, IsEmpty()) << "to look is not to leave";
  EXPECT_TRUE(std::holds_alternative<Note>(leave(true)));
  EXPECT_THAT(told(), HasSubstr("has let you go"));
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0], AllOf(HasSubstr("POST /leave?who=juliet HTTP/1.1"),
                                 HasSubstr("application/x-www-form-urlencoded"), Not(HasSubstr("Cookie")),
                                 Not(HasSubstr("xmpp.example"))));
  EXPECT_EQ(sent(1, 40s), 0U) << "no mail as well";
}

TEST_F(OneClickTest, ARefusalOrARedirectionIsTold) {
  answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
  leave(true);
  EXPECT_THAT(told(), AllOf(HasSubstr("302"), HasSubstr(server.url("/leave?who=juliet"))));
  EXPECT_EQ(requests.size(), 1U);
}

TEST_F(OneClickTest, NothingPrivateIsReachedByAMail) {
  hub->settings.email.fetch_private_addresses = false;
  leave(true);
  EXPECT_THAT(told(), HasSubstr("did not let you go"));
  EXPECT_THAT(requests, IsEmpty());
}

TEST_F(OneClickTest, AListWithoutItIsAskedByMailOrNotAtAll) {
  auto room = *conversations->room(juliet, list);
  room.one_click = false;
  conversations->save(juliet, list, room);
  leave(true);
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(peer.commands, testing::Contains("RCPT TO:<leave@lists.example.net>"));
  room.unsubscribe_mail.clear();
  conversations->save(juliet, list, room);
  EXPECT_THAT(std::get<Failure>(leave(true)).text, HasSubstr(room.unsubscribe_url));
  room.unsubscribe_url.clear();
  conversations->save(juliet, list, room);
  EXPECT_TRUE(std::holds_alternative<Failure>(leave(true)));
  EXPECT_TRUE(std::holds_alternative<Failure>(leave(true, romeo))) << "it is not his";
  EXPECT_THAT(requests, IsEmpty());
}

}  // namespace
}  // namespace dragoman::email::test
