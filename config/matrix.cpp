#include "config/matrix.hpp"

#include <algorithm>

#include "config/syntax.hpp"
#include "config/values.hpp"

namespace dragoman::config {
namespace {

constexpr std::size_t longest_user_id = 255;                      // appendices, "User Identifiers"
constexpr std::int64_t largest_file = std::int64_t{1} << 40;      // bytes
constexpr std::int64_t longest_wait = std::int64_t{366} * 86400;  // seconds
constexpr std::size_t longest_service_id = 255;

// Characters of a user id's localpart (appendices, "User Identifiers").
bool is_localpart(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._=/+-").find(c) != std::string_view::npos;
  });
}

void assign_localpart(Section& section, const std::string& key, std::string& target, const char* what) {
  const auto text = section.text(key);
  if (!text) return;
  if (is_localpart(*text)) {
    target = *text;
  } else if (text->empty()) {
    section.wrong(key, std::string("is empty: ") + what);
  } else {
    section.wrong(
        key, "\"" + *text + "\" can't stand in a user id: only a-z, 0-9 and . _ = / + - may, like " + target);
  }
}

void read_homeserver(Section& section, Matrix::Homeserver& homeserver) {
  if (!section.valid()) return;
  if (!section.has("url")) {
    section.wrong("url",
                  "is missing: say where the homeserver's client-server API is, like http://127.0.0.1:8008");
  }
  assign_url(section, "url", homeserver.url, "http://127.0.0.1:8008");
  if (!section.has("server_name")) {
    section.wrong("server_name",
                  "is missing: give what stands behind the colon of user ids, like example.org "
                  "(server_name in the homeserver's configuration)");
  }
  if (const auto name = section.text("server_name")) {
    if (is_server_name(*name)) {
      homeserver.server_name = *name;
    } else {
      section.wrong("server_name", "\"" + *name +
                                       "\" is no name of a homeserver: write it like example.org, as it "
                                       "stands behind the colon of user ids");
    }
  }
  assign_ca_file(section, homeserver.ca_file);
  section.finish();
}

void read_appservice(Section section, Matrix::Appservice& service) {
  if (!section.valid()) return;
  assign_listen(section, "listen", service.address, service.port);
  if (const auto id = section.text("id")) {
    const bool printable =
        std::all_of(id->begin(), id->end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
    if (id->empty() || id->size() > longest_service_id || !printable) {
      section.wrong("id", "a word like dragoman belongs here: the homeserver calls the bridge so");
    } else {
      service.id = *id;
    }
  }
  assign_url(section, "url", service.url, "http://127.0.0.1:29318");
  assign_localpart(section, "sender_localpart", service.sender_localpart,
                   "the bridge's own user needs a name, like xmpp");
  section.finish();
}

}  // namespace

void read_matrix(Section& section, Report& report, Matrix& matrix) {
  if (auto homeserver = section.map("homeserver")) {
    read_homeserver(*homeserver, matrix.homeserver);
  } else {
    section.wrong("homeserver",
                  "is missing: give {url: \"http://127.0.0.1:8008\", server_name: example.org} of the "
                  "homeserver that the bridge belongs to");
  }
  if (auto service = section.map("appservice")) read_appservice(std::move(*service), matrix.appservice);
  assign_localpart(section, "ghost_prefix", matrix.ghost_prefix,
                   "without it every user id of the homeserver would be the bridge's; the default is _xmpp_");
  assign_url(section, "public_url", matrix.public_url, "https://matrix.example.net");
  read_people(section, report, "allow", matrix.allow);
  read_people(section, report, "allow_login", matrix.allow_login);
  assign(matrix.max_file_bytes, section.number("max_file_bytes", 1, largest_file));
  assign(matrix.leave_after_seconds, section.number("leave_after_seconds", 0, longest_wait));
  assign(matrix.fetch_private_addresses, section.boolean("fetch_private_addresses"));

  const auto& sender = matrix.appservice.sender_localpart;
  if (sender.compare(0, matrix.ghost_prefix.size(), matrix.ghost_prefix) == 0) {
    section.wrong("ghost_prefix",
                  "the bridge's own user " + sender +
                      " (appservice.sender_localpart) begins with it too: it would be taken for "
                      "an XMPP user; change one of the two");
  }
  if (std::max(sender.size(), matrix.ghost_prefix.size()) + matrix.homeserver.server_name.size() + 2 >
      longest_user_id) {
    section.wrong("homeserver", "no user id fits: a user id with its server is at most 255 characters long");
  }
}

}  // namespace dragoman::config
