// decode(): what an event of a homeserver says.
#include "tests/unit/matrix/content_world.hpp"

namespace dragoman::matrix {
namespace {

using namespace test;

Decoded in(std::string_view type, std::string_view content) {
  json::object event;
  event["type"] = json::string(type.data(), type.size());
  event["event_id"] = "$e";
  event["content"] = object(content);
  return decode(event, kReader);
}
Message message(std::string_view content, std::string_view type = "m.room.message") {
  const Decoded decoded = in(type, content);
  if (const auto* m = std::get_if<Message>(&decoded)) return *m;
  ADD_FAILURE() << content << " is " << decoded.index();
  return {};
}
bool is_nothing(const Decoded& decoded) { return std::holds_alternative<Nothing>(decoded); }

TEST(Decode, TextOfEveryKind) {
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"hi"})"), (Message{"hi"}));
  EXPECT_EQ(message(R"({"msgtype":"m.notice","body":"hi"})"), (Message{"hi", MessageKind::notice}));
  EXPECT_EQ(message(R"({"msgtype":"m.emote","body":"waves"})"), (Message{"waves", MessageKind::action}));
  EXPECT_EQ(message(R"({"msgtype":"m.server_notice","body":"hi"})"), (Message{"hi", MessageKind::notice}));
  EXPECT_EQ(message(R"({"msgtype":"org.custom","body":"hi"})"), (Message{"hi"}));
}

TEST(Decode, FormattedTextFromItsHtml) {
  EXPECT_EQ(
      message(
          R"({"msgtype":"m.text","body":"**a**","format":"org.matrix.custom.html","formatted_body":"<b>a</b>"})")
          .text,
      Text("a", {{0, 1, Style::bold}}));
  // Of another format, empty, of another type, or too deep: the body.
  for (const std::string rest : {R"("format":"x","formatted_body":"<b>a</b>")",
                                 R"("formatted_body":"<b>a</b>")", R"("format":"org.matrix.custom.html")",
                                 R"("format":"org.matrix.custom.html","formatted_body":"<!-- -->")",
                                 R"("format":"org.matrix.custom.html","formatted_body":7)"}) {
    EXPECT_EQ(message(R"({"msgtype":"m.text","body":"plain",)" + rest + "}").text, Text("plain")) << rest;
  }
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "<b>";
  EXPECT_EQ(
      message(R"({"msgtype":"m.text","body":"plain","format":"org.matrix.custom.html","formatted_body":")" +
              deep + R"(x"})")
          .text,
      Text("plain"));
}

TEST(Decode, TextIsCleanAndBounded) {
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"a\u0000b\u001bc\r\nd\u0085e\u007f\ufffef\t"})").text,
            Text("abc\nd\nef\t"));
  const std::string huge(1'000'000, 'a');
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":")" + huge + R"("})").text.plain.size(), 65'536u);
}

TEST(Decode, WhatIsNoMessageIsNothing) {
  for (const std::string_view content :
       {"{}", R"({"body":"x"})", R"({"msgtype":"m.text"})", R"({"msgtype":"m.text","body":""})",
        R"({"msgtype":"m.text","body":{}})", R"({"msgtype":7,"body":"x"})",
        R"({"msgtype":"m.key.verification.request","body":"x"})",
        R"({"msgtype":"m.text","body":"\u0000"})"}) {
    EXPECT_TRUE(is_nothing(in("m.room.message", content))) << content;
  }
  EXPECT_TRUE(is_nothing(in("org.custom.thing", R"({"x":1})")));
  EXPECT_TRUE(is_nothing(in("", R"({"msgtype":"m.text","body":"x"})")));
  for (const std::string_view event :
       {"{}", R"({"type":"m.room.message"})", R"({"type":"m.room.message","content":"x"})",
        R"({"type":7,"content":{"msgtype":"m.text","body":"x"}})",
        R"({"type":"m.room.message","state_key":"","content":{"msgtype":"m.text","body":"x"}})",
        R"({"type":"m.room.topic","state_key":"","content":{"topic":"x","body":"x"}})"}) {
    EXPECT_TRUE(is_nothing(decode(object(event), kReader))) << event;
  }
}

TEST(Decode, AnUnknownTypeIsItsText) {
  EXPECT_EQ(message(R"({"body":"fallback"})", "org.custom.thing").text, Text("fallback"));
  EXPECT_EQ(
      message(R"({"m.text":[{"mimetype":"text/html","body":"<b>x</b>"},{"body":"plain"}]})", "org.custom")
          .text,
      Text("plain"));
  EXPECT_EQ(message(R"({"org.matrix.msc1767.text":"draft"})", "org.custom").text, Text("draft"));
}

TEST(Decode, AReplyLosesItsFallback) {
  const auto reply = message(R"({"msgtype":"m.text","body":"> <@alice:x> old\n> older\n\nnew\n> mine",
      "m.relates_to":{"m.in_reply_to":{"event_id":"$q"}}})");
  EXPECT_EQ(reply.text, Text("new\n> mine"));
  EXPECT_EQ(reply.quote, (Quote{MessageId("$q"), {}, {}}));
  const auto formatted =
      message(R"({"msgtype":"m.text","body":"> <@alice:x> old\n\nnew","format":"org.matrix.custom.html",
      "formatted_body":"<mx-reply><blockquote>old</blockquote></mx-reply><i>new</i>",
      "m.relates_to":{"m.in_reply_to":{"event_id":"$q"}}})");
  EXPECT_EQ(formatted.text, Text("new", {{0, 3, Style::italic}}));
  EXPECT_EQ(message(R"({"msgtype":"m.emote","body":"> * <@alice:x> sings\n\nlaughs",
      "m.relates_to":{"m.in_reply_to":{"event_id":"$q"}}})"),
            (Message{"laughs", MessageKind::action, {}, Quote{MessageId("$q"), {}, {}}}));
}

TEST(Decode, AQuoteOfOnesOwnIsNoFallback) {
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"> wise words\n\nso true"})").text,
            Text("> wise words\n\nso true"));
}

TEST(Decode, AReplyToNonsenseIsNone) {
  for (const std::string_view to : {R"({"event_id":"x"})", R"({"event_id":7})", "{}", R"({"event_id":""})"}) {
    EXPECT_FALSE(
        message(R"({"msgtype":"m.text","body":"a","m.relates_to":{"m.in_reply_to":)" + std::string(to) + "}}")
            .quote);
  }
  EXPECT_FALSE(message(R"({"msgtype":"m.text","body":"a","m.relates_to":[1]})").quote);
}

TEST(Decode, Threads) {
  const auto falling_back = message(R"({"msgtype":"m.text","body":"a","m.relates_to":{"rel_type":"m.thread",
      "event_id":"$root","is_falling_back":true,"m.in_reply_to":{"event_id":"$last"}}})");
  EXPECT_EQ(falling_back.thread, "$root");
  EXPECT_FALSE(falling_back.quote);
  const auto answer = message(R"({"msgtype":"m.text","body":"a","m.relates_to":{"rel_type":"m.thread",
      "event_id":"$root","m.in_reply_to":{"event_id":"$q"}}})");
  EXPECT_EQ(answer.thread, "$root");
  EXPECT_EQ(answer.quote, (Quote{MessageId("$q"), {}, {}}));
}

TEST(Decode, AnEditIsItsNewContent) {
  const Decoded decoded = in("m.room.message", R"({"msgtype":"m.text","body":"* new","m.new_content":
      {"msgtype":"m.text","body":"new","m.relates_to":{"m.in_reply_to":{"event_id":"$x"}}},
      "m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})");
  ASSERT_TRUE(std::holds_alternative<Edit>(decoded));
  EXPECT_EQ(std::get<Edit>(decoded), (Edit{MessageId("$old"), Message{"new"}}));
}

TEST(Decode, AnEditOfAReplyLosesItsFallbackToo) {
  const Decoded decoded = in("m.room.message", R"({"msgtype":"m.text","body":"* new","m.new_content":
      {"msgtype":"m.text","body":"> <@a:x> old\n\nnew","format":"org.matrix.custom.html",
       "formatted_body":"<mx-reply>old</mx-reply>new"},"m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})");
  EXPECT_EQ(std::get<Edit>(decoded).message.text, Text("new"));
}

TEST(Decode, ABrokenEditIsNothing) {
  for (
      const std::string_view content :
      {R"({"msgtype":"m.text","body":"* x","m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})",
       R"({"msgtype":"m.text","body":"* x","m.new_content":{"msgtype":"m.text","body":"x"},"m.relates_to":{"rel_type":"m.replace"}})",
       R"({"msgtype":"m.text","body":"* x","m.new_content":[],"m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})",
       R"({"msgtype":"m.text","body":"* x","m.new_content":{},"m.relates_to":{"rel_type":"m.replace","event_id":"$old"}})"}) {
    EXPECT_TRUE(is_nothing(in("m.room.message", content))) << content;
  }
}

TEST(Decode, FilesWithAllThatIsKnownOfThem) {
  const auto m =
      message(R"({"msgtype":"m.image","body":"dog.jpg","url":"mxc://x/abc","info":{"mimetype":"image/jpeg",
      "size":31037,"w":394,"h":398,"thumbnail_url":"mxc://x/small"}})");
  EXPECT_TRUE(m.text.empty());
  ASSERT_EQ(m.attachments.size(), 1u);
  const Attachment& file = m.attachments[0];
  EXPECT_EQ(file.url, "https://gw/x/abc?$e");
  EXPECT_EQ(file.name, "dog.jpg");
  EXPECT_EQ(file.media_type, "image/jpeg");
  EXPECT_EQ(file.size, 31037u);
  EXPECT_EQ(file.width, 394u);
  EXPECT_EQ(file.height, 398u);
  EXPECT_EQ(file.thumbnail, "https://gw/x/small/small?$e");
  EXPECT_FALSE(file.voice);
  const auto video =
      message(R"({"msgtype":"m.video","body":"v.mp4","url":"mxc://x/v","info":{"duration":2140786}})");
  EXPECT_EQ(video.attachments.at(0).length, 2140786u);
  EXPECT_EQ(video.attachments.at(0).thumbnail, "");
  EXPECT_EQ(message(R"({"msgtype":"m.image","body":"a","url":"mxc://x/v"})").attachments.at(0).thumbnail,
            "https://gw/x/v/small?$e");
}

TEST(Decode, ACaptionIsTheTextOfAFile) {
  const auto caption =
      message(R"({"msgtype":"m.image","filename":"dog.jpg","body":"a ~~cat~~","url":"mxc://x/a",
      "format":"org.matrix.custom.html","formatted_body":"a <s>cat</s>"})");
  EXPECT_EQ(caption.text, Text("a cat", {{2, 5, Style::strike}}));
  EXPECT_EQ(caption.attachments.at(0).name, "dog.jpg");
  EXPECT_TRUE(
      message(R"({"msgtype":"m.file","filename":"a.txt","body":"a.txt","url":"mxc://x/a"})").text.empty());
  EXPECT_TRUE(message(R"({"msgtype":"m.file","body":"a.txt","url":"mxc://x/a"})").text.empty());
}

TEST(Decode, VoiceMessages) {
  const auto m = message(R"({"msgtype":"m.audio","body":"Voice message.ogg","url":"mxc://x/a",
      "info":{"mimetype":"audio/ogg; codecs=opus"},
      "org.matrix.msc1767.audio":{"duration":1500},"org.matrix.msc3245.voice":{}})");
  EXPECT_TRUE(m.attachments.at(0).voice);
  EXPECT_EQ(m.attachments.at(0).length, 1500u);
  EXPECT_EQ(m.attachments.at(0).media_type, "audio/ogg");
}

TEST(Decode, Stickers) {
  const auto m = message(
      R"({"body":"Landing","url":"mxc://x/s","info":{"mimetype":"image/png","w":140,"h":200}})", "m.sticker");
  EXPECT_TRUE(m.attachments.at(0).sticker);
  EXPECT_EQ(m.attachments.at(0).description, "Landing");
  EXPECT_EQ(message(R"({"body":"Landing"})", "m.sticker").text, Text("[sticker: Landing]"));
}

TEST(Decode, AFileThatCantBeFetchedIsToldAtLeast) {
  EXPECT_EQ(message(R"({"msgtype":"m.image","body":"a.png","file":{"url":"mxc://x/a"}})").text,
            Text("[encrypted picture: a.png]"));
  EXPECT_EQ(message(R"({"msgtype":"m.file","filename":"a","body":"caption"})").text,
            Text("[file: a]\ncaption"));
  for (const std::string_view url :
       {"http://x/a", "mxc://x", "mxc://x/", "mxc:///a", "mxc://x/../a", "mxc://x/..", "mxc://x/a/b",
        "mxc://x/a?b", "mxc://x y/a", "mxc://x/%2e%2e", "MXC://x/a", "mxc://x/a#b"}) {
    EXPECT_TRUE(
        message(R"({"msgtype":"m.file","body":"a","url":")" + std::string(url) + R"("})").attachments.empty())
        << url;
  }
  const auto m = decode(
      object(R"({"type":"m.room.message","content":{"msgtype":"m.file","body":"a","url":"mxc://x/a"}})"), {});
  EXPECT_EQ(std::get<Message>(m).text, Text("[file: a]"));
}

TEST(Decode, AFileThatIsTooLargeIsToldWithItsSizeAndNoLink) {
  const Reader reader{.link = [](const MediaRef&) { return std::string("https://gw/x"); },
                      .most_bytes = [] { return std::uint64_t{50'000'000}; }};
  const auto event = [](const std::string& size) {
    return object(
        R"({"type":"m.room.message","content":{"msgtype":"m.video","body":"look","filename":"a.mp4",)"
        R"("url":"mxc://x/a","info":{"size":)" +
        size + "}}}");
  };
  EXPECT_FALSE(brings_too_much(event("50000000"), reader));
  EXPECT_EQ(std::get<Message>(decode(event("50000000"), reader)).attachments.size(), 1u);
  EXPECT_TRUE(brings_too_much(event("50000001"), reader));
  EXPECT_FALSE(brings_too_much(event("50000001"), {}));
  const auto told = std::get<Message>(decode(event("52400000"), reader));
  EXPECT_TRUE(told.attachments.empty());
  EXPECT_EQ(told.text,
            Text("[video: a.mp4; 52.4 MB, more than the 50.0 MB that the bridge passes on]\nlook"));
  EXPECT_EQ(size_words(999), "999 bytes");
  EXPECT_EQ(size_words(1'500), "1.5 kB");
}

TEST(Decode, WhatAFileSaysOfItselfIsChecked) {
  const auto name = [](std::string_view body) {
    return message(R"({"msgtype":"m.file","url":"mxc://x/a","body":")" + std::string(body) + R"("})")
        .attachments.at(0)
        .name;
  };
  EXPECT_EQ(name("../../etc/passwd"), "passwd");
  EXPECT_EQ(name("C:\\\\x\\\\evil.exe"), "evil.exe");
  EXPECT_EQ(name(".."), "");
  EXPECT_EQ(name("a\\nb\\u202egpj.exe"), "a bgpj.exe");
  EXPECT_LE(name(std::string(5000, 'a')).size(), 255u);
  const auto type = [](std::string_view mime) {
    return message(R"({"msgtype":"m.file","body":"a","url":"mxc://x/a","info":{"mimetype":")" +
                   std::string(mime) + R"("}})")
        .attachments.at(0)
        .media_type;
  };
  EXPECT_EQ(type("Image/PNG"), "image/png");
  EXPECT_EQ(type("image/svg+xml"), "image/svg+xml");
  for (const std::string_view bad : {"image", "/", "a/", "/b", "a/b/c", "a b/c", "a\\r\\nb/c", "<a>/b", ""}) {
    EXPECT_EQ(type(bad), "") << bad;
  }
  const auto info = [](std::string_view text) {
    return message(R"({"msgtype":"m.file","body":"a","url":"mxc://x/a","info":)" + std::string(text) + "}")
        .attachments.at(0);
  };
  const Attachment odd = info(R"({"size":-1,"w":0,"h":-5,"duration":"x"})");
  EXPECT_FALSE(odd.size || odd.width || odd.height || odd.length);
  EXPECT_FALSE(info(R"({"w":99999999999})").width);
  EXPECT_EQ(info(R"({"size":12.0})").size, 12u);
  EXPECT_FALSE(info("[]").size);
}

TEST(Decode, PlacesAsText) {
  EXPECT_EQ(message(R"({"msgtype":"m.location","body":"Big Ben","geo_uri":"geo:51.5008,0.1247"})").text,
            Text("Big Ben\ngeo:51.5008,0.1247", {{8, 26, Style::link, "geo:51.5008,0.1247"}}));
  EXPECT_EQ(message(R"({"msgtype":"m.location","body":"at geo:1,2","geo_uri":"geo:1,2"})").text,
            Text("at geo:1,2"));
  EXPECT_EQ(message(R"({"msgtype":"m.location","body":"x","geo_uri":"javascript:x"})").text, Text("x"));
  EXPECT_EQ(
      message(R"({"m.location":{"uri":"geo:1,2"},"m.text":[{"body":"here"}]})", "m.location").text.plain,
      "here\ngeo:1,2");
}

TEST(Decode, PollsAsText) {
  const Text poll("Poll: What?\n1. This\n2. That");
  EXPECT_EQ(message(R"({"m.poll":{"question":{"m.text":[{"body":"What?"}]},
      "answers":[{"m.id":"a","m.text":[{"body":"This"}]},{"m.id":"b","m.text":[{"body":"That"}]}]}})",
                    "m.poll.start")
                .text,
            poll);
  EXPECT_EQ(message(R"({"org.matrix.msc3381.poll.start":{"question":{"org.matrix.msc1767.text":"What?"},
      "answers":[{"id":"a","org.matrix.msc1767.text":"This"},{"id":"b","org.matrix.msc1767.text":"That"}]}})",
                    "org.matrix.msc3381.poll.start")
                .text,
            poll);
  EXPECT_EQ(
      message(
          R"({"m.text":[{"body":"Ended: This"}],"m.relates_to":{"rel_type":"m.reference","event_id":"$p"}})",
          "m.poll.end"),
      (Message{"Ended: This", MessageKind::notice}));
  EXPECT_EQ(message("{}", "m.poll.end").text, Text("The poll has ended."));
  EXPECT_TRUE(is_nothing(in("m.poll.response", R"({"m.selections":["a"],"body":"x"})")));
  EXPECT_TRUE(is_nothing(in("m.poll.start", R"({"m.poll":{"question":{},"answers":{}}})")));
  std::string answers = R"({"m.text":[{"body":"x"}]})";
  for (int i = 0; i < 1000; ++i) answers += R"(,{"m.text":[{"body":"x"}]})";
  const Text many =
      message(R"({"m.poll":{"question":{"m.text":[{"body":"q"}]},"answers":[)" + answers + "]}}",
              "m.poll.start")
          .text;
  EXPECT_LT(many.plain.size(), 300u);
}

TEST(Decode, Reactions) {
  const auto reaction = [](std::string_view relation, std::string_view more = "") {
    return in("m.reaction", R"({"m.relates_to":)" + std::string(relation) + std::string(more) + "}");
  };
  const Decoded good = reaction(R"({"rel_type":"m.annotation","event_id":"$t","key":"👍"})");
  ASSERT_TRUE(std::holds_alternative<Annotation>(good));
  EXPECT_EQ(std::get<Annotation>(good).target, MessageId("$t"));
  EXPECT_EQ(std::get<Annotation>(good).key, "👍");
  EXPECT_EQ(std::get<Annotation>(reaction(R"({"rel_type":"m.annotation","event_id":"$t","key":"mxc://x/a"})",
                                          R"(,"shortcode":":party:")"))
                .key,
            ":party:");
  EXPECT_LE(std::get<Annotation>(reaction(R"({"rel_type":"m.annotation","event_id":"$t","key":")" +
                                          std::string(5000, 'a') + R"("})"))
                .key.size(),
            128u);
  for (const std::string_view bad : {"{}", "[]", R"({"rel_type":"m.annotation","event_id":"$t"})",
                                     R"({"rel_type":"m.annotation","key":"x"})",
                                     R"({"rel_type":"m.annotation","event_id":"$t","key":"\u0001"})",
                                     R"({"rel_type":"x","event_id":"$t","key":"x"})",
                                     R"({"rel_type":"m.annotation","event_id":"$t","key":"mxc://x/a"})"}) {
    EXPECT_TRUE(is_nothing(reaction(bad))) << bad;
  }
}

TEST(Decode, RedactionsOfEveryRoomVersion) {
  const auto redaction = [](std::string_view event) {
    const Decoded decoded = decode(object(event), kReader);
    return std::holds_alternative<Redaction>(decoded) ? std::get<Redaction>(decoded) : Redaction{};
  };
  const Redaction old =
      redaction(R"({"type":"m.room.redaction","redacts":"$t","content":{"reason":"spam\nhere"}})");
  EXPECT_EQ(old.target, MessageId("$t"));
  EXPECT_EQ(old.reason, "spam here");
  EXPECT_EQ(redaction(R"({"type":"m.room.redaction","content":{"redacts":"$t"}})").target, MessageId("$t"));
  EXPECT_TRUE(
      is_nothing(decode(object(R"({"type":"m.room.redaction","content":{"redacts":"x"}})"), kReader)));
}

TEST(Decode, EncryptedEventsAreKnownAsSuch) {
  EXPECT_TRUE(
      std::holds_alternative<Encrypted>(in("m.room.encrypted", R"({"algorithm":"m.megolm.v1.aes-sha2"})")));
  EXPECT_TRUE(is_nothing(in("m.room.encrypted", "{}")));  // redacted
}

TEST(Decode, WhoIsNamedIsMarkedInTheText) {
  EXPECT_EQ(
      message(R"({"msgtype":"m.text","body":"Malice, Alice: hi","m.mentions":{"user_ids":["@alice:x"]}})")
          .text,
      Text("Malice, Alice: hi", {{8, 13, Style::mention, "Alice"}}));
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"hey @room!","m.mentions":{"room":true}})").text,
            Text("hey @room!", {{4, 9, Style::mention, ""}}));
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"hey @room! Alice"})").text, Text("hey @room! Alice"));
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"x","format":"org.matrix.custom.html",
      "formatted_body":"<a href=\"https://matrix.to/#/@alice:x\">Al</a> and Alice","m.mentions":{"user_ids":["@alice:x"]}})")
                .text,
            Text("Al and Alice", {{0, 2, Style::mention, "Alice"}}));
  EXPECT_EQ(
      message(R"({"msgtype":"m.text","body":"Alice","m.mentions":{"user_ids":["@nobody:x",7,null]}})").text,
      Text("Alice"));
  EXPECT_EQ(message(R"({"msgtype":"m.text","body":"Alice","m.mentions":[]})").text, Text("Alice"));
}

}  // namespace
}  // namespace dragoman::matrix
