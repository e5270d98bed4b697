#include "bridges/email/delivery_route.hpp"

#include <utility>

#include <sodium.h>

namespace dragoman::email {
namespace {

constexpr auto look_after_refusal = std::chrono::hours(1);  // servers lock out who knocks too often

}  // namespace

net::SmtpServer smarthost_of(const config::Email::Smtp& smtp, const std::string& host) {
  net::SmtpServer server;
  server.url = smtp.url;
  server.username = smtp.username;
  server.password = smtp.password;
  server.require_tls = smtp.tls == config::Tls::required;
  server.no_tls = smtp.tls == config::Tls::off;
  // TLS that may as well be none keeps out those who only listen: any certificate does (RFC 7435), unless a
  // password is to be sent.
  server.verify =
      server.require_tls || smtp.url.starts_with("smtps") || !smtp.username.empty() || !smtp.ca_file.empty();
  server.ca_file = smtp.ca_file;
  server.host = host;
  return server;
}

bool same_server(const config::Email::Smtp& a, const config::Email::Smtp& b) {
  return a.url == b.url && a.username == b.username && a.password == b.password && a.tls == b.tls &&
         a.ca_file == b.ca_file;
}

void DeliveryRoute::lead_to(boost::asio::io_context& loop, net::SmtpServer server,
                            std::function<void()> before_write) {
  if (client_) retired_.push_back(std::move(client_));
  client_ = std::make_shared<net::SmtpClient>(loop, std::move(server), connections_, std::move(before_write));
  next_look_ = {};
}

void DeliveryRoute::forget_retired() {
  std::erase_if(retired_, [](const auto& one) { return one->open() == 0; });
}

void DeliveryRoute::close() {
  client_.reset();
  retired_.clear();
}

std::optional<std::int64_t> DeliveryRoute::take(Time now) {
  if (!client_) return {};
  if (trouble_.empty()) return queue_.on_their_way() < connections_ ? queue_.take(now) : std::nullopt;
  if (queue_.on_their_way() > 0 || now < next_look_) return {};
  const auto key = queue_.take_any();
  looking_ = looking_ || key.has_value();
  return key;
}

std::optional<DeliveryRoute::Time> DeliveryRoute::next() const {
  if (!client_) return {};
  if (trouble_.empty()) return queue_.on_their_way() < connections_ ? queue_.next() : std::nullopt;
  return queue_.on_their_way() == 0 && queue_.size() > 0 ? std::optional(next_look_) : std::nullopt;
}

bool DeliveryRoute::in_trouble(const std::string& words, bool refused, Time now) {
  const bool fresh = trouble_.empty() || (refused && !refused_);
  // Those that were on their way together fail together, and count as one look.
  const bool counts = fresh || std::exchange(looking_, false);
  trouble_ = words;
  refused_ = refused;
  if (counts) next_look_ = now + (refused ? look_after_refusal : look_.next(randombytes_random()));
  return fresh;
}

bool DeliveryRoute::over_trouble() {
  if (trouble_.empty()) return false;
  trouble_.clear();
  looking_ = refused_ = false;
  look_.reset();
  return true;
}

}  // namespace dragoman::email
