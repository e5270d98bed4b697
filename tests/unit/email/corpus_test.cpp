// Mails as mail programs write them, and what is to be read in each: corpus/NAME.eml, corpus/NAME.expected.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"
#include "mapping/utf8.hpp"
#include "tests/unit/email/summary.hpp"

namespace dragoman::email {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return fs::path(DRAGOMAN_SOURCE_DIR) / "tests/unit/email/corpus"; }

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() == ".eml") all.push_back(entry.path().stem().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class Corpus : public testing::TestWithParam<std::string> {};

TEST_P(Corpus, IsReadAsExpected) {
  const auto read = parse_mail(contents(folder() / (GetParam() + ".eml")), "mx.gw.example");
  ASSERT_TRUE(std::holds_alternative<Mail>(read)) << std::get<std::string>(read);
  EXPECT_EQ(summary(std::get<Mail>(read)), contents(folder() / (GetParam() + ".expected")));
}

// The same mail with the line ends of a file.
TEST_P(Corpus, IsReadTheSameWithBareNewlines) {
  const std::string bytes = contents(folder() / (GetParam() + ".eml"));
  std::string bare;
  std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(bare), [](char c) { return c != '\r'; });
  const auto first = parse_mail(bytes, "mx.gw.example"), second = parse_mail(bare, "mx.gw.example");
  ASSERT_TRUE(std::holds_alternative<Mail>(second));
  const Mail &a = std::get<Mail>(first), &b = std::get<Mail>(second);
  EXPECT_EQ(a.said, b.said);
  EXPECT_EQ(a.rest, b.rest);
  EXPECT_EQ(a.files.size(), b.files.size());
}

// Cut anywhere: nothing crashes, everything is clean, every file is to be had.
TEST_P(Corpus, IsHarmlessWhereverItIsCut) {
  const std::string bytes = contents(folder() / (GetParam() + ".eml"));
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 50) {
    const std::string_view cut = std::string_view(bytes).substr(0, size);
    const auto read = parse_mail(cut, "mx.gw.example");
    if (!std::holds_alternative<Mail>(read)) continue;
    const Mail& mail = std::get<Mail>(read);
    EXPECT_EQ(xml_clean(mail.said.plain), mail.said.plain);
    EXPECT_EQ(xml_clean(mail.rest), mail.rest);
    EXPECT_EQ(display_clean(mail.subject), mail.subject);
    for (const Span& span : mail.said.spans) {
      EXPECT_LT(span.begin, span.end);
      EXPECT_LE(span.end, mail.said.plain.size());
    }
    for (const File& file : mail.files) {
      std::size_t written = 0;
      EXPECT_TRUE(write_part(cut, file.part, [&](std::string_view piece) {
        written += piece.size();
        return true;
      }));
      EXPECT_EQ(written, file.size) << file.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Mails, Corpus, testing::ValuesIn(names()), [](const auto& one) {
  std::string name = one.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

}  // namespace

namespace {

std::string boxes(const std::vector<Mailbox>& all) {
  std::string out;
  for (const Mailbox& one : all) {
    out += (out.empty() ? "" : ", ") + (one.name.empty() ? one.address : one.name + " <" + one.address + ">");
  }
  return out;
}

std::string behind_bars(const std::string& text) {
  std::string out;
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += "| " + line + '\n';
  return out;
}

}  // namespace

std::string summary(const Mail& mail) {
  std::string out;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string(name) + ": " + value + '\n';
  };
  line("from", boxes(mail.from));
  line("reply-to", boxes(mail.reply_to));
  line("to", boxes(mail.to));
  line("cc", boxes(mail.cc));
  line("subject", mail.subject);
  line("id", mail.message_id);
  line("answers", mail.in_reply_to);
  std::string references;
  for (const auto& id : mail.references) references += (references.empty() ? "" : " ") + id;
  line("references", references);
  if (mail.date) line("date", std::to_string(mail.date->time_since_epoch().count() / 1000));
  if (mail.list) {
    const List& list = *mail.list;
    line("list", list.id + " (" + list.name + ") post=" + list.post + " leave=" + list.unsubscribe_mail +
                     " subject=" + list.unsubscribe_subject + " url=" + list.unsubscribe_url +
                     (list.one_click ? " one-click" : ""));
  }
  line("receipt to", mail.receipt_to);
  if (mail.automatic) line("automatic", "yes");
  if (mail.hops > 0) line("hops", std::to_string(mail.hops));
  if (mail.verified) line("verified", "yes");
  constexpr std::array sealed = {"", "encrypted", "signed"};
  line("sealed", sealed[static_cast<std::size_t>(mail.sealed)]);
  if (mail.reaction) line("reaction", *mail.reaction);
  if (mail.report) {
    constexpr std::array outcomes = {"failed", "delayed", "delivered", "displayed"};
    const Report& report = *mail.report;
    line("report", std::string(outcomes[static_cast<std::size_t>(report.outcome)]) + " <" + report.recipient +
                       "> " + report.status + " of " + report.original_id + ": " + report.words);
  }
  for (const File& file : mail.files) {
    line("file", std::to_string(file.part) + ' ' + file.name + " (" + file.media_type + ", " +
                     std::to_string(file.size) + ")" + (file.inlined ? " inlined" : "") +
                     (file.content_id.empty() ? "" : " <" + file.content_id + ">"));
  }
  out += "said:\n" + behind_bars(mail.said.plain);
  for (const Span& span : mail.said.spans) {
    constexpr std::array styles = {"bold",  "italic",  "underline", "strike",     "code", "block_code",
                                   "quote", "spoiler", "colour",    "background", "link", "mention"};
    std::string words = mail.said.plain.substr(span.begin, span.end - span.begin);
    std::replace(words.begin(), words.end(), '\n', '/');
    line("span",
         std::string(styles[static_cast<std::size_t>(span.style)]) + " [" + words + "] " + span.detail);
  }
  if (!mail.rest.empty()) out += "rest:\n" + behind_bars(mail.rest);
  return out;
}

}  // namespace dragoman::email
