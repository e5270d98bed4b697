// The ways out, and by which of them each mail leaves that is not done with. The smarthost's has no name,
// somebody's own server's is theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/email/delivery_route.hpp"
#include "bridges/net/smtp_client.hpp"
#include "mapping/mail_queue_table.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

class DeliveryRoutes {
 public:
  // The server that a way leads to; nothing: there is none any more.
  using ServerOf = std::function<std::optional<net::SmtpServer>(const std::string& route)>;
  using Ways = std::map<std::string, DeliveryRoute>;

  // `before_write`: called before a mail leaves.
  DeliveryRoutes(boost::asio::io_context& loop, std::uint32_t per_minute, ServerOf server_of,
                 std::function<void()> before_write);

  DeliveryRoute& of(const std::string& name);    // made where there is none
  DeliveryRoute* of(std::int64_t key);           // of a mail; null: it is done with
  DeliveryRoute* find(const std::string& name);  // null: nobody asked for it yet
  bool lead(DeliveryRoute& route);               // to its server as it is now; false: it leads nowhere
  void limit(std::uint32_t per_minute);          // mails to one domain
  std::vector<std::string> lost() const;         // those that lead nowhere
  std::vector<std::int64_t> mails_of(const std::string& name) const;  // by age
  std::size_t on_their_way() const;

  void add(const QueuedMail& mail);  // it waits, or waits again
  bool forget(std::int64_t key);     // false: it was done with
  bool knows(std::int64_t key) const { return known_.contains(key); }
  bool waits(std::int64_t key);  // false: on its way, or done with

  Ways& all() { return ways_; }
  const Ways& all() const { return ways_; }
  void drop_idle();
  void close();  // nothing comes back any more

 private:
  boost::asio::io_context& loop_;
  std::uint32_t per_minute_;
  ServerOf server_of_;
  std::function<void()> before_write_;
  Ways ways_;
  std::unordered_map<std::int64_t, std::string> known_;
};

}  // namespace dragoman::email
