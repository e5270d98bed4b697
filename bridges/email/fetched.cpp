#include "bridges/email/fetched.hpp"

#include <algorithm>

#include "bridges/net/http_client.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.find('@') != std::string_view::npos) return {};
  return url.substr(0, url.find(':'));
}

std::string name_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto name = net::url_decoded(url.substr(url.rfind('/') + 1));
  std::string out = name ? display_clean(*name) : std::string();
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

}  // namespace

struct Fetched::Impl : std::enable_shared_from_this<Fetched::Impl> {
  explicit Impl(Hub& h)
      : hub(h), http(h.loop, {.max_per_host = 4, .before_write = [&store = h.store] { store.commit(); }}) {}

  struct Batch {
    Files files;
    std::size_t waiting = 0;
    std::function<void(Files)> done;
  };
  bool may_fetch(const std::string& url) const {
    const std::string host = ascii_lower(host_of(url));
    const auto& hosts = hub.email().uploads;
    return !host.empty() && std::find(hosts.begin(), hosts.end(), host) != hosts.end();
  }

  Hub& hub;
  net::HttpClient http;
};

Fetched::Fetched(Hub& hub) : impl_(std::make_shared<Impl>(hub)) {}
Fetched::~Fetched() = default;

void Fetched::fetch(const std::vector<std::string>& urls, std::function<void(Files)> done) {
  auto batch = std::make_shared<Impl::Batch>();
  std::vector<std::string> wanted;
  for (const std::string& url : urls) {
    if (impl_->may_fetch(url) && std::find(wanted.begin(), wanted.end(), url) == wanted.end())
      wanted.push_back(url);
  }
  if (wanted.empty()) return done({});
  batch->waiting = wanted.size();
  batch->done = std::move(done);
  for (const std::string& url : wanted) {
    net::HttpRequest request;
    request.url = url;
    request.max_body = impl_->hub.email().max_file_bytes;
    request.untrusted = !impl_->hub.email().fetch_private_addresses;
    request.max_redirects = 0;
    impl_->http.send(std::move(request), [batch, url](net::HttpResult result) {
      if (auto* answer = std::get_if<net::HttpResponse>(&result);
          answer != nullptr && answer->head.status == 200) {
        const std::string* type = answer->head.header("content-type");
        batch->files[url] = {name_in(url), type != nullptr ? type->substr(0, type->find(';')) : std::string(),
                             std::move(answer->body)};
      }
      if (--batch->waiting == 0) batch->done(std::move(batch->files));
    });
  }
}

}  // namespace dragoman::email
