#include "component/fallback.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>

#include "component/content.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// IRC as it is without any extension.
Features irc() {
  Features f;
  f.max_bytes = 400;
  return f;
}
Features everything() {
  Features f;
  f.edits = f.replies = f.reactions = f.retractions = f.moderation = f.typing = f.read_marks = f.threads =
      f.files = true;
  f.multiline = true;
  return f;
}

std::optional<Remembered> recall(const MessageId& id) {
  if (id.value() == "cake") return Remembered{"Anna", "We should bake a cake"};
  if (id.value() == "long")
    return Remembered{"Anna", "first line\nsecond line, which goes on and on and on and on and on and on"};
  return std::nullopt;
}

// "*text*" is an action, "!text" a notice.
std::vector<std::string> told(const Content& content, const Features& features = irc(),
                              const std::string& author = {}) {
  std::vector<std::string> out;
  for (const Content& piece : degrade(content, features, recall, author)) {
    if (const auto* m = std::get_if<Message>(&piece)) {
      const std::string& text = m->text.plain;
      out.push_back(m->kind == MessageKind::action   ? "*" + text + "*"
                    : m->kind == MessageKind::notice ? "!" + text
                                                     : text);
    } else {
      out.push_back("#" + std::to_string(piece.index()));
    }
  }
  return out;
}
Message message(Text text, MessageKind kind = MessageKind::normal) {
  Message m;
  m.text = std::move(text);
  m.kind = kind;
  return m;
}
Message reply(const std::string& to, const std::string& text, const std::string& author = {},
              const std::string& quoted = {}) {
  Message m = message(text);
  m.quote = Quote{MessageId(to), author, quoted};
  return m;
}

TEST(Degrade, LeavesAloneWhatCanBeCarried) {
  Message full = reply("cake", "*a*\nb", "Anna", "We should");
  full.attachments = {{"https://x/1", "1", "a/b", 1, "d"}};
  full.thread = "t";
  for (const Content& content : std::vector<Content>{
           full, Edit{MessageId("cake"), full}, Retraction{MessageId("cake"), "", false},
           Retraction{MessageId("cake"), "r", true}, Reactions{MessageId("cake"), {"👍"}},
           Typing{TypingState::composing}, ReadMark{MessageId("cake"), true}, Subject{Text("s")}}) {
    const std::vector<Content> out = degrade(content, everything(), recall, "ignored");
    ASSERT_EQ(out.size(), 1u);
    EXPECT_TRUE(out[0] == content) << content.index();
  }
}

TEST(Degrade, KeepsKindsAndSpans) {
  EXPECT_THAT(told(message("hi")), ElementsAre("hi"));
  EXPECT_THAT(told(message("waves", MessageKind::action)), ElementsAre("*waves*"));
  EXPECT_THAT(told(message("psst", MessageKind::notice)), ElementsAre("!psst"));
  const Text styled{"a b", {{2, 3, Style::bold, {}}}};
  EXPECT_EQ(std::get<Message>(degrade(message(styled), irc(), recall)[0]).text, styled);
}

TEST(Degrade, TellsLinesApart) {
  EXPECT_THAT(told(message("one\n\ntwo\n")), ElementsAre("one", "two"));
  EXPECT_THAT(told(message("waves\nand says", MessageKind::action)), ElementsAre("*waves*", "and says"));
}

TEST(Degrade, MarksEdits) {
  EXPECT_THAT(told(Edit{MessageId("cake"), message("We should bake two")}),
              ElementsAre("edit of «We should bake a cake»: We should bake two"));
  EXPECT_THAT(told(Edit{MessageId("long"), message("x")}),
              ElementsAre("edit of «first line second line, which goes on an…»: x"));
  EXPECT_THAT(told(Edit{MessageId("unknown"), message("better")}), ElementsAre("edit: better"));
  EXPECT_THAT(told(Edit{MessageId("unknown"), message("runs", MessageKind::action)}),
              ElementsAre("*runs (edit)*"));
  EXPECT_THAT(told(Edit{MessageId("unknown"), reply("cake", "yes")}), ElementsAre("edit: yes"))
      << "the quote was told before";
}

TEST(Degrade, KeepsAnEditWhereItIsOneMessage) {
  Features f = irc();
  f.edits = true;
  EXPECT_THAT(told(Edit{MessageId("cake"), message("two")}, f), ElementsAre("#1"));
  EXPECT_THAT(told(Edit{MessageId("x"), message("two\nlines")}, f), ElementsAre("edit: two", "lines"));
  EXPECT_THAT(told(Edit{MessageId("x"), reply("cake", "two")}, f), ElementsAre("#1"));
}

TEST(Degrade, QuotesWhatIsAnswered) {
  EXPECT_THAT(told(reply("unknown", "yes", "Ben", "shall we?")), ElementsAre("> Ben: shall we?", "yes"));
  EXPECT_THAT(told(reply("cake", "yes")), ElementsAre("> Anna: We should bake a cake", "yes"));
  EXPECT_THAT(told(reply("cake", "yes", "Ben", "other")), ElementsAre("> Ben: other", "yes"))
      << "what the writer saw";
  EXPECT_THAT(told(reply("long", "yes")),
              ElementsAre("> Anna: first line second line, which goes on and on and on and on a…", "yes"));
  EXPECT_THAT(told(reply("unknown", "yes", "", "only text")), ElementsAre("> only text", "yes"));
  EXPECT_THAT(told(reply("unknown", "yes", "Ben")), ElementsAre("> Ben", "yes"));
  EXPECT_THAT(told(reply("unknown", "yes")), ElementsAre("yes"));
  Message action = reply("cake", "nods");
  action.kind = MessageKind::action;
  EXPECT_THAT(told(action), ElementsAre("> Anna: We should bake a cake", "*nods*"));
  Features f = irc();
  f.multiline = true;
  EXPECT_THAT(told(reply("cake", "yes"), f), ElementsAre("> Anna: We should bake a cake\nyes"));
}

TEST(Degrade, TellsReactions) {
  EXPECT_THAT(told(Reactions{MessageId("cake"), {"👍"}}),
              ElementsAre("*reacted 👍 to «We should bake a cake»*"));
  EXPECT_THAT(told(Reactions{MessageId("cake"), {"👍", "🎉"}}),
              ElementsAre("*reacted 👍 🎉 to «We should bake a cake»*"));
  EXPECT_THAT(told(Reactions{MessageId("unknown"), {"👍"}}), ElementsAre("*reacted 👍*"));
  EXPECT_THAT(told(Reactions{MessageId("cake"), {}}), IsEmpty());
  EXPECT_THAT(told(Reactions{MessageId("cake"), {"", " \n"}}), IsEmpty());
  const std::vector<std::string> flood(100, std::string(5000, 'x'));
  EXPECT_LT(told(Reactions{MessageId("unknown"), flood}).at(0).size(), 300u);
  Features f = irc();
  f.actions = false;
  EXPECT_THAT(told(Reactions{MessageId("unknown"), {"👍"}}, f), ElementsAre("* reacted 👍"));
}

TEST(Degrade, TellsRetractions) {
  EXPECT_THAT(told(Retraction{MessageId("cake"), "", false}),
              ElementsAre("*retracted: «We should bake a cake»*"));
  EXPECT_THAT(told(Retraction{MessageId("unknown"), "", false}), ElementsAre("*retracted a message*"));
  EXPECT_THAT(told(Retraction{MessageId("cake"), "spam", true}),
              ElementsAre("*removed a message of Anna: «We should bake a cake» (spam)*"));
  EXPECT_THAT(told(Retraction{MessageId("unknown"), "", true}), ElementsAre("*removed a message*"));
  Features f = irc();
  f.retractions = true;
  EXPECT_THAT(told(Retraction{MessageId("cake"), "", false}, f), ElementsAre("#2"));
  EXPECT_THAT(told(Retraction{MessageId("unknown"), "", true}, f), ElementsAre("*removed a message*"));
}

TEST(Degrade, TellsFiles) {
  const auto file = [](Attachment a, const std::string& text = {}) {
    Message m = message(text);
    m.attachments = {std::move(a)};
    return m;
  };
  const auto is = [&](Attachment a, const std::string& line) {
    EXPECT_THAT(told(file(std::move(a))), ElementsAre(line));
  };
  is({"https://x/1", "", "", std::nullopt, ""}, "https://x/1");
  is({"https://x/1", "a.png", "image/png", 1'200'000, ""}, "a.png (1.2 MB, image/png): https://x/1");
  is({"https://x/1", "a.png", "", std::nullopt, ""}, "a.png: https://x/1");
  is({"https://x/1", "", "image/png", std::nullopt, ""}, "file (image/png): https://x/1");
  is({"https://x/1", "", "", 999, ""}, "file (999 B): https://x/1");
  is({"https://x/1", "a", "", 1000, "at sunset"}, "a (1.0 kB), at sunset: https://x/1");
  is({"https://x/1", "", "", 999'999, ""}, "file (1.0 MB): https://x/1");
  is({"https://x/1", "", "", 15'500'000, ""}, "file (16 MB): https://x/1");
  EXPECT_THAT(told(file({"https://x/1", "a", "", std::nullopt, ""}, "see")),
              ElementsAre("see", "a: https://x/1"));
  EXPECT_THAT(told(file({"https://x/1", "a", "b/c", 1, ""}, "see https://x/1")),
              ElementsAre("see https://x/1"));
  Features f = irc();
  f.files = true;
  Message both = file({"https://x/1", "", "", std::nullopt, ""}, "one\ntwo");
  const std::vector<Content> out = degrade(both, f, recall);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_TRUE(std::get<Message>(out[0]).attachments.empty());
  EXPECT_EQ(std::get<Message>(out[1]).attachments.size(), 1u);
  EXPECT_EQ(degrade(file({"https://x/1", "", "", std::nullopt, ""}), f, recall).size(), 1u);
}

TEST(Degrade, LeavesUnsaidWhatNobodyNeeds) {
  EXPECT_THAT(told(Typing{TypingState::composing}), IsEmpty());
  EXPECT_THAT(told(ReadMark{MessageId("cake"), true}), IsEmpty());
  EXPECT_THAT(told(message("")), IsEmpty());
  EXPECT_THAT(told(message("\n\n")), IsEmpty());
}

TEST(Degrade, WritesFormattingAsMarksWhereThereIsNone) {
  Features f = irc();
  f.formatting = false;
  EXPECT_THAT(told(message({"so bold", {{3, 7, Style::bold, {}}}}), f), ElementsAre("so *bold*"));
  EXPECT_THAT(told(message({"see here now", {{4, 8, Style::link, "https://x"}}}), f),
              ElementsAre("see here (https://x) now"));
  EXPECT_THAT(told(message({"https://x", {{0, 9, Style::link, "https://x"}}}), f), ElementsAre("https://x"));
  EXPECT_THAT(told(message({"int *a;\n\nint b;", {{0, 15, Style::block_code, "c"}}}), f),
              ElementsAre("int *a;", "int b;"));
  EXPECT_THAT(told(message({"a\nb", {{0, 3, Style::quote, {}}}}), f), ElementsAre("> a", "> b"));
  f.multiline = true;
  EXPECT_THAT(told(message({"x\ny", {{0, 3, Style::block_code, "c"}}}), f), ElementsAre("```c\nx\ny\n```"));
}

TEST(Degrade, CutsLongTextAtSpacesAndBetweenCharacters) {
  Features f = irc();
  f.max_bytes = 10;
  EXPECT_THAT(told(message("aaaa bbbb cccc"), f), ElementsAre("aaaa bbbb", "cccc"));
  EXPECT_THAT(told(message("aaaa bbbbb ccc"), f), ElementsAre("aaaa bbbbb", "ccc"));
  EXPECT_THAT(told(message("0123456789abcdef"), f), ElementsAre("0123456789", "abcdef"));
  EXPECT_THAT(told(message("ääääää"), f), ElementsAre("äääää", "ä"));
  EXPECT_THAT(told(message("123456789ä"), f), ElementsAre("123456789", "ä"));
  EXPECT_THAT(told(message("12345👍🏽x"), f), ElementsAre("12345", "👍🏽x"))
      << "a skin tone stays with its hand";
  EXPECT_THAT(told(message("a bbbbbbbbbbbbb"), f), ElementsAre("a bbbbbbbb", "bbbbb"))
      << "no break near the beginning";
  f.max_bytes = 3;
  EXPECT_THAT(told(message("a👍b"), f), ElementsAre("a", "b")) << "what fits by no means is left out";
}

TEST(Degrade, KeepsFormattingOverACut) {
  Features f = irc();
  f.max_bytes = 5;
  const std::vector<Content> out = degrade(message({"aaaaabbbbb", {{0, 10, Style::bold, {}}}}), f, recall);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(std::get<Message>(out[1]).text, Text("bbbbb", {{0, 5, Style::bold, {}}}));
}

TEST(Degrade, MeasuresAsTheNetworkDoes) {
  Features f = irc();
  f.max_bytes = 10;
  f.wire_size = [](const Text& t) { return t.plain.size() + 2 * t.spans.size(); };
  EXPECT_THAT(told(message({"aaaaaaaaaa", {{0, 10, Style::bold, {}}}}), f), ElementsAre("aaaaaaaa", "aa"));
  f.wire_size = [](const Text& t) { return t.plain.size() / 4; };
  EXPECT_THAT(told(message(std::string(43, 'x')), f), ElementsAre(std::string(43, 'x')));
  f.wire_size = [](const Text& t) { return t.plain.size() + 20 * t.spans.size(); };
  EXPECT_THAT(told(message({"ab", {{0, 2, Style::bold, {}}}}), f), ElementsAre("a", "b"))
      << "text before formatting";
}

TEST(Degrade, CutsALongTextInBoundedTime) {
  Features f = irc();
  const std::vector<std::string> out = told(message(std::string(1 << 20, 'x')), f);
  EXPECT_EQ(out.size(), ((1u << 20) + 399) / 400);
}

TEST(Degrade, NamesTheAuthorWhereTheVoiceIsNotTheirs) {
  Features f = irc();
  f.own_voice = false;
  EXPECT_THAT(told(message("hi\nyou"), f, "Juliet"), ElementsAre("<Juliet> hi", "<Juliet> you"));
  EXPECT_THAT(told(message("waves", MessageKind::action), f, "Juliet"), ElementsAre("* Juliet waves"));
  EXPECT_THAT(told(Reactions{MessageId("unknown"), {"👍"}}, f, "Juliet"), ElementsAre("* Juliet reacted 👍"));
  EXPECT_THAT(told(reply("cake", "yes"), f, "Juliet"),
              ElementsAre("<Juliet> > Anna: We should bake a cake", "<Juliet> yes"));
  EXPECT_THAT(told(message("hi"), irc(), "Juliet"), ElementsAre("hi")) << "with a voice of one's own no name";
  f.max_bytes = 16;
  EXPECT_THAT(told(message("aaaa bbbb cccc"), f, "Jul"), ElementsAre("<Jul> aaaa bbbb", "<Jul> cccc"));
  f.max_bytes = 10;
  EXPECT_THAT(told(message("hi"), f, "Juliet"), ElementsAre("hi")) << "no room for the name";
}

TEST(Degrade, KeepsASubjectOne) {
  Features f = irc();
  f.max_bytes = 10;
  const auto subject = [&](const std::string& text) {
    const std::vector<Content> out = degrade(Subject{Text(text)}, f, recall);
    EXPECT_EQ(out.size(), 1u);
    return std::get<Subject>(out.at(0)).text.plain;
  };
  EXPECT_EQ(subject("two\nlines"), "two lines");
  EXPECT_EQ(subject("0123456789 more"), "0123456789");
  EXPECT_EQ(subject(""), "") << "an empty one clears it";
}

TEST(Degrade, KeepsThreadsWhereThereAreSome) {
  Features f = irc();
  Message m = message("a\nb");
  m.thread = "t";
  EXPECT_EQ(std::get<Message>(degrade(m, f, recall)[0]).thread, "");
  f.threads = true;
  for (const Content& c : degrade(m, f, recall)) EXPECT_EQ(std::get<Message>(c).thread, "t");
}

TEST(Degrade, WorksWithoutAMemory) {
  EXPECT_EQ(degrade(reply("cake", "yes"), irc(), nullptr).size(), 1u);
  EXPECT_EQ(degrade(Retraction{MessageId("cake"), "", false}, irc(), nullptr).size(), 1u);
}

// ------------------------------------------------------------------------------------------ whatever is
// asked of it

struct Chance {
  std::mt19937 random{42};
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }
  bool coin() { return below(2) == 0; }
  std::string text(std::size_t most) {
    static const std::vector<std::string> parts{"a", "word ", " ",  "\n",  "ä",   "日本",    "👍🏽",
                                                "*", "_",     "> ", "```", "<b>", "e\u0301", "https://x/y "};
    std::string out;
    for (std::size_t n = below(most); n > 0; --n) out += parts[below(parts.size())];
    return out;
  }
  Text rich(std::size_t most) {
    Text out(text(most));
    for (std::size_t n = below(5); n > 0 && !out.plain.empty(); --n) {
      const std::size_t begin = prefix_within(out.plain, below(out.plain.size()));
      const std::size_t end = prefix_within(out.plain, begin + 1 + below(out.plain.size() - begin));
      if (begin < end)
        out.spans.push_back({begin, end, static_cast<Style>(below(11)), coin() ? "https://x" : ""});
    }
    std::stable_sort(out.spans.begin(), out.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    return out;
  }
  MessageId id() { return MessageId(std::vector<std::string>{"", "cake", "long", "unknown"}[below(4)]); }
  Message message() {
    Message m;
    m.text = rich(40);
    m.kind = static_cast<MessageKind>(below(3));
    if (coin()) m.thread = "t";
    if (coin()) m.quote = Quote{id(), text(4), text(20)};
    for (std::size_t n = below(3); n > 0; --n)
      m.attachments.push_back({"https://x/" + text(3), text(3), text(2),
                               coin() ? std::optional(random()) : std::nullopt, text(5)});
    return m;
  }
  Content content() {
    switch (below(7)) {
      case 0: return message();
      case 1: return Edit{id(), message()};
      case 2: return Retraction{id(), text(9), coin()};
      case 3: return Reactions{id(), {text(3), text(3)}};
      case 4: return Typing{static_cast<TypingState>(below(5))};
      case 5: return ReadMark{id(), coin()};
      default: return Subject{rich(30)};
    }
  }
  Features features() {
    Features f;
    for (bool* flag :
         {&f.edits, &f.replies, &f.reactions, &f.retractions, &f.moderation, &f.typing, &f.read_marks,
          &f.threads, &f.files, &f.formatting, &f.multiline, &f.actions, &f.own_voice})
      *flag = coin();
    f.max_bytes = std::vector<std::size_t>{0, 1, 7, 20, 60, 400}[below(6)];
    if (coin()) f.wire_size = [](const Text& t) { return t.plain.size() + 2 * t.spans.size(); };
    return f;
  }
};

void expect_fits(const Text& text, const Features& f) {
  const std::size_t size = f.wire_size ? f.wire_size(text) : text.plain.size();
  EXPECT_TRUE(f.max_bytes == 0 || size <= f.max_bytes) << text.plain;
  EXPECT_TRUE(f.multiline || text.plain.find('\n') == std::string::npos) << text.plain;
  EXPECT_TRUE(f.formatting || text.spans.empty()) << text.plain;
  EXPECT_TRUE(is_utf8(text.plain));
  for (const Span& s : text.spans) EXPECT_TRUE(s.begin < s.end && s.end <= text.plain.size());
}
void expect_fits(const Message& m, const Features& f) {
  expect_fits(m.text, f);
  EXPECT_TRUE(!m.text.empty() || !m.attachments.empty()) << "an empty message";
  EXPECT_TRUE(f.replies || !m.quote);
  EXPECT_TRUE(f.files || m.attachments.empty());
  EXPECT_TRUE(f.threads || m.thread.empty());
  EXPECT_TRUE(f.actions || m.kind != MessageKind::action);
}

TEST(Degrade, AlwaysGivesWhatTheFeaturesCarry) {
  Chance chance;
  for (int round = 0; round < 20'000 && !testing::Test::HasFailure(); ++round) {
    const Content content = chance.content();
    const Features f = chance.features();
    for (const Content& piece : degrade(content, f, recall, chance.coin() ? "Juliet" : "")) {
      if (const auto* m = std::get_if<Message>(&piece)) {
        expect_fits(*m, f);
      } else if (const auto* e = std::get_if<Edit>(&piece)) {
        EXPECT_TRUE(f.edits);
        expect_fits(e->message, f);
      } else if (const auto* s = std::get_if<Subject>(&piece)) {
        expect_fits(s->text, f);
      } else if (const auto* r = std::get_if<Retraction>(&piece)) {
        EXPECT_TRUE(r->moderation ? f.moderation : f.retractions);
      } else if (std::holds_alternative<Reactions>(piece)) {
        EXPECT_TRUE(f.reactions);
      } else if (std::holds_alternative<Typing>(piece)) {
        EXPECT_TRUE(f.typing);
      } else {
        EXPECT_TRUE(f.read_marks);
      }
    }
  }
}

TEST(Fallback, SaysWhatKindOfFileItIs) {
  Message m;
  m.attachments = {{.url = "https://x/v.ogg",
                    .name = "v.ogg",
                    .media_type = "audio/ogg",
                    .length = 63'000,
                    .voice = true}};
  const auto said = [&] {
    const std::vector<Content> told = degrade(m, Features{}, {});
    return told.size() == 1 ? std::get<Message>(told.front()).text.plain : std::string();
  };
  EXPECT_EQ(said(), "voice message (1:03, audio/ogg): https://x/v.ogg");
  m.attachments = {{.url = "https://x/s.png", .name = "s.png", .description = "a cat", .sticker = true}};
  EXPECT_EQ(said(), "sticker, a cat: https://x/s.png");
}

TEST(Fallback, KeepsMentionsOnlyWhereTheNetworkTellsPeople) {
  Message m;
  m.text = Text("Ann: hi", {{0, 3, Style::mention, "Ann"}});
  EXPECT_TRUE(std::get<Message>(degrade(m, Features{}, {}).front()).text.spans.empty());
  EXPECT_EQ(std::get<Message>(degrade(m, Features{.mentions = true}, {}).front()).text, m.text);
}

TEST(Fallback, PutsTheSubjectOfALetterOnItsFirstLineWhereThereAreNoSubjects) {
  Message letter{"come at eight"};
  letter.subject = "Dinner";
  EXPECT_THAT(told(letter), ElementsAre("Dinner", "come at eight"));
  Features features = everything();
  EXPECT_THAT(told(letter, features), ElementsAre("Dinner\ncome at eight"));
  features.subjects = true;
  EXPECT_EQ(degrade(letter, features, {}), (std::vector<Content>{letter}));
}

}  // namespace
}  // namespace dragoman
