#include "component/upload_slot.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "component/codepoint.hpp"
#include "component/datetime.hpp"
#include "component/stanza.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::upload {
namespace {

constexpr std::size_t longest_url = 2000;      // clients and their servers take them up to about here
constexpr std::size_t longest_header = 16384;  // bytes; tokens are long
constexpr std::size_t most_headers = 20;
constexpr std::size_t longest_reason = 200;  // code points

std::optional<std::uint64_t> byte_count(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string without_newlines(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\r' || c == '\n'; });
  return out;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  // Four numbers: "127.evil.example" is a name.
  return host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

std::string disco_request() {
  std::string out;
  XmlWriter(out).open("query", ns::disco_info).close();
  return out;
}

std::string slot_request(std::string_view name, std::uint64_t size, std::string_view media_type) {
  std::string out;
  XmlWriter(out)
      .open("request", ns::upload)
      .attr("filename", name)
      .attr("size", std::to_string(size))
      .attr_if("content-type", media_type)
      .close();
  return out;
}

std::optional<Service> read_service(const Element& query) {
  bool offered = false;
  Service out;
  for (const Element& child : query.children) {
    if (child.name == "feature" && child.attr_or("var") == ns::upload) offered = true;
    if (child.name != "x" || child.ns != ns::data_form) continue;
    bool is_ours = false;
    std::optional<std::uint64_t> largest;
    for (const Element& field : child.children) {
      const Element* value = field.child("value");
      if (value == nullptr) continue;
      if (field.attr_or("var") == "FORM_TYPE") is_ours = value->text == ns::upload;
      if (field.attr_or("var") == "max-file-size") largest = byte_count(value->text);
    }
    if (is_ours && largest) out.largest = *largest;
  }
  if (!offered) return std::nullopt;
  return out;
}

bool is_fit_url(std::string_view url) {
  if (url.size() > longest_url) return false;
  // RFC 3986, which the XEP asks for, has ASCII alone.
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= 0x20 || c == 0x7f; })) return false;
  const std::size_t begin = url.find("://");
  if (begin == url.npos) return false;
  const std::string scheme = ascii_lower(url.substr(0, begin));
  const std::string_view rest = url.substr(begin + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.find_first_of("@\\") != authority.npos) return false;
  if (scheme == "https") return true;
  const bool is_ipv6 = authority.starts_with('[');
  const std::string_view host = authority.substr(0, is_ipv6 ? authority.find(']') + 1 : authority.find(':'));
  return scheme == "http" && is_loopback(ascii_lower(host));
}

std::variant<Slot, std::string> read_slot(const Element& slot) {
  const Element* put = slot.child("put");
  const Element* get = slot.child("get");
  if (slot.name != "slot" || slot.ns != ns::upload || put == nullptr || get == nullptr)
    return "its answer is no slot";
  Slot out{std::string(put->attr_or("url")), std::string(get->attr_or("url")), {}};
  for (const std::string& url : {out.put_url, out.get_url}) {
    if (!is_fit_url(url)) return "it names a URL that is not https: " + shortened(url, longest_reason);
  }
  constexpr std::array<std::string_view, 3> allowed{"authorization", "cookie", "expires"};
  std::size_t bytes = 0;
  for (const Element& header : put->children) {
    if (header.name != "header") continue;
    std::string name = without_newlines(header.attr_or("name"));
    if (std::find(allowed.begin(), allowed.end(), ascii_lower(name)) == allowed.end()) continue;
    out.headers.emplace_back(std::move(name), without_newlines(header.text));
    bytes += out.headers.back().second.size();
    if (out.headers.size() > most_headers || bytes > longest_header) return "it asks for too many headers";
  }
  return out;
}

Refusal read_refusal(const Element& iq) {
  Refusal out;
  const Element* error = iq.child("error");
  if (error == nullptr) {
    out.words = "its answer can't be read";
    return out;
  }
  std::string condition;
  for (const Element& child : error->children) {
    if (child.ns == ns::stanzas && child.name == "text") {
      out.words = shortened(child.text, longest_reason);
    } else if (child.ns == ns::stanzas) {
      condition = shortened(child.name, longest_reason);
    } else if (child.ns == ns::upload && child.name == "file-too-large") {
      out.of = Refusal::Of::this_file;
      if (const Element* most = child.child("max-file-size")) out.largest = byte_count(most->text);
    } else if (child.ns == ns::upload && child.name == "retry") {
      out.retry = parse_datetime(child.attr_or("stamp"));
    }
  }
  out.words += (out.words.empty() ? "" : " ") + ("(" + (condition.empty() ? "no reason" : condition) + ")");
  const std::string_view type = error->attr_or("type");
  if (type == "modify") out.of = Refusal::Of::this_file;
  if (type == "wait" || out.retry) out.of = Refusal::Of::for_now;
  return out;
}

}  // namespace dragoman::upload
