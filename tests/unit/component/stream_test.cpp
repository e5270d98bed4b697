#include "component/stream.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>

#include "component/digest.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

// An XMPP server played by the test, on one loop with the stream; each test runs the loop until what it
// expects is there.
class StreamTest : public testing::Test {
 protected:
  StreamTest() : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    options_.host = "127.0.0.1";
    options_.port = acceptor_.local_endpoint().port();
    options_.domain = "irc.localhost";
    options_.secret = "hush";
  }

  void make() {
    stream_ = std::make_unique<Stream>(
        loop_, options_,
        Stream::Handlers{[this](Stanza&& s) {
                           stanzas_.push_back(s.id);
                           if (on_stanza_) on_stanza_();
                         },
                         [this] { events_.push_back("up"); }, [this] { events_.push_back("down"); },
                         [this](bool on) { events_.push_back(on ? "pressed" : "eased"); },
                         [this](const std::string& words) { refusals_.push_back(words); },
                         [this] {
                           if (before_write_) before_write_();
                         }});
    accept();
    stream_->start();
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code failed, tcp::socket socket) {
      if (failed) return;
      ++accepted_;
      peer_ = std::make_shared<tcp::socket>(std::move(socket));
      got_.clear();
      hung_up_ = false;
      listen(peer_);
      accept();
    });
  }
  void listen(const std::shared_ptr<tcp::socket>& peer) {
    if (deaf_) return;
    peer->async_read_some(asio::buffer(buffer_),
                          [this, peer](boost::system::error_code failed, std::size_t n) {
                            if (peer != peer_) return;
                            if (failed) {
                              hung_up_ = true;
                              return;
                            }
                            got_.append(buffer_.data(), n);
                            listen(peer);
                          });
  }

  // Runs the loop until it is so; fails where it does not come about.
  void until(const std::function<bool()>& so, const char* what) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!so() && std::chrono::steady_clock::now() < limit) loop_.run_one_until(limit);
    ASSERT_TRUE(so()) << "waited for: " << what << "; the server got: " << got_.substr(0, 500);
  }
  void until_got(const std::string& text) {
    until([&] { return got_.find(text) != std::string::npos; }, text.c_str());
  }
  void until_event(const std::string& event, std::ptrdiff_t times = 1) {
    until([&] { return std::count(events_.begin(), events_.end(), event) >= times; }, event.c_str());
  }
  void say(const std::string& xml) { asio::write(*peer_, asio::buffer(xml)); }
  void greet() {
    until_got("to='irc.localhost'>");
    say(std::string(test::stream_header));
  }
  void let_in() {
    greet();
    until_got("<handshake>" + sha1_hex("s1hush") + "</handshake>");
    say("<handshake/>");
    until([&] { return stream_->up(); }, "up");
  }

  asio::io_context loop_{1};
  tcp::acceptor acceptor_;
  Stream::Options options_;
  std::shared_ptr<tcp::socket> peer_;
  std::array<char, 65536> buffer_{};
  std::string got_;
  bool hung_up_ = false, deaf_ = false;
  int accepted_ = 0;
  std::vector<std::string> events_, stanzas_, refusals_;
  std::function<void()> on_stanza_, before_write_;
  std::unique_ptr<Stream> stream_;
};

TEST(Sha1, IsTheOneOfXep0114) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST_F(StreamTest, ShakesHandsAndTalks) {
  make();
  EXPECT_FALSE(stream_->send("<early/>")) << "nothing is taken while the link is down";
  let_in();
  EXPECT_THAT(events_, ElementsAre("up"));
  EXPECT_TRUE(stream_->send("<message id='1'/>"));
  EXPECT_TRUE(stream_->send("<message id='2'/>"));
  EXPECT_GT(stream_->queued(), 0u);
  until_got("</handshake><message id='1'/><message id='2'/>");
  until([&] { return stream_->queued() == 0; }, "an empty queue");
  say("<message from='a@b' to='irc.localhost' id='x'/><iq from='a@b' to='irc.localhost' id='y' type='get'/>");
  until([&] { return stanzas_.size() == 2; }, "two stanzas");
  EXPECT_THAT(stanzas_, ElementsAre("x", "y"));
}

TEST_F(StreamTest, TellsAnAdminOnceOfAWrongSecretAndTriesAgain) {
  make();
  for (int attempt = 1; attempt <= 2; ++attempt) {
    until([&] { return accepted_ == attempt; }, "an attempt");
    greet();
    until_got("</handshake>");
    say("<stream:error><not-authorized "
        "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
  }
  until([&] { return accepted_ == 3; }, "a third attempt");
  ASSERT_EQ(refusals_.size(), 1u);
  EXPECT_THAT(refusals_[0], HasSubstr("does not accept the secret of irc.localhost"));
  EXPECT_EQ(refusals_[0].find("hush"), std::string::npos) << "a secret is never told";
  let_in();
  EXPECT_THAT(events_, ElementsAre("up"));
}

TEST_F(StreamTest, SaysThatNobodyListens) {
  acceptor_.close();
  stream_ =
      std::make_unique<Stream>(loop_, options_,
                               Stream::Handlers{[](Stanza&&) {}, [] {}, [] {}, [](bool) {},
                                                [this](const std::string& w) { refusals_.push_back(w); }});
  stream_->start();
  until([&] { return !refusals_.empty(); }, "words");
  EXPECT_THAT(refusals_[0], HasSubstr("No XMPP server answers"));
}

TEST_F(StreamTest, SaysThatTheServerHungUpDuringTheHandshake) {
  make();
  greet();
  until_got("</handshake>");
  peer_->close();
  until([&] { return !refusals_.empty(); }, "words");
  EXPECT_THAT(refusals_[0], HasSubstr("hung up before it let irc.localhost in"));
}

TEST_F(StreamTest, KnowsAPortOfAnotherKind) {
  make();
  until([&] { return accepted_ == 1; }, "an attempt");
  say("220 mail.example.org ESMTP\r\n");
  until([&] { return !refusals_.empty(); }, "words");
  EXPECT_THAT(refusals_[0], HasSubstr("not an XMPP server's port for components"));
}

TEST_F(StreamTest, ConnectsAnewWhenTheLinkIsLost) {
  make();
  let_in();
  peer_->close();
  until_event("down");
  EXPECT_FALSE(stream_->up());
  EXPECT_FALSE(stream_->send("<x/>"));
  until([&] { return accepted_ == 2; }, "a second connection");
  let_in();
  EXPECT_THAT(events_, ElementsAre("up", "down", "up"));
  EXPECT_TRUE(refusals_.empty());
}

TEST_F(StreamTest, EndsAStreamThatCannotBeReadAndConnectsAnew) {
  make();
  let_in();
  say("<message></iq>");
  until_got("<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
  until_got("</stream:error></stream:stream>");
  until_event("down");
  until([&] { return accepted_ == 2; }, "a second connection");
  let_in();
  EXPECT_THAT(events_, ElementsAre("up", "down", "up"));
}

TEST_F(StreamTest, AnswersAStanzaThatBreaksALimitAndGoesOn) {
  options_.max_stanza_bytes = 1000;
  make();
  let_in();
  const std::string big = "<body>" + std::string(2000, 'x') + "</body>";
  say("<message from='a@b/c' to='irc.localhost' id='m'>" + big + "</message>");
  until_got("<message type='error' from='irc.localhost' to='a@b/c' id='m'>");
  until_got("<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
  std::string deep, end;
  for (int i = 0; i < 100; ++i) deep += "<x>", end += "</x>";
  say("<iq from='a@b/c' to='x@irc.localhost' type='get' id='q'>" + deep + end + "</iq>");
  until_got("<iq type='error' from='x@irc.localhost' to='a@b/c' id='q'>");
  // What must not be answered is not; nor is anything said in another domain's name.
  got_.clear();
  say("<message from='a@b/c' to='irc.localhost' type='error'>" + big + "</message>" +
      "<iq from='a@b/c' to='irc.localhost' type='result' id='r'>" + deep + end + "</iq>" +
      "<message from='a@b/c' to='elsewhere.example'>" + big + "</message>" +
      "<iq from='a@b/c' to='irc.localhost' type='get' id='last'/>");
  until([&] { return stanzas_.size() == 1; }, "the stanza behind them");
  EXPECT_EQ(stanzas_[0], "last");
  EXPECT_EQ(got_, "");
  EXPECT_THAT(events_, ElementsAre("up"));
  EXPECT_EQ(accepted_, 1);
}

TEST_F(StreamTest, ReadsOnNoFurtherThanSixteenTimesTheLimit) {
  options_.max_stanza_bytes = 1000;
  make();
  let_in();
  say("<message from='a@b' to='irc.localhost'><body>" + std::string(20000, 'x'));
  until_got("<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
  until([&] { return accepted_ == 2; }, "a second connection");
}

TEST_F(StreamTest, SaysSoBeforeEachWrite) {
  int writes = 0;
  before_write_ = [&] { ++writes; };
  make();
  let_in();
  const int before = writes;
  EXPECT_GT(before, 0);
  stream_->send("<message id='1'/>");
  EXPECT_EQ(writes, before) << "all of one turn leaves in one write";
  until_got("<message id='1'/>");
  EXPECT_EQ(writes, before + 1);
}

TEST_F(StreamTest, ANewSecretIsUsedFromTheNextConnectionOn) {
  make();
  let_in();
  stream_->set_door(options_.host, options_.port, "other");
  EXPECT_TRUE(stream_->up());
  got_.clear();
  peer_->close();
  until([&] { return accepted_ == 2; }, "a second connection");
  greet();
  until_got("<handshake>" + sha1_hex("s1other") + "</handshake>");
}

TEST_F(StreamTest, TellsAnAdminWhenAnotherTakesItsPlace) {
  make();
  let_in();
  say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
      "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced by a new "
      "connection</text></stream:error></stream:stream>");
  until_event("down");
  ASSERT_EQ(refusals_.size(), 1u);
  EXPECT_THAT(refusals_[0], HasSubstr("Another program is connected"));
}

TEST_F(StreamTest, AnswersARequestWithAnAddressThatItCannotRead) {
  make();
  let_in();
  const std::string bad = std::string(2000, 'x') + "@irc.localhost";
  say("<iq type='get' id='q1' from='a@b/c' to='" + bad +
      "'><ping xmlns='urn:xmpp:ping'/></iq>"
      "<iq type='result' id='q2' from='a@b/c' to='" +
      bad +
      "'/>"
      "<iq type='get' id='q3' from='a@b/c' to='" +
      std::string(2000, 'x') +
      "@elsewhere'/>"
      "<message id='q4' from='a@b/c' to='" +
      bad +
      "'/>"
      "<iq type='get' id='last' from='a@b/c' to='irc.localhost'/>");
  until([&] { return !stanzas_.empty(); }, "the good one");
  EXPECT_THAT(stanzas_, ElementsAre("last"));
  ASSERT_TRUE(stream_->send("<end/>"));
  until_got("<end/>");
  EXPECT_THAT(got_, HasSubstr("to='a@b/c' id='q1'><error code='400' type='modify'><jid-malformed"));
  for (const char* id : {"q2", "q3", "q4"}) EXPECT_EQ(got_.find(id), std::string::npos) << id;
}

TEST_F(StreamTest, TellsPressureAndItsEnd) {
  options_.high_water = 8 << 20;
  options_.low_water = 1 << 20;
  make();
  let_in();
  const std::string stanza = "<message>" + std::string(10000, 'x') + "</message>";
  std::size_t sent = 0;
  while (events_.back() != "pressed") {
    ASSERT_TRUE(stream_->send(stanza));
    ++sent;
  }
  EXPECT_GT(stream_->queued(), options_.high_water);
  ASSERT_TRUE(stream_->send("<last/>"));
  until_event("eased");
  EXPECT_LT(stream_->queued(), options_.low_water);
  until_got("<last/>");
  EXPECT_THAT(events_, ElementsAre("up", "pressed", "eased"));
  EXPECT_EQ(got_.size() - got_.find("<message>"), sent * stanza.size() + 7);
}

TEST_F(StreamTest, GivesUpALinkThatTakesNothing) {
  options_.high_water = 100'000;
  options_.low_water = 10'000;
  make();
  let_in();
  const std::string stanza(10'000, ' ');
  while (stream_->up()) stream_->send(stanza);
  EXPECT_THAT(events_, ElementsAre("up", "pressed", "eased", "down"));
  EXPECT_EQ(stream_->queued(), 0u);
}

TEST_F(StreamTest, WritesAllThatIsQueuedBeforeItStops) {
  make();
  let_in();
  const std::string stanza = "<message>" + std::string(5000, 'x') + "</message>";
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(stream_->send(stanza));
  bool stopped = false;
  stream_->stop([&] { stopped = true; });
  EXPECT_FALSE(stream_->send("<late/>"));
  until_got("</stream:stream>");
  EXPECT_EQ(got_.find("late"), std::string::npos);
  until([&] { return hung_up_; }, "the end of what it sends");
  peer_->close();
  until([&] { return stopped; }, "stopped");
  EXPECT_THAT(events_, ElementsAre("up"));
  EXPECT_EQ(accepted_, 1);
}

TEST_F(StreamTest, StopsWithinTwoSecondsWhereTheServerDoesNotListen) {
  make();
  let_in();
  bool stopped = false;
  const auto begun = std::chrono::steady_clock::now();
  stream_->stop([&] { stopped = true; });
  until([&] { return stopped; }, "stopped");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(StreamTest, StopsWhileItWaits) {
  make();
  let_in();
  peer_->close();
  until_event("down");
  bool stopped = false;
  stream_->stop([&] { stopped = true; });
  until([&] { return stopped; }, "stopped");
  EXPECT_EQ(accepted_, 1);
}

TEST_F(StreamTest, MayBeDestroyedFromWithinAHandler) {
  make();
  let_in();
  on_stanza_ = [this] { stream_.reset(); };
  say("<iq from='a@b' to='irc.localhost' id='1'/><iq from='a@b' to='irc.localhost' id='2'/>");
  until([&] { return hung_up_; }, "the end");
  EXPECT_THAT(stanzas_, ElementsAre("1"));
  EXPECT_THAT(events_, ElementsAre("up")) << "the owner is told no more";
}

}  // namespace
}  // namespace dragoman
