#include "bridges/matrix/media_serve.hpp"

#include <algorithm>
#include <unordered_map>

#include "bridges/matrix/media_kind.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t most_servings = 200;
constexpr std::string_view thumbnail_query = "width=640&height=480&method=scale";

struct Serving {
  std::shared_ptr<net::Answer> answer;
  LinkedFile file;
  MediaFetch::Id fetch = 0;
  bool head_only = false, begun = false;
};

// "bytes=1-2", "bytes=1-", "bytes=-2" and nothing else (RFC 9110, 14.1.2).
bool is_simple_range(std::string_view text) {
  constexpr std::string_view unit = "bytes=";
  if (text.size() > 60 || text.substr(0, unit.size()) != unit) return false;
  text.remove_prefix(unit.size());
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::count(text.begin(), text.end(), '-') == 1 && std::any_of(text.begin(), text.end(), digit) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return c == '-' || digit(c); });
}

void refuse_for(net::Answer& answer, const net::HttpHead& head) {
  switch (head.status) {
    case 404: return refuse(answer, 404, "M_NOT_FOUND", "The file is not there any more");
    case 403: return refuse(answer, 403, "M_FORBIDDEN", "The homeserver does not hand the file out");
    case 416: {
      net::HttpHeaders more;
      if (const auto* range = head.header("content-range")) more.emplace_back("Content-Range", *range);
      return refuse(answer, 416, "M_UNKNOWN", "The file has no such range", std::move(more));
    }
    case 429:
      return refuse(answer, 503, "M_LIMIT_EXCEEDED", "The homeserver is busy", {{"Retry-After", "10"}});
    case 504: return refuse(answer, 504, "M_NOT_YET_UPLOADED", "The file is not there yet");
    default: return refuse(answer, 502, "M_UNKNOWN", "The homeserver can't hand the file out now");
  }
}

void refuse_for(net::Answer& answer, const Failure& failure) {
  if (failure.reason == Reason::too_large) {
    return refuse(answer, 502, "M_TOO_LARGE", "The file is larger than what is passed on here");
  }
  if (failure.reason == Reason::timed_out) {
    return refuse(answer, 504, "M_UNKNOWN", "The homeserver did not hand the file out in time");
  }
  refuse(answer, 502, "M_UNKNOWN", "The homeserver can't be reached now");
}

net::HttpHeaders headers_for(const net::HttpHead& head, const LinkedFile& file) {
  const auto* type = head.header("content-type");
  auto shown = shown_as(type != nullptr ? *type : std::string());
  net::HttpHeaders headers{
      {"Content-Type", shown.type},
      {"Content-Disposition", content_disposition(shown.in_page, file.name)},
      {"Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Cross-Origin-Resource-Policy", "cross-origin"},
      {"Access-Control-Allow-Origin", "*"},  // who has the link may read it, whichever page they are on
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "private, max-age=86400"},
  };
  for (const char* name : {"accept-ranges", "content-range"}) {
    if (const auto* value = head.header(name)) headers.emplace_back(name, *value);
  }
  return headers;
}

}  // namespace

void refuse(net::Answer& answer, int status, std::string_view errcode, std::string_view words,
            net::HttpHeaders more) {
  more.emplace_back("Content-Type", "application/json");
  more.emplace_back("Cache-Control", "no-store");
  json::object body{{"errcode", errcode}, {"error", words}};
  answer.send(status, std::move(more), json::serialize(body));
}

struct MediaServe::Impl : std::enable_shared_from_this<MediaServe::Impl> {
  explicit Impl(MediaFetch& from) : fetch(from) {}

  using Key = std::uint64_t;
  MediaFetch& fetch;
  std::unordered_map<Key, Serving> servings;
  Key last_key = 0;

  void serve(const Voice& as, const LinkedFile& file, const net::ServedRequest& request, Limits limits,
             const std::shared_ptr<net::Answer>& answer) {
    auto key = ++last_key;
    auto& of = servings[key];
    of = {answer, file, 0, request.method == "HEAD", false};
    MediaFetch::Wanted wanted{.mxc = file.mxc,
                              .query = file.thumbnail ? std::string(thumbnail_query) : std::string(),
                              .most = limits.most,
                              .private_addresses = limits.private_addresses};
    const auto* range = request.header("range");
    if (range != nullptr && is_simple_range(*range)) wanted.range = *range;
    auto weak = weak_from_this();
    of.fetch = fetch.stream(as, std::move(wanted),
                            {[weak, key](const net::HttpHead& head) {
                               if (auto self = weak.lock()) self->on_head(key, head);
                             },
                             [weak, key](std::string_view data) {
                               if (auto self = weak.lock()) self->on_data(key, data);
                             },
                             [weak, key](const std::optional<Failure>& failure) {
                               if (auto self = weak.lock()) self->on_end(key, failure);
                             }});
    answer->on_closed = [weak, key] {
      if (auto self = weak.lock()) self->drop(key);
    };
    answer->on_drained = [weak, key] {
      auto self = weak.lock();
      if (!self) return;
      auto found = self->servings.find(key);
      if (found != self->servings.end()) self->fetch.hold(found->second.fetch, false);
    };
  }

  void on_head(Key key, const net::HttpHead& head) {
    auto& of = servings.at(key);
    if (head.status != 200 && head.status != 206) {
      auto answer = of.answer;
      drop(key);
      return refuse_for(*answer, head);
    }
    of.begun = true;
    of.answer->begin(head.status, headers_for(head, of.file), head.length);
    if (!of.head_only) return;
    // The homeserver was asked for the file all the same: not every one knows HEAD there.
    auto answer = of.answer;
    drop(key);
    answer->end();
  }

  void on_data(Key key, std::string_view data) {
    auto& of = servings.at(key);
    if (!of.answer->open()) return drop(key);
    if (!of.answer->write(data)) fetch.hold(of.fetch, true);
  }

  void on_end(Key key, const std::optional<Failure>& failure) {
    auto node = servings.extract(key);
    auto& of = node.mapped();
    if (!failure) return of.answer->end();
    if (of.begun) return of.answer->abort();
    refuse_for(*of.answer, *failure);
  }

  void drop(Key key) {
    auto node = servings.extract(key);
    if (!node.empty()) fetch.cancel(node.mapped().fetch);
  }
};

MediaServe::MediaServe(MediaFetch& fetch) : impl_(std::make_shared<Impl>(fetch)) {}

MediaServe::~MediaServe() {
  for (auto& [key, of] : impl_->servings) {
    impl_->fetch.cancel(of.fetch);
    of.answer->abort();
  }
  impl_->servings.clear();
}

void MediaServe::serve(const Voice& as, const LinkedFile& file, const net::ServedRequest& request,
                       Limits limits, const std::shared_ptr<net::Answer>& answer) {
  if (impl_->servings.size() >= most_servings) {
    return refuse(*answer, 503, "M_LIMIT_EXCEEDED", "Too many files are asked for", {{"Retry-After", "10"}});
  }
  impl_->serve(as, file, request, limits, answer);
}

void MediaServe::revoke(const std::string& event_id) {
  std::vector<Impl::Key> cut;
  for (const auto& [key, of] : impl_->servings) {
    if (of.file.event_id == event_id) cut.push_back(key);
  }
  for (auto key : cut) {
    auto answer = impl_->servings.at(key).answer;
    impl_->drop(key);
    answer->abort();
  }
}

}  // namespace dragoman::matrix
