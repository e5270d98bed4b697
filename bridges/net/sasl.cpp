#include "bridges/net/sasl.hpp"

#include "bridges/net/base64.hpp"

namespace dragoman::net::sasl {
namespace {

constexpr char sasl_divider = '\x01';

std::string authorization(std::string_view token) {
  return "auth=Bearer " + std::string(token) + sasl_divider + sasl_divider;
}

// RFC 5801 4.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string plain(std::string_view user, std::string_view password) {
  std::string out(1, '\0');
  out.append(user).append(1, '\0').append(password);
  return base64(out);
}

std::string oauthbearer(std::string_view user, std::string_view host, std::uint16_t port,
                        std::string_view token) {
  return base64("n,a=" + escaped(user) + ',' + sasl_divider + "host=" + std::string(host) + sasl_divider +
                "port=" + std::to_string(port) + sasl_divider + authorization(token));
}

std::string xoauth2(std::string_view user, std::string_view token) {
  return base64("user=" + std::string(user) + sasl_divider + authorization(token));
}

}  // namespace dragoman::net::sasl
