#include "bridges/matrix/media.hpp"

#include <list>
#include <unordered_map>
#include <unordered_set>

#include <sodium.h>

#include "bridges/matrix/media_fetch.hpp"
#include "bridges/matrix/media_kind.hpp"
#include "bridges/matrix/media_link.hpp"
#include "bridges/matrix/media_serve.hpp"
#include "bridges/matrix/media_upload.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

namespace {

constexpr const char* scope = "media";
constexpr std::string_view revoked = "revoked";
constexpr std::chrono::days longest_link{3 * 366};
constexpr std::uint64_t max_picture = std::uint64_t{64} * 1024;
constexpr std::size_t max_remembered = 64;  // pictures
constexpr std::string_view picture_query = "width=96&height=96&method=crop";

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Made once and kept, so that links outlive a restart.
std::string key_of(Store& store, const NetworkId& network) {
  auto kept = store.settings().load(network, PersonId(), scope);
  std::string& hex = kept["key"].value;
  if (hex.size() != 2 * media_key_size) {
    hex = random_hex(media_key_size);
    kept["key"].secret = true;
    store.settings().save(network, PersonId(), scope, kept);
  }
  std::string key(media_key_size, '\0');
  std::size_t size = 0;
  sodium_hex2bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), hex.data(), hex.size(), nullptr,
                 &size, nullptr);
  return key;
}

// "https://example.org/some/where" in its two parts, the second without a slash at its end.
std::pair<std::string, std::string> origin_and_path(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  auto scheme = url.find("://");
  auto slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  if (slash == std::string::npos) return {url, {}};
  return {url.substr(0, slash), url.substr(slash)};
}

}  // namespace

struct Media::Impl : std::enable_shared_from_this<Media::Impl> {
  Impl(boost::asio::io_context& io, Store& kept, Options chosen, Voice voice, Api::Pauses pauses)
      : loop(io),
        store(kept),
        fetcher(std::move(voice)),
        key(key_of(store, chosen.network)),
        outside(io, {}),
        repository(io, {.ca_file = chosen.ca_file, .max_per_host = 0, .max_total = 1000}),
        fetch(repository, outside),
        serving(fetch),
        uploads(io, outside, repository, pauses) {
    set_options(std::move(chosen));
    store.notes().prune(options.network, revoked, now() - longest_link, 1000);
  }

  boost::asio::io_context& loop;
  Store& store;
  Options options;
  std::string origin, path;  // of public_url
  Voice fetcher;
  std::string key;
  // Whose files are large and slow must not stand in the way of calls: these are connections apart.
  net::HttpClient outside, repository;
  MediaFetch fetch;
  MediaServe serving;
  MediaUpload uploads;
  std::unordered_set<std::string> revoked_now;  // what the store did not take

  struct Asked {
    std::vector<std::function<void(std::optional<Picture>)>> askers;
    int status = 0;
    std::string bytes;
  };
  std::unordered_map<std::string, Asked> asked;           // by mxc
  std::list<std::pair<std::string, Picture>> remembered;  // the latest first

  void set_options(Options chosen) {
    options = std::move(chosen);
    std::tie(origin, path) = origin_and_path(options.public_url);
  }

  bool is_revoked(const std::string& event_id) {
    if (event_id.empty()) return false;
    return revoked_now.contains(event_id) || store.notes().get(options.network, revoked, event_id);
  }

  void serve(const net::ServedRequest& request, std::string_view at,
             const std::shared_ptr<net::Answer>& answer) {
    if (request.method != "GET" && request.method != "HEAD") {
      return refuse(*answer, 405, "M_UNRECOGNIZED", "A file can only be fetched", {{"Allow", "GET, HEAD"}});
    }
    auto file = linked_file(key, at);
    if (!file) return refuse(*answer, 403, "M_FORBIDDEN", not_our_link);
    if (file->expiry <= now()) return refuse(*answer, 410, "M_NOT_FOUND", "This link is too old");
    if (is_revoked(file->event_id)) return refuse(*answer, 410, "M_NOT_FOUND", "The file was taken back");
    serving.serve(fetcher, *file, request, {options.max_file_bytes, options.fetch_private_addresses}, answer);
  }

  // -------------------------------------------------------------------------------------------------------
  // small pictures

  void fetch_picture(const std::string& mxc, std::function<void(std::optional<Picture>)> done) {
    auto weak = weak_from_this();
    for (auto at = remembered.begin(); at != remembered.end(); ++at) {
      if (at->first != mxc) continue;
      remembered.splice(remembered.begin(), remembered, at);
      net::post(loop, [weak, picture = at->second, done = std::move(done)] {
        if (!weak.expired()) done(picture);
      });
      return;
    }
    auto& of = asked[mxc];
    of.askers.push_back(std::move(done));
    if (of.askers.size() > 1) return;
    MediaFetch::Wanted wanted{.mxc = mxc,
                              .query = std::string(picture_query),
                              .most = max_picture,
                              .private_addresses = options.fetch_private_addresses};
    fetch.stream(fetcher, std::move(wanted),
                 {[weak, mxc](const net::HttpHead& head) {
                    if (auto self = weak.lock()) self->asked[mxc].status = head.status;
                  },
                  [weak, mxc](std::string_view data) {
                    if (auto self = weak.lock()) self->asked[mxc].bytes.append(data);
                  },
                  [weak, mxc](const std::optional<Failure>& failure) {
                    if (auto self = weak.lock()) self->fetched_picture(mxc, !failure);
                  }});
  }

  void fetched_picture(const std::string& mxc, bool whole) {
    auto self = shared_from_this();
    auto node = asked.extract(mxc);
    auto& of = node.mapped();
    std::optional<Picture> picture;
    auto type = sniffed_picture(of.bytes);
    if (whole && of.status == 200 && !type.empty()) {
      picture = Picture{std::string(type), std::move(of.bytes)};
      remembered.emplace_front(mxc, *picture);
      if (remembered.size() > max_remembered) remembered.pop_back();
    }
    for (auto& asker : of.askers) asker(picture);
  }
};

Media::Media(boost::asio::io_context& loop, Store& store, Api&, Options options, Voice fetcher,
             Api::Pauses pauses)
    : impl_(std::make_shared<Impl>(loop, store, std::move(options), std::move(fetcher), pauses)) {}

Media::~Media() = default;

void Media::set_options(Options options) { impl_->set_options(std::move(options)); }

std::string Media::link(const MediaRef& file) const {
  if (impl_->origin.empty()) return {};
  auto path = link_path(impl_->key, {.mxc = file.mxc,
                                     .event_id = file.event_id,
                                     .name = safe_file_name(file.name),
                                     .thumbnail = file.thumbnail,
                                     .expiry = link_expiry(now())});
  return path.empty() ? path : impl_->origin + impl_->path + path;
}

void Media::revoke(const std::string& event_id) {
  if (event_id.empty()) return;
  if (!impl_->store.notes().put(impl_->options.network, revoked, event_id, {})) {
    impl_->revoked_now.insert(event_id);
  }
  impl_->serving.revoke(event_id);
}

bool Media::serve(const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
  std::string_view at = request.path;
  // A proxy in front of us may or may not have cut off the path it is at.
  if (!impl_->path.empty() && at.substr(0, impl_->path.size()) == impl_->path) {
    at.remove_prefix(impl_->path.size());
  }
  if (at.substr(0, media_prefix.size()) != media_prefix) return false;
  impl_->serve(request, at, answer);
  return true;
}

std::uint64_t Media::max_file_bytes() const { return impl_->options.max_file_bytes; }

void Media::upload(const Voice& as, const Attachment& file, OnUploaded done) {
  impl_->uploads.file(as, file, {impl_->options.max_file_bytes, impl_->options.fetch_private_addresses},
                      std::move(done));
}

void Media::upload(const Voice& as, const Picture& picture, OnUploaded done) {
  impl_->uploads.bytes(as, picture, {impl_->options.max_file_bytes, false}, std::move(done));
}

void Media::fetch_picture(const std::string& mxc, std::function<void(std::optional<Picture>)> done) {
  impl_->fetch_picture(mxc, std::move(done));
}

}  // namespace dragoman::matrix
