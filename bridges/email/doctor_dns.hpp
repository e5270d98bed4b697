// What DNS says of a mail domain. Blocks for as long as the resolver does, some seconds.
#pragma once

#include <string>
#include <vector>

namespace dragoman::email {

struct DnsAnswer {
  bool known = false;               // the resolver gave an answer, if only that there is nothing
  std::vector<std::string> values;  // hosts of MX, texts of TXT
};
DnsAnswer mail_exchangers(const std::string& domain);  // RFC 5321 5.1; a host of "" is "no mail" (RFC 7505)
DnsAnswer texts(const std::string& domain);

}  // namespace dragoman::email
