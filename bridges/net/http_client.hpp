// HTTP/1.1 and HTTP/2 as a client: libcurl's multi interface on the loop. Connections are kept and shared.
// TLS is verified. No redirect is followed unless asked for, no cookie kept, no proxy taken from the
// environment, no other protocol spoken.
//
// All callbacks come from the loop, never from within a call to the client; none comes after cancel() or
// after the client was destroyed. A callback may do either.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridges/reason.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::string body;
  // Instead of a body: this much from the beginning of an open file. The descriptor stays the caller's, until
  // the end.
  int file = -1;
  std::uint64_t file_size = 0;
  std::chrono::milliseconds timeout{60'000};  // until the answer's end; of a stream: of silence
  std::uint64_t max_body = 64U << 20;         // bytes of the answer; more is Reason::too_large
  // The URL came from somebody: http and https only, no credentials in it, and no address that is not public
  // (loopback, link-local, private, multicast, unspecified; also behind redirects and IPv4-mapped).
  bool untrusted = false;
  int max_redirects = 0;
};

struct HttpHead {
  int status = 0;
  HttpHeaders headers;  // names in lower case
  const std::string* header(std::string_view lower_case_name) const;
  std::optional<std::uint64_t> length;  // of the body, where told
};
struct HttpResponse {
  HttpHead head;
  std::string body;
};
// No answer at all is a Failure: dns_failed, connection_refused, connection_lost, tls_failed,
// certificate_invalid, timed_out, too_large, invalid (the URL), not_permitted (an address that is not
// public). Any status is an answer.
using HttpResult = std::variant<HttpResponse, Failure>;

class HttpClient {
 public:
  using Id = std::uint64_t;
  struct Options {
    std::string ca_file;  // empty: the system's, which are also those of untrusted requests
    std::string user_agent = "dragoman";
    std::size_t max_per_host = 16;  // connections; 0: no limit. A long poll over HTTP/1.1 holds one
    std::size_t max_total = 256;
    std::function<void()> before_write = {};  // called before anything leaves: what is sent is kept first
  };
  // An answer piece by piece. `end` comes last, with nothing where all is well.
  struct Stream {
    std::function<void(const HttpHead&)> head;
    std::function<void(std::string_view)> data;  // the view is good during the call
    std::function<void(const std::optional<Failure>&)> end;
  };

  HttpClient(boost::asio::io_context& loop, Options options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  Id send(HttpRequest request, std::function<void(HttpResult)> done);
  Id stream(HttpRequest request, Stream stream);
  void hold(Id id, bool held);  // while held, `data` is not called, and the peer is slowed down
  void cancel(Id id);
  std::size_t open() const;  // requests on their way

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Percent-encodes all but unreserved characters (RFC 3986): one segment of a path, or a value in a query.
std::string url_encoded(std::string_view text);
// Nothing where a % is not followed by two hex digits.
std::optional<std::string> url_decoded(std::string_view text);

}  // namespace dragoman::net
