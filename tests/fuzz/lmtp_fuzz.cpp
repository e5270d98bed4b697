// Bytes from a mail server: however they are cut, the answers and the mails are the same; a mail is within
// its limits and has no CR or LF that stands alone; an answer is whole lines of printable ASCII.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bridges/email/lmtp.hpp"

namespace {

using namespace dragoman::email;

void require(bool holds) {
  if (!holds) std::abort();
}

LmtpLimits limits_of_the_fuzzer() {
  LmtpLimits limits;
  limits.mail_bytes = 200;
  limits.line_bytes = 100;
  limits.text_line_bytes = 40;
  limits.recipients = 3;
  limits.bad_commands = 50;
  return limits;
}

const LmtpLimits limits = limits_of_the_fuzzer();

class Keeper : public LmtpHandler {
 public:
  LmtpReply may_accept() override { return {250, "2.0.0 ok"}; }
  LmtpReply on_recipient(std::string_view, std::string_view recipient) override {
    require(recipient.find('@') != std::string_view::npos);
    return recipient[0] == 'x' ? LmtpReply{550, "5.1.1 nobody"} : LmtpReply{250, "2.1.5 ok"};
  }
  std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) override {
    require(!envelope.recipients.empty() && envelope.recipients.size() <= limits.recipients);
    require(bytes.size() <= limits.mail_bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      require(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
      require(bytes[i] != '\r' || (i + 1 < bytes.size() && bytes[i + 1] == '\n'));
    }
    all += bytes + "|";
    return std::vector<LmtpReply>(envelope.recipients.size(), {250, "2.0.0 kept"});
  }
  bool settle() override { return true; }
  std::string all;
};

// Everything that is told, and every mail.
std::string play(std::string_view bytes, std::size_t step) {
  Keeper keeper;
  LmtpDialogue dialogue(keeper, limits);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    dialogue.on_bytes(bytes.substr(at, step), out);
    while (dialogue.waiting()) dialogue.settled(true, out);
    require(dialogue.held() < 10'000);
  }
  require(out.empty() || out.substr(out.size() - 2) == "\r\n");
  require(std::all_of(out.begin(), out.end(),
                      [](char c) { return (c >= ' ' && c < 0x7f) || c == '\r' || c == '\n'; }));
  return out + keeper.all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4000));
  const std::string begin = "LHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\nDATA\r\n";
  for (const std::string& all : {std::string(bytes), begin + std::string(bytes)}) {
    const std::string at_once = play(all, all.size() + 1);
    require(play(all, 1) == at_once);
    require(play(all, 7) == at_once);
  }
  return 0;
}
