// A talk of LMTP with a handler that takes what comes, without sockets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/email/lmtp.hpp"

namespace dragoman::email::test {

struct Taken {
  Envelope envelope;
  std::string bytes;
};

class Keeper : public LmtpHandler {
 public:
  LmtpReply may_accept() override { return accepting; }
  LmtpReply on_recipient(std::string_view from, std::string_view recipient) override {
    asked.emplace_back(std::string(from) + " " + std::string(recipient));
    const auto known = answers.find(std::string(recipient));
    return known == answers.end() ? LmtpReply{250, "2.1.5 ok"} : known->second;
  }
  std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) override {
    mails.push_back({envelope, std::move(bytes)});
    if (!verdicts.empty()) return verdicts;
    return std::vector<LmtpReply>(envelope.recipients.size(), {250, "2.0.0 kept"});
  }
  bool settle() override { return true; }

  LmtpReply accepting{250, "2.0.0 ok"};
  std::map<std::string, LmtpReply> answers;
  std::vector<LmtpReply> verdicts;
  std::vector<std::string> asked;
  std::vector<Taken> mails;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t end; (end = text.find("\r\n", from)) != std::string::npos; from = end + 2)
    lines.push_back(text.substr(from, end - from));
  if (from != text.size()) lines.push_back("unfinished: " + text.substr(from));
  return lines;
}

class LmtpTalk : public testing::Test {
 protected:
  // What is answered to it; a mail is on the disk at once.
  std::vector<std::string> say(std::string_view bytes) {
    std::string out;
    dialogue().on_bytes(bytes, out);
    while (dialogue().waiting()) dialogue().settled(kept, out);
    return lines_of(out);
  }
  void ready() { ASSERT_THAT(say("LHLO mx.example\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\n").size(), 8U); }
  std::vector<std::string> mail(const std::string& bytes) {
    ready();
    EXPECT_THAT(say("DATA\r\n"), testing::ElementsAre(testing::StartsWith("354 ")));
    return say(bytes);
  }
  std::string only_mail() {
    return keeper.mails.size() == 1 ? keeper.mails[0].bytes : "there is not one mail";
  }
  LmtpDialogue& dialogue() {
    if (!talk) talk.emplace(keeper, limits);
    return *talk;
  }

  Keeper keeper;
  LmtpLimits limits;
  bool kept = true;
  std::optional<LmtpDialogue> talk;
};

}  // namespace dragoman::email::test
