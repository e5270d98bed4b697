#include "bridges/matrix/api.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds longest_obedience{30'000};          // Patience::once
constexpr milliseconds longest_told_pause{10 * 60'000};    // no server makes us wait longer
constexpr std::size_t max_errcode = 100, max_words = 400;  // bytes
constexpr std::uint64_t largest_answer = 256U << 20;       // the first /sync of a large account

bool wants_a_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

struct Row {
  std::string_view errcode;
  Reason reason;
};

// Client-server API, "Common error codes" and "Other error codes", and those of single endpoints.
constexpr Row errcodes[] = {
    {"M_FORBIDDEN", Reason::not_permitted},
    {"M_LIMIT_EXCEEDED", Reason::rate_limited},
    {"M_NOT_FOUND", Reason::no_such_room},
    {"M_UNKNOWN_TOKEN", Reason::login_failed},
    {"M_MISSING_TOKEN", Reason::login_failed},
    {"M_USER_DEACTIVATED", Reason::login_failed},
    {"M_APPSERVICE_LOGIN_UNSUPPORTED", Reason::login_failed},
    {"M_USER_LOCKED", Reason::banned_by_server},
    {"M_USER_SUSPENDED", Reason::banned_by_server},
    {"M_UNAUTHORIZED", Reason::not_permitted},
    {"M_INVITE_BLOCKED", Reason::not_permitted},
    {"M_SERVER_NOT_TRUSTED", Reason::not_permitted},
    {"M_CANNOT_LEAVE_SERVER_NOTICE_ROOM", Reason::not_permitted},
    {"M_GUEST_ACCESS_FORBIDDEN", Reason::registration_required},
    {"M_CONSENT_NOT_GIVEN", Reason::registration_required},
    {"M_TERMS_NOT_SIGNED", Reason::registration_required},
    {"M_UNABLE_TO_AUTHORISE_JOIN", Reason::members_only},
    {"M_UNABLE_TO_GRANT_JOIN", Reason::members_only},
    {"M_BAD_JSON", Reason::invalid},
    {"M_NOT_JSON", Reason::invalid},
    {"M_BAD_ALIAS", Reason::invalid},
    {"M_BAD_STATE", Reason::invalid},
    {"M_INVALID_PARAM", Reason::invalid},
    {"M_MISSING_PARAM", Reason::invalid},
    {"M_INVALID_ROOM_STATE", Reason::invalid},
    {"M_INVALID_USERNAME", Reason::invalid},
    {"M_UNKNOWN_DEVICE", Reason::invalid},
    {"M_TOO_LARGE", Reason::too_large},
    {"M_KEY_TOO_LARGE", Reason::too_large},
    {"M_PROFILE_TOO_LARGE", Reason::too_large},
    {"M_USER_IN_USE", Reason::conflict},
    {"M_ROOM_IN_USE", Reason::conflict},
    {"M_EXCLUSIVE", Reason::conflict},
    {"M_DUPLICATE_ANNOTATION", Reason::conflict},
    {"M_CANNOT_OVERWRITE_MEDIA", Reason::conflict},
    {"M_UNRECOGNIZED", Reason::unsupported},
    {"M_UNSUPPORTED_ROOM_VERSION", Reason::unsupported},
    {"M_INCOMPATIBLE_ROOM_VERSION", Reason::unsupported},
    {"M_RESOURCE_LIMIT_EXCEEDED", Reason::queue_full},
    {"M_USER_LIMIT_EXCEEDED", Reason::queue_full},
};

Reason reason_of(int status) {
  switch (status) {
    case 400: return Reason::invalid;
    case 401: return Reason::login_failed;
    case 403: return Reason::not_permitted;
    case 404: return Reason::no_such_room;
    case 405: return Reason::unsupported;
    case 408:
    case 504: return Reason::timed_out;
    case 409: return Reason::conflict;
    case 413: return Reason::too_large;
    case 429: return Reason::rate_limited;
    default: return Reason::network_error;
  }
}

// Of a profile it is somebody that is not found, of all else a room or what is in it.
void sharpen(Refusal& refusal, std::string_view path) {
  bool of_somebody = path.find("/profile/") != std::string_view::npos ||
                     path.find("/thirdparty/user") != std::string_view::npos;
  if (refusal.failure.reason == Reason::no_such_room && of_somebody) {
    refusal.failure.reason = Reason::no_such_user;
  }
}

struct Pending {
  std::string path;
  net::HttpRequest request;
  Api::Patience patience = Api::Patience::once;
  std::function<bool(const Refusal&)> still_wanted;
  std::function<void(Reply)> done;
  net::HttpClient::Id try_id = 0;
  net::Backoff backoff;
  milliseconds obeyed{0};
  std::unique_ptr<net::Timer> timer;
};

}  // namespace

std::optional<milliseconds> pause_told(const net::HttpHead& head, std::string_view body) {
  std::optional<std::int64_t> told;
  if (const auto* header = head.header("retry-after")) {
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), seconds);
    if (error == std::errc() && end == header->data() + header->size() && seconds < 1'000'000) {
      told = seconds * 1000;
    }
  }
  if (!told && head.status == 429) {
    auto parsed = parse_json(body);
    if (parsed && parsed->is_object()) told = number_at(parsed->get_object(), "retry_after_ms");
  }
  if (!told || *told < 0) return std::nullopt;
  return std::min(milliseconds(*told), longest_told_pause);
}

Refusal refusal_of(int status, std::string_view body) {
  Refusal refusal;
  refusal.status = status;
  refusal.failure.reason = reason_of(status);
  auto parsed = parse_json(body);
  if (parsed && parsed->is_object()) {
    const auto& object = parsed->get_object();
    refusal.errcode = display_clean(text_at(object, "errcode").substr(0, max_errcode));
    auto words = display_clean(xml_clean(text_at(object, "error")));
    words.resize(prefix_within(words, max_words));
    refusal.failure.text = std::move(words);
    const auto* row = std::find_if(std::begin(errcodes), std::end(errcodes),
                                   [&](const Row& r) { return r.errcode == refusal.errcode; });
    if (row != std::end(errcodes)) refusal.failure.reason = row->reason;
  }
  if (refusal.failure.text.empty()) {
    refusal.failure.text = "The homeserver answered " + std::to_string(status);
  }
  return refusal;
}

struct Api::Impl : std::enable_shared_from_this<Api::Impl> {
  Impl(boost::asio::io_context& io, net::HttpClient& client, Pauses chosen)
      : loop(io), http(client), pauses(chosen), chance(std::random_device{}()) {}

  boost::asio::io_context& loop;
  net::HttpClient& http;
  Pauses pauses;
  std::mt19937 chance;
  std::unordered_map<Id, Pending> calls;
  Id last_id = 0;

  void attempt(Id id) {
    auto& call = calls.at(id);
    call.try_id = http.send(call.request, [weak = weak_from_this(), id](net::HttpResult result) {
      if (auto self = weak.lock()) self->answered(id, std::move(result));
    });
  }

  void answered(Id id, net::HttpResult&& result) {
    auto& call = calls.at(id);
    Refusal refusal;
    std::optional<milliseconds> told;
    bool passing = true;  // it may be otherwise the next time
    if (auto* failure = std::get_if<Failure>(&result)) {
      passing = failure->reason != Reason::invalid && failure->reason != Reason::too_large &&
                failure->reason != Reason::not_permitted;
      refusal.failure = std::move(*failure);
    } else {
      auto& response = std::get<net::HttpResponse>(result);
      int status = response.head.status;
      if (status >= 200 && status < 300) {
        auto body = response.body.empty() ? json::value(json::object()) : parse_json(response.body);
        if (body) return finish(id, std::move(*body));
        refusal = {status, {}, {Reason::network_error, "The homeserver's answer is no JSON"}};
      } else {
        refusal = refusal_of(status, response.body);
        sharpen(refusal, call.path);
        passing = status == 429 || status >= 500;
        if (passing) told = pause_told(response.head, response.body);
      }
    }
    spdlog::debug("matrix: {} {}: {} {} {}", call.request.method, call.path, refusal.status, refusal.errcode,
                  refusal.failure.text);
    auto pause = passing ? pause_before(call, refusal, told) : std::nullopt;
    if (!pause) return finish(id, std::move(refusal));
    wait(id, *pause, std::move(refusal));
  }

  // Nothing: not again.
  std::optional<milliseconds> pause_before(Pending& call, const Refusal& refusal,
                                           std::optional<milliseconds> told) {
    if (call.patience == Patience::once) {
      if (refusal.status != 429) return std::nullopt;
      auto pause = told.value_or(pauses.first) + milliseconds(1);
      call.obeyed += pause;
      if (call.obeyed > longest_obedience) return std::nullopt;
      return pause;
    }
    if (call.still_wanted && !call.still_wanted(refusal)) return std::nullopt;
    if (told && refusal.status == 429) return *told + milliseconds(50 + chance() % 100);
    return std::max(call.backoff.next(static_cast<std::uint32_t>(chance())), told.value_or(milliseconds(0)));
  }

  void wait(Id id, milliseconds pause, Refusal&& refusal) {
    auto& call = calls.at(id);
    if (!call.timer) call.timer = std::make_unique<net::Timer>(loop);
    call.timer->after(pause, [this, id, so_far = std::move(refusal)]() mutable {
      const auto& waiting = calls.at(id);
      if (waiting.still_wanted && !waiting.still_wanted(so_far)) return finish(id, std::move(so_far));
      attempt(id);
    });
  }

  void finish(Id id, Reply reply) {
    auto node = calls.extract(id);
    if (node.mapped().done) node.mapped().done(std::move(reply));
  }
};

Api::Api(boost::asio::io_context& loop, net::HttpClient& http, Pauses pauses)
    : impl_(std::make_shared<Impl>(loop, http, pauses)) {}

Api::~Api() {
  for (auto& [id, call] : impl_->calls) impl_->http.cancel(call.try_id);
  impl_->calls.clear();
}

Api::Id Api::call(const Voice& as, Call call, std::function<void(Reply)> done) {
  auto id = ++impl_->last_id;
  Pending pending{.path = std::move(call.path),
                  .patience = call.patience,
                  .still_wanted = std::move(call.still_wanted),
                  .done = std::move(done),
                  .backoff = {impl_->pauses.first, impl_->pauses.longest}};
  auto& request = pending.request;
  auto user = net::url_encoded(as.user_id);
  request.url.reserve(as.homeserver.size() + pending.path.size() + call.query.size() + user.size() + 16);
  request.url.append(as.homeserver).append(pending.path);
  if (!call.query.empty()) request.url.append("?").append(call.query);
  if (!user.empty()) request.url.append(call.query.empty() ? "?user_id=" : "&user_id=").append(user);
  if (!as.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + as.token);
  if (!call.body.is_null() || wants_a_body(call.method)) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = call.body.is_null() ? "{}" : json::serialize(call.body);
  }
  request.method = std::move(call.method);
  request.timeout = call.timeout;
  request.max_body = largest_answer;
  request.untrusted = as.untrusted;
  impl_->calls.emplace(id, std::move(pending));
  impl_->attempt(id);
  return id;
}

void Api::cancel(Id id) {
  auto node = impl_->calls.extract(id);
  if (!node.empty()) impl_->http.cancel(node.mapped().try_id);
}

net::HttpClient& Api::http() { return impl_->http; }

}  // namespace dragoman::matrix
