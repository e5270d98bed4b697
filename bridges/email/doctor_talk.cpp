#include "bridges/email/doctor_talk.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "bridges/email/lmtp_syntax.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_patience = 30s;  // for each answer
constexpr std::size_t most_reply_lines = 100;
constexpr std::size_t code_length = 3;

}  // namespace

std::string Answered::words() const {
  std::string out = code == 0 ? std::string() : std::to_string(code);
  if (!lines.empty()) out += (out.empty() ? "" : " ") + lines.back();
  return out;
}

bool Answered::offers(std::string_view word) const {
  for (const std::string& line : lines)
    if (same_word(std::string_view(line).substr(0, line.find(' ')), word)) return true;
  return false;
}

bool Answered::offers_auth(std::string_view mechanism) const {
  for (const std::string& line : lines) {
    std::string_view rest = line;
    bool is_first = true, is_auth = false;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (is_first) is_auth = same_word(word, "AUTH");
      if (!is_first && is_auth && same_word(word, mechanism)) return true;
      is_first = false;
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
  }
  return false;
}

struct Talk::Impl {
  explicit Impl(const std::string& ca_file)
      : limit(loop), context(std::make_shared<net::TlsContext>(ca_file)), stream(loop, context) {}

  void on_line(std::string_view line) {
    int code = 0;
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + std::min(line.size(), code_length), code);
    if (error != std::errc() || end != line.data() + code_length || heard.lines.size() >= most_reply_lines)
      return fail("that is no answer of a mail server: " + std::string(line.substr(0, 100)));
    const bool is_last = line.size() == code_length || line[code_length] != '-';
    line.remove_prefix(std::min(line.size(), code_length + 1));
    heard.lines.emplace_back(line);
    if (!is_last) return;
    heard.code = code;
    if (secures && heard.good()) return stream.start_tls(*secures, answer_patience);  // `up` ends it
    done = true;
  }
  void fail(std::string why) {
    trouble = std::move(why);
    done = true;
  }
  Answered wait() {
    limit.after(answer_patience, [this] { fail("there was no answer within 30 seconds"); });
    loop.restart();
    while (!done && loop.run_one() > 0) {
    }
    limit.cancel();
    if (!trouble.empty()) return {0, {trouble}};
    done = false;
    return std::exchange(heard, {});
  }

  boost::asio::io_context loop{1};
  net::Timer limit;
  std::shared_ptr<const net::TlsContext> context;
  Answered heard;
  bool done = false;
  std::string trouble;  // it is over
  std::optional<net::TlsOptions> secures;
  net::LineStream stream;
};

Talk::Talk(net::Target target, const std::string& ca_file) : impl_(std::make_unique<Impl>(ca_file)) {
  Impl& impl = *impl_;
  impl.stream.connect(std::move(target),
                      {.reached = [](const net::Connected&) {},
                       .up =
                           [&impl](const net::Connected&) {
                             if (std::exchange(impl.secures, std::nullopt)) impl.done = true;
                           },
                       .line = [&impl](std::string_view line) { impl.on_line(line); },
                       .down =
                           [&impl](const Failure& failure) {
                             impl.fail(failure.text.empty() ? "the connection was cut" : failure.text);
                           },
                       .drained = [] {}});
}
Talk::~Talk() = default;

Answered Talk::greeting() { return impl_->wait(); }

Answered Talk::say(std::string_view line) {
  if (impl_->trouble.empty() && !impl_->stream.write_line(line)) impl_->trouble = "the connection was cut";
  return impl_->wait();
}

void Talk::send(std::string_view line) {
  if (impl_->trouble.empty() && !impl_->stream.write_line(line)) impl_->trouble = "the connection was cut";
}

Answered Talk::start_tls(const net::TlsOptions& options) {
  impl_->secures = options;
  Answered answer = say("STARTTLS");
  impl_->secures.reset();
  return answer;
}

}  // namespace dragoman::email
