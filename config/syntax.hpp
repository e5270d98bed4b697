// What a word in the file must look like. Simple forms: the component prepares addresses exactly later.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dragoman::config {

bool is_host_name(std::string_view text);  // RFC 1123, also non-ASCII letters and '_'
bool is_ip_address(const std::string& text);
bool is_bare_jid(std::string_view text);
std::string lower(std::string_view text);  // ASCII

// The known word nearest to `word`; empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);
std::string joined(const std::vector<std::string>& words, const std::string& separator);

}  // namespace dragoman::config
