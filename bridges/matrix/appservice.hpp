// The application service API's server side: what a homeserver asks of us. Every request but a media link is
// the homeserver's and carries its token, compared in constant time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/json.hpp"
#include "bridges/net/http_server.hpp"

namespace dragoman::matrix {

class AppServiceHandler {
 public:
  virtual ~AppServiceHandler() = default;
  // Each event of a transaction, in order, within one turn of the loop; then the transaction counts as taken.
  virtual void on_event(const json::object& event) = 0;
  virtual void on_ephemeral(const json::object& edu) = 0;  // m.typing, m.receipt, m.presence
  // Whether this user exists, asked by somebody who looks for them: made then, if they may be.
  virtual void on_user_query(const std::string& user_id, std::function<void(bool)> done) = 0;
  // Third-party lookups (application service API, "Third-party networks").
  virtual json::value on_protocol(std::string_view protocol) = 0;  // null: there is no such protocol
  virtual json::array on_third_party_users(std::string_view address_or_user_id, bool by_user_id) = 0;
};

class AppService {
 public:
  AppService(Hub& hub, AppServiceHandler& handler);
  AppService(const AppService&) = delete;
  AppService& operator=(const AppService&) = delete;
  ~AppService();

  const std::string& trouble() const;  // why it does not listen; empty: it does
  std::uint16_t port() const;
  // While held, transactions wait unanswered: the homeserver keeps what follows.
  void hold(bool held);
  // For tests, and for a server that serves several: one request.
  void serve(net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
