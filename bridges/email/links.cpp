#include "bridges/email/links.hpp"

#include <algorithm>
#include <charconv>

#include <sodium.h>
#include <spdlog/spdlog.h>

#include "bridges/email/mime_in.hpp"
#include "bridges/net/http_server.hpp"
#include "mapping/digest.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view prefix = "/mail/";
constexpr std::string_view whole_mail = "mail";
constexpr std::size_t longest_path = 4096;

// What a browser may show by itself; everything else is a file to be kept (nothing of a stranger's runs in
// our name).
bool is_harmless(std::string_view type) {
  if (type == "image/svg+xml") return false;
  return type.starts_with("image/") || type.starts_with("audio/") || type.starts_with("video/") ||
         type == "text/plain";
}

struct Linked {
  MailKey mail = 0;
  std::optional<std::size_t> part;
  std::string name;
};

std::string says(MailKey mail, std::optional<std::size_t> part) {
  return std::to_string(mail) + "." + (part ? std::to_string(*part) : std::string(whole_mail));
}

std::string mac_of(std::string_view key, std::string_view says, std::string_view name) {
  return keyed_digest(key, "link\n" + std::string(says) + "\n" + std::string(name));
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "/mail/MAC/KEY.PART/NAME"
std::optional<Linked> linked(std::string_view key, std::string_view path) {
  if (path.size() > longest_path || !path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  const std::size_t first = path.find('/');
  const std::size_t second = first == std::string_view::npos ? first : path.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view mac = path.substr(0, first), what = path.substr(first + 1, second - first - 1);
  const auto name = net::url_decoded(path.substr(second + 1));
  if (!name) return std::nullopt;
  const std::string right = mac_of(key, what, *name);
  if (mac.size() != right.size() || sodium_memcmp(mac.data(), right.data(), right.size()) != 0)
    return std::nullopt;
  const std::size_t dot = what.find('.');
  Linked out;
  out.name = *name;
  if (dot == std::string_view::npos || !read_number(what.substr(0, dot), out.mail)) return std::nullopt;
  if (const std::string_view part = what.substr(dot + 1); part != whole_mail) {
    std::size_t number = 0;
    if (!read_number(part, number)) return std::nullopt;
    out.part = number;
  }
  return out;
}

std::string type_of(const std::string& bytes, std::size_t part) {
  const auto mail = parse_mail(bytes, {});
  if (const auto* read = std::get_if<Mail>(&mail)) {
    for (const File& file : read->files)
      if (file.part == part) return file.media_type;
  }
  return "message/rfc822";
}

void refuse(net::Answer& answer, int status, std::string words) {
  answer.send(status, {{"content-type", "text/plain; charset=utf-8"}}, std::move(words));
}

}  // namespace

struct Links::Impl {
  explicit Impl(Hub& h) : hub(h) {}

  void listen() {
    const config::Email::Files& files = hub.email().files;
    server.reset();
    if (hub.email().public_url.empty()) return;
    server = std::make_unique<net::HttpServer>(
        hub.loop, net::HttpServer::Options{.address = files.address, .port = files.port, .max_body = 0},
        [this](net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer) {
          serve(request, *answer);
        });
    if (!server->trouble().empty())
      spdlog::error("{}: files of mails can't be fetched: {}", hub.network.value(), server->trouble());
  }
  void serve(const net::ServedRequest& request, net::Answer& answer) {
    if (request.method != "GET" && request.method != "HEAD")
      return refuse(answer, 405, "Files can be fetched, nothing else.\n");
    const auto link = linked(hub.key, request.path);
    if (!link) return refuse(answer, 404, "This link was not made here, or it was changed.\n");
    const auto bytes = hub.store.mails().bytes(hub.network, link->mail);
    if (!bytes) return refuse(answer, 410, "This mail is not kept any more.\n");
    std::string type = "message/rfc822", body;
    if (link->part) {
      type = type_of(*bytes, *link->part);
      body.reserve(bytes->size());  // it is no longer than the mail; what is not used of that is nothing
      const bool found = write_part(*bytes, *link->part, [&](std::string_view piece) {
        body += piece;
        return true;
      });
      if (!found) return refuse(answer, 404, "There is no such file in this mail.\n");
    } else {
      body = *bytes;
    }
    const bool harmless = is_harmless(type);
    answer.send(200,
                {{"content-type", harmless ? type : std::string("application/octet-stream")},
                 {"content-disposition", std::string(harmless ? "inline" : "attachment") +
                                             "; filename*=UTF-8''" + net::url_encoded(link->name)},
                 {"content-security-policy", "default-src 'none'; sandbox"},
                 {"x-content-type-options", "nosniff"},
                 {"cache-control", "private, max-age=86400"}},
                std::move(body));
  }

  Hub& hub;
  std::unique_ptr<net::HttpServer> server;
};

Links::Links(Hub& hub) : impl_(std::make_unique<Impl>(hub)) { impl_->listen(); }
Links::~Links() = default;

std::string Links::of(MailKey mail, std::optional<std::size_t> part, std::string_view name) const {
  const std::string& base = impl_->hub.email().public_url;
  if (base.empty()) return {};
  const std::string what = says(mail, part);
  return base + std::string(prefix) + mac_of(impl_->hub.key, what, name) + "/" + what + "/" +
         net::url_encoded(name);
}

void Links::reload() { impl_->listen(); }

}  // namespace dragoman::email
