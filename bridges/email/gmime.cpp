#include "bridges/email/gmime.hpp"

#include <algorithm>
#include <array>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;

GMimeParserOptions* make_options() {
  g_mime_init();
  GMimeParserOptions* options = g_mime_parser_options_new();
  std::array<const char*, 3> charsets = {"utf-8", "windows-1252", nullptr};
  g_mime_parser_options_set_fallback_charsets(options, charsets.data());
  g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
  return options;
}

// The lines between "begin 644 name" and "end": GMime's decoder wants to begin there.
std::string_view uuencoded(std::string_view raw) {
  std::size_t at = 0;
  while (at < raw.size() && raw.substr(at, 6) != "begin ") {
    at = raw.find('\n', at);
    if (at == std::string_view::npos) return {};
    ++at;
  }
  const auto line = raw.find('\n', at);
  return line == std::string_view::npos ? std::string_view() : raw.substr(line + 1);
}

}  // namespace

GMimeParserOptions* parser_options() {
  static GMimeParserOptions* const options = make_options();
  return options;
}

ParsedMail::ParsedMail(std::string_view bytes) : bytes_(bytes) {
  GMimeParserOptions* const options = parser_options();
  if (bytes.empty() || bytes.size() > G_MAXINT) return;
  // GLib takes the array for its own until it is stolen back; nothing writes to a stream that is parsed.
  auto* data = reinterpret_cast<guint8*>(const_cast<char*>(bytes.data()));
  array_ = g_byte_array_new_take(data, bytes.size());
  const GOwned<GMimeStream> stream(g_mime_stream_mem_new_with_byte_array(array_));
  g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream.get()), FALSE);
  const GOwned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  message_.reset(g_mime_parser_construct_message(parser.get(), options));
  if (message_ && root()) number(root());
}

ParsedMail::~ParsedMail() {
  message_.reset();
  if (array_ == nullptr) return;
  gsize size = 0;
  g_byte_array_steal(array_, &size);
  g_byte_array_free(array_, TRUE);
}

GMimeObject* ParsedMail::root() const { return g_mime_message_get_mime_part(message_.get()); }

void ParsedMail::number(GMimeObject* object) {
  if (!GMIME_IS_MULTIPART(object)) {
    leaves_.push_back(object);
    raws_.push_back(bytes_of(object));
    return;
  }
  auto* multipart = GMIME_MULTIPART(object);
  const int count = g_mime_multipart_get_count(multipart);
  multiparts_.push_back(object);
  for (int i = 0; i < count; ++i) number(g_mime_multipart_get_part(multipart, i));
  multiparts_.pop_back();
}

std::string_view ParsedMail::bytes_of(GMimeObject* leaf) const {
  if (GMIME_IS_MESSAGE_PART(leaf)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf));
    return inner == nullptr ? std::string_view() : bytes_within(inner);
  }
  if (!GMIME_IS_PART(leaf)) return {};
  GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(leaf));
  GMimeStream* stream = content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
  if (stream == nullptr) return {};
  const auto begin = static_cast<std::size_t>(std::max<gint64>(stream->bound_start, 0));
  const auto end = stream->bound_end < 0 ? bytes_.size() : static_cast<std::size_t>(stream->bound_end);
  if (begin >= bytes_.size() || end <= begin) return {};
  return bytes_.substr(begin, end - begin);
}

// A mail within the mail, byte for byte: from its first field to the next line that parts what it stands in.
std::string_view ParsedMail::bytes_within(GMimeMessage* inner) const {
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(inner));
  if (g_mime_header_list_get_count(headers) == 0) return {};
  const gint64 offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(headers, 0));
  if (offset < 0 || static_cast<std::size_t>(offset) >= bytes_.size()) return {};
  std::string_view rest = bytes_.substr(static_cast<std::size_t>(offset));
  for (GMimeObject* multipart : multiparts_) {
    const char* boundary = g_mime_multipart_get_boundary(GMIME_MULTIPART(multipart));
    if (boundary == nullptr) continue;
    const std::string mark = std::string("\n--") + boundary;
    for (auto at = rest.find(mark); at != std::string_view::npos; at = rest.find(mark, at + 1)) {
      // The boundary, or the last one, and nothing behind it: "--ab" does not end what "--a" parts.
      std::string_view behind = rest.substr(at + mark.size());
      if (behind.substr(0, 2) == "--") behind.remove_prefix(2);
      const auto next = behind.find_first_not_of(" \t\r");
      if (next != std::string_view::npos && behind[next] != '\n') continue;
      rest = rest.substr(0, at);
      if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
      break;
    }
  }
  return rest;
}

std::size_t ParsedMail::number_of(const GMimeObject* leaf) const {
  const auto found = std::find(leaves_.begin(), leaves_.end(), leaf);
  return found == leaves_.end() ? 0 : static_cast<std::size_t>(found - leaves_.begin()) + 1;
}

std::string_view ParsedMail::raw(const GMimeObject* leaf) const {
  const std::size_t number = number_of(leaf);
  return number == 0 ? std::string_view() : raws_[number - 1];
}

void ParsedMail::decode(GMimeObject* leaf, const std::function<bool(std::string_view)>& take) const {
  std::string_view rest = raw(leaf);
  if (rest.empty()) return;
  if (!GMIME_IS_PART(leaf)) {
    take(rest);
    return;
  }
  const GMimeContentEncoding kind = g_mime_part_get_content_encoding(GMIME_PART(leaf));
  if (kind == GMIME_CONTENT_ENCODING_UUENCODE) rest = uuencoded(rest);
  GMimeEncoding state;
  g_mime_encoding_init_decode(&state, kind);
  std::string out;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kPiece);
    rest.remove_prefix(piece.size());
    out.resize(g_mime_encoding_outlen(&state, piece.size()));
    const std::size_t size = rest.empty()
                                 ? g_mime_encoding_flush(&state, piece.data(), piece.size(), out.data())
                                 : g_mime_encoding_step(&state, piece.data(), piece.size(), out.data());
    if (!take(std::string_view(out).substr(0, size))) return;
  }
  // Base64 whose padding was cut off: the bytes of the last letters are still there.
  if (kind == GMIME_CONTENT_ENCODING_BASE64 && (state.state == 2 || state.state == 3)) {
    const std::string_view padding = state.state == 2 ? "==" : "=";
    out.resize(g_mime_encoding_outlen(&state, padding.size()));
    const std::size_t size = g_mime_encoding_step(&state, padding.data(), padding.size(), out.data());
    take(std::string_view(out).substr(0, size));
  }
}

std::string ParsedMail::decoded(GMimeObject* leaf, std::size_t limit) const {
  std::string all;
  decode(leaf, [&](std::string_view piece) {
    all += piece.substr(0, limit - all.size());
    return all.size() < limit;
  });
  return all;
}

std::size_t ParsedMail::decoded_size(GMimeObject* leaf) const {
  std::size_t size = 0;
  decode(leaf, [&](std::string_view piece) {
    size += piece.size();
    return true;
  });
  return size;
}

bool is_type(GMimeObject* object, const char* type, const char* subtype) {
  GMimeContentType* content_type = g_mime_object_get_content_type(object);
  return content_type != nullptr && g_mime_content_type_is_type(content_type, type, subtype);
}

std::string media_type(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  if (type == nullptr) return "application/octet-stream";
  const auto is_token = [](std::string_view text) {
    return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
    });
  };
  const char* major = g_mime_content_type_get_media_type(type);
  const char* minor = g_mime_content_type_get_media_subtype(type);
  const std::string first = ascii_lower(major == nullptr ? "" : major);
  const std::string second = ascii_lower(minor == nullptr ? "" : minor);
  if (!is_token(first) || !is_token(second)) return "application/octet-stream";
  return first + '/' + second;
}

std::string parameter(GMimeObject* object, const char* name) {
  const char* value = g_mime_object_get_content_type_parameter(object, name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string disposition(GMimeObject* object) {
  const char* value = g_mime_object_get_disposition(object);
  return value == nullptr ? std::string() : ascii_lower(value);
}

std::string unfolded(std::string_view value) {
  std::string line;
  line.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n') line += c == '\0' ? ' ' : c;
  }
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
}

std::string header(GMimeObject* object, const char* name) {
  GMimeHeader* found = g_mime_header_list_get_header(g_mime_object_get_header_list(object), name);
  const char* value = found == nullptr ? nullptr : g_mime_header_get_raw_value(found);
  return value == nullptr ? std::string() : unfolded(value);
}

}  // namespace dragoman::email
