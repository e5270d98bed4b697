#include "bridges/matrix/media_upload.hpp"

#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <random>
#include <unordered_map>

#include <fcntl.h>
#include <unistd.h>

#include "bridges/matrix/media_kind.hpp"
#include "bridges/matrix/media_link.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::matrix {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t max_at_once = 8;
constexpr std::size_t head_size =
    std::size_t{256} * 1024;  // of a file: its kind and its dimensions are told by then
constexpr milliseconds fetch_silence{30'000}, upload_silence{180'000};
constexpr std::chrono::minutes longest_fetch{30};
constexpr int fetch_tries = 3, fetch_redirects = 5;
constexpr std::size_t max_answer = std::size_t{64} * 1024;

// A file without a name: it goes with its descriptor.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool open() {
    std::error_code ignored;
    auto folder = std::filesystem::temp_directory_path(ignored);
    descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ >= 0) return true;
    auto pattern = (folder / "dragoman-XXXXXX").string();  // a file system that has no O_TMPFILE
    descriptor_ = mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor_ >= 0) ::unlink(pattern.c_str());
    return descriptor_ >= 0;
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      auto written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      size_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool empty_again() {
    size_ = 0;
    return ::ftruncate(descriptor_, 0) == 0;
  }
  std::string begin() const {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size_, head_size)), '\0');
    auto got = ::pread(descriptor_, bytes.data(), bytes.size(), 0);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

std::string name_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  auto slash = url.rfind('/');
  auto name = slash == std::string_view::npos ? std::nullopt : net::url_decoded(url.substr(slash + 1));
  return name.value_or(std::string());
}

struct Job {
  explicit Job(boost::asio::io_context& loop, Api::Pauses pauses)
      : timer(loop), backoff(pauses.first, pauses.longest) {}

  Voice as;
  Attachment attachment;  // its URL is empty: `bytes` instead
  MediaUpload::Limits limits;
  MediaUpload::Done done;

  net::HttpClient* client = nullptr;  // at which `at` is
  net::HttpClient::Id at = 0;
  net::Timer timer;
  net::Backoff backoff;
  int tries = 0;
  Clock::time_point fetch_end;
  net::HttpHead head;
  std::string from_server;  // the type
  TemporaryFile file;
  std::string bytes, answer;
  Uploaded result;
};

}  // namespace

struct MediaUpload::Impl : std::enable_shared_from_this<MediaUpload::Impl> {
  Impl(boost::asio::io_context& io, net::HttpClient& from, net::HttpClient& to, Api::Pauses chosen)
      : loop(io), outside(from), repository(to), pauses(chosen), chance(std::random_device{}()) {}

  using Key = std::uint64_t;
  boost::asio::io_context& loop;
  net::HttpClient& outside;
  net::HttpClient& repository;
  Api::Pauses pauses;
  std::mt19937 chance;
  std::unordered_map<Key, std::shared_ptr<Job>> jobs;  // at work
  std::deque<std::shared_ptr<Job>> waiting;
  Key last_key = 0;

  void add(std::shared_ptr<Job> job) {
    waiting.push_back(std::move(job));
    net::post(loop, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->next();
    });
  }

  void next() {
    while (!waiting.empty() && jobs.size() < max_at_once) {
      auto key = ++last_key;
      auto job = std::move(waiting.front());
      waiting.pop_front();
      jobs.emplace(key, job);
      if (job->attachment.url.empty()) {
        take_bytes(key, *job);
      } else {
        fetch(key);
      }
    }
  }

  void finish(Key key, std::variant<Uploaded, Failure> result) {
    auto node = jobs.extract(key);
    auto& job = *node.mapped();
    if (job.client != nullptr) job.client->cancel(job.at);
    net::post(loop, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->next();
    });
    if (job.done) job.done(std::move(result));
  }

  void fail(Key key, Reason reason, std::string words) { finish(key, Failure{reason, std::move(words)}); }

  void start(Key key, net::HttpClient& client, net::HttpRequest request,
             void (Impl::*on_data)(Key, std::string_view),
             void (Impl::*on_end)(Key, const std::optional<Failure>&)) {
    auto& job = *jobs.at(key);
    auto weak = weak_from_this();
    job.head = {};
    job.client = &client;
    job.at = client.stream(std::move(request), {[weak, key](const net::HttpHead& head) {
                                                  if (auto self = weak.lock())
                                                    self->jobs.at(key)->head = head;
                                                },
                                                [weak, key, on_data](std::string_view data) {
                                                  if (auto self = weak.lock()) ((*self).*on_data)(key, data);
                                                },
                                                [weak, key, on_end](const std::optional<Failure>& failure) {
                                                  if (auto self = weak.lock())
                                                    ((*self).*on_end)(key, failure);
                                                }});
  }

  void again_after(Key key, milliseconds pause, void (Impl::*what)(Key)) {
    jobs.at(key)->timer.after(pause, [this, key, what] { (this->*what)(key); });
  }

  // -------------------------------------------------------------------------------------------------------
  // from where it lies

  void fetch(Key key) {
    auto& job = *jobs.at(key);
    if (job.tries++ == 0) {
      job.fetch_end = Clock::now() + longest_fetch;
      if (!job.file.open()) return fail(key, Reason::storage_failed, "The gateway has no room for the file");
    } else if (!job.file.empty_again()) {
      return fail(key, Reason::storage_failed, "The gateway has no room for the file");
    }
    net::HttpRequest request;
    request.url = job.attachment.url.substr(0, job.attachment.url.find('#'));
    request.timeout = fetch_silence;
    request.max_body = job.limits.most;
    request.untrusted = !job.limits.private_addresses;
    request.max_redirects = fetch_redirects;
    start(key, outside, std::move(request), &Impl::fetched_some, &Impl::fetched);
  }

  void fetched_some(Key key, std::string_view data) {
    auto& job = *jobs.at(key);
    if (job.head.status != 200) return;
    if (Clock::now() > job.fetch_end) return fail(key, Reason::timed_out, "The file came too slowly");
    if (!job.file.write(data)) fail(key, Reason::storage_failed, "The gateway has no room for the file");
  }

  void fetched(Key key, const std::optional<Failure>& failure) {
    auto& job = *jobs.at(key);
    job.client = nullptr;
    bool passing = failure
                       ? failure->reason == Reason::connection_lost || failure->reason == Reason::timed_out
                       : job.head.status == 429 || job.head.status >= 500;
    if (passing && job.tries < fetch_tries) return again_after(key, next_pause(job), &Impl::fetch);
    if (failure) return finish(key, *failure);
    if (job.head.status != 200) {
      return fail(key, Reason::network_error,
                  "The file can't be had: its server answered " + std::to_string(job.head.status));
    }
    const auto* type = job.head.header("content-type");
    auto begin = job.file.begin();
    job.result.media_type =
        checked_type(begin, type != nullptr ? *type : std::string(), job.attachment.media_type);
    describe(job, begin, job.file.size());
    job.backoff.reset();
    bring(key);
  }

  static void describe(Job& job, std::string_view begin, std::uint64_t size) {
    job.result.size = size;
    if (auto found = dimensions(begin)) {
      job.result.width = found->width;
      job.result.height = found->height;
    }
  }

  void take_bytes(Key key, Job& job) {
    auto type = sniffed_picture(job.bytes);
    if (type.empty()) return fail(key, Reason::invalid, "That is no picture in PNG, JPEG, GIF or WebP");
    if (job.bytes.size() > job.limits.most) return fail(key, Reason::too_large, "The picture is too large");
    job.result.media_type = type;
    describe(job, job.bytes, job.bytes.size());
    bring(key);
  }

  // -------------------------------------------------------------------------------------------------------
  // to the repository

  void bring(Key key) {
    auto& job = *jobs.at(key);
    net::HttpRequest request;
    request.method = "POST";
    request.url = job.as.homeserver + "/_matrix/media/v3/upload";
    char separator = '?';
    auto add = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      request.url += std::exchange(separator, '&');
      request.url.append(name).append("=").append(net::url_encoded(value));
    };
    if (job.bytes.empty()) {
      add("filename",
          safe_file_name(job.attachment.name.empty() ? name_in(job.attachment.url) : job.attachment.name));
      request.file = job.file.descriptor();
      request.file_size = job.file.size();
    } else {
      request.body = job.bytes;
    }
    add("user_id", job.as.user_id);
    request.headers = {{"Authorization", "Bearer " + job.as.token}, {"Content-Type", job.result.media_type}};
    request.timeout = upload_silence;
    request.max_body = max_answer;
    request.untrusted = job.as.untrusted;
    job.answer.clear();
    start(key, repository, std::move(request), &Impl::answered_some, &Impl::answered);
  }

  void answered_some(Key key, std::string_view data) { jobs.at(key)->answer.append(data); }

  void answered(Key key, const std::optional<Failure>& failure) {
    auto& job = *jobs.at(key);
    job.client = nullptr;
    int status = failure ? 0 : job.head.status;
    bool passing = failure ? failure->reason != Reason::invalid && failure->reason != Reason::too_large &&
                                 failure->reason != Reason::not_permitted
                           : status == 429 || status >= 500;
    if (passing) {
      auto told = failure ? std::nullopt : pause_told(job.head, job.answer);
      return again_after(key, std::max(next_pause(job), told.value_or(milliseconds(0))), &Impl::bring);
    }
    if (failure) return finish(key, *failure);
    if (status != 200) return finish(key, refusal_of(status, job.answer).failure);
    auto parsed = parse_json(job.answer);
    if (parsed && parsed->is_object()) job.result.mxc = text_at(parsed->get_object(), "content_uri");
    if (!mxc_parts(job.result.mxc)) {
      return fail(key, Reason::network_error, "The homeserver did not say where the file is now");
    }
    finish(key, std::move(job.result));
  }

  milliseconds next_pause(Job& job) { return job.backoff.next(static_cast<std::uint32_t>(chance())); }
};

MediaUpload::MediaUpload(boost::asio::io_context& loop, net::HttpClient& outside, net::HttpClient& repository,
                         Api::Pauses pauses)
    : impl_(std::make_shared<Impl>(loop, outside, repository, pauses)) {}

MediaUpload::~MediaUpload() {
  for (auto& [key, job] : impl_->jobs) {
    if (job->client != nullptr) job->client->cancel(job->at);
  }
  impl_->jobs.clear();
  impl_->waiting.clear();
}

void MediaUpload::file(const Voice& as, const Attachment& file, Limits limits, Done done) {
  auto job = std::make_shared<Job>(impl_->loop, impl_->pauses);
  job->as = as;
  job->attachment = file;
  if (file.url.empty()) job->attachment.url = "-";  // refused as any other that is none
  job->limits = limits;
  job->done = std::move(done);
  impl_->add(std::move(job));
}

void MediaUpload::bytes(const Voice& as, const Picture& picture, Limits limits, Done done) {
  auto job = std::make_shared<Job>(impl_->loop, impl_->pauses);
  job->as = as;
  job->bytes = picture.bytes;
  job->limits = limits;
  job->done = std::move(done);
  impl_->add(std::move(job));
}

}  // namespace dragoman::matrix
