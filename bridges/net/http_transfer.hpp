// One request on its way through libcurl: what it is set up with, and what has come back so far.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include "bridges/net/http_client.hpp"

namespace dragoman::net {

// What libcurl would take and nobody should send. Empty: nothing is wrong.
std::string trouble_with(const HttpRequest& request);

struct Transfer {
  explicit Transfer(boost::asio::io_context& loop) : silence(loop) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { curl_slist_free_all(headers); }

  void set_up(const HttpClient::Options& options);  // `easy` is fresh
  bool take_header(std::string_view line);          // false: the answer is to be given up
  bool take_body(std::string_view bytes);           // the same
  void to_be_told();                                // once libcurl is off the stack
  Failure failure_of(CURLcode code) const;

  HttpClient::Id id = 0;
  CURL* easy = nullptr;  // null: not at libcurl (any more)
  HttpRequest request;
  curl_slist* headers = nullptr;
  std::function<void(HttpResult)> done;
  HttpClient::Stream stream;
  bool streaming = false;

  HttpHead head;
  std::size_t head_bytes = 0;
  bool head_whole = false, head_told = false;
  std::string body;  // of a stream: what has not been told yet
  std::uint64_t received = 0, sent_of_file = 0;
  bool held = false, paused = false;
  bool blocked = false, too_large = false;
  bool ended = false;
  bool queued = false;                             // it is in `to_tell`
  std::vector<HttpClient::Id>* to_tell = nullptr;  // the client's
  std::optional<Failure> failure;
  boost::asio::steady_timer silence;  // of a stream
  std::chrono::steady_clock::time_point last_sign;

 private:
  void set_up_body();
  bool is_redirect() const;
};

}  // namespace dragoman::net
