#include "bridges/matrix/media_link.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <sodium.h>

#include "bridges/net/http_client.hpp"

namespace dragoman::matrix {

namespace {

constexpr int encoding = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t mac_size = 16, max_path = 4096, max_part = 255;

std::string encoded(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), encoding), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), encoding);
  out.pop_back();  // a NUL
  return out;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                        nullptr, &size, &end, encoding) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::string mac_of(std::string_view key, std::string_view says, std::string_view name) {
  std::array<unsigned char, crypto_auth_hmacsha512256_BYTES> mac{};
  crypto_auth_hmacsha512256_state state;
  auto feed = [&](std::string_view bytes) {
    crypto_auth_hmacsha512256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()),
                                     bytes.size());
  };
  crypto_auth_hmacsha512256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  feed(says);  // has no NUL in it
  feed(std::string_view("\0", 1));
  feed(name);
  crypto_auth_hmacsha512256_final(&state, mac.data());
  return {reinterpret_cast<const char*>(mac.data()), mac_size};
}

bool is_part(std::string_view text) {
  if (text.empty() || text.size() > max_part || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("/\\?#%\"<>").find(c) == std::string_view::npos;
  });
}

}  // namespace

std::optional<MxcParts> mxc_parts(std::string_view mxc) {
  constexpr std::string_view scheme = "mxc://";
  if (mxc.substr(0, scheme.size()) != scheme) return std::nullopt;
  mxc.remove_prefix(scheme.size());
  auto slash = mxc.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  MxcParts parts{mxc.substr(0, slash), mxc.substr(slash + 1)};
  if (!is_part(parts.server) || !is_part(parts.id)) return std::nullopt;
  return parts;
}

std::chrono::sys_seconds link_expiry(std::chrono::sys_seconds now) {
  using namespace std::chrono;
  auto year = year_month_day(floor<days>(now)).year();
  return sys_days((year + years(2)) / January / 1);
}

std::string link_path(std::string_view key, const LinkedFile& file) {
  auto parts = mxc_parts(file.mxc);
  if (!parts || file.event_id.find_first_of(std::string("\n\0", 2)) != std::string::npos) return {};
  std::string says = std::to_string(file.expiry.time_since_epoch().count());
  says.append("\n").append(parts->server).append("/").append(parts->id).append("\n").append(file.event_id);
  if (file.thumbnail) says.append("\nt");
  std::string path(media_prefix);
  path.append(encoded(mac_of(key, says, file.name))).append("/").append(encoded(says)).append("/");
  path.append(net::url_encoded(file.name));
  return path.size() > max_path ? std::string() : path;
}

std::optional<LinkedFile> linked_file(std::string_view key, std::string_view path) {
  if (path.size() > max_path || path.substr(0, media_prefix.size()) != media_prefix) return std::nullopt;
  path.remove_prefix(media_prefix.size());
  auto first = path.find('/');
  auto second = first == std::string_view::npos ? first : path.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto mac = decoded(path.substr(0, first));
  auto says = decoded(path.substr(first + 1, second - first - 1));
  auto name = net::url_decoded(path.substr(second + 1));
  if (!mac || !says || !name || mac->size() != mac_size) return std::nullopt;
  auto right = mac_of(key, *says, *name);
  if (sodium_memcmp(mac->data(), right.data(), mac_size) != 0) return std::nullopt;

  // From here on it is what link_path() made.
  std::vector<std::string_view> lines;
  std::string_view rest = *says;
  for (;;) {
    auto end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (lines.size() < 3) return std::nullopt;
  std::int64_t seconds = 0;
  std::from_chars(lines[0].data(), lines[0].data() + lines[0].size(), seconds);
  LinkedFile file;
  file.expiry = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  file.mxc.append("mxc://").append(lines[1]);
  file.event_id = lines[2];
  file.name = std::move(*name);
  file.thumbnail = lines.size() > 3;
  return file;
}

}  // namespace dragoman::matrix
