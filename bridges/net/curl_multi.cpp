#include "bridges/net/curl_multi.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace dragoman::net {

namespace asio = boost::asio;
using boost::system::error_code;

struct CurlMulti::Watch {
  Watch(asio::io_context& loop, curl_socket_t s) : socket(s), descriptor(loop) {}
  curl_socket_t socket;
  asio::posix::stream_descriptor descriptor;  // never closes the socket: that is libcurl's
  int wanted = 0;
  bool reading = false, writing = false;
};

namespace {

// For good: a look-up that nobody waits for any more may still run when the last pool has gone.
CURLM* new_multi() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  return ready == CURLE_OK ? curl_multi_init() : nullptr;
}

}  // namespace

CurlMulti::CurlMulti(asio::io_context& loop, long max_per_host, long max_total)
    : loop_(loop), timer_(loop), multi_(new_multi()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, max_per_host);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, max_total);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, max_total);
}

CurlMulti::~CurlMulti() { close(); }

void CurlMulti::start(Callbacks callbacks) { callbacks_ = std::move(callbacks); }

bool CurlMulti::add(CURL* easy) { return curl_multi_add_handle(multi_, easy) == CURLM_OK; }

void CurlMulti::remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

void CurlMulti::close() {
  timer_.cancel();
  if (multi_ != nullptr) curl_multi_cleanup(std::exchange(multi_, nullptr));
  for (auto& [socket, watch] : watches_) {
    watch->wanted = 0;
    watch->descriptor.release();
  }
  watches_.clear();
}

int CurlMulti::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  static_cast<CurlMulti*>(self)->watch(socket, what);
  return 0;
}

void CurlMulti::watch(curl_socket_t socket, int what) {
  auto found = watches_.find(socket);
  if (what == CURL_POLL_REMOVE) {
    if (found == watches_.end()) return;
    found->second->wanted = 0;
    found->second->descriptor.release();
    watches_.erase(found);
    return;
  }
  if (found == watches_.end()) {
    auto fresh = std::make_shared<Watch>(loop_, socket);
    error_code error;
    fresh->descriptor.assign(socket, error);
    if (error) return spdlog::error("A socket can't be watched: {}", error.message());  // it times out
    found = watches_.emplace(socket, std::move(fresh)).first;
  }
  const auto& watch = found->second;
  watch->wanted = what;
  if ((what & CURL_POLL_IN) != 0 && !watch->reading) wait(watch, true);
  if ((what & CURL_POLL_OUT) != 0 && !watch->writing) wait(watch, false);
}

void CurlMulti::wait(const std::shared_ptr<Watch>& watch, bool read) {
  (read ? watch->reading : watch->writing) = true;
  auto type = read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
  watch->descriptor.async_wait(type, [weak = weak_from_this(), watch, read](const error_code& error) {
    (read ? watch->reading : watch->writing) = false;
    auto self = weak.lock();
    int wanted = read ? CURL_POLL_IN : CURL_POLL_OUT;
    // A watch that was removed wants nothing, though its event may have been on its way.
    if (!self || self->multi_ == nullptr || (watch->wanted & wanted) == 0) return;
    self->act(watch->socket, error ? CURL_CSELECT_ERR : read ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
    bool& waiting = read ? watch->reading : watch->writing;
    if (!waiting && (watch->wanted & wanted) != 0) self->wait(watch, read);
  });
}

int CurlMulti::on_timer(CURLM*, long milliseconds, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (milliseconds < 0) {
    multi.due_ = Clock::time_point::max();
    return 0;
  }
  multi.arm(Clock::now() + std::chrono::milliseconds(milliseconds));
  return 0;
}

// libcurl moves its timer with each step of each transfer. A timer that fires too early costs less than one
// that is set anew each time.
void CurlMulti::arm(Clock::time_point due) {
  due_ = due;
  if (due <= Clock::now()) {
    if (std::exchange(posted_, true)) return;
    asio::post(loop_, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self) return;
      self->posted_ = false;
      self->timer_fired();
    });
    return;
  }
  if (armed_ <= due) return;
  armed_ = due;
  timer_.expires_at(due);
  timer_.async_wait([weak = weak_from_this(), due](const error_code& error) {
    auto self = weak.lock();
    if (error || !self || self->armed_ != due) return;
    self->armed_ = Clock::time_point::max();
    self->timer_fired();
  });
}

void CurlMulti::timer_fired() {
  if (multi_ == nullptr || due_ == Clock::time_point::max()) return;
  if (due_ > Clock::now()) return arm(due_);
  due_ = Clock::time_point::max();
  act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::act(curl_socket_t socket, int mask) {
  auto self = shared_from_this();
  if (callbacks_.before_write) callbacks_.before_write();
  int running = 0;
  curl_multi_socket_action(multi_, socket, mask, &running);
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    auto result = message->data.result;
    callbacks_.ended(easy, result);
  }
  callbacks_.settled();
}

}  // namespace dragoman::net
