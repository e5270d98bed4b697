#include "bridges/matrix/doctor.hpp"

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sodium.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/doctor_instruments.hpp"
#include "bridges/matrix/media_link.hpp"
#include "bridges/matrix/registration.hpp"
#include "bridges/net/http_server.hpp"
#include "config/settings.hpp"
#include "mapping/digest.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr auto greatest_skew = 60s;
constexpr std::string_view needed_version = "v1.11";  // the first with authenticated media

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7); the form that servers send.
std::optional<std::chrono::sys_seconds> http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

// "v1.11" -> 111; nothing for the r0 of old and what is no version.
std::optional<int> minor_of(std::string_view version) {
  if (version.substr(0, 3) != "v1.") return {};
  int minor = 0;
  for (const char c : version.substr(3)) {
    if (c < '0' || c > '9' || minor > 1000) return {};
    minor = minor * 10 + (c - '0');
  }
  return minor;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

class Examination : private Instruments {
 public:
  Examination(const config::Bridge& bridge, Tokens tokens, std::FILE* out)
      : Instruments(bridge.matrix.homeserver.ca_file, out),
        bridge_(bridge),
        settings_(bridge.matrix),
        tokens_(std::move(tokens)) {}

  int run() {
    if (!homeserver() || !registration()) {
      line("", "what is left was not looked at: mend this first");
      return found_wrong();
    }
    namespaces();
    listen();
    ping();
    media();
    public_url();
    rooms();
    line("note",
         "typing, receipts and presence come, and the homeserver slows nothing down, where its copy of the "
         "registration says receive_ephemeral: true and rate_limited: false, as register-matrix prints it");
    line("", found_wrong() == 0 ? "all is well" : fmt::format("{} to mend", found_wrong()));
    return found_wrong();
  }

 private:
  Voice service() const { return {settings_.homeserver.url, tokens_.as_token, {}}; }
  std::string url(const std::string& path) const { return settings_.homeserver.url + path; }

  // False: nobody is there to ask more.
  bool homeserver() {
    const auto result = send({.url = url("/_matrix/client/versions")});
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (!response) {
      wrong(fmt::format("{} does not answer ({}): start the homeserver, or mend homeserver.url",
                        settings_.homeserver.url, said(std::get<Failure>(result))));
      return false;
    }
    const auto body = parse_json(response->body);
    const auto* versions = body && body->is_object() ? array_at(body->get_object(), "versions") : nullptr;
    if (response->head.status != 200 || !versions) {
      wrong(fmt::format("{} answers, but not as a homeserver does (status {}): mend homeserver.url",
                        settings_.homeserver.url, response->head.status));
      return false;
    }
    std::string newest;
    int newest_minor = -1;
    for (const auto& version : *versions) {
      if (!version.is_string()) continue;
      const auto minor = minor_of(std::string_view(version.get_string()));
      if (!minor || *minor <= newest_minor) continue;
      newest_minor = *minor;
      newest = std::string_view(version.get_string());
    }
    if (newest_minor < minor_of(needed_version)) {
      wrong(fmt::format(
          "the homeserver speaks {} of the specification at most: update it to one that speaks {}",
          newest.empty() ? "nothing newer than r0" : newest, needed_version));
    } else {
      ok(fmt::format("{} is a homeserver and speaks {}", settings_.homeserver.url, newest));
    }
    clock(response->head);
    return true;
  }

  void clock(const net::HttpHead& head) {
    const std::string* date = head.header("date");
    const auto theirs = date ? http_date(*date) : std::nullopt;
    if (!theirs) return;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto skew = std::chrono::abs(now - *theirs);
    if (skew > greatest_skew) {
      wrong(fmt::format(
          "the clocks differ by {} seconds: set both by NTP, else messages are in the wrong order",
          skew.count()));
    } else {
      ok("the clocks agree");
    }
  }

  // False: the homeserver does not know us.
  bool registration() {
    const Reply reply = call({.path = "/_matrix/client/v3/account/whoami"}, service());
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      wrong(refusal->status == 401
                ? fmt::format("the homeserver does not know our token: save what `dragoman register-matrix "
                              "--domain {}` prints as a file, name it in the homeserver's configuration "
                              "(Synapse: app_service_config_files), and start the homeserver again",
                              bridge_.domain)
                : fmt::format("the homeserver does not say who we are ({})", said(*refusal)));
      return false;
    }
    const auto& value = std::get<json::value>(reply);
    const std::string who(value.is_object() ? text_at(value.get_object(), "user_id") : std::string_view());
    if (who == sender_id(bridge_)) {
      ok(fmt::format("the registration is loaded; we are {}", who));
      return enlist();
    }
    if (server_of(who) != settings_.homeserver.server_name) {
      wrong(
          fmt::format("the homeserver's name is {}: say so in homeserver.server_name, and print the "
                      "registration again",
                      server_of(who)));
    } else {
      wrong(fmt::format(
          "the homeserver's copy of the registration is old (it calls us {}, the configuration {}): "
          "print it again with register-matrix, and start the homeserver again",
          who, sender_id(bridge_)));
    }
    return false;
  }

  // The bridge's own user, as dragoman makes it at its start: what follows is asked as it.
  bool enlist() {
    json::object body{{"type", "m.login.application_service"},
                      {"username", settings_.appservice.sender_localpart},
                      {"inhibit_login", true}};
    const Reply reply =
        call({.method = "POST", .path = "/_matrix/client/v3/register", .body = std::move(body)}, service());
    const auto* refusal = std::get_if<Refusal>(&reply);
    if (!refusal || refusal->errcode == "M_USER_IN_USE") return true;
    wrong(fmt::format("the bridge's own user {} can't be made ({})", sender_id(bridge_), said(*refusal)));
    return false;
  }

  // Whether ids that begin as our ghosts' do are ours, and nobody else's.
  void namespaces() {
    const std::string name = settings_.ghost_prefix + "doctor=40example.org";
    Voice ghost = service();
    ghost.user_id = "@" + name + ":" + settings_.homeserver.server_name;
    const Reply reply = call({.path = "/_matrix/client/v3/account/whoami"}, ghost);
    // Nothing but the words (Synapse's) tells one that is not ours from one that is not there yet.
    const auto* refusal = std::get_if<Refusal>(&reply);
    const bool ours = !refusal || refusal->failure.text.find("has not registered") != std::string::npos;
    if (!ours && refusal->failure.text.find("masquerade") != std::string::npos) {
      return wrong(
          fmt::format("user ids that begin with {} are not the bridge's: the homeserver's copy of the "
                      "registration is old; print it again with register-matrix, and start the homeserver "
                      "again",
                      settings_.ghost_prefix));
    }
    // Anybody may ask whether a name is free, where people may register.
    const auto result =
        send({.url = url("/_matrix/client/v3/register/available?username=" + net::url_encoded(name))});
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (!response) return;
    if (response->head.status == 200) {
      wrong(
          fmt::format("user ids that begin with {} are not kept for the bridge: the homeserver's copy of the "
                      "registration is old; print it again with register-matrix, and start the homeserver "
                      "again",
                      settings_.ghost_prefix));
    } else if (ours || refusal_of(response->head.status, response->body).errcode == "M_EXCLUSIVE") {
      ok(fmt::format("user ids that begin with {} are the bridge's", settings_.ghost_prefix));
    }
  }

  void listen() {
    const auto& place = settings_.appservice;
    server_ = std::make_unique<net::HttpServer>(
        loop(), net::HttpServer::Options{.address = place.address, .port = place.port},
        [this](net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer) {
          serve(request, *answer);
        });
    if (server_->trouble().empty()) {
      ok(fmt::format("{}:{} is free to listen at; for the time being we answer there", place.address,
                     place.port));
      return;
    }
    line("note", fmt::format("{}:{} is taken ({}): dragoman itself should be answering there", place.address,
                             place.port, server_->trouble()));
    server_.reset();
  }
  void serve(const net::ServedRequest& request, net::Answer& answer) {
    const net::HttpHeaders headers{{"content-type", "application/json"}};
    const std::string nonce_end = "/" + nonce_;
    if (request.path.size() >= nonce_end.size() &&
        request.path.compare(request.path.size() - nonce_end.size(), nonce_end.size(), nonce_end) == 0) {
      return answer.send(200, {{"content-type", "text/plain"}}, nonce_);
    }
    const std::string* given = request.header("authorization");
    if (!given || !same(*given, "Bearer " + tokens_.hs_token)) {
      stranger_ = true;
      return answer.send(403, headers, R"({"errcode":"M_FORBIDDEN"})");
    }
    if (request.path == "/_matrix/app/v1/ping") return answer.send(200, headers, "{}");
    // What the homeserver has for dragoman it keeps, and tells later.
    answer.send(503, headers, R"({"errcode":"M_UNKNOWN"})");
  }

  void ping() {
    json::object body{{"transaction_id", random_hex(8)}};
    const Reply reply =
        call({.method = "POST",
              .path = "/_matrix/client/v1/appservice/" + net::url_encoded(settings_.appservice.id) + "/ping",
              .body = std::move(body)},
             service());
    const auto* refusal = std::get_if<Refusal>(&reply);
    const std::string where = appservice_url(bridge_);
    if (!refusal) return ok(fmt::format("the homeserver reaches us at {}", where));
    const std::string again = "; then print the registration again, and start the homeserver again";
    if (refusal->errcode == "M_URL_NOT_SET") {
      wrong("the homeserver's copy of the registration has no url: print it again with register-matrix");
    } else if (refusal->errcode == "M_FORBIDDEN") {
      wrong(fmt::format("the homeserver knows us by another id than {}: mend appservice.id{}",
                        settings_.appservice.id, again));
    } else if (refusal->errcode == "M_CONNECTION_FAILED" || refusal->errcode == "M_CONNECTION_TIMEOUT") {
      wrong(
          fmt::format("the homeserver does not reach us; in its registration should be {} ({}): mend "
                      "appservice.listen and appservice.url "
                      "(in a container 127.0.0.1 is the container itself){}",
                      where, said(*refusal), again));
    } else if (refusal->errcode == "M_BAD_STATUS") {
      wrong(stranger_
                ? "the homeserver came with another token than ours: its copy of the registration is old; "
                  "print it again with register-matrix, and start the homeserver again"
                : fmt::format("somebody else answers at {} ({}): mend appservice.url{}", where,
                              said(*refusal), again));
    } else {
      wrong(fmt::format("the homeserver does not try whether it reaches us ({})", said(*refusal)));
    }
  }

  void media() {
    const std::string sent = "dragoman " + nonce_;
    const std::string as = "user_id=" + net::url_encoded(sender_id(bridge_));
    const net::HttpHeaders key{{"Authorization", "Bearer " + tokens_.as_token}};
    net::HttpRequest upload{.method = "POST",
                            .url = url("/_matrix/media/v3/upload?filename=doctor.txt&" + as),
                            .headers = key,
                            .body = sent};
    upload.headers.emplace_back("Content-Type", "text/plain");
    const auto stored = send(std::move(upload));
    const std::string mxc = value_in(stored, "content_uri");
    constexpr std::string_view scheme = "mxc://";
    const auto slash = mxc.find('/', scheme.size());
    if (mxc.compare(0, scheme.size(), scheme) != 0 || slash == std::string::npos) {
      return wrong("files can't be given to the homeserver (" + said(stored) +
                   "): see to its media repository");
    }
    const auto fetched = send({.url = url("/_matrix/client/v1/media/download/" +
                                          net::url_encoded(mxc.substr(scheme.size(), slash - scheme.size())) +
                                          "/" + net::url_encoded(mxc.substr(slash + 1)) + "?" + as),
                               .headers = key});
    const auto* response = std::get_if<net::HttpResponse>(&fetched);
    if (!response || response->head.status != 200 || response->body != sent) {
      return wrong("files can't be had from the homeserver (" + said(fetched) +
                   "): see to its media repository");
    }
    ok("files go to the homeserver and come back");
    const Reply config = call({.path = "/_matrix/client/v1/media/config"}, sender_voice(bridge_, tokens_));
    const auto* value = std::get_if<json::value>(&config);
    const auto most =
        value && value->is_object() ? number_at(value->get_object(), "m.upload.size") : std::nullopt;
    if (most && *most >= 0 && static_cast<std::uint64_t>(*most) < settings_.max_file_bytes) {
      line("note",
           fmt::format("the homeserver takes files of {} bytes at most, less than max_file_bytes ({})", *most,
                       settings_.max_file_bytes));
    }
  }
  void public_url() {
    if (settings_.public_url.empty()) {
      return line("note", "there is no public_url: people on XMPP get no files from Matrix");
    }
    const auto result = send({.url = settings_.public_url + "/media/" + nonce_});
    const auto* response = std::get_if<net::HttpResponse>(&result);
    if (!response) {
      wrong(fmt::format("{} does not answer ({}): let the reverse proxy hand it to {}:{}, or mend public_url",
                        settings_.public_url, said(std::get<Failure>(result)), settings_.appservice.address,
                        settings_.appservice.port));
    } else if (server_ ? response->body == nonce_
                       : refusal_of(response->head.status, response->body).failure.text.find(not_our_link) !=
                             std::string::npos) {
      ok(fmt::format("{} leads to us", settings_.public_url));
    } else {
      wrong(fmt::format(
          "{} leads to somebody else (status {}): let the reverse proxy hand it to {}:{}, or mend "
          "public_url",
          settings_.public_url, response->head.status, settings_.appservice.address,
          settings_.appservice.port));
    }
  }

  void rooms() {
    const Reply reply = call({.path = "/_matrix/client/v3/capabilities"}, sender_voice(bridge_, tokens_));
    const auto* value = std::get_if<json::value>(&reply);
    const auto* all = value && value->is_object() ? object_at(value->get_object(), "capabilities") : nullptr;
    const auto* versions = all ? object_at(*all, "m.room_versions") : nullptr;
    const std::string version(versions ? text_at(*versions, "default") : std::string_view());
    if (!version.empty()) ok(fmt::format("new rooms are of version {}", version));
  }

  const config::Bridge& bridge_;
  const config::Matrix& settings_;
  const Tokens tokens_;
  bool stranger_ = false;  // somebody came without the homeserver's token
  const std::string nonce_ = "doctor-" + random_hex(16);
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

int doctor(const config::Bridge& bridge, Store& store, std::FILE* out) {
  return Examination(bridge, tokens_of(bridge, store), out).run();
}

}  // namespace dragoman::matrix
