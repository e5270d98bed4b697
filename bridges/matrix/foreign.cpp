#include "bridges/matrix/foreign.hpp"

#include <utility>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr auto discovery_patience = 20s;
constexpr std::uint64_t largest_discovery = 64U << 10;
constexpr int most_redirects = 5;

Reply reply_of(net::HttpResult result) {
  if (auto* failure = std::get_if<Failure>(&result)) return Refusal{0, {}, std::move(*failure)};
  const auto& response = std::get<net::HttpResponse>(result);
  if (response.head.status < 200 || response.head.status > 299)
    return refusal_of(response.head.status, response.body);
  auto value = parse_json(response.body);
  if (!value) {
    return Refusal{
        response.head.status, {}, {Reason::network_error, "The homeserver's answer can't be understood"}};
  }
  return std::move(*value);
}

std::string without_slashes(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

std::string_view host_of(std::string_view server_name) {
  const auto colon = server_name.rfind(':');
  const bool port = colon != std::string_view::npos && server_name.find(']', colon) == std::string_view::npos;
  return port ? server_name.substr(0, colon) : server_name;
}

}  // namespace

bool is_public_url(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (url.substr(0, scheme.size()) != scheme || url.size() > 500) return false;
  const std::string_view rest = url.substr(scheme.size());
  const auto slash = rest.find('/');
  if (!is_server_name(rest.substr(0, slash))) return false;
  for (const unsigned char c : slash == std::string_view::npos ? std::string_view() : rest.substr(slash)) {
    if (c <= ' ' || c >= 0x7f ||
        std::string_view("?#\"<>\\^`{|}@").find(static_cast<char>(c)) != std::string_view::npos)
      return false;
  }
  return true;
}

std::string well_known_url(std::string_view server_name) {
  return "https://" + std::string(host_of(server_name)) + "/.well-known/matrix/client";
}

std::string homeserver_in(const Reply& well_known) {
  const auto* value = std::get_if<json::value>(&well_known);
  const auto* part = value && value->is_object() ? object_at(value->get_object(), "m.homeserver") : nullptr;
  std::string url = without_slashes(std::string(part ? text_at(*part, "base_url") : std::string_view()));
  return is_public_url(url) ? url : std::string();
}

net::HttpClient::Id ask(net::HttpClient& http, const ServerAddress& homeserver, const std::string& token,
                        Api::Call call, std::function<void(Reply)> done) {
  net::HttpRequest request{.method = std::move(call.method),
                           .url = homeserver.url + call.path + (call.query.empty() ? "" : "?" + call.query),
                           .timeout = call.timeout,
                           .untrusted = !homeserver.trusted};
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  if (!call.body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::serialize(call.body);
  }
  return http.send(std::move(request),
                   [done = std::move(done)](net::HttpResult result) { done(reply_of(std::move(result))); });
}

struct Discovery::Impl : std::enable_shared_from_this<Impl> {
  Impl(Hub& h, Done d) : hub(h), done(std::move(d)) {}

  void start(const std::string& named) {
    const std::string url = without_slashes(named);
    const auto& own = hub.settings.matrix.homeserver;
    if (named == own.server_name || url == own.url) {
      net::post(hub.loop, [weak = weak_from_this(), found = ServerAddress{own.url, true}] {
        if (auto self = weak.lock()) self->finish(found);
      });
    } else if (url.find("://") != std::string::npos) {
      is_public_url(url) ? verify({url, false})
                         : fail_soon("A homeserver's address looks like https://matrix.example.org");
    } else if (is_server_name(named)) {
      look_up(named);
    } else {
      fail_soon("\"" + named.substr(0, 100) + "\" is no name of a homeserver");
    }
  }

  void look_up(const std::string& server_name) {
    net::HttpRequest request{.url = well_known_url(server_name),
                             .timeout = discovery_patience,
                             .max_body = largest_discovery,
                             .untrusted = true,
                             .max_redirects = most_redirects};
    request_ =
        hub.http.send(std::move(request), [weak = weak_from_this(), server_name](net::HttpResult result) {
          if (auto self = weak.lock()) self->on_well_known(server_name, std::move(result));
        });
  }

  void on_well_known(const std::string& server_name, net::HttpResult result) {
    request_.reset();
    const auto* response = std::get_if<net::HttpResponse>(&result);
    // No such file: the name itself is the host.
    if (response && response->head.status == 404) return verify({"https://" + server_name, false});
    const std::string url = homeserver_in(reply_of(std::move(result)));
    if (!url.empty()) return verify({url, false});
    finish(Failure{Reason::no_such_server,
                   server_name + " does not say where its homeserver is: give the homeserver's address, like "
                                 "https://matrix.example.org"});
  }

  void verify(const ServerAddress& homeserver) {
    request_ =
        ask(hub.http, homeserver, {}, {.path = "/_matrix/client/versions", .timeout = discovery_patience},
            [weak = weak_from_this(), homeserver](const Reply& reply) {
              auto self = weak.lock();
              if (!self) return;
              self->request_.reset();
              const auto* value = std::get_if<json::value>(&reply);
              if (value && value->is_object() && array_at(value->get_object(), "versions"))
                return self->finish(homeserver);
              const auto* refusal = std::get_if<Refusal>(&reply);
              self->finish(Failure{
                  refusal && refusal->status == 0 ? refusal->failure.reason : Reason::no_such_server,
                  "There is no homeserver at " + homeserver.url +
                      (refusal && !refusal->failure.text.empty() ? " (" + refusal->failure.text + ")" : "")});
            });
  }

  void fail_soon(std::string words) {
    net::post(hub.loop, [weak = weak_from_this(), words = std::move(words)] {
      if (auto self = weak.lock()) self->finish(Failure{Reason::invalid, words});
    });
  }

  void finish(const std::variant<ServerAddress, Failure>& result) {
    if (const auto told = std::exchange(done, nullptr)) told(result);
  }

  Hub& hub;
  Done done;
  std::optional<net::HttpClient::Id> request_;
};

Discovery::Discovery(Hub& hub, const std::string& named, Done done)
    : impl_(std::make_shared<Impl>(hub, std::move(done))) {
  impl_->start(named);
}

Discovery::~Discovery() {
  impl_->done = nullptr;
  if (impl_->request_) impl_->hub.http.cancel(*impl_->request_);
}

}  // namespace dragoman::matrix
