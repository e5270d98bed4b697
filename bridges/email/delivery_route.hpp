// One way out: a mail server, the mails that wait for it, and whether it can be reached. What is wrong with
// it is one trouble for all of them: none is tried but one alone, which looks whether it is over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridges/email/delivery_queue.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/smtp_client.hpp"
#include "config/settings.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

// The server that the administrator named; `host`: what we call ourselves.
net::SmtpServer smarthost_of(const config::Email::Smtp& smtp, const std::string& host);
bool same_server(const config::Email::Smtp& a, const config::Email::Smtp& b);

class DeliveryRoute {
 public:
  using Time = QueuedMail::Time;

  // `connections`: at most so many at once.
  DeliveryRoute(std::string name, std::size_t connections, std::uint32_t per_minute)
      : name_(std::move(name)), connections_(connections), queue_(at_once_a_domain, per_minute) {}

  // To this server from now on; what is on its way to another comes to its end there. A look is due.
  void lead_to(boost::asio::io_context& loop, net::SmtpServer server, std::function<void()> before_write);

  const std::string& name() const { return name_; }
  DeliveryQueue& queue() { return queue_; }
  const DeliveryQueue& queue() const { return queue_; }
  net::SmtpClient& client() { return *client_; }
  bool leads_anywhere() const { return client_ != nullptr; }
  bool idle() const { return queue_.size() == 0 && retired_.empty() && (!client_ || client_->open() == 0); }
  void look_now() { next_look_ = {}; }
  void forget_retired();
  void close();  // nothing comes back any more

  // One that may leave now; it is on its way from then on.
  std::optional<std::int64_t> take(Time now);
  std::optional<Time> next() const;  // when take() may have something; nothing: only after something changed

  const std::string& trouble() const { return trouble_; }
  bool refused() const { return refused_; }  // by our user name and password
  // True: it is new.
  bool in_trouble(const std::string& words, bool refused, Time now);
  bool over_trouble();  // true: there was one

 private:
  static constexpr std::size_t at_once_a_domain = 4;

  std::string name_;
  std::size_t connections_;
  DeliveryQueue queue_;
  std::shared_ptr<net::SmtpClient> client_;
  std::vector<std::shared_ptr<net::SmtpClient>> retired_;  // until what they were given is answered
  net::Backoff look_{std::chrono::seconds(5), std::chrono::minutes(5)};
  std::string trouble_;
  Time next_look_{};
  bool looking_ = false;  // one mail is on its way to see whether the server is back
  bool refused_ = false;
};

}  // namespace dragoman::email
