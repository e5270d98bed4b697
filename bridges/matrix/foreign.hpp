// Calls to a homeserver that somebody named to us. Only one's own homeserver, which the admin named, may lie
// in a private network; any other is reached by https alone, at public addresses (see
// net::HttpRequest::untrusted): so that nobody makes us talk to what is not theirs.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "bridges/matrix/api.hpp"

namespace dragoman::matrix {

struct Hub;

struct ServerAddress {
  std::string url;       // without a slash at the end
  bool trusted = false;  // the bridge's own
  bool operator==(const ServerAddress&) const = default;
};

// Where the well-known file of a server name lies, and where the homeserver is by it; empty: it does not say.
std::string well_known_url(std::string_view server_name);
std::string homeserver_in(const Reply& well_known);

// Whether an URL can be a homeserver's that is not ours.
bool is_public_url(std::string_view url);

// One call, as its answer says: nothing is tried again. The callback comes from the loop, and not after
// http.cancel(id).
net::HttpClient::Id ask(net::HttpClient& http, const ServerAddress& homeserver, const std::string& token,
                        Api::Call call, std::function<void(Reply)> done);

// The homeserver of a server name: ours, or what its well-known file says (client-server API, "Well-known
// URIs"), tried whether it is one.
class Discovery {
 public:
  using Done = std::function<void(const std::variant<ServerAddress, Failure>&)>;
  // `named`: a server name or an URL. `done` comes from the loop, and not after this was destroyed.
  Discovery(Hub& hub, const std::string& named, Done done);
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;
  ~Discovery();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
