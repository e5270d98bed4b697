#include "bridges/matrix/media_fetch.hpp"

#include <utility>

#include "bridges/matrix/media_link.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::chrono::milliseconds longest_silence{
    60'000};  // a remote file is fetched by the homeserver first
constexpr int max_redirects = 3;

struct Running {
  net::HttpClient* client = nullptr;
  net::HttpClient::Id at = 0;
  std::string homeserver;
  MediaFetch::Wanted wanted;
  net::HttpClient::Stream to;
};

bool sent_on(const net::HttpHead& head) {
  return (head.status == 301 || head.status == 302 || head.status == 307 || head.status == 308) &&
         head.header("location") != nullptr;
}

}  // namespace

struct MediaFetch::Impl : std::enable_shared_from_this<MediaFetch::Impl> {
  Impl(net::HttpClient& first, net::HttpClient& second) : repository(first), outside(second) {}

  net::HttpClient& repository;
  net::HttpClient& outside;
  std::unordered_map<Id, std::shared_ptr<Running>> running;
  Id last_id = 0;

  void start(Id id, net::HttpClient& client, net::HttpRequest request) {
    auto& of = *running.at(id);
    auto weak = weak_from_this();
    of.client = &client;
    of.at = client.stream(std::move(request), {[weak, id](const net::HttpHead& head) {
                                                 if (auto self = weak.lock()) self->on_head(id, head);
                                               },
                                               [weak, id](std::string_view data) {
                                                 if (auto self = weak.lock()) self->on_data(id, data);
                                               },
                                               [weak, id](const std::optional<Failure>& failure) {
                                                 if (auto self = weak.lock()) self->on_end(id, failure);
                                               }});
  }

  net::HttpRequest request(const Wanted& wanted) const {
    net::HttpRequest request;
    request.timeout = longest_silence;
    request.max_body = wanted.most;
    if (!wanted.range.empty()) request.headers.emplace_back("Range", wanted.range);
    return request;
  }

  void on_head(Id id, const net::HttpHead& head) {
    auto of = running.at(id);
    if (!sent_on(head) || of->client == &outside) {
      if (of->to.head) of->to.head(head);
      return;
    }
    of->client->cancel(of->at);
    auto next = request(of->wanted);
    next.url = *head.header("location");
    if (next.url.substr(0, 1) == "/" && next.url.substr(0, 2) != "//") next.url.insert(0, of->homeserver);
    next.untrusted = !of->wanted.private_addresses;
    next.max_redirects = max_redirects;
    start(id, outside, std::move(next));
  }

  void on_data(Id id, std::string_view data) {
    auto of = running.at(id);
    if (of->to.data) of->to.data(data);
  }

  void on_end(Id id, const std::optional<Failure>& failure) {
    auto node = running.extract(id);
    if (node.mapped()->to.end) node.mapped()->to.end(failure);
  }
};

MediaFetch::MediaFetch(net::HttpClient& repository, net::HttpClient& outside)
    : impl_(std::make_shared<Impl>(repository, outside)) {}

MediaFetch::~MediaFetch() {
  for (auto& [id, of] : impl_->running) of->client->cancel(of->at);
  impl_->running.clear();
}

MediaFetch::Id MediaFetch::stream(const Voice& as, Wanted wanted, net::HttpClient::Stream to) {
  auto request = impl_->request(wanted);
  if (auto parts = mxc_parts(wanted.mxc)) {
    request.url.append(as.homeserver).append("/_matrix/client/v1/media/");
    request.url.append(wanted.query.empty() ? "download/" : "thumbnail/");
    request.url.append(net::url_encoded(parts->server)).append("/").append(net::url_encoded(parts->id));
    char separator = '?';
    auto add = [&](std::string_view text) {
      request.url += std::exchange(separator, '&');
      request.url.append(text);
    };
    if (!wanted.query.empty()) add(wanted.query);
    if (!as.user_id.empty()) add("user_id=" + net::url_encoded(as.user_id));
  }  // else there is no URL, which the client refuses in its own time
  request.headers.emplace_back("Authorization", "Bearer " + as.token);
  request.untrusted = as.untrusted;

  auto id = ++impl_->last_id;
  auto of = std::make_shared<Running>();
  of->homeserver = as.homeserver;
  of->wanted = std::move(wanted);
  of->to = std::move(to);
  impl_->running.emplace(id, std::move(of));
  impl_->start(id, impl_->repository, std::move(request));
  return id;
}

void MediaFetch::hold(Id id, bool held) {
  auto found = impl_->running.find(id);
  if (found != impl_->running.end()) found->second->client->hold(found->second->at, held);
}

void MediaFetch::cancel(Id id) {
  auto node = impl_->running.extract(id);
  if (!node.empty()) node.mapped()->client->cancel(node.mapped()->at);
}

}  // namespace dragoman::matrix
