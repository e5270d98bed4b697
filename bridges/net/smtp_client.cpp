#include "bridges/net/smtp_client.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridges/net/smtp_connection.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::net {
namespace {

constexpr std::size_t mails_a_connection = 100;  // some servers end it at about that
constexpr std::size_t max_line = 1000;           // octets of a mail with CRLF, RFC 5321 4.5.3.1.6

// Port 0: the URL is none.
SmtpPlace place_of(const std::string& url) {
  SmtpPlace place;
  std::string_view rest = url;
  const auto lower = ascii_lower(rest.substr(0, 8));
  if (lower.starts_with("smtps://")) {
    place.tls = true;
    rest.remove_prefix(8);
  } else if (lower.starts_with("smtp://")) {
    rest.remove_prefix(7);
  } else {
    return place;
  }
  rest = rest.substr(0, rest.find('/'));
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return place;
    place.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const auto colon = std::min(rest.rfind(':'), rest.size());
    place.host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (place.host.empty()) return place;
  if (port.empty()) {
    place.port = place.tls ? 465 : 25;
  } else if (port.front() == ':') {
    port.remove_prefix(1);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error == std::errc() && end == port.data() + port.size()) place.port = number;
  }
  return place;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-.:[]_").find(c) != std::string_view::npos;
  });
}

// What would end a command, or be read as part of another.
bool is_envelope_address(std::string_view address) {
  return address.size() <= 320 && std::none_of(address.begin(), address.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '<' || c == '>';
         });
}

// Servers differ in what a bare CR or LF is, and so in where a mail ends.
std::string trouble_with(std::string_view bytes) {
  std::size_t begin = 0;
  if (bytes.find('\0') != std::string_view::npos) return "The mail has a NUL in it";
  for (auto at = bytes.find_first_of("\r\n"); at != std::string_view::npos;
       at = bytes.find_first_of("\r\n", begin)) {
    if (bytes[at] != '\r' || at + 1 >= bytes.size() || bytes[at + 1] != '\n')
      return "The mail has a line that does not end with CRLF";
    if (at + 2 - begin > max_line) return "The mail has a line that is too long";
    begin = at + 2;
  }
  return bytes.size() - begin + 2 > max_line ? "The mail has a line that is too long" : "";
}

}  // namespace

struct SmtpClient::Impl : std::enable_shared_from_this<SmtpClient::Impl> {
  Impl(boost::asio::io_context& io, SmtpServer to, std::size_t most, std::function<void()> before)
      : loop(io),
        server(std::move(to)),
        max_connections(std::max<std::size_t>(most, 1)),
        before_write(std::move(before)),
        place(place_of(server.url)) {
    if (!is_host_name(server.host)) server.host = "localhost";
    if (!server.pool) server.pool = make_smtp_pool(loop);
  }

  struct Entry {
    SmtpMail mail;
    std::chrono::milliseconds timeout;
    std::function<void(SmtpResult)> done;
    bool again = false;  // a connection that was kept turned out to be dead
  };
  struct Link {
    std::shared_ptr<SmtpConnection> connection;
    Id mail = 0;  // on its way there
  };

  boost::asio::io_context& loop;
  SmtpServer server;
  std::size_t max_connections;
  std::function<void()> before_write;
  const SmtpPlace place;
  std::unordered_map<Id, Entry> entries;
  std::deque<Id> waiting;
  std::unordered_map<std::uint64_t, Link> links;
  std::vector<std::shared_ptr<SmtpConnection>> ended;  // destroyed once they are off the stack
  std::vector<std::pair<Id, SmtpResult>> to_tell;
  Id last_id = 0;
  std::uint64_t last_link = 0;
  bool posted = false;

  // -------------------------------------------------------------------------------------------------------
  // telling

  void soon() {
    if (std::exchange(posted, true)) return;
    post(loop, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->turn();
    });
  }

  void turn() {
    posted = false;
    ended.clear();
    const auto self = weak_from_this();
    auto results = std::exchange(to_tell, {});
    for (auto& [id, result] : results) {
      auto node = entries.extract(id);
      if (node.empty()) continue;
      if (node.mapped().done) node.mapped().done(std::move(result));
      if (self.expired() || closed) return;
    }
    start();
  }

  void tell(Id id, SmtpResult result) {
    to_tell.emplace_back(id, std::move(result));
    soon();
  }

  // -------------------------------------------------------------------------------------------------------
  // connections

  // Gives what waits to who is ready, and connects for the rest.
  void start() {
    for (auto& [key, link] : links) {
      if (waiting.empty()) return;
      if (link.mail == 0 && link.connection->ready()) give(link);
    }
    if (waiting.empty()) return;
    auto coming = static_cast<std::size_t>(
        std::count_if(links.begin(), links.end(), [](const auto& link) { return link.second.mail == 0; }));
    while (coming < waiting.size() && links.size() < max_connections) {
      connect();
      ++coming;
    }
  }

  void connect() {
    const auto key = ++last_link;
    SmtpConnection::Callbacks on;
    on.ready = [this, key] { on_ready(key); };
    on.result = [this, key](SmtpResult result) { on_result(key, std::move(result)); };
    on.ended = [this, key](const SmtpResult& why) { on_ended(key, why); };
    links[key].connection = std::make_shared<SmtpConnection>(loop, server, place, std::move(on));
  }

  void give(Link& link) {
    while (!waiting.empty()) {
      const auto id = waiting.front();
      waiting.pop_front();
      const auto entry = entries.find(id);
      if (entry == entries.end()) continue;  // cancelled
      if (before_write) before_write();
      if (auto refused = link.connection->send(entry->second.mail, entry->second.timeout)) {
        tell(id, std::move(*refused));
        continue;
      }
      link.mail = id;
      return;
    }
  }

  void on_ready(std::uint64_t key) {
    auto& link = links.at(key);
    if (link.connection->sent() < mails_a_connection) return give(link);
    link.connection->quit();
    bury(key);
    start();
  }

  void on_result(std::uint64_t key, SmtpResult result) {
    auto& link = links.at(key);
    const auto id = std::exchange(link.mail, 0);
    const auto entry = entries.find(id);
    if (entry == entries.end()) return;
    // Nothing was said of the mail on a connection that had been idle: a fresh one may do better.
    if (!result.reached && (result.code == 0 || result.code == 421) && link.connection->sent() > 1 &&
        !std::exchange(entry->second.again, true)) {
      waiting.push_front(id);
      return;
    }
    tell(id, std::move(result));
  }

  void on_ended(std::uint64_t key, const SmtpResult& why) {
    const bool was_up = links.at(key).connection->set_up();
    bury(key);
    const bool others = std::any_of(links.begin(), links.end(),
                                    [](const auto& link) { return link.second.connection->set_up(); });
    // A connection more than the server wants is none of the mails' trouble.
    if (!was_up && !others) {
      for (const auto id : std::exchange(waiting, {})) tell(id, why);
    }
    soon();
  }

  void bury(std::uint64_t key) {
    auto node = links.extract(key);
    ended.push_back(std::move(node.mapped().connection));
    soon();
  }

  // -------------------------------------------------------------------------------------------------------

  Id send(SmtpMail mail, std::chrono::milliseconds timeout, std::function<void(SmtpResult)> done) {
    const auto id = ++last_id;
    auto trouble = refusal(mail);
    entries.emplace(id, Entry{std::move(mail), timeout, std::move(done)});
    if (trouble) {
      tell(id, std::move(*trouble));
    } else {
      waiting.push_back(id);
      soon();
    }
    return id;
  }

  std::optional<SmtpResult> refusal(const SmtpMail& mail) const {
    if (place.port == 0)
      return SmtpResult{SmtpResult::What::later, 0, {}, "The mail server's URL is none", false};
    std::string words;
    if (!is_envelope_address(mail.from)) words = "The sender's address can't be sent";
    if (!is_envelope_address(mail.recipient) || mail.recipient.empty())
      words = "The recipient's address can't be sent";
    if (!mail.bytes) words = "There is no mail";
    if (words.empty()) words = trouble_with(*mail.bytes);
    if (words.empty()) return {};
    return SmtpResult{SmtpResult::What::refused, 0, {}, std::move(words), true};
  }

  void cancel(Id id) {
    entries.erase(id);
    for (auto& [key, link] : links) {
      if (link.mail != id) continue;
      link.connection->close();
      bury(key);
      return;
    }
  }

  void close() {
    closed = true;
    for (auto& [key, link] : links) link.connection->quit();
    links.clear();
    ended.clear();
    entries.clear();
    waiting.clear();
  }

  bool closed = false;
};

SmtpClient::SmtpClient(boost::asio::io_context& loop, SmtpServer server, std::size_t max_connections,
                       std::function<void()> before_write)
    : impl_(std::make_shared<Impl>(loop, std::move(server), max_connections, std::move(before_write))) {}

SmtpClient::~SmtpClient() { impl_->close(); }

SmtpClient::Id SmtpClient::send(SmtpMail mail, std::chrono::milliseconds timeout,
                                std::function<void(SmtpResult)> done) {
  return impl_->send(std::move(mail), timeout, std::move(done));
}

void SmtpClient::cancel(Id id) { impl_->cancel(id); }

std::size_t SmtpClient::open() const { return impl_->entries.size(); }

}  // namespace dragoman::net
