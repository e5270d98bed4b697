// Files on the upload service of the XMPP server: what is asked of it, and what becomes of files when it
// does not do its part.
#include "component/uploads.hpp"

#include <gmock/gmock.h>

#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* slot_xml =
    "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://up.example.org/1'>"
    "<header name='Authorization'>Bearer x</header></put><get url='https://down.example.org/1'/></slot>";

class UploadsTest : public testing::Test {
 protected:
  UploadsTest() {
    w.upload_service = "upload.example.org";
    w.open();
  }
  // The last question that went to the service: its id.
  std::string question(const std::string& holds) {
    for (auto stanza = w.sent.rbegin(); stanza != w.sent.rend(); ++stanza) {
      if (stanza->find("to='upload.example.org'") == stanza->npos || stanza->find(holds) == stanza->npos)
        continue;
      const std::size_t at = stanza->find(" id='") + 5;
      return stanza->substr(at, stanza->find('\'', at) - at);
    }
    ADD_FAILURE() << "it was not asked for " << holds << ":\n" << w.all();
    return {};
  }
  void answer(const std::string& id, const std::string& payload, const std::string& type = "result",
              const std::string& from = "upload.example.org") {
    w.in("<iq type='" + type + "' id='" + id + "' from='" + from + "' to='echo.example'>" + payload +
         "</iq>");
  }
  void answer_disco(const std::string& largest = "1000") {
    answer(
        question("disco#info"),
        "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:http:upload:0'/>"
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:xmpp:http:upload:0</value>"
        "</field><field var='max-file-size'><value>" +
            largest + "</value></field></x></query>");
  }
  void refuse(const std::string& id, const std::string& type, const std::string& condition,
              const std::string& more = {}) {
    answer(id,
           "<error type='" + type + "'><" + condition + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>" +
               more + "</error>",
           "error");
  }
  void welcome() {
    answer_disco();
    answer(question("dragoman.txt"), slot_xml);
  }
  void offer(const std::string& name, const std::string& bytes) {
    w.gateway().file_host().put(
        {name, "text/plain", bytes.size(), [bytes] { return bytes; }},
        [this, name](std::optional<std::string> url) { done.push_back(name + " " + url.value_or("-")); });
  }
  void passes(std::chrono::seconds time) {
    w.now += time;
    w.gateway().tick(w.now);
  }
  void respond(std::size_t which, int status) {
    net::HttpResponse response;
    response.head.status = status;
    w.asked.at(which).second(response);
  }
  std::string noted() {
    const auto state = noted_file_host(w.store(), NetworkId{"echo.example"});
    return state ? state->host + " " + std::to_string(state->largest) + " " + state->trouble : "nothing";
  }

  World w;
  std::vector<std::string> done;
};

TEST_F(UploadsTest, AFileIsPutIntoItsSlotAndFoundAtTheOtherUrl) {
  welcome();
  EXPECT_EQ(noted(), "upload.example.org 1000 ");
  offer("a.txt", "hello");
  EXPECT_EQ(w.count({"filename='a.txt'", "size='5'", "content-type='text/plain'", "from='echo.example'"}), 1U)
      << w.all();
  answer(question("a.txt"), slot_xml);
  ASSERT_THAT(w.asked, SizeIs(1));
  const net::HttpRequest& request = w.asked.front().first;
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url, "https://up.example.org/1");
  EXPECT_EQ(request.body, "hello");
  EXPECT_FALSE(request.untrusted);
  EXPECT_EQ(request.max_redirects, 0);
  EXPECT_EQ(request.headers,
            (net::HttpHeaders{{"Authorization", "Bearer x"}, {"Content-Type", "text/plain"}}));
  EXPECT_THAT(done, IsEmpty());
  respond(0, 201);
  EXPECT_THAT(done, ElementsAre("a.txt https://down.example.org/1"));
}

TEST_F(UploadsTest, WithoutAServiceNothingIsAskedAndNothingWaits) {
  w.upload_service.clear();
  w.sent.clear();
  w.open();
  EXPECT_EQ(w.count({"disco#info"}), 0U);
  offer("a.txt", "hello");
  EXPECT_THAT(done, ElementsAre("a.txt -"));
}

TEST_F(UploadsTest, WhatComesBeforeItIsKnownWaitsForThat) {
  offer("a.txt", "hello");
  EXPECT_EQ(w.count({"a.txt"}), 0U);
  EXPECT_THAT(done, IsEmpty());
  welcome();
  EXPECT_EQ(w.count({"a.txt"}), 1U) << w.all();
}

TEST_F(UploadsTest, AnAnswerOfSomebodyElseIsNone) {
  const std::string id = question("disco#info");
  answer(id, "<error type='cancel'/>", "error", "evil.example");
  EXPECT_EQ(noted(), "nothing");
  answer(id, "<error type='cancel'/>", "error");
  EXPECT_EQ(noted(), "upload.example.org 0 (no reason)");
}

TEST_F(UploadsTest, WhoIsNotAllowedOffersNothingAndAsksAgainLater) {
  offer("early", "x");
  answer_disco();
  refuse(question("dragoman.txt"), "cancel", "not-allowed");
  EXPECT_THAT(done, ElementsAre("early -")) << "it waits for nothing";
  EXPECT_EQ(noted(), "upload.example.org 1000 (not-allowed)");
  w.sent.clear();
  offer("late", "x");
  EXPECT_THAT(done, ElementsAre("early -", "late -"));
  passes(9min);
  EXPECT_THAT(w.sent, IsEmpty());
  passes(1min);
  welcome();
  EXPECT_EQ(noted(), "upload.example.org 1000 ");
  offer("then", "x");
  EXPECT_EQ(w.count({"then"}), 1U);
}

TEST_F(UploadsTest, WhatIsNoUploadServiceIsNotAskedForSlots) {
  answer(question("disco#info"), "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  EXPECT_EQ(w.count({"<request"}), 0U);
  EXPECT_THAT(noted(), HasSubstr("no upload service"));
}

TEST_F(UploadsTest, AFileThatIsTooLargeIsNotOffered) {
  welcome();
  offer("large", std::string(1001, 'x'));
  EXPECT_THAT(done, ElementsAre("large -"));
  EXPECT_EQ(w.count({"large"}), 0U);
  offer("fits", std::string(1000, 'x'));
  EXPECT_EQ(w.count({"fits"}), 1U);
}

TEST_F(UploadsTest, ARefusalOfOneFileIsNoneOfTheOthers) {
  welcome();
  offer("one", "aaaaaaaaaa");
  offer("two", "bbb");
  refuse(question("'one'"), "modify", "not-acceptable",
         "<file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>4</max-file-size></file-too-large>");
  EXPECT_THAT(done, ElementsAre("one -"));
  offer("three", "ccccc");
  EXPECT_THAT(done, ElementsAre("one -", "three -")) << "it has learnt how large they may be";
  EXPECT_EQ(noted(), "upload.example.org 1000 ") << "it takes files all the same";
}

TEST_F(UploadsTest, AQuotaIsHeeded) {
  welcome();
  offer("one", "a");
  refuse(question("'one'"), "wait", "resource-constraint",
         "<retry xmlns='urn:xmpp:http:upload:0' stamp='" + std::string("2026-09-21T15:13:20Z") + "'/>");
  EXPECT_THAT(done, ElementsAre("one -"));
  const Time stamp{std::chrono::seconds(1790003600)};  // 2026-09-21T15:13:20Z
  w.sent.clear();
  passes(std::chrono::floor<std::chrono::seconds>(stamp - w.now) - 1s);
  EXPECT_THAT(w.sent, IsEmpty());
  passes(1s);
  EXPECT_EQ(w.count({"disco#info"}), 1U);
}

TEST_F(UploadsTest, APutThatFailsLeavesTheOthersWithoutToo) {
  welcome();
  for (const char* name : {"one", "two", "three"}) offer(name, "x");
  EXPECT_EQ(w.count({"three"}), 0U) << "two at a time";
  answer(question("'one'"), slot_xml);
  w.asked.at(0).second(Failure{Reason::connection_refused, "nobody listens"});
  EXPECT_THAT(done, ElementsAre("two -", "three -", "one -"));
  EXPECT_THAT(noted(), HasSubstr("nobody listens"));
  offer("four", "x");
  EXPECT_THAT(done, SizeIs(4)) << "at once";
  passes(60s);
  welcome();
  EXPECT_THAT(noted(), HasSubstr("nobody listens")) << "a slot says nothing of its HTTP server";
  offer("five", "x");
  answer(question("'five'"), slot_xml);
  respond(1, 500);
  EXPECT_EQ(done.back(), "five -");
  w.sent.clear();
  passes(60s);
  EXPECT_THAT(w.sent, IsEmpty()) << "longer than before";
  passes(9min);
  welcome();
  offer("six", "x");
  answer(question("'six'"), slot_xml);
  respond(2, 201);
  EXPECT_EQ(done.back(), "six https://down.example.org/1");
  EXPECT_EQ(noted(), "upload.example.org 1000 ");
}

TEST_F(UploadsTest, APutThatIsRefusedIsThatFilesAffair) {
  welcome();
  offer("one", "x");
  offer("two", "x");
  const std::string one = question("'one'"), two = question("'two'");
  answer(one, slot_xml);
  respond(0, 415);
  EXPECT_THAT(done, ElementsAre("one -"));
  answer(two, slot_xml);
  respond(1, 200);
  EXPECT_THAT(done, ElementsAre("one -", "two https://down.example.org/1"));
}

TEST_F(UploadsTest, NobodyWaitsForLong) {
  welcome();
  offer("asked", "x");
  offer("put", "x");
  offer("waits", "x");
  answer(question("'put'"), slot_xml);
  passes(59s);
  EXPECT_THAT(done, IsEmpty());
  passes(1s);
  EXPECT_THAT(done, ElementsAre("asked -", "put -", "waits -"));
  respond(0, 201);  // too late
  EXPECT_THAT(done, SizeIs(3));
  EXPECT_THAT(noted(), HasSubstr("in time"));
}

TEST_F(UploadsTest, AServiceThatSaysNothingIsNotWaitedFor) {
  offer("one", "x");
  passes(60s);
  EXPECT_THAT(done, ElementsAre("one -"));
  EXPECT_THAT(noted(), HasSubstr("does not answer"));
  passes(60s);
  EXPECT_EQ(w.count({"disco#info"}), 2U) << "it is asked again";
}

TEST_F(UploadsTest, WhatWasAskedOverALinkThatIsLostIsAskedAgain) {
  welcome();
  offer("one", "x");
  const std::string lost = question("'one'");
  w.link = false;
  w.gateway().on_link_down();
  offer("two", "x");
  EXPECT_THAT(done, IsEmpty());
  w.link = true;
  w.sent.clear();
  w.gateway().on_link_up();
  answer_disco();
  const std::string probe = question("dragoman.txt");
  answer(lost, slot_xml);
  EXPECT_THAT(w.asked, IsEmpty()) << "an answer to the link before";
  answer(probe, slot_xml);
  EXPECT_EQ(w.count({"'one'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"'two'"}), 1U);
}

TEST_F(UploadsTest, WhileThereIsNoLinkTimePassesToo) {
  welcome();
  w.link = false;
  w.gateway().on_link_down();
  offer("one", "x");
  passes(60s);
  EXPECT_THAT(done, ElementsAre("one -"));
  EXPECT_EQ(noted(), "upload.example.org 1000 ") << "that is not its fault";
}

TEST_F(UploadsTest, AFileThatIsNotThereAnyMoreOrNotAsLargeAsWasSaidIsNotPut) {
  welcome();
  w.gateway().file_host().put(
      {"gone", "", 3, [] { return std::nullopt; }},
      [this](const std::optional<std::string>& url) { done.push_back(url ? "?" : "gone"); });
  w.gateway().file_host().put(
      {"short", "", 3, [] { return std::string("xx"); }},
      [this](const std::optional<std::string>& url) { done.push_back(url ? "?" : "short"); });
  const std::string gone = question("'gone'"), too_short = question("'short'");
  answer(gone, slot_xml);
  answer(too_short, slot_xml);
  EXPECT_THAT(w.asked, IsEmpty());
  EXPECT_THAT(done, ElementsAre("gone", "short"));
}

TEST_F(UploadsTest, AnotherServiceIsAskedAfterAReload) {
  welcome();
  offer("one", "x");
  config::Bridge bridge = w.gateway().bridge();
  bridge.upload_to.service.clear();
  w.gateway().set_options(bridge, {});
  EXPECT_THAT(done, ElementsAre("one -"));
  bridge.upload_to.service = "share.example.org";
  w.sent.clear();
  w.gateway().set_options(bridge, {});
  EXPECT_EQ(w.count({"to='share.example.org'", "disco#info"}), 1U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
