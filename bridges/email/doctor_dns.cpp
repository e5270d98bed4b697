#include "bridges/email/doctor_dns.hpp"

#include <array>
#include <functional>

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

namespace dragoman::email {
namespace {

constexpr std::size_t largest_answer = 65'536;

DnsAnswer ask(const std::string& domain, ns_type type,
              const std::function<void(ns_msg&, ns_rr&, DnsAnswer&)>& take) {
  DnsAnswer out;
  std::vector<unsigned char> bytes(largest_answer);
  const int size = res_query(domain.c_str(), ns_c_in, type, bytes.data(), static_cast<int>(bytes.size()));
  if (size < 0) {
    out.known = h_errno == HOST_NOT_FOUND || h_errno == NO_DATA;
    return out;
  }
  ns_msg message{};
  if (ns_initparse(bytes.data(), size, &message) != 0) return out;
  out.known = true;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&message, ns_s_an, i, &record) == 0 && ns_rr_type(record) == type)
      take(message, record, out);
  }
  return out;
}

}  // namespace

DnsAnswer mail_exchangers(const std::string& domain) {
  return ask(domain, ns_t_mx, [](ns_msg& message, ns_rr& record, DnsAnswer& out) {
    constexpr int preference_bytes = 2;
    std::array<char, NS_MAXDNAME> name{};
    if (ns_rr_rdlen(record) <= preference_bytes) return;
    if (dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record) + preference_bytes,
                  name.data(), static_cast<int>(name.size())) >= 0)
      out.values.emplace_back(name.data());
  });
}

DnsAnswer texts(const std::string& domain) {
  return ask(domain, ns_t_txt, [](ns_msg&, ns_rr& record, DnsAnswer& out) {
    // Strings of at most 255 bytes, each after its length (RFC 1035 3.3.14), read as one (RFC 7208 3.3).
    std::string text;
    const unsigned char* at = ns_rr_rdata(record);
    const unsigned char* end = at + ns_rr_rdlen(record);
    while (at < end) {
      const std::size_t length = *at++;
      if (length > static_cast<std::size_t>(end - at)) return;
      text.append(at, at + length);
      at += length;
    }
    out.values.push_back(std::move(text));
  });
}

}  // namespace dragoman::email
