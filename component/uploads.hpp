// Files of the network, put on the upload service of our XMPP server (XEP-0363), where it is configured and
// lets the component. It is asked at each connection: what it is, and for a slot of one byte that is not
// used, so that what is wrong is known before somebody waits for it. While it takes nothing, nothing is
// offered to it, and it is asked again later; each trouble is logged once.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "bridges/file_host.hpp"
#include "bridges/net/http_client.hpp"
#include "component/stanza.hpp"
#include "component/upload_slot.hpp"

namespace dragoman {

class Gateway;

class Uploads final : public FileHost {
 public:
  // How a request of HTTP leaves: at most once, with an answer from the loop.
  using Http = std::function<void(net::HttpRequest, std::function<void(net::HttpResult)>)>;
  Uploads(Gateway& gateway, Http http) : gateway_(gateway), http_(std::move(http)) {}

  void put(OfferedFile file, Done done) override;

  void on_link_up();
  void on_link_down();
  void tick(Time now);
  void reload();  // the configuration may be another

 private:
  enum class State : std::uint8_t { unknown, takes, rests };
  enum class Step : std::uint8_t { waits, asks, puts };
  struct Job {
    OfferedFile file;
    Done done;
    Time begun{};
    Step step = Step::waits;
  };
  using Jobs = std::list<std::shared_ptr<Job>>;

  const std::string& service() const;
  void ask();
  void ask_for_slot();
  void on_service(const Stanza& answer);
  void takes();
  void rests(const std::string& words, Time until);
  void say(const std::string& words);
  void pump();
  void begin(const std::shared_ptr<Job>& job);
  void on_slot(const std::shared_ptr<Job>& job, const Stanza& answer);
  void send_file(const std::shared_ptr<Job>& job, upload::Slot slot);
  void on_put(const std::shared_ptr<Job>& job, const std::string& url, const net::HttpResult& result);
  void refused(const upload::Refusal& refusal);
  void pass_over(const std::string& words);
  void finish(const std::shared_ptr<Job>& job, std::optional<std::string> url);
  void question(const std::string& payload, std::function<void(const Stanza&)> done);

  Gateway& gateway_;
  Http http_;
  State state_ = State::unknown;
  std::string asked_service_;        // whom state_ is about
  Time asked_{};                     // when it was, in State::unknown
  Time until_{};                     // when it is asked again, in State::rests
  std::uint64_t largest_ = 0;        // bytes; 0: it names no limit
  std::optional<std::string> said_;  // last, of what it is like; empty: it takes files
  bool put_failed_ = false;          // since a file was last put
  bool passed_over_ = false;         // that a file was, has been said
  std::uint64_t round_ = 0;          // answers to questions of an earlier one are not heard
  Jobs jobs_;                        // oldest first
};

}  // namespace dragoman
