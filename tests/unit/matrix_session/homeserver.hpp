// A homeserver that says what a test tells it to, on the loop of the test. It records what it is asked.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "bridges/matrix/api.hpp"
#include "bridges/net/http_server.hpp"

namespace dragoman::matrix {

// Runs the loop until `done`; false: ten seconds were not enough.
template <class Done>
bool run_until(boost::asio::io_context& loop, Done done) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

class Homeserver {
 public:
  struct Scripted {
    int status = 200;
    std::string body = "{}";
    net::HttpHeaders headers{{"Content-Type", "application/json"}};
  };
  using Handler = std::function<void(const net::ServedRequest&, const std::shared_ptr<net::Answer>&)>;

  explicit Homeserver(boost::asio::io_context& loop) : loop_(loop) { up(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  Voice voice(std::string user_id = {}) const { return {url(), "token", std::move(user_id)}; }

  // What is answered to a method and a path (as it is on the wire, encoded, without the query). A path that
  // ends with '*' stands for all that begin so; the longest one that fits is taken. Several for one path are
  // given one after the other, the last again and again. What nobody scripted is 404 M_UNRECOGNIZED.
  void on(const std::string& method, const std::string& path, Scripted answer) {
    scripts_[{method, path}].answers.push_back(std::move(answer));
  }
  void on(const std::string& method, const std::string& path, std::string json) {
    on(method, path, Scripted{.body = std::move(json)});
  }
  // The test answers by itself, at once or later.
  void on(const std::string& method, const std::string& path, Handler handler) {
    scripts_[{method, path}].handler = std::move(handler);
  }
  void forget(const std::string& method, const std::string& path) { scripts_.erase({method, path}); }

  // Away: connections are cut, new ones refused. It comes back at the same port.
  void down() { server_.reset(); }
  void up() {
    net::HttpServer::Options options;
    options.port = port_;
    options.max_body = 64U << 20;
    server_ = std::make_unique<net::HttpServer>(
        loop_, options, [this](net::ServedRequest&& request, std::shared_ptr<net::Answer> answer) {
          serve(request, answer);
        });
    port_ = server_->port();
  }

  std::vector<net::ServedRequest> requests;  // all, as they came
  std::size_t count(const std::string& method, const std::string& path) const {
    std::size_t n = 0;
    for (const auto& request : requests) n += request.method == method && fits(path, request.path) ? 1 : 0;
    return n;
  }
  // The last one so; null: there was none.
  const net::ServedRequest* last(const std::string& method, const std::string& path) const {
    for (auto at = requests.rbegin(); at != requests.rend(); ++at) {
      if (at->method == method && fits(path, at->path)) return &*at;
    }
    return nullptr;
  }

 private:
  struct Script {
    std::deque<Scripted> answers;
    Handler handler;
  };

  static bool fits(const std::string& pattern, const std::string& path) {
    if (pattern.empty() || pattern.back() != '*') return pattern == path;
    return path.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
  }

  void serve(const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
    requests.push_back(request);
    Script* best = nullptr;
    std::size_t length = 0;
    for (auto& [key, script] : scripts_) {
      if (key.first != request.method || !fits(key.second, request.path)) continue;
      if (best != nullptr && key.second.size() < length) continue;
      best = &script;
      length = key.second.size();
    }
    if (best == nullptr) {
      return answer->send(404, {{"Content-Type", "application/json"}},
                          R"({"errcode":"M_UNRECOGNIZED","error":"Not scripted"})");
    }
    if (best->handler) return best->handler(request, answer);
    auto next = best->answers.front();
    if (best->answers.size() > 1) best->answers.pop_front();
    answer->send(next.status, next.headers, next.body);
  }

  boost::asio::io_context& loop_;
  std::uint16_t port_ = 0;
  std::map<std::pair<std::string, std::string>, Script> scripts_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace dragoman::matrix
