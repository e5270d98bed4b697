// What HTTP's headers are made of (RFC 9110, 5). Pure.
#pragma once

#include <string_view>

#include "bridges/net/http_client.hpp"

namespace dragoman::net {

const std::string* find_header(const HttpHeaders& headers, std::string_view lower_case_name);
bool is_header_name(std::string_view name);    // a token
bool is_header_value(std::string_view value);  // no control characters but tab: CR and LF least of all

}  // namespace dragoman::net
