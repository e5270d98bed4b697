#include "bridges/net/http_client.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>

#include <boost/asio/post.hpp>

#include "bridges/net/curl_multi.hpp"
#include "bridges/net/http_transfer.hpp"

namespace dragoman::net {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t max_idle_handles = 64;

// "https://host:port", however it is written: those that are not the same wait apart.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://");
  return url.substr(0, host == std::string::npos ? host : url.find_first_of("/?#", host + 3));
}

}  // namespace

// What libcurl says is put into the Transfer and told when libcurl is off the stack: so a callback may do
// anything, ending the client included.
struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  Impl(asio::io_context& io, Options chosen) : loop(io), options(std::move(chosen)) {}

  asio::io_context& loop;
  Options options;
  // Connections that strangers' URLs made are apart: none of them is ever used for a trusted request, nor the
  // reverse, which would lead around the check of the address.
  std::shared_ptr<CurlMulti> trusted, untrusted;
  std::vector<CURL*> idle;
  // What is on its way to one host, and what waits for its turn. libcurl has as many requests as it may make
  // connections: one that waits in it takes some 20 KiB, and is walked past by each that ends.
  struct Lane {
    std::size_t at_libcurl = 0;
    std::deque<Id> waiting;
    bool empty() const { return at_libcurl == 0 && waiting.empty(); }
  };
  std::unordered_map<std::string, Lane> lanes;  // by origin
  std::unordered_map<Id, std::shared_ptr<Transfer>> transfers;
  std::vector<Id> to_tell;
  Id last_id = 0;
  bool closed = false, posted = false;
  bool turn_over = false;  // something has left libcurl, and another may take its place

  CurlMulti& multi(bool of_strangers) {
    auto& which = of_strangers ? untrusted : trusted;
    if (!which) {
      which = std::make_shared<CurlMulti>(loop, static_cast<long>(options.max_per_host),
                                          static_cast<long>(options.max_total));
      which->start({[this](CURL* easy, CURLcode result) { ended(easy, result); }, [this] { settled(); },
                    options.before_write});
    }
    return *which;
  }

  Id begin(HttpRequest&& request, std::shared_ptr<Transfer> transfer) {
    auto& of = *transfer;
    of.id = ++last_id;
    of.request = std::move(request);
    of.to_tell = &to_tell;
    transfers.emplace(of.id, std::move(transfer));
    if (auto trouble = trouble_with(of.request); !trouble.empty()) {
      fail(of, {Reason::invalid, std::move(trouble)});
      return of.id;
    }
    of.last_sign = Clock::now();
    if (!takes_turns(of)) {
      start(of);
      return of.id;
    }
    Lane& lane = lanes[origin_of(of.request.url)];
    lane.waiting.push_back(of.id);
    start_waiting(lane);
    return of.id;
  }

  bool takes_turns(const Transfer& of) const { return options.max_per_host > 0 && !of.streaming; }

  void start_waiting(Lane& lane) {
    while (!lane.waiting.empty() && lane.at_libcurl < options.max_per_host) {
      Transfer* next = find(lane.waiting.front());
      lane.waiting.pop_front();
      if (next == nullptr) continue;  // cancelled
      if (Clock::now() - next->last_sign > next->request.timeout) {
        fail(*next, {Reason::timed_out, "There was no answer in time"});
        continue;
      }
      ++lane.at_libcurl;
      start(*next);
    }
  }

  // Once libcurl is off the stack.
  void start_waiting() {
    if (closed || !std::exchange(turn_over, false)) return;
    for (auto& [origin, lane] : lanes) start_waiting(lane);
    std::erase_if(lanes, [](const auto& lane) { return lane.second.empty(); });
  }

  void start(Transfer& of) {
    if (!idle.empty()) {
      of.easy = idle.back();
      idle.pop_back();
      curl_easy_reset(of.easy);
    } else {
      of.easy = curl_easy_init();
    }
    if (of.easy == nullptr) {
      left_libcurl(of);
      return fail(of, {Reason::network_error, "libcurl can't be used"});
    }
    of.set_up(options);
    if (!multi(of.request.untrusted).add(of.easy)) {
      recycle(of);
      fail(of, {Reason::network_error, "libcurl did not take the request"});
    } else if (of.streaming) {
      watch_silence(of);
    }
  }

  // After the handle was removed from its multi.
  void recycle(Transfer& of) {
    if (idle.size() < max_idle_handles) {
      idle.push_back(of.easy);
    } else {
      curl_easy_cleanup(of.easy);
    }
    of.easy = nullptr;
    left_libcurl(of);
  }

  void left_libcurl(const Transfer& of) {
    if (!takes_turns(of)) return;
    const auto lane = lanes.find(origin_of(of.request.url));
    if (lane == lanes.end()) return;
    --lane->second.at_libcurl;
    turn_over = true;
  }

  void let_go(Transfer& of) {
    if (of.easy == nullptr) return;
    multi(of.request.untrusted).remove(of.easy);
    recycle(of);
    if (turn_over) tell_soon();
  }

  void fail(Transfer& of, Failure why) {
    of.ended = true;
    of.failure = std::move(why);
    of.to_be_told();
    tell_soon();
  }

  void ended(CURL* easy, CURLcode result) {
    Transfer* of = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &of);
    of->ended = true;
    if (result != CURLE_OK) of->failure = of->failure_of(result);
    multi(of->request.untrusted).remove(easy);
    recycle(*of);
    of->to_be_told();
  }

  void watch_silence(Transfer& of) {
    of.silence.expires_at(of.last_sign + of.request.timeout);
    of.silence.async_wait([weak = weak_from_this(), id = of.id](const boost::system::error_code& error) {
      auto self = weak.lock();
      if (error || !self || self->closed) return;
      auto found = self->transfers.find(id);
      if (found == self->transfers.end() || found->second->ended) return;
      auto& transfer = *found->second;
      if (transfer.held) transfer.last_sign = Clock::now();
      if (Clock::now() < transfer.last_sign + transfer.request.timeout) return self->watch_silence(transfer);
      self->let_go(transfer);
      self->fail(transfer, {Reason::timed_out, "There was no answer in time"});
    });
  }

  // -------------------------------------------------------------------------------------------------------
  // telling

  void tell_soon() {
    if (std::exchange(posted, true)) return;
    asio::post(loop, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self) return;
      self->posted = false;
      self->settled();
    });
  }

  Transfer* find(Id id) {
    auto found = transfers.find(id);
    return found == transfers.end() ? nullptr : found->second.get();
  }

  void settled() {
    start_waiting();
    tell();
  }

  void tell() {
    auto self = shared_from_this();
    if (closed || to_tell.empty()) return;
    std::vector<Id> now;
    now.swap(to_tell);
    for (auto id : now) {
      auto* of = find(id);
      if (of == nullptr) continue;
      of->queued = false;
      if (of->streaming) {
        tell_stream(id);
      } else if (of->ended) {
        tell_whole(id);
      }
      if (closed) return;
    }
  }

  void tell_whole(Id id) {
    auto node = transfers.extract(id);
    auto& of = *node.mapped();
    if (!of.done) return;
    if (of.failure) {
      of.done(std::move(*of.failure));
    } else {
      of.done(HttpResponse{std::move(of.head), std::move(of.body)});
    }
  }

  // Each callback may hold, cancel, or end all.
  void tell_stream(Id id) {
    auto of = transfers.at(id);
    auto silent = [&] { return closed || of->held || !transfers.contains(id); };
    if (silent()) return;
    if (of->head_whole && !of->head_told) {
      of->head_told = true;
      if (of->stream.head) of->stream.head(of->head);
      if (silent()) return;
    }
    if (!of->body.empty()) {
      auto body = std::exchange(of->body, {});
      if (of->stream.data) of->stream.data(body);
      if (silent()) return;
    }
    if (!of->ended) return;
    transfers.erase(id);
    if (of->stream.end) of->stream.end(of->failure);
  }

  void close() {
    closed = true;
    for (auto& [id, of] : transfers) let_go(*of);
    transfers.clear();
    for (auto& which : {trusted, untrusted}) {
      if (which) which->close();
    }
    for (auto* easy : idle) curl_easy_cleanup(easy);
    idle.clear();
  }
};

HttpClient::HttpClient(asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

HttpClient::~HttpClient() { impl_->close(); }

HttpClient::Id HttpClient::send(HttpRequest request, std::function<void(HttpResult)> done) {
  auto transfer = std::make_shared<Transfer>(impl_->loop);
  transfer->done = std::move(done);
  return impl_->begin(std::move(request), std::move(transfer));
}

HttpClient::Id HttpClient::stream(HttpRequest request, Stream stream) {
  auto transfer = std::make_shared<Transfer>(impl_->loop);
  transfer->stream = std::move(stream);
  transfer->streaming = true;
  return impl_->begin(std::move(request), std::move(transfer));
}

void HttpClient::hold(Id id, bool held) {
  auto* of = impl_->find(id);
  if (of == nullptr || of->held == held) return;
  of->held = held;
  if (held) return;
  of->last_sign = Clock::now();
  if (std::exchange(of->paused, false) && of->easy != nullptr) curl_easy_pause(of->easy, CURLPAUSE_CONT);
  of->to_be_told();
  impl_->tell_soon();
}

void HttpClient::cancel(Id id) {
  auto node = impl_->transfers.extract(id);
  if (!node.empty()) impl_->let_go(*node.mapped());
}

std::size_t HttpClient::open() const { return impl_->transfers.size(); }

}  // namespace dragoman::net
