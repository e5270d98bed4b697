// What left by somebody's own server and is to be found in their Sent folder: noted in the store until it is
// there, brought there several at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "bridges/email/hub.hpp"
#include "bridges/email/sent_folder.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class SentCopies {
 public:
  using Context = std::function<std::shared_ptr<const net::TlsContext>()>;
  SentCopies(Hub& hub, Context context) : hub_(hub), context_(std::move(context)) {}

  void add(const PersonId& person, MailKey mail);  // it has left
  void resume(const PersonId& person);
  void forget(const PersonId& person);
  void stop() { at_work_.clear(); }

 private:
  struct AtWork {
    explicit AtWork(boost::asio::io_context& loop) : timer(loop) {}
    net::Timer timer;
    std::unique_ptr<SentVisit> visit;
    unsigned failures = 0;
  };
  void soon(const PersonId& person, std::chrono::milliseconds delay);
  void go(const PersonId& person);
  void on_done(const PersonId& person, const std::string& trouble);

  Hub& hub_;
  Context context_;
  std::map<PersonId, AtWork> at_work_;
};

}  // namespace dragoman::email
