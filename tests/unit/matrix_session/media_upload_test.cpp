// Files from XMPP to the homeserver, and pictures from it.
#include "tests/unit/matrix_session/media_world.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::string_literals;
using namespace test;

class MediaUploadTest : public MediaWorld {};

TEST_F(MediaUploadTest, AnAttachmentIsBroughtToTheRepositoryAsItsAuthor) {
  files.on("GET", "/up/%C3%A4.png", file(png, "image/x-wrong"));
  homeserver.on("POST", "/_matrix/media/v3/upload", R"({"content_uri":"mxc://h/new"})");
  auto result = upload({.url = files.url() + "/up/%C3%A4.png#fragment"});
  const auto& uploaded = std::get<Uploaded>(result);
  EXPECT_EQ(uploaded.mxc, "mxc://h/new");
  EXPECT_EQ(uploaded.media_type, "image/png");
  EXPECT_EQ(uploaded.size, png.size());
  EXPECT_EQ(uploaded.width, 256U);
  EXPECT_EQ(uploaded.height, 128U);
  const auto& brought = homeserver.requests.at(0);
  EXPECT_EQ(brought.body, png);
  EXPECT_EQ(brought.query, "filename=%C3%A4.png&user_id=%40_xmpp_a%3Ax");
  EXPECT_EQ(*brought.header("content-type"), "image/png");
  EXPECT_EQ(*brought.header("content-length"), std::to_string(png.size()));
  EXPECT_EQ(*brought.header("authorization"), "Bearer token");
  EXPECT_EQ(files.requests.at(0).header("authorization"), nullptr);
}

TEST_F(MediaUploadTest, AStrangersUrlIsNotFetchedFromInside) {
  options.fetch_private_addresses = false;
  media->set_options(options);
  EXPECT_EQ(refusal({.url = files.url() + "/x"}), Reason::not_permitted);
  EXPECT_EQ(refusal({.url = homeserver.url() + "/_synapse/admin"}), Reason::not_permitted);
  EXPECT_TRUE(files.requests.empty());
  EXPECT_TRUE(homeserver.requests.empty());
}

TEST_F(MediaUploadTest, WhatCantBeFetchedIsAFailure) {
  for (const auto* url :
       {"", "aesgcm://x/y", "file:///etc/passwd", "http://", "x", "http://u:p@127.0.0.1/"}) {
    EXPECT_EQ(refusal({.url = url}), Reason::invalid) << url;
  }
  EXPECT_EQ(refusal({.url = files.url() + "/nothing"}), Reason::network_error);
  EXPECT_EQ(files.requests.size(), 1U);  // once: it will not be there the next time either
}

TEST_F(MediaUploadTest, TooLargeAnAttachmentIsGivenUpEarly) {
  options.max_file_bytes = 1000;
  media->set_options(options);
  files.on("GET", "/x", file(std::string(1001, 'x'), "text/plain"));
  EXPECT_EQ(refusal({.url = files.url() + "/x"}), Reason::too_large);
  std::shared_ptr<net::Answer> kept;
  files.on("GET", "/y", [&](const auto&, const auto& answer) {
    kept = answer;
    answer->begin(200, {}, std::nullopt);
    answer->write(std::string(2000, 'x'));
  });
  EXPECT_EQ(refusal({.url = files.url() + "/y"}), Reason::too_large);
  EXPECT_TRUE(homeserver.requests.empty());
}

TEST_F(MediaUploadTest, AFetchThatBreaksIsBegunAnewAFewTimes) {
  int times = 0;
  files.on("GET", "/x", [&](const auto&, const auto& answer) {
    if (++times == 3) return answer->send(200, {}, "whole");
    answer->begin(200, {}, 100);
    answer->write("half");
    answer->abort();
  });
  homeserver.on("POST", "/_matrix/media/v3/upload", R"({"content_uri":"mxc://h/new"})");
  EXPECT_EQ(std::get<Uploaded>(upload({.url = files.url() + "/x", .name = "n.txt"})).size, 5U);
  EXPECT_EQ(homeserver.requests.at(0).body, "whole");
  files.on("GET", "/y", Homeserver::Scripted{503, ""});
  EXPECT_EQ(refusal({.url = files.url() + "/y"}), Reason::network_error);
  EXPECT_EQ(files.count("GET", "/y"), 3U);
}

TEST_F(MediaUploadTest, AHomeserverThatIsBusyOrAwayIsWaitedFor) {
  files.on("GET", "/x", file("abc", "text/plain"));
  const std::string path = "/_matrix/media/v3/upload";
  homeserver.on("POST", path, Homeserver::Scripted{429, R"({"retry_after_ms":1})"});
  homeserver.on("POST", path, Homeserver::Scripted{502, "<html>"});
  homeserver.on("POST", path, R"({"content_uri":"mxc://h/new"})");
  homeserver.down();
  std::optional<std::variant<Uploaded, Failure>> result;
  media->upload(homeserver.voice(), Attachment{.url = files.url() + "/x"}, [&](auto r) { result = r; });
  ASSERT_TRUE(until([&] { return !files.requests.empty(); }));
  homeserver.up();
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_TRUE(std::holds_alternative<Uploaded>(*result));
  EXPECT_EQ(homeserver.count("POST", path), 3U);
  EXPECT_EQ(homeserver.requests.back().body, "abc");
}

TEST_F(MediaUploadTest, ARefusedUploadIsTold) {
  files.on("GET", "/x", file("abc", "text/plain"));
  const std::string path = "/_matrix/media/v3/upload";
  homeserver.on("POST", path, Homeserver::Scripted{413, R"({"errcode":"M_TOO_LARGE","error":"No room"})"});
  EXPECT_EQ(refusal({.url = files.url() + "/x"}), Reason::too_large);
  homeserver.forget("POST", path);
  homeserver.on("POST", path, R"({"content_uri":"https://evil/"})");
  EXPECT_EQ(refusal({.url = files.url() + "/x"}), Reason::network_error);
}

TEST_F(MediaUploadTest, ManyUploadsAllArrive) {
  files.on("GET", "/*", file("abc", "text/plain"));
  homeserver.on("POST", "/_matrix/media/v3/upload", R"({"content_uri":"mxc://h/new"})");
  int done = 0;
  for (int i = 0; i < 30; ++i) {
    media->upload(homeserver.voice(), Attachment{.url = files.url() + "/" + std::to_string(i)},
                  [&](const auto& r) {
                    EXPECT_TRUE(std::holds_alternative<Uploaded>(r));
                    ++done;
                  });
  }
  ASSERT_TRUE(until([&] { return done == 30; }));
}

TEST_F(MediaUploadTest, NothingIsToldAfterTheEnd) {
  files.on("GET", "/x", file("abc", "text/plain"));
  media->upload(homeserver.voice(), Attachment{.url = files.url() + "/x"},
                [](const auto&) { ADD_FAILURE(); });
  media->fetch_picture("mxc://h/a", [](const auto&) { ADD_FAILURE(); });
  ASSERT_TRUE(until([&] { return !files.requests.empty(); }));
  media.reset();
  loop.restart();
  loop.poll();
}

TEST_F(MediaUploadTest, APictureIsUploadedAsWhatItIs) {
  homeserver.on("POST", "/_matrix/media/v3/upload", R"({"content_uri":"mxc://h/new"})");
  std::optional<std::variant<Uploaded, Failure>> result;
  media->upload(homeserver.voice("@g:x"), Picture{"image/svg+xml", png}, [&](auto r) { result = r; });
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_EQ(std::get<Uploaded>(*result).media_type, "image/png");
  EXPECT_EQ(homeserver.requests.at(0).body, png);
  EXPECT_EQ(homeserver.requests.at(0).query, "user_id=%40g%3Ax");
  for (const auto& bad : {"<svg/>"s, ""s}) {
    result.reset();
    media->upload(homeserver.voice("@g:x"), Picture{"image/png", bad}, [&](auto r) { result = r; });
    ASSERT_TRUE(until([&] { return result.has_value(); }));
    EXPECT_EQ(std::get<Failure>(*result).reason, Reason::invalid);
  }
}

TEST_F(MediaUploadTest, ASmallPictureIsFetchedOnceForAllWhoAsk) {
  const std::string path = "/_matrix/client/v1/media/thumbnail/h/pic";
  homeserver.on("GET", path, file(png, "text/html"));
  int answers = 0;
  auto ask = [&] {
    media->fetch_picture("mxc://h/pic", [&](std::optional<Picture> picture) {
      ASSERT_TRUE(picture);
      EXPECT_EQ(picture->media_type, "image/png");
      EXPECT_EQ(picture->bytes, png);
      ++answers;
    });
  };
  ask();
  ask();
  EXPECT_EQ(answers, 0);
  ASSERT_TRUE(until([&] { return answers == 2; }));
  ask();
  EXPECT_EQ(answers, 2);
  ASSERT_TRUE(until([&] { return answers == 3; }));
  EXPECT_EQ(homeserver.requests.size(), 1U);
}

TEST_F(MediaUploadTest, WhatIsNoSmallPictureIsNone) {
  int nothing = 0;
  auto ask = [&](const std::string& mxc) {
    auto before = nothing;
    media->fetch_picture(mxc, [&](const std::optional<Picture>& picture) { nothing += picture ? 0 : 1; });
    EXPECT_TRUE(until([&] { return nothing == before + 1; })) << mxc;
  };
  const std::string path = "/_matrix/client/v1/media/thumbnail/h/";
  homeserver.on("GET", path + "svg", file("<svg/>", "image/svg+xml"));
  homeserver.on("GET", path + "big", file(png + std::string(65 * 1024, 'x'), "image/png"));
  ask("mxc://h/svg");
  ask("mxc://h/big");
  ask("mxc://h/missing");
  ask("https://h/x");
  ask("");
}

}  // namespace
}  // namespace dragoman::matrix
