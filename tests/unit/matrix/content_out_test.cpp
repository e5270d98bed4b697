// encode(): what is said as events.
#include "tests/unit/matrix/content_world.hpp"

namespace dragoman::matrix {
namespace {

using namespace test;

json::object content_of(const Message& m) {
  const auto events = encode(m, user_of, {});
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "m.room.message");
  return events[0].content;
}

TEST(Encode, PlainTextIsABodyAlone) {
  EXPECT_EQ(content_of({"a < b\nc"}), object(R"({"msgtype":"m.text","body":"a < b\nc","m.mentions":{}})"));
  EXPECT_EQ(content_of({"x", MessageKind::notice}),
            object(R"({"msgtype":"m.notice","body":"x","m.mentions":{}})"));
  EXPECT_EQ(content_of({"waves", MessageKind::action}),
            object(R"({"msgtype":"m.emote","body":"waves","m.mentions":{}})"));
}

TEST(Encode, FormattedTextIsHtmlToo) {
  EXPECT_EQ(content_of({Text("a b", {{2, 3, Style::bold}})}),
            object(R"({"msgtype":"m.text","body":"a b","format":"org.matrix.custom.html",
                       "formatted_body":"a <strong>b</strong>","m.mentions":{}})"));
}

TEST(Encode, WhoIsSpokenToIsMentioned) {
  for (const std::string said : {"Alice: hi", "Alice, hi", "Alice:"}) {
    const auto content = content_of({said});
    EXPECT_EQ(content.at("m.mentions"), object(R"({"user_ids":["@alice:x"]})")) << said;
    EXPECT_EQ(text_at(content, "formatted_body"),
              "<a href=\"https://matrix.to/#/@alice:x\">Alice</a>" + said.substr(5))
        << said;
    EXPECT_EQ(text_at(content, "body"), said);
  }
  EXPECT_EQ(content_of({"Ann: 2: hi"}).at("m.mentions"), object(R"({"user_ids":["@ann:x"]})"));
  for (const std::string said :
       {"Alice hi", "alice: hi", "Nobody: hi", "Alice:hi", " Alice: hi", "say Alice: hi", ": hi", ":"}) {
    EXPECT_EQ(content_of({said}).at("m.mentions"), json::object()) << said;
  }
  EXPECT_EQ(content_of({Text("Alice: hi", {{0, 6, Style::code}})}).at("m.mentions"), json::object());
}

TEST(Encode, MentionsAreEachOnce) {
  const auto content = content_of({Text(
      "Alice: Bob Alice @room",
      {{7, 10, Style::mention, "Bob"}, {11, 16, Style::mention, "Alice"}, {17, 22, Style::mention, ""}})});
  EXPECT_EQ(content.at("m.mentions"), object(R"({"room":true,"user_ids":["@alice:x","@bob:x"]})"));
}

TEST(Encode, RepliesAndThreadsByEventId) {
  Message m{"a"};
  m.quote = Quote{MessageId("$q"), "Bob", "old"};
  EXPECT_EQ(content_of(m).at("m.relates_to"), object(R"({"m.in_reply_to":{"event_id":"$q"}})"));
  EXPECT_EQ(text_at(content_of(m), "body"), "a");
  m.thread = "$root";
  EXPECT_EQ(content_of(m).at("m.relates_to"),
            object(R"({"rel_type":"m.thread","event_id":"$root","is_falling_back":false,
      "m.in_reply_to":{"event_id":"$q"}})"));
  m.quote.reset();
  EXPECT_EQ(content_of(m).at("m.relates_to"),
            object(R"({"rel_type":"m.thread","event_id":"$root","is_falling_back":true,
      "m.in_reply_to":{"event_id":"$root"}})"));
  m.thread = "xmpp-thread-id";
  EXPECT_FALSE(content_of(m).contains("m.relates_to"));
}

TEST(Encode, AReplyToSomethingUnknownQuotesIt) {
  Message m{"so true"};
  m.quote = Quote{MessageId("not-an-event"), "Bob", "wise words"};
  const auto content = content_of(m);
  EXPECT_EQ(text_at(content, "body"), "Bob: wise words\nso true");
  EXPECT_EQ(text_at(content, "formatted_body"), "<blockquote>Bob: wise words</blockquote>so true");
  EXPECT_FALSE(content.contains("m.relates_to"));
}

TEST(Encode, FilesWithCaptionAndAllThatIsKnown) {
  Message m{Text("look", {{0, 4, Style::bold}})};
  Attachment file;
  file.url = "https://up/1.png";
  file.name = "1.png";
  file.width = 3;
  file.height = 4;
  m.attachments = {file};
  auto events = encode(m, user_of, {{"mxc://x/a", "image/png", 77}});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].content,
            object(R"({"msgtype":"m.image","body":"look","filename":"1.png","url":"mxc://x/a",
      "format":"org.matrix.custom.html","formatted_body":"<strong>look</strong>",
      "info":{"mimetype":"image/png","size":77,"w":3,"h":4},"m.mentions":{}})"));
  m.text = "https://up/1.png";
  events = encode(m, user_of, {{"mxc://x/a", "image/png", 77}});
  EXPECT_EQ(text_at(events[0].content, "body"), "1.png");
  EXPECT_EQ(text_at(events[0].content, "filename"), "1.png");
}

TEST(Encode, FilesByTheirKind) {
  const auto kind = [](std::string type) {
    Message m;
    m.attachments.push_back({"https://x", "f"});
    return std::string(
        text_at(encode(m, user_of, {{"mxc://x/a", std::move(type), 1}}).at(0).content, "msgtype"));
  };
  EXPECT_EQ(kind("image/png"), "m.image");
  EXPECT_EQ(kind("video/mp4"), "m.video");
  EXPECT_EQ(kind("audio/ogg"), "m.audio");
  EXPECT_EQ(kind("text/plain"), "m.file");
  EXPECT_EQ(kind(""), "m.file");
}

TEST(Encode, VoiceMessagesAndStickers) {
  Message voice;
  voice.attachments.push_back({"https://x", "v.ogg"});
  voice.attachments[0].voice = true;
  voice.attachments[0].length = 1500;
  const auto said = encode(voice, user_of, {{"mxc://x/a", "audio/ogg", 1}}).at(0).content;
  EXPECT_EQ(text_at(said, "msgtype"), "m.audio");
  EXPECT_EQ(said.at("org.matrix.msc3245.voice"), json::object());
  EXPECT_EQ(said.at("org.matrix.msc1767.audio"), object(R"({"duration":1500})"));
  Message sticker;
  sticker.attachments.push_back({"https://x", "s.png"});
  sticker.attachments[0].sticker = true;
  sticker.attachments[0].description = "wave";
  const auto stuck = encode(sticker, user_of, {{"mxc://x/s", "image/png", 5}}).at(0);
  EXPECT_EQ(stuck.type, "m.sticker");
  EXPECT_EQ(
      stuck.content,
      object(
          R"({"body":"wave","url":"mxc://x/s","info":{"mimetype":"image/png","size":5},"m.mentions":{}})"));
}

TEST(Encode, SeveralFilesAreSeveralEvents) {
  Message m{"Alice: both"};
  m.attachments = {{"https://x/1", "1"}, {"https://x/2", "2"}, {"https://x/3", "3"}};
  const auto events =
      encode(m, user_of, {{"mxc://x/1", "image/png", 1}, {"", "", 0}, {"mxc://x/3", "text/plain", 1}});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(text_at(events[0].content, "body"), "Alice: both\nhttps://x/2");
  EXPECT_EQ(events[0].content.at("m.mentions"), object(R"({"user_ids":["@alice:x"]})"));
  EXPECT_EQ(text_at(events[1].content, "body"), "3");
  EXPECT_EQ(events[1].content.at("m.mentions"), json::object());
}

TEST(Encode, AFileThatCouldntBeUploadedStaysALink) {
  Message m;
  m.attachments = {{"https://x/1", "1"}};
  EXPECT_EQ(text_at(encode(m, user_of, {{"", "", 0}}).at(0).content, "body"), "https://x/1");
  EXPECT_EQ(text_at(encode(m, user_of, {}).at(0).content, "body"), "https://x/1");
}

TEST(Encode, AFileThatIsTooLargeStaysALinkWithAWordOnIt) {
  Message m;
  m.attachments = {{"https://x/1", "1"}};
  EXPECT_EQ(text_at(encode(m, user_of, {{.remark = "too large"}}).at(0).content, "body"),
            "https://x/1 (too large)");
  m.text = "https://x/1";
  EXPECT_EQ(text_at(encode(m, user_of, {{.remark = "too large"}}).at(0).content, "body"),
            "https://x/1 (too large)");
}

TEST(Encode, AThumbnailGoesWithItsFileAlone) {
  Message m;
  m.attachments = {{"https://x/1", "1"}, {"https://x/2", "2"}};
  const auto events =
      encode(m, user_of, {{"mxc://x/1", "video/mp4", 9}, {"mxc://x/2", "video/mp4", 9}},
             {{}, {.mxc = "mxc://x/s", .media_type = "image/png", .size = 5, .width = 3, .height = 2}});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].content.at("info"), object(R"({"mimetype":"video/mp4","size":9})"));
  EXPECT_EQ(events[1].content.at("info"),
            object(R"({"mimetype":"video/mp4","size":9,"thumbnail_url":"mxc://x/s",
      "thumbnail_info":{"mimetype":"image/png","size":5,"w":3,"h":2}})"));
}

TEST(Encode, AnEditWithItsFallback) {
  const Encoded edit = encode(Edit{MessageId("$old"), Message{"Alice: new"}}, user_of);
  EXPECT_EQ(edit.type, "m.room.message");
  EXPECT_EQ(edit.content, object(R"({"msgtype":"m.text","body":"* Alice: new","m.mentions":{},
      "m.new_content":{"msgtype":"m.text","body":"Alice: new","format":"org.matrix.custom.html",
        "formatted_body":"<a href=\"https://matrix.to/#/@alice:x\">Alice</a>: new","m.mentions":{"user_ids":["@alice:x"]}},
      "m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})"));
}

TEST(Encode, AReaction) {
  const Encoded reaction = encode(Annotation{MessageId("$t"), "👍"});
  EXPECT_EQ(reaction.type, "m.reaction");
  EXPECT_EQ(reaction.content,
            object(R"({"m.relates_to":{"rel_type":"m.annotation","event_id":"$t","key":"👍"}})"));
}

TEST(Encode, WhatItWritesIsReadBack) {
  Message m{Text("a b\nc", {{0, 1, Style::bold}, {4, 5, Style::quote}}), MessageKind::notice};
  m.quote = Quote{MessageId("$q"), {}, {}};
  m.thread = "$root";
  json::object event{{"type", "m.room.message"}, {"event_id", "$e"}, {"content", content_of(m)}};
  EXPECT_EQ(std::get<Message>(decode(event, kReader)), m);
}

TEST(WireSize, BoundsTheEventWhateverIsInIt) {
  for (const std::string piece : {"a", "\"", "\n", "\xC3\xA9", "<", " "}) {
    for (const bool bold : {false, true}) {
      for (const bool addressed : {false, true}) {
        Text text(addressed ? "Alice: " : "");
        while (wire_size(text) + 1000 < max_wire_size) {
          for (int i = 0; i < 100; ++i) text.plain += piece;
          if (bold) text.spans = {{0, text.plain.size(), Style::bold}};
        }
        const auto m = encode(Message{text}, user_of, {});
        EXPECT_LT(json::serialize(m.at(0).content).size(), 60'000u) << piece << bold << addressed;
        const Encoded edit = encode(Edit{MessageId("$old"), Message{text}}, user_of);
        EXPECT_LT(json::serialize(edit.content).size(), 60'000u) << piece << bold << addressed;
      }
    }
  }
  EXPECT_EQ(wire_size("abc"), 3u);
  EXPECT_GT(wire_size(Text("abc", {{0, 3, Style::mention, "Alice"}})), 255u);
}

}  // namespace
}  // namespace dragoman::matrix
