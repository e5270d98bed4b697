#include "bridges/email/lmtp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "bridges/email/address.hpp"
#include "bridges/email/lmtp_data.hpp"
#include "bridges/email/lmtp_syntax.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t reply_text = 480;                 // RFC 5321 4.5.3.1.5: 512 with the code and CRLF
constexpr std::size_t reserved = std::size_t{1} << 18;  // bytes, for a mail that was announced

const LmtpReply ok{250, "2.0.0 ok"};
const LmtpReply out_of_sequence{503, "5.5.1 that does not come here"};
const LmtpReply no_arguments{501, "5.5.4 there are no arguments to that"};
const LmtpReply too_large{552, "5.3.4 the mail is too large"};
const LmtpReply utf8_unannounced{553, "5.6.7 an address with UTF-8 needs SMTPUTF8"};

void write_reply(std::string& out, const LmtpReply& reply, char after_code = ' ') {
  std::array<char, 12> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), reply.code).ptr;
  out.append(digits.data(), end);
  out += after_code;
  for (const char c : std::string_view(reply.text).substr(0, reply_text))
    out += c < ' ' || c == 0x7f ? '?' : c;
  out += "\r\n";
}

}  // namespace

struct LmtpDialogue::Impl {
  enum class Phase : std::uint8_t { commands, overlong_command, data, waiting, closed };

  Impl(LmtpHandler& h, const LmtpLimits& l) : handler(h), limits(l), data(l) {}

  LmtpHandler& handler;
  LmtpLimits limits;
  Phase phase = Phase::commands;
  bool greeted = false;      // LHLO
  bool transaction = false;  // MAIL
  Envelope envelope;
  std::size_t announced = 0;  // SIZE
  LmtpData data;
  std::vector<LmtpReply> replies;  // while waiting
  std::string rest;                // what came and is not yet used
  std::size_t bad_commands = 0;

  // What is left of `bytes` when it returns can't be used yet.
  void take(std::string_view& bytes, std::string& out) {
    while (!bytes.empty()) {
      switch (phase) {
        case Phase::commands:
          if (!take_command(bytes, out)) return;
          break;
        case Phase::overlong_command: skip_command(bytes, out); break;
        case Phase::data:
          bytes.remove_prefix(data.take(bytes));
          if (data.ended()) mail_ended(out);
          break;
        case Phase::waiting: return;
        case Phase::closed: bytes = {}; return;
      }
    }
  }

  void resume(std::string& out) {
    std::string_view left = rest;
    take(left, out);
    if (left.empty()) {
      rest = {};
    } else {
      rest.erase(0, rest.size() - left.size());
    }
  }

  bool take_command(std::string_view& bytes, std::string& out) {
    const auto end = bytes.find('\n');
    if (std::min(end, bytes.size()) > limits.line_bytes) {
      phase = Phase::overlong_command;
      return true;
    }
    if (end == std::string_view::npos) return false;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    // RFC 5321 2.3.8: CR and LF stand together, or nowhere.
    if (line.empty() || line.find('\r') != line.size() - 1) {
      bad(out, {500, "5.5.2 a line ends with CR LF, and has no other of them"});
    } else {
      command(line.substr(0, line.size() - 1), out);
    }
    return true;
  }

  void skip_command(std::string_view& bytes, std::string& out) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
      bytes = {};
      return;
    }
    bytes.remove_prefix(end + 1);
    phase = Phase::commands;
    bad(out, {500, "5.5.2 that line is too long"});
  }

  void bad(std::string& out, const LmtpReply& reply) {
    if (++bad_commands < limits.bad_commands) return write_reply(out, reply);
    close(out, {421, "4.7.0 too many commands were wrong"});
  }

  void close(std::string& out, const LmtpReply& reply) {
    write_reply(out, reply);
    phase = Phase::closed;
    reset();
  }

  void reset() {
    transaction = false;
    envelope = {};
    announced = 0;
  }

  struct Command {
    std::string_view verb;
    void (Impl::*run)(std::string_view argument, std::string& out);
  };
  static const std::array<Command, 18> table;

  void command(std::string_view line, std::string& out) {
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    const auto space = line.find(' ');
    const std::string_view verb = line.substr(0, space);
    std::string_view argument = space == std::string_view::npos ? "" : line.substr(space + 1);
    while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
    const auto row =
        std::find_if(table.begin(), table.end(), [&](const Command& c) { return same_word(verb, c.verb); });
    if (row == table.end()) return bad(out, {500, "5.5.1 that command is not known"});
    (this->*row->run)(argument, out);
  }

  void on_lhlo(std::string_view argument, std::string& out) {
    if (argument.empty()) return bad(out, {501, "5.5.4 LHLO needs a name"});
    reset();
    greeted = true;
    write_reply(out, {250, limits.host}, '-');
    for (const char* word : {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"})
      write_reply(out, {250, word}, '-');
    write_reply(out, {250, "SIZE " + std::to_string(limits.mail_bytes)});
  }

  // RFC 2033 4.1: whoever says so takes us for an SMTP server.
  void on_helo(std::string_view, std::string& out) { bad(out, {500, "5.5.1 this is LMTP: say LHLO"}); }

  void on_mail(std::string_view argument, std::string& out) {
    if (!greeted || transaction) return bad(out, out_of_sequence);
    const auto path = parse_path(argument, "FROM");
    if (!path) return bad(out, {501, "5.5.4 write MAIL FROM:<address>"});
    MailParameters parameters;
    if (const auto trouble = parse_parameters(path->parameters, parameters)) return bad(out, *trouble);
    if (!path->address.empty()) {
      if (!parameters.utf8 && !is_ascii_only(path->address)) return write_reply(out, utf8_unannounced);
      if (!is_address(path->address)) return write_reply(out, {553, "5.1.7 that is no address"});
    }
    if (const LmtpReply reply = handler.may_accept(); reply.code != ok.code) return write_reply(out, reply);
    if (parameters.size > limits.mail_bytes) return write_reply(out, too_large);
    transaction = true;
    envelope.from = path->address;
    envelope.utf8 = parameters.utf8;
    announced = static_cast<std::size_t>(parameters.size);
    write_reply(out, {250, "2.1.0 ok"});
  }

  void on_rcpt(std::string_view argument, std::string& out) {
    if (!transaction) return bad(out, out_of_sequence);
    const auto path = parse_path(argument, "TO");
    if (!path) return bad(out, {501, "5.5.4 write RCPT TO:<address>"});
    if (!path->parameters.empty()) return bad(out, {555, "5.5.4 that parameter is not known"});
    if (!envelope.utf8 && !is_ascii_only(path->address)) return write_reply(out, utf8_unannounced);
    // RFC 5321 4.5.1: it is taken without a domain too.
    const std::string address = same_word(path->address, "postmaster")
                                    ? std::string(path->address) + "@" + limits.host
                                    : std::string(path->address);
    if (!is_address(address)) return write_reply(out, {553, "5.1.3 that is no address"});
    if (envelope.recipients.size() >= limits.recipients)
      return write_reply(out, {452, "4.5.3 that is enough of recipients: send the rest in another mail"});
    const LmtpReply reply = handler.on_recipient(envelope.from, address);
    if (reply.code == ok.code) envelope.recipients.push_back(address);
    write_reply(out, reply);
  }

  void on_data(std::string_view argument, std::string& out) {
    if (!argument.empty()) return bad(out, no_arguments);
    // RFC 2033 4.2: also where there are recipients and none was accepted.
    if (envelope.recipients.empty()) return bad(out, {503, "5.5.1 there are no recipients"});
    if (const LmtpReply reply = handler.may_accept(); reply.code != ok.code) return write_reply(out, reply);
    phase = Phase::data;
    data.begin(std::min(announced, reserved));
    write_reply(out, {354, "go on, and end with a dot"});
  }

  void on_rset(std::string_view argument, std::string& out) {
    if (!argument.empty()) return bad(out, no_arguments);
    reset();
    write_reply(out, ok);
  }

  void on_noop(std::string_view, std::string& out) { write_reply(out, ok); }

  void on_vrfy(std::string_view argument, std::string& out) {
    if (argument.empty()) return bad(out, {501, "5.5.4 VRFY needs an address"});
    write_reply(out, {252, "2.5.2 send mail there, and it will be seen"});
  }

  void on_quit(std::string_view argument, std::string& out) {
    if (!argument.empty()) return bad(out, no_arguments);
    close(out, {221, "2.0.0 good bye"});
  }

  // A browser that was told to post to this port would have what it posts read as commands.
  void on_http(std::string_view, std::string& out) { close(out, {421, "4.7.0 this is no web server"}); }

  // ---------------------------------------------------------------------------------------------------
  // after the dot

  void mail_ended(std::string& out) {
    phase = Phase::commands;
    auto verdict = data.verdict();
    if (!verdict) {
      if (LmtpReply reply = handler.may_accept(); reply.code != ok.code) verdict = std::move(reply);
    }
    const std::size_t recipients = envelope.recipients.size();
    if (verdict) {
      data.begin(0);
      replies.assign(recipients, *verdict);
    } else {
      replies = handler.on_mail(envelope, data.bytes());
      replies.resize(recipients, {451, "4.3.0 something is out of order here"});
    }
    reset();
    const bool any =
        std::any_of(replies.begin(), replies.end(), [](const LmtpReply& r) { return r.code == ok.code; });
    if (any) {
      phase = Phase::waiting;
    } else {
      answer(out);
    }
  }

  void answer(std::string& out) {
    for (const LmtpReply& reply : std::exchange(replies, {})) write_reply(out, reply);
  }

  void settled(bool kept, std::string& out) {
    phase = Phase::commands;
    if (!kept) {
      LmtpReply why = handler.may_accept();  // for now there may be no room
      if (why.code == ok.code) why = {451, "4.3.0 it can't be kept now"};
      for (LmtpReply& reply : replies) {
        if (reply.code == ok.code) reply = why;
      }
    }
    answer(out);
  }
};

const std::array<LmtpDialogue::Impl::Command, 18> LmtpDialogue::Impl::table{{
    {"MAIL", &Impl::on_mail},
    {"RCPT", &Impl::on_rcpt},
    {"DATA", &Impl::on_data},
    {"RSET", &Impl::on_rset},
    {"LHLO", &Impl::on_lhlo},
    {"QUIT", &Impl::on_quit},
    {"NOOP", &Impl::on_noop},
    {"VRFY", &Impl::on_vrfy},
    {"HELO", &Impl::on_helo},
    {"EHLO", &Impl::on_helo},
    {"GET", &Impl::on_http},
    {"POST", &Impl::on_http},
    {"PUT", &Impl::on_http},
    {"HEAD", &Impl::on_http},
    {"OPTIONS", &Impl::on_http},
    {"CONNECT", &Impl::on_http},
    {"DELETE", &Impl::on_http},
    {"PATCH", &Impl::on_http},
}};

LmtpDialogue::LmtpDialogue(LmtpHandler& handler, const LmtpLimits& limits)
    : impl_(std::make_unique<Impl>(handler, limits)) {}

LmtpDialogue::~LmtpDialogue() = default;

std::string LmtpDialogue::greeting() const {
  std::string out;
  write_reply(out, {220, impl_->limits.host + " LMTP dragoman"});
  return out;
}

void LmtpDialogue::on_bytes(std::string_view bytes, std::string& out) {
  if (impl_->rest.empty()) {
    impl_->take(bytes, out);
    impl_->rest = bytes;
  } else {
    impl_->rest += bytes;
    impl_->resume(out);
  }
}

bool LmtpDialogue::waiting() const { return impl_->phase == Impl::Phase::waiting; }

void LmtpDialogue::settled(bool kept, std::string& out) {
  impl_->settled(kept, out);
  impl_->resume(out);
}

bool LmtpDialogue::closed() const { return impl_->phase == Impl::Phase::closed; }

std::string LmtpDialogue::goodbye(bool shutdown) const {
  return shutdown ? "421 4.3.2 shutting down: come back soon\r\n" : "421 4.4.2 nothing came for too long\r\n";
}

std::size_t LmtpDialogue::held() const { return impl_->data.held() + impl_->rest.capacity(); }

}  // namespace dragoman::email
