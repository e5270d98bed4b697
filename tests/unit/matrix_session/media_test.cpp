// Links to files of a homeserver, and who opens them.
#include <malloc.h>

#include "bridges/matrix/media_link.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/matrix_session/media_world.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::string_literals;
using namespace test;

class MediaTest : public MediaWorld {};

TEST_F(MediaTest, ALinkLeadsToTheFile) {
  homeserver.on("GET", download, file(png, "image/png"));
  auto link = media->link(ref);
  EXPECT_EQ(link.substr(link.rfind('/')), "/a.png");
  auto response = got(link);
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.body, png);
  EXPECT_EQ(*response.head.header("content-type"), "image/png");
  EXPECT_EQ(*response.head.header("content-disposition"), "inline; filename=\"a.png\"");
  EXPECT_EQ(response.head.header("content-security-policy")->substr(0, 27), "sandbox; default-src 'none'");
  EXPECT_EQ(*response.head.header("x-content-type-options"), "nosniff");
  EXPECT_NE(response.head.header("cache-control"), nullptr);
  const auto& asked = homeserver.requests.at(0);
  EXPECT_EQ(*asked.header("authorization"), "Bearer token");
  EXPECT_EQ(asked.query, "user_id=%40bridge%3Ax");
}

TEST_F(MediaTest, ALinkIsTheSameEachTimeAndOutlivesARestart) {
  auto link = media->link(ref);
  EXPECT_EQ(media->link(ref), link);
  begin();
  EXPECT_EQ(media->link(ref), link);
  EXPECT_TRUE(store->settings().load(options.network, PersonId(), "media")["key"].secret);
}

TEST_F(MediaTest, WithoutAPublicUrlOrAnMxcThereIsNoLink) {
  auto bad = ref;
  bad.mxc = "https://evil.example/x";
  EXPECT_EQ(media->link(bad), "");
  options.public_url.clear();
  media->set_options(options);
  EXPECT_EQ(media->link(ref), "");
}

TEST_F(MediaTest, APathBeforeOurOwnMayBeCutOffOrNot) {
  homeserver.on("GET", download, file("x", "text/plain"));
  auto origin = "http://127.0.0.1:" + std::to_string(server->port());
  options.public_url = origin + "/bridge/";
  media->set_options(options);
  auto link = media->link(ref);
  EXPECT_EQ(link.substr(origin.size(), 14), "/bridge/media/");
  EXPECT_EQ(got(link).head.status, 200);
  EXPECT_EQ(got(origin + link.substr(origin.size() + 7)).head.status, 200);
}

TEST_F(MediaTest, AThumbnailIsAskedForAsOne) {
  homeserver.on("GET", "/_matrix/client/v1/media/thumbnail/h%3A8448/ID", file(png, "image/png"));
  auto small = ref;
  small.thumbnail = true;
  EXPECT_EQ(got(media->link(small)).body, png);
  EXPECT_NE(homeserver.requests.at(0).query.find("method=scale"), std::string::npos);
  EXPECT_EQ(homeserver.requests.at(0).query.find("animated"), std::string::npos);
}

TEST_F(MediaTest, WhatRunsIsToBeSavedNotShown) {
  homeserver.on("GET", download, file("<svg onload='alert(1)'/>", "image/svg+xml"));
  auto named = ref;
  named.name = "x\"\r\nX-Evil: 1.html";
  auto response = got(media->link(named));
  EXPECT_EQ(*response.head.header("content-type"), "application/octet-stream");
  EXPECT_EQ(response.head.header("content-disposition")->substr(0, 10), "attachment");
  EXPECT_EQ(response.head.header("x-evil"), nullptr);
}

TEST_F(MediaTest, AForgedLinkIsForbiddenAndAsksNobody) {
  auto link = media->link(ref);
  for (auto at : {link.find("/media/") + 8, link.find("/media/") + 40, link.size() - 1}) {
    auto forged = link;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    auto response = got(forged);
    EXPECT_EQ(response.head.status, 403) << forged;
    EXPECT_NE(response.body.find("M_FORBIDDEN"), std::string::npos);
  }
  EXPECT_TRUE(homeserver.requests.empty());
}

TEST_F(MediaTest, AnOldLinkIsGone) {
  auto hex = store->settings().load(options.network, PersonId(), "media")["key"].value;
  std::string key;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    key += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  LinkedFile old{.mxc = ref.mxc, .event_id = "$e", .name = "a"};
  old.expiry = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto response = got(options.public_url + link_path(key, old).substr(1));
  EXPECT_EQ(response.head.status, 410);
  EXPECT_TRUE(homeserver.requests.empty());
}

TEST_F(MediaTest, ARevokedLinkIsGoneForGood) {
  auto link = media->link(ref);
  media->revoke("$e");
  media->revoke("");
  EXPECT_EQ(got(link).head.status, 410);
  begin();
  EXPECT_EQ(got(link).head.status, 410);
  EXPECT_TRUE(homeserver.requests.empty());
}

TEST_F(MediaTest, ARevocationCutsWhatIsOnItsWay) {
  std::shared_ptr<net::Answer> upstream;
  homeserver.on("GET", download, [&](const auto&, const auto& answer) {
    upstream = answer;
    answer->begin(200, {}, 100);
    answer->write("begin");
  });
  std::optional<net::HttpResult> result;
  net::HttpRequest request;
  request.url = media->link(ref);
  http.send(std::move(request), [&](net::HttpResult r) { result = std::move(r); });
  ASSERT_TRUE(until([&] { return upstream != nullptr; }));
  media->revoke("$e");
  ASSERT_TRUE(until([&] { return result && !upstream->open(); }));
  EXPECT_TRUE(std::holds_alternative<Failure>(*result) ||
              std::get<net::HttpResponse>(*result).head.status == 410);
}

TEST_F(MediaTest, OnlyGetAndHeadAreServed) {
  homeserver.on("GET", download, file("12345", "text/plain"));
  auto link = media->link(ref);
  EXPECT_EQ(got(link, "POST").head.status, 405);
  EXPECT_TRUE(homeserver.requests.empty());
  auto response = got(link, "HEAD");
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.length, 5U);
  EXPECT_EQ(got(options.public_url + "elsewhere").body, "not ours");
}

TEST_F(MediaTest, ASimpleRangeIsPassedOn) {
  homeserver.on("GET", download, [&](const net::ServedRequest& request, const auto& answer) {
    if (request.header("range") == nullptr) return answer->send(200, {}, "12345");
    answer->send(206, {{"Content-Range", "bytes 1-2/5"}, {"Content-Type", "text/plain"}}, "23");
  });
  auto response = got(media->link(ref), "GET", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(response.head.status, 206);
  EXPECT_EQ(*response.head.header("content-range"), "bytes 1-2/5");
  EXPECT_EQ(response.body, "23");
  EXPECT_EQ(got(media->link(ref), "GET", {{"Range", "bytes=1-2,3-4"}}).head.status, 200);
  EXPECT_EQ(got(media->link(ref), "GET", {{"Range", "lines=1-2"}}).head.status, 200);
}

TEST_F(MediaTest, TroubleWithTheRepositoryIsToldInWords) {
  const std::vector<std::pair<int, int>> expected{{404, 404}, {403, 403}, {401, 502}, {500, 502},
                                                  {429, 503}, {504, 504}, {416, 416}, {418, 502}};
  for (auto [upstream, ours] : expected) {
    homeserver.forget("GET", download);
    homeserver.on("GET", download, Homeserver::Scripted{upstream, R"({"errcode":"M_X","error":"secret"})"});
    auto response = got(media->link(ref));
    EXPECT_EQ(response.head.status, ours) << upstream;
    EXPECT_NE(response.body.find("\"error\":\""), std::string::npos);
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
  }
  homeserver.down();
  EXPECT_EQ(got(media->link(ref)).head.status, 502);
}

TEST_F(MediaTest, AFileThatIsTooLargeIsNotPassedOn) {
  options.max_file_bytes = 10;
  media->set_options(options);
  homeserver.on("GET", download, file(std::string(11, 'x'), "text/plain"));
  auto response = got(media->link(ref));
  EXPECT_EQ(response.head.status, 502);
  EXPECT_NE(response.body.find("larger"), std::string::npos);
  // One that did not say so is cut.
  homeserver.on("GET", download, [](const auto&, const auto& answer) {
    answer->begin(200, {}, std::nullopt);
    answer->write(std::string(5, 'x'));
    answer->write(std::string(50, 'x'));
    answer->end();
  });
  auto cut = fetch(media->link(ref));
  EXPECT_TRUE(std::holds_alternative<Failure>(cut) || std::get<net::HttpResponse>(cut).head.status == 502);
}

TEST_F(MediaTest, ABigFileIsPassedOnWhole) {
  options.max_file_bytes = 100'000'000;
  media->set_options(options);
  std::string big;
  for (int i = 0; i < 2'000'000; ++i) big += std::to_string(i);
  homeserver.on("GET", download, file(big, "video/mp4"));
  EXPECT_EQ(got(media->link(ref)).body, big);
}

// Writes so much, as fast as it is taken; `left` says how much that is not.
Homeserver::Handler large(std::size_t size, std::size_t& left) {
  left = size;
  return [size, &left](const net::ServedRequest&, const std::shared_ptr<net::Answer>& answer) {
    answer->begin(200, {{"Content-Type", "video/mp4"}}, size);
    const auto go_on = [weak = std::weak_ptr<net::Answer>(answer), &left] {
      const auto to = weak.lock();
      static const std::string piece(64 * 1024, 'x');
      while (to && to->open()) {
        const std::size_t now = std::min(left, piece.size());
        left -= now;
        const bool more = to->write(std::string_view(piece).substr(0, now));
        if (left == 0) return to->end();
        if (!more) return;
      }
    };
    answer->on_drained = [go_on, answer] { go_on(); };
    go_on();
  };
}

// Bytes of the heap.
std::size_t in_use() {
  const auto now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

constexpr std::size_t fifty_megabytes = 50'000'000;

TEST_F(MediaTest, OfABigFileLittleIsHeldWhileItsReaderIsSlow) {
  options.max_file_bytes = 100'000'000;
  media->set_options(options);
  std::size_t left = 0, got = 0;
  homeserver.on("GET", download, large(fifty_megabytes, left));
  bool over = false, whole = false;
  const std::size_t in_use_before = in_use();
  net::HttpRequest request;
  request.url = media->link(ref);
  net::HttpClient::Id id = 0;
  id = http.stream(std::move(request), {nullptr,
                                        [&](std::string_view data) {
                                          if (got == 0) http.hold(id, true);
                                          got += data.size();
                                        },
                                        [&](const std::optional<Failure>& failure) {
                                          over = true;
                                          whole = !failure;
                                        }});
  ASSERT_TRUE(until([&] { return got > 0; }));
  // Nothing moves any more: what has left the homeserver lies in the kernel's buffers.
  std::size_t before = left + 1;
  for (int idle = 0; idle < 5; idle = before == left ? idle + 1 : 0) {
    before = left;
    loop.restart();
    loop.run_for(milliseconds(20));
  }
  EXPECT_LT(in_use() - in_use_before, 10'000'000U);
  http.hold(id, false);
  ASSERT_TRUE(until([&] { return over; }));
  EXPECT_TRUE(whole);
  EXPECT_EQ(got, fifty_megabytes);
}

TEST_F(MediaTest, ABigFileIsBroughtToTheRepositoryWhole) {
  options.max_file_bytes = 100'000'000;
  media->set_options(options);
  std::size_t left = 0;
  files.on("GET", "/film.mp4", large(fifty_megabytes, left));
  std::size_t arrived = 0;
  homeserver.on("POST", "/_matrix/media/v3/upload",
                [&](const net::ServedRequest& asked, const std::shared_ptr<net::Answer>& answer) {
                  arrived = asked.body.size();
                  answer->send(200, {}, R"({"content_uri":"mxc://h/new"})");
                });
  auto result = upload({.url = files.url() + "/film.mp4"});
  EXPECT_EQ(arrived, fifty_megabytes);
  ASSERT_TRUE(std::holds_alternative<Uploaded>(result));
  EXPECT_EQ(std::get<Uploaded>(result).size, fifty_megabytes);
}

TEST_F(MediaTest, AServerThatStopsInTheMiddleCutsTheAnswer) {
  homeserver.on("GET", download, [](const auto&, const auto& answer) {
    answer->begin(200, {}, 100);
    answer->write("half");
    answer->abort();
  });
  auto result = fetch(media->link(ref));
  ASSERT_TRUE(std::holds_alternative<Failure>(result) ||
              std::get<net::HttpResponse>(result).head.status == 502);
}

TEST_F(MediaTest, ARedirectIsFollowedWithoutTheToken) {
  files.on("GET", "/cdn", file(png, "image/png"));
  homeserver.on("GET", download, Homeserver::Scripted{307, "", {{"Location", files.url() + "/cdn?sig=1"}}});
  EXPECT_EQ(got(media->link(ref)).body, png);
  EXPECT_EQ(files.requests.at(0).header("authorization"), nullptr);
  EXPECT_EQ(files.requests.at(0).query, "sig=1");

  options.fetch_private_addresses = false;
  media->set_options(options);
  EXPECT_EQ(got(media->link(ref)).head.status, 502);
  EXPECT_EQ(files.requests.size(), 1U);
}

TEST_F(MediaTest, WhoGoesAwayIsNotFetchedForAnyLonger) {
  std::shared_ptr<net::Answer> upstream;
  homeserver.on("GET", download, [&](const auto&, const auto& answer) { upstream = answer; });
  net::HttpRequest request;
  request.url = media->link(ref);
  auto id = http.send(std::move(request), [](const auto&) { ADD_FAILURE(); });
  ASSERT_TRUE(until([&] { return upstream != nullptr; }));
  http.cancel(id);
  ASSERT_TRUE(until([&] { return !upstream->open(); }));
}

}  // namespace
}  // namespace dragoman::matrix
