#include "bridges/email/account_token.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bridges/json.hpp"
#include "bridges/net/base64.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto endpoint_patience = 60s;
constexpr std::uint64_t largest_token_answer = 100'000;
constexpr std::size_t longest_access_token = 8192;
constexpr std::int64_t longest_life = 31'622'400;  // seconds, a year
constexpr std::string_view https_scheme = "https://";

// RFC 6749 5.2: who asks again is told the same again.
constexpr std::array<std::string_view, 6> final_errors{"invalid_request", "invalid_client",
                                                       "invalid_grant",   "unauthorized_client",
                                                       "invalid_scope",   "unsupported_grant_type"};

// RFC 6749 Appendix A.12: VSCHAR; more would leave its place in what is said to a mail server.
bool is_bearer_token(std::string_view text) {
  return !text.empty() && text.size() <= longest_access_token &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

std::optional<std::string> endpoint_host(std::string_view url) {
  if (!url.starts_with(https_scheme)) return {};
  url.remove_prefix(https_scheme.size());
  std::string_view place = url.substr(0, url.find_first_of("/?"));
  if (const auto bad = std::any_of(url.begin(), url.end(),
                                   [](char c) { return c <= 0x20 || c >= 0x7f || c == '\\' || c == '#'; });
      bad)
    return {};
  std::string host;
  if (place.starts_with('[')) {
    const auto end = place.find(']');
    if (end == std::string_view::npos) return {};
    host = ascii_lower(place.substr(1, end - 1));
    place.remove_prefix(end + 1);
    if (host.find_first_not_of("0123456789abcdef:.") != std::string::npos) return {};
  } else {
    const auto colon = std::min(place.find(':'), place.size());
    host = ascii_lower(place.substr(0, colon));
    place.remove_prefix(colon);
    if (host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos) return {};
  }
  const bool has_port = place.starts_with(':') && place.size() > 1 && place.size() <= 6;
  if (host.empty() || (!place.empty() && !has_port) ||
      place.find_first_not_of("0123456789", 1) != std::string_view::npos)
    return {};
  return host;
}

void use(Account& account, const FreshToken& token, Time now) {
  account.token = token.access;
  if (!token.refresh.empty()) account.renewal.refresh_token = token.refresh;
  account.token_ends = token.lifetime ? now + *token.lifetime : Time{};
}

net::HttpRequest token_request(const Renewal& renewal) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = renewal.url;
  request.timeout = endpoint_patience;
  request.max_body = largest_token_answer;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
  request.body = "grant_type=refresh_token&refresh_token=" + net::url_encoded(renewal.refresh_token);
  // RFC 6749 2.3.1: who has a secret says it in the header.
  if (renewal.client_secret.empty()) {
    if (!renewal.client_id.empty()) request.body += "&client_id=" + net::url_encoded(renewal.client_id);
  } else {
    request.headers.emplace_back("authorization",
                                 "Basic " + net::base64(net::url_encoded(renewal.client_id) + ':' +
                                                        net::url_encoded(renewal.client_secret)));
  }
  return request;
}

TokenResult token_in(const net::HttpResult& answer, const std::string& host) {
  if (const auto* failure = std::get_if<Failure>(&answer))
    return TokenTrouble{
        {failure->reason, "No new access token can be had from " + host + ": " + failure->text}, false};
  const auto& response = std::get<net::HttpResponse>(answer);
  const auto value = parse_json(response.body);
  static const json::object nothing;
  const json::object& body = value ? object_of(*value) : nothing;
  if (response.head.status == 200) {
    FreshToken out{
        std::string(text_at(body, "access_token")), std::string(text_at(body, "refresh_token")), {}};
    if (const auto seconds = number_at(body, "expires_in"); seconds && *seconds > 0)
      out.lifetime = std::chrono::seconds(std::min(*seconds, longest_life));
    if (is_bearer_token(out.access) && (out.refresh.empty() || is_bearer_token(out.refresh)) &&
        ascii_lower(text_at(body, "token_type")) == "bearer")
      return out;
    return TokenTrouble{{Reason::network_error, host + " gives no access token for mail"}, false};
  }
  const std::string_view error = text_at(body, "error");
  const bool refused = std::find(final_errors.begin(), final_errors.end(), error) != final_errors.end();
  std::string words =
      refused ? host + " gives no new access token any more" : host + " gives no new access token now";
  std::string why = display_clean(one_line(std::string(text_at(body, "error_description"))));
  if (why.empty() && refused) why = error;
  if (why.size() > 200) why.resize(prefix_within(why, 200));
  words += ": " + (why.empty() ? "status " + std::to_string(response.head.status) : why);
  return TokenTrouble{{refused ? Reason::login_failed : Reason::network_error, std::move(words)}, refused};
}

TokenRefresh::TokenRefresh(boost::asio::io_context& loop, const Renewal& renewal, bool public_only,
                           const std::string& ca_file, std::function<void(const TokenResult&)> done)
    : client_(loop, {.ca_file = ca_file}) {
  net::HttpRequest request = token_request(renewal);
  request.untrusted = public_only;
  client_.send(std::move(request),
               [host = endpoint_host(renewal.url).value_or(renewal.url),
                done = std::move(done)](const net::HttpResult& answer) { done(token_in(answer, host)); });
}

}  // namespace dragoman::email
