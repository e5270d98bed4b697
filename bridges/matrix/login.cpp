#include "bridges/matrix/login.hpp"

#include <utility>

#include <sodium.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr auto login_patience = 30s;
constexpr auto look_up_patience = 5s;
constexpr const char* device_name = "dragoman (XMPP)";
// Nobody listens there: the browser ends at an address that holds the token, for the person to copy.
constexpr std::string_view sign_on_end = "http://localhost/dragoman";

Failure wrong_credentials(const Refusal& refusal) {
  if (refusal.status == 403 || refusal.status == 401)
    return {Reason::login_failed, "The homeserver does not take this user with this password or token"};
  return refusal.failure;
}

}  // namespace

std::string login_token_in(std::string_view text) {
  constexpr std::string_view name = "loginToken=";
  const auto begin = text.find(name);
  if (begin == std::string_view::npos) return std::string(text);
  std::string_view token = text.substr(begin + name.size());
  token = token.substr(0, token.find_first_of("&# "));
  return net::url_decoded(token).value_or(std::string());
}

struct Login::Impl : std::enable_shared_from_this<Impl> {
  Impl(Hub& h, Credentials c, std::function<void(const LoginResult&)> d)
      : hub(h), credentials(std::move(c)), done(std::move(d)) {}
  ~Impl() { sodium_memzero(credentials.password.data(), credentials.password.size()); }

  void start() {
    std::string named = credentials.homeserver;
    if (named.empty()) named = server_of(credentials.user);
    if (named.empty()) named = hub.server_name();
    const bool full = credentials.user.substr(0, 1) == "@";
    if (full && !is_user_id(credentials.user)) {
      return net::post(hub.loop, [weak = weak_from_this()] {
        if (auto self = weak.lock())
          self->fail({Reason::invalid, "This is no Matrix id: write it like @alice:example.org"});
      });
    }
    discovery = std::make_unique<Discovery>(
        hub, std::move(named), [weak = weak_from_this()](const std::variant<ServerAddress, Failure>& found) {
          auto self = weak.lock();
          if (!self) return;
          if (const auto* failure = std::get_if<Failure>(&found)) return self->fail(*failure);
          self->homeserver = std::get<ServerAddress>(found);
          self->choose();
        });
  }

  void choose() {
    if (!credentials.access_token.empty()) return who_am_i();
    if (!credentials.login_token.empty()) {
      return enter({{"type", "m.login.token"}, {"token", login_token_in(credentials.login_token)}});
    }
    request({.path = "/_matrix/client/v3/login", .timeout = login_patience}, {}, &Impl::on_flows);
  }

  void on_flows(const Reply& reply) {
    const auto* value = std::get_if<json::value>(&reply);
    const auto* flows = value && value->is_object() ? array_at(value->get_object(), "flows") : nullptr;
    if (!flows) {
      const auto* refusal = std::get_if<Refusal>(&reply);
      return fail(refusal ? refusal->failure
                          : Failure{Reason::network_error, "The homeserver does not say how people log in"});
    }
    bool password = false, sign_on = false;
    for (const auto& flow : *flows) {
      if (!flow.is_object()) continue;
      const auto type = text_at(flow.get_object(), "type");
      password = password || type == "m.login.password";
      sign_on = sign_on || type == "m.login.sso";
    }
    if (password && !credentials.password.empty()) {
      return enter({{"type", "m.login.password"},
                    {"identifier", json::object{{"type", "m.id.user"}, {"user", credentials.user}}},
                    {"password", credentials.password}});
    }
    if (sign_on) {
      return homeserver.trusted ? look_up() : sign_on_at(homeserver.url);
    }
    fail(password
             ? Failure{Reason::invalid, "Give a password, or an access token"}
             : Failure{Reason::unsupported,
                       "The homeserver takes neither passwords nor a single sign-on: give an access token"});
  }

  // We may reach our own homeserver where no browser does.
  void look_up() {
    pending = ask(hub.http, {well_known_url(hub.server_name()), false}, {}, {.timeout = look_up_patience},
                  [weak = weak_from_this()](const Reply& reply) {
                    auto self = weak.lock();
                    if (!self) return;
                    self->pending.reset();
                    const std::string url = homeserver_in(reply);
                    self->sign_on_at(url.empty() ? self->homeserver.url : url);
                  });
  }
  void sign_on_at(const std::string& url) {
    finish(
        SignOn{url + "/_matrix/client/v3/login/sso/redirect?redirectUrl=" + net::url_encoded(sign_on_end)});
  }

  void enter(json::object body) {
    body["initial_device_display_name"] = device_name;
    if (!credentials.device_id.empty()) body["device_id"] = credentials.device_id;
    request({.method = "POST",
             .path = "/_matrix/client/v3/login",
             .body = std::move(body),
             .timeout = login_patience},
            {}, &Impl::on_entered);
    sodium_memzero(credentials.password.data(), credentials.password.size());
    credentials.password.clear();
  }

  void on_entered(const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return fail(wrong_credentials(*refusal));
    const auto& value = std::get<json::value>(reply);
    if (value.is_object()) {
      const auto& answer = value.get_object();
      return check({homeserver, std::string(text_at(answer, "user_id")),
                    std::string(text_at(answer, "device_id")), std::string(text_at(answer, "access_token"))});
    }
    check({});
  }

  void who_am_i() {
    request({.path = "/_matrix/client/v3/account/whoami", .timeout = login_patience},
            credentials.access_token, &Impl::on_whoami);
  }

  void on_whoami(const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return fail(wrong_credentials(*refusal));
    const auto& value = std::get<json::value>(reply);
    if (value.is_object()) {
      const auto& answer = value.get_object();
      return check({homeserver, std::string(text_at(answer, "user_id")),
                    std::string(text_at(answer, "device_id")), credentials.access_token});
    }
    check({});
  }

  // What a homeserver says about who somebody is: not more than it may say.
  void check(LoggedIn in) {
    if (!is_user_id(in.user_id) || in.access_token.empty())
      return fail({Reason::network_error, "The homeserver's answer can't be understood"});
    const bool ours = server_of(in.user_id) == hub.server_name();
    if (ours != homeserver.trusted)
      return fail({Reason::not_permitted, "This homeserver can't speak for " + in.user_id});
    if (hub.ghosts && hub.ghosts->is_ours(in.user_id))
      return fail({Reason::not_permitted, in.user_id + " belongs to the bridge"});
    if (credentials.user.substr(0, 1) == "@" && credentials.user != in.user_id) {
      return fail(
          {Reason::login_failed, "The token is of " + in.user_id + " and not of " + credentials.user});
    }
    finish(std::move(in));
  }

  void request(Api::Call call, const std::string& token, void (Impl::*then)(const Reply&)) {
    pending = ask(hub.http, homeserver, token, std::move(call),
                  [weak = weak_from_this(), then](const Reply& reply) {
                    auto self = weak.lock();
                    if (!self) return;
                    self->pending.reset();
                    (self.get()->*then)(reply);
                  });
  }

  void fail(const Failure& why) { finish(why); }
  void finish(const LoginResult& result) {
    if (const auto told = std::exchange(done, nullptr)) told(result);
  }

  Hub& hub;
  Credentials credentials;
  std::function<void(const LoginResult&)> done;
  std::unique_ptr<Discovery> discovery;
  ServerAddress homeserver;
  std::optional<net::HttpClient::Id> pending;
};

Login::Login(Hub& hub, Credentials credentials, std::function<void(const LoginResult&)> done)
    : impl_(std::make_shared<Impl>(hub, std::move(credentials), std::move(done))) {
  impl_->start();
}

Login::~Login() {
  impl_->done = nullptr;
  impl_->discovery.reset();
  if (impl_->pending) impl_->hub.http.cancel(*impl_->pending);
}

}  // namespace dragoman::matrix
