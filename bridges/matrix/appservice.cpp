#include "bridges/matrix/appservice.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <sodium.h>
#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {
namespace {

constexpr const char* transaction_kind = "transaction";
constexpr std::chrono::hours prune_every{1};
constexpr std::chrono::seconds prune_again{1};  // where there is more of it
constexpr std::size_t pruned_at_once = 2'000;   // the loop stands still meanwhile
constexpr std::size_t longest_transaction_id = 255;
constexpr const char* cant_keep = "The bridge can't keep what it was told.";

using Answer = std::shared_ptr<net::Answer>;

void reply(const Answer& answer, int status, const json::value& body) {
  answer->send(status, {{"content-type", "application/json"}}, json::serialize(body));
}
void refuse(const Answer& answer, int status, const char* errcode, const char* error) {
  reply(answer, status, json::object{{"errcode", errcode}, {"error", error}});
}

// In a time that says nothing of how much is right.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned char a[crypto_generichash_BYTES], b[crypto_generichash_BYTES];
  auto digest = [](unsigned char* into, std::string_view text) {
    crypto_generichash(into, crypto_generichash_BYTES, reinterpret_cast<const unsigned char*>(text.data()),
                       text.size(), nullptr, 0);
  };
  digest(a, given);
  digest(b, secret);
  return !secret.empty() && sodium_memcmp(a, b, sizeof a) == 0;
}

// "/_matrix/app/v1/users/@a:b" and, of old, "/users/@a:b": what follows the prefix.
std::optional<std::string_view> after_prefix(std::string_view path) {
  for (const std::string_view prefix : {"/_matrix/app/v1/", "/_matrix/app/unstable/"}) {
    if (path.starts_with(prefix)) return path.substr(prefix.size());
  }
  for (const std::string_view legacy : {"/transactions/", "/users/", "/rooms/"}) {
    if (path.starts_with(legacy)) return path.substr(1);
  }
  return std::nullopt;
}

}  // namespace

struct AppService::Impl : std::enable_shared_from_this<Impl> {
  struct Waiting {
    std::string id;
    std::string body;
    Answer answer;
  };

  Impl(Hub& h, AppServiceHandler& to) : hub(h), handler(to), prune_timer(h.loop) {}

  void start() {
    net::HttpServer::Options options;
    options.address = hub.settings.matrix.appservice.address;
    options.port = hub.settings.matrix.appservice.port;
    server = std::make_unique<net::HttpServer>(
        hub.loop, options, [weak = weak_from_this()](net::ServedRequest&& request, const Answer& answer) {
          if (auto self = weak.lock()) self->serve(std::move(request), answer);
        });
    prune();
  }

  void prune() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const std::size_t gone = hub.store.notes().prune(hub.network, transaction_kind,
                                                     now - hub.patience.transaction, pruned_at_once);
    const auto next = gone < pruned_at_once ? std::chrono::seconds(prune_every) : prune_again;
    prune_timer.after(next, [this] { prune(); });
  }

  void serve(net::ServedRequest&& request, const Answer& answer) {
    if (hub.media.serve(request, answer)) return;
    const auto path = after_prefix(request.path);
    if (!path) return refuse(answer, 404, "M_UNRECOGNIZED", "There is nothing here.");
    // Authorization: application service API, "Authorization".
    const std::string* authorization = request.header("authorization");
    constexpr std::string_view bearer = "Bearer ";
    if (authorization == nullptr || !authorization->starts_with(bearer)) {
      return refuse(answer, 401, "M_MISSING_TOKEN", "A homeserver says its token here.");
    }
    if (!same_secret(std::string_view(*authorization).substr(bearer.size()), hub.tokens.hs_token)) {
      return refuse(answer, 403, "M_FORBIDDEN", "This is not the homeserver's token.");
    }
    const std::size_t slash = path->find('/');
    const std::string_view what = path->substr(0, slash);
    const std::string_view rest =
        slash == std::string_view::npos ? std::string_view() : path->substr(slash + 1);
    route(what, rest, request, answer);
  }

  void route(std::string_view what, std::string_view rest, net::ServedRequest& request,
             const Answer& answer) {
    struct Route {
      std::string_view what, method;
      void (Impl::*serve)(const std::string& argument, net::ServedRequest& request, const Answer& answer);
    };
    static constexpr Route routes[] = {
        {"transactions", "PUT", &Impl::on_transaction},
        {"ping", "POST", &Impl::on_ping},
        {"users", "GET", &Impl::on_user},
        {"rooms", "GET", &Impl::on_room},
        {"thirdparty", "GET", &Impl::on_third_party},
    };
    for (const Route& route : routes) {
      if (route.what != what) continue;
      if (route.method != request.method) {
        return refuse(answer, 405, "M_UNRECOGNIZED", "This is not done that way.");
      }
      const auto argument = net::url_decoded(rest);
      const bool wants_none = what == "ping";
      if (!argument || argument->empty() != wants_none) break;
      return (this->*route.serve)(*argument, request, answer);
    }
    refuse(answer, 404, "M_UNRECOGNIZED", "There is nothing here.");
  }

  // ---- transactions

  void on_transaction(const std::string& id, net::ServedRequest& request, const Answer& answer) {
    if (id.size() > longest_transaction_id) {
      return refuse(answer, 400, "M_INVALID_PARAM", "The transaction's id is too long.");
    }
    if (held) {
      waiting.push_back({id, std::move(request.body), answer});
      return;
    }
    take(id, request.body, answer);
  }

  // What our ghosts have said themselves, which nobody has to be told: nothing of it is kept, and a power cut
  // can take nothing away.
  bool says_nothing_new(const json::array& events) const {
    return std::all_of(events.begin(), events.end(), [this](const json::value& event) {
      const json::object* one = event.if_object();
      return one != nullptr && !one->contains("state_key") && hub.ghosts->is_ours(text_at(*one, "sender"));
    });
  }

  // The same one again has the same events. Its id alone does not tell: Synapse on SQLite counts from 1 again
  // after each restart.
  static std::string name_of(const std::string& id, const json::array& events) {
    for (const json::value& event : events) {
      const json::object* one = event.if_object();
      const std::string_view first = one != nullptr ? text_at(*one, "event_id") : std::string_view();
      if (is_event_id(first)) return id + ' ' + std::string(first);
    }
    return id;
  }

  void take(const std::string& txn, const std::string& body, const Answer& answer) {
    const auto parsed = parse_json(body);
    if (!parsed) return refuse(answer, 400, "M_NOT_JSON", "This is no JSON.");
    const json::object* transaction = parsed->if_object();
    const json::array* events = transaction != nullptr ? array_at(*transaction, "events") : nullptr;
    if (events == nullptr) return refuse(answer, 400, "M_BAD_JSON", "A transaction has a list of events.");
    const std::string id = name_of(txn, *events);
    if (hub.store.notes().get(hub.network, transaction_kind, id)) {
      // The first one may be on its way to the disk still.
      if (hub.store.durable()) return reply(answer, 200, json::object{});
      return refuse(answer, 500, "M_UNKNOWN", cant_keep);
    }
    for (const json::value& event : *events) {
      if (const json::object* one = event.if_object()) handler.on_event(*one);
    }
    // One list, under the name it has now or had before.
    const json::array* ephemeral = array_at(*transaction, "ephemeral");
    if (ephemeral == nullptr) ephemeral = array_at(*transaction, "de.sorunome.msc2409.ephemeral");
    if (ephemeral != nullptr) {
      for (const json::value& event : *ephemeral) {
        if (const json::object* one = event.if_object()) handler.on_ephemeral(*one);
      }
    }
    // What only says who types now is worth no trip to the disk, and no memory of it.
    if (events->empty()) return reply(answer, 200, json::object{});
    hub.store.notes().put(hub.network, transaction_kind, id, {});
    const bool committed = hub.store.commit();
    if (!committed || says_nothing_new(*events)) return keep(id, answer, committed);
    // The disk may take its time: what was told leaves before it is waited for.
    net::post(hub.loop, [weak = weak_from_this(), id, answer] {
      if (auto self = weak.lock()) self->keep(id, answer, self->hub.store.durable());
    });
  }

  void keep(const std::string& id, const Answer& answer, bool kept) {
    if (kept) return reply(answer, 200, json::object{});
    hub.store.notes().erase(hub.network, transaction_kind, id);
    refuse(answer, 500, "M_UNKNOWN", cant_keep);
  }

  void hold(bool now) {
    held = now;
    while (!held && !waiting.empty()) {
      Waiting next = std::move(waiting.front());
      waiting.pop_front();
      // The homeserver that has given up waiting sends it again.
      if (next.answer->open()) take(next.id, next.body, next.answer);
    }
  }

  // ---- queries

  void on_ping(const std::string&, net::ServedRequest&, const Answer& answer) {
    reply(answer, 200, json::object{});
  }

  void on_user(const std::string& user_id, net::ServedRequest&, const Answer& answer) {
    handler.on_user_query(user_id, [answer](bool exists) {
      if (exists) return reply(answer, 200, json::object{});
      refuse(answer, 404, "M_NOT_FOUND", "There is no such user.");
    });
  }

  // Rooms of XMPP are not seen from Matrix.
  void on_room(const std::string&, net::ServedRequest&, const Answer& answer) {
    refuse(answer, 404, "M_NOT_FOUND", "There is no such room.");
  }

  void on_third_party(const std::string& argument, net::ServedRequest& request, const Answer& answer) {
    const std::size_t slash = argument.find('/');
    const std::string kind = argument.substr(0, slash);
    const std::string protocol = slash == std::string::npos ? std::string() : argument.substr(slash + 1);
    if (kind != "protocol" && kind != "user" && kind != "location") {
      return refuse(answer, 404, "M_UNRECOGNIZED", "There is nothing here.");
    }
    if (!protocol.empty() || kind == "protocol") {
      const json::value description = handler.on_protocol(protocol);
      if (description.is_null()) return refuse(answer, 404, "M_NOT_FOUND", "There is no such protocol here.");
      if (kind == "protocol") return reply(answer, 200, description);
    }
    if (kind == "location") return reply(answer, 200, json::array{});
    // By the user's fields; without a protocol, which fields an id of Matrix has.
    if (protocol.empty()) {
      return reply(answer, 200,
                   handler.on_third_party_users(request.parameter("userid").value_or(std::string()), true));
    }
    std::string address = request.parameter("jid").value_or(std::string());
    if (address.empty()) address = request.parameter("username").value_or(std::string());
    reply(answer, 200, handler.on_third_party_users(address, false));
  }

  Hub& hub;
  AppServiceHandler& handler;
  std::unique_ptr<net::HttpServer> server;
  net::Timer prune_timer;
  bool held = false;
  std::deque<Waiting> waiting;
};

AppService::AppService(Hub& hub, AppServiceHandler& handler) : impl_(std::make_shared<Impl>(hub, handler)) {
  impl_->start();
}
AppService::~AppService() = default;

const std::string& AppService::trouble() const { return impl_->server->trouble(); }
std::uint16_t AppService::port() const { return impl_->server->port(); }
void AppService::hold(bool held) { impl_->hold(held); }
void AppService::serve(net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer) {
  impl_->serve(std::move(request), answer);
}

}  // namespace dragoman::matrix
