// Files of mails by signed links, and what the network as a whole keeps and forgets.
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>

#include "bridges/email/network.hpp"
#include "mapping/mail_queue_table.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using tcp = boost::asio::ip::tcp;

// A port that was free a moment ago.
std::uint16_t free_port() {
  boost::asio::io_context loop;
  return tcp::acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
}

class LinksTest : public World {
 protected:
  LinksTest() {
    settings.email.public_url = "https://files.example.org";
    settings.email.files.port = free_port();
    kill();
    let_know(bob);
  }
  // What our server says to a GET of a link's path.
  std::string get(const std::string& url, const std::string& method = "GET") {
    const std::string path = url.substr(settings.email.public_url.size());
    tcp::socket socket(loop);
    socket.connect({boost::asio::ip::address_v4::loopback(), settings.email.files.port});
    const std::string request =
        method + " " + path + " HTTP/1.1\r\nHost: files.example.org\r\nConnection: close\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(request));
    std::string answer;
    bool done = false;
    boost::asio::async_read(socket, boost::asio::dynamic_buffer(answer),
                            [&](const boost::system::error_code&, std::size_t) { done = true; });
    EXPECT_TRUE(time.pass_until([&] { return done; }, 60s));
    return answer;
  }
  Attachment receive_file(const std::string& type, const std::string& name, const std::string& bytes) {
    receive({.id = name + "@x",
             .text = "--b\r\nContent-Type: text/plain\r\n\r\nLook.\r\n--b\r\nContent-Type: " + type +
                     "\r\nContent-Disposition: attachment; filename*=UTF-8''" + name + "\r\n\r\n" + bytes +
                     "\r\n--b--\r\n",
             .headers = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"});
    const auto& files = sink.last_of<Message>().attachments;
    EXPECT_THAT(files, SizeIs(1));
    return files.empty() ? Attachment{} : files.front();
  }
};

TEST_F(LinksTest, AFileIsHadByItsLink) {
  const Attachment file = receive_file("image/png", "a%20picture%20%C3%A9.png", "PNG bytes");
  EXPECT_EQ(file.name, "a picture \xC3\xA9.png");
  EXPECT_EQ(file.media_type, "image/png");
  EXPECT_EQ(file.size, 9U);
  const std::string answer = get(file.url);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("image/png"));
  EXPECT_THAT(answer, HasSubstr("nosniff"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\nPNG bytes"));
}

TEST_F(LinksTest, ALinkThatWasChangedIsNone) {
  const Attachment file = receive_file("image/png", "a.png", "PNG");
  const std::size_t mac = file.url.find("/mail/") + 6;
  for (const std::size_t at : {mac, mac + 5, file.url.find("/", mac) + 1, file.url.size() - 1}) {
    std::string changed = file.url;
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_THAT(get(changed), StartsWith("HTTP/1.1 404")) << changed;
  }
  EXPECT_THAT(get(settings.email.public_url + "/mail/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get(settings.email.public_url + "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get(file.url, "POST"), Not(StartsWith("HTTP/1.1 200")));
}

TEST_F(LinksTest, APageIsNeverShownInOurName) {
  for (const char* type :
       {"text/html", "image/svg+xml", "IMAGE/SVG+XML", "application/xhtml+xml", "text/xml"}) {
    const Attachment file =
        receive_file(type, std::string(1, type[0]) + std::to_string(std::string(type).size()) + ".bin",
                     "<script>alert(1)</script>");
    const std::string answer = get(file.url);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200")) << type;
    EXPECT_THAT(answer, HasSubstr("application/octet-stream")) << type;
    EXPECT_THAT(answer, HasSubstr("attachment")) << type;
    EXPECT_THAT(answer, HasSubstr("sandbox")) << type;
  }
}

TEST_F(LinksTest, ANameWithASlashIsOneName) {
  const Attachment file = receive_file("image/png", "..%2F..%2Fetc%2Fpasswd", "x");
  EXPECT_THAT(file.name, Not(HasSubstr("/")));
  EXPECT_THAT(get(file.url), StartsWith("HTTP/1.1 200"));
  const std::string odd = links->of(1, std::nullopt, "a/b \xE2\x98\xBA?.eml");
  EXPECT_THAT(get(odd), StartsWith("HTTP/1.1 200"));
}

TEST_F(LinksTest, AFileOfAMailThatIsForgottenIsGone) {
  const Attachment file = receive_file("image/png", "a.png", "PNG");
  const auto row = disk->mails().find(hub->network, juliet, "a.png@x");
  ASSERT_TRUE(row);
  disk->mails().erase(hub->network, row->key);
  EXPECT_THAT(get(file.url), StartsWith("HTTP/1.1 410"));
}

class NetworkTest : public World {
 protected:
  NetworkTest() {
    settings.email.lmtp.port = 0;
    network = std::make_unique<Network>(NetworkContext{loop, sink, *disk, settings});
  }
  std::unique_ptr<Network> network;
};

TEST_F(NetworkTest, AddressesAreContactsAndTheRestAreRooms) {
  EXPECT_EQ(network->resolve("Bob@Example.NET"), Conversation(bob));
  EXPECT_EQ(network->resolve("bob%example.net"), Conversation(bob));
  EXPECT_EQ(network->resolve("dev.lists.example.org"), Conversation(RoomId{"dev.lists.example.org"}));
  EXPECT_EQ(network->resolve(""), Conversation(PlaceId{}));
  EXPECT_FALSE(network->resolve("bob@"));
  EXPECT_FALSE(network->resolve("bob"));
  EXPECT_EQ(network->node_from_prompt("mailto:bob@example.net"), "bob@example.net");
  EXPECT_FALSE(network->node_from_prompt("bob"));
}

TEST_F(NetworkTest, WhoUnregistersIsForgotten) {
  NotesTable& notes = disk->notes();
  let_know(bob);
  receive({.to = juliets + ", carol@example.net",
           .id = "1@x",
           .headers = "Disposition-Notification-To: bob@example.net\r\n"});
  receive({.from = "eve@example.net", .id = "2@x"});
  perform(UserId{"mallory@example.net"}, {}, Leave{});
  perform(PlaceId{}, {}, SetProfile{"Juliet C."});
  network->session_for(juliet, bob).perform({bob, "t", Message{Text("Waits")}, {}});
  peer.answer = [](const std::string& verb, const std::string&) { return verb == "RCPT" ? "451 wait" : ""; };
  network->session_for(juliet, carol).perform({carol, "u", Message{Text("In the queue")}, {}});
  network->session_for(juliet, carol).perform({carol, "", Typing{TypingState::gone}, {}});
  time.pass(3s);
  ASSERT_EQ(disk->mail_queue().count(hub->network, juliet), 1U);
  disk->settings().unregister_person(hub->network, juliet);
  network->disconnect(network->session_for(juliet, bob), "Unregistered");
  EXPECT_THAT(sink.ended, SizeIs(1));
  for (const char* kind :
       {"room", "people", "known", "blocked", "held", "receipt", "own name", "draft", "sent"})
    EXPECT_THAT(notes.all(hub->network, kind), IsEmpty()) << kind;
  EXPECT_EQ(disk->mail_queue().count(hub->network, juliet), 0U);
  EXPECT_FALSE(disk->mails().find(hub->network, juliet, "1@x"));
  EXPECT_FALSE(disk->mails().find(hub->network, juliet, "2@x"));
  EXPECT_EQ(receive(Letter{.id = "9@x"}), 550);
}

TEST_F(NetworkTest, WhoOnlyDisconnectsIsNotForgotten) {
  receive({.to = juliets + ", carol@example.net", .id = "1@x"});
  let_know(bob);
  network->disconnect(network->session_for(juliet, bob), "Bye");
  EXPECT_FALSE(disk->notes().all(hub->network, "known").empty());
}

}  // namespace
}  // namespace dragoman::email::test
