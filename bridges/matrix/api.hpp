// Calls of the client-server API: JSON in, JSON out, as whoever speaks. Obeys 429 (`retry_after_ms`,
// Retry-After), tries again where it is told to insist, and says in words what was refused.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/matrix/json.hpp"
#include "bridges/net/http_client.hpp"
#include "bridges/reason.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::matrix {

// Who speaks.
struct Voice {
  std::string homeserver;  // "http://127.0.0.1:8008", without a slash at the end
  std::string token;       // of the appservice, or of an account
  std::string user_id;     // whom the appservice speaks as: sent as user_id=; empty: with an account's token
  bool untrusted = false;  // somebody, and not the admin, named the homeserver: see net::HttpRequest
};

struct Refusal {
  int status = 0;       // 0: there was no answer
  std::string errcode;  // "M_FORBIDDEN"; may be empty
  Failure failure;      // for people
};
using Reply = std::variant<json::value, Refusal>;

class Api {
 public:
  // once: what the first answer says, 429 obeyed up to 30 s. insist: until there is an answer that is neither
  // 429 nor 5xx nor silence nor a 2xx without JSON, with backoff and jitter (1 s to 60 s).
  enum class Patience { once, insist };
  struct Call {
    std::string method = "GET";
    std::string path;   // "/_matrix/client/v3/…", its parts encoded (net::url_encoded)
    std::string query;  // "a=b&c=d", encoded
    json::value body;   // null: none, but POST and PUT then carry {}
    Patience patience = Patience::once;
    std::chrono::milliseconds timeout{60'000};
    // insist: called before each pause and each further try; false: give up now.
    std::function<bool(const Refusal& so_far)> still_wanted;
  };
  using Id = std::uint64_t;

  struct Pauses {  // between tries
    std::chrono::milliseconds first{1'000}, longest{60'000};
  };

  Api(boost::asio::io_context& loop, net::HttpClient& http) : Api(loop, http, Pauses{}) {}
  Api(boost::asio::io_context& loop, net::HttpClient& http, Pauses pauses);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api();

  // Answers from the loop, never from within.
  Id call(const Voice& as, Call call, std::function<void(Reply)> done);
  void cancel(Id id);
  net::HttpClient& http();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// How long an answer asks to wait: Retry-After, of a 429 else retry_after_ms. At most ten minutes.
std::optional<std::chrono::milliseconds> pause_told(const net::HttpHead& head, std::string_view body);

// A status and an error body as a Refusal: the catalogue's reason, and the server's words where it has some.
Refusal refusal_of(int status, std::string_view body);

}  // namespace dragoman::matrix
