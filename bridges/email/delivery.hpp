// Mail on its way out: a durable queue over a smarthost, or over somebody's own mail server. One recipient a
// transaction; tries again with backoff up to four hours, for five days (RFC 5321 4.5.4.1); so many at once
// and so fast a domain. What becomes of each is told once and for all: accepted by the server, or failed in
// words; late, once, after four hours. A server that can't be reached, or lets nobody in, is one trouble for
// all that wait for it and for nobody else: no try is counted for any mail, and one alone looks whether it is
// back. Where it is the password of somebody's own account, they are told at once, for each mail.
//
// A mail that was accepted and whose row was not yet removed when the program was killed is sent again, with
// the same Message-ID: SMTP has no way to ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/net/smtp_client.hpp"
#include "bridges/reason.hpp"
#include "mapping/ids.hpp"
#include "mapping/mail_queue_table.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman {
class Store;
namespace config {
struct Email;
}
}  // namespace dragoman

namespace dragoman::email {

class Delivery {
 public:
  // From the loop, never from within a call; none after the end of the Delivery. The row is as it was last;
  // once it was accepted or failed it is gone from the store, in the same group as what the callback writes.
  struct Callbacks {
    std::function<void(const QueuedMail&)> accepted;
    std::function<void(const QueuedMail&, const Failure&)> failed;
    std::function<void(const QueuedMail&, const std::string& words)> late;
    // Of a route that is not the smarthost's: its server. Nothing: there is none any more, its mails fail.
    std::function<std::optional<net::SmtpServer>(const std::string& route)> server_of = {};
  };
  Delivery(boost::asio::io_context& loop, Store& store, NetworkId network, const config::Email& settings,
           Callbacks callbacks);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery();

  // Takes a mail over: it is in the store's open group when this returns, and leaves once that is on the
  // disk. `taken` and `due` of zero are now. 0: it could not be kept.
  std::int64_t push(QueuedMail mail);
  // What waits of a person, or is on its way; one of it is given up where it is not on its way.
  std::vector<QueuedMail> waiting(const PersonId& person);
  bool cancel(std::int64_t key);
  void resume();  // what was left when the program ended
  void reload(const config::Email& settings);
  // The server of a route has changed, or what it is entered with: it is tried at once.
  void renew(const std::string& route);
  // There is no such route any more.
  void close(const std::string& route, const Failure& why);
  // Why nothing can be sent over the smarthost; empty: it can.
  const std::string& trouble() const;
  // No more begin; `done` when those on their way are answered, or ten seconds are up.
  void stop(std::function<void()> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
