// Files out of a media repository (client-server API, "Content repository", authenticated since 1.11), also
// where it sends us on to a network of its own (307 and 308): there without the token.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bridges/matrix/api.hpp"
#include "bridges/net/http_client.hpp"

namespace dragoman::matrix {

class MediaFetch {
 public:
  using Id = std::uint64_t;
  struct Wanted {
    std::string mxc;
    std::string query;       // of a thumbnail: "width=…&height=…&method=…"; empty: the file itself
    std::string range;       // a Range header, or empty
    std::uint64_t most = 0;  // bytes
    bool private_addresses = false;  // where it is sent on to
  };

  // `repository` speaks to the homeserver, `outside` to whom it names. Both outlive this.
  MediaFetch(net::HttpClient& repository, net::HttpClient& outside);
  MediaFetch(const MediaFetch&) = delete;
  MediaFetch& operator=(const MediaFetch&) = delete;
  ~MediaFetch();

  // As HttpClient has it; the head is never a redirect's. No mxc: Reason::invalid, from the loop.
  Id stream(const Voice& as, Wanted wanted, net::HttpClient::Stream to);
  void hold(Id id, bool held);
  void cancel(Id id);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
