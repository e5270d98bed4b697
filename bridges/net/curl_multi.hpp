// libcurl's multi interface on an Asio loop: its sockets are watched, its timer is kept. One pool of
// connections each, and of the certificates that were read for them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

namespace dragoman::net {

class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  struct Callbacks {
    // A transfer came to its end. Its handle is still here: a connection that was all it was to make lives as
    // long as it is. More may follow before `settled`.
    std::function<void(CURL*, CURLcode)> ended;
    // libcurl has done what there was to do and is not on the stack: close() may be called.
    std::function<void()> settled;
    std::function<void()> before_write;  // may be empty
  };

  // 0: as many as there are.
  CurlMulti(boost::asio::io_context& loop, long max_per_host, long max_total);
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  ~CurlMulti();

  void start(Callbacks callbacks);
  bool add(CURL* easy);
  void remove(CURL* easy);
  void close();  // all handles must have been removed

 private:
  struct Watch;
  using Clock = std::chrono::steady_clock;

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  void watch(curl_socket_t socket, int what);
  void wait(const std::shared_ptr<Watch>& watch, bool read);
  void arm(Clock::time_point due);
  void timer_fired();
  void act(curl_socket_t socket, int mask);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  CURLM* multi_;
  Callbacks callbacks_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  Clock::time_point due_ = Clock::time_point::max();    // when libcurl wants to be called
  Clock::time_point armed_ = Clock::time_point::max();  // when the timer fires
  bool posted_ = false;                                 // it is called in this turn of the loop
};

}  // namespace dragoman::net
