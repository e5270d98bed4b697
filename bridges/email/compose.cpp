#include "bridges/email/compose.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "bridges/email/address.hpp"
#include "bridges/email/body_out.hpp"
#include "bridges/email/gmime.hpp"
#include "mapping/digest.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

// So that no line of a header is longer than 998 octets (RFC 5322 2.1.1), whatever it is folded to.
constexpr std::size_t max_id = 250;
constexpr std::size_t max_words = 400;
constexpr std::size_t max_name = 200;
constexpr std::size_t max_value = 900;
constexpr std::size_t max_references = 20;
constexpr std::size_t max_line = 998;

struct FreeOptions {
  void operator()(GMimeFormatOptions* options) const { g_mime_format_options_free(options); }
};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Words of somebody as one line of a header. GMime encodes what is not ASCII, and takes for encoded already
// what looks so.
std::string words_of(std::string_view text, std::size_t limit) {
  auto words = display_clean(text);
  words.resize(prefix_within(words, limit));
  if (words.find("?=") == std::string::npos) return words;
  for (auto at = words.find("=?"); at != std::string::npos; at = words.find("=?", at + 3))
    words.insert(at + 1, 1, ' ');
  return words;
}

// RFC 5322 3.6.4, as far as it matters: GMime writes ids as they are given.
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= max_id && is_printable(id) &&
         id.find_first_of("<>") == std::string_view::npos;
}

// The first says where a thread began, the last where it is.
std::string references_of(const std::vector<std::string>& given) {
  std::vector<std::string_view> ids;
  for (const auto& id : given) {
    if (is_id(id)) ids.emplace_back(id);
  }
  if (ids.size() > max_references)
    ids.erase(ids.begin() + 1, ids.end() - static_cast<std::ptrdiff_t>(max_references) + 1);
  std::string value;
  for (const auto id : ids) value.append(value.empty() ? "<" : " <").append(id).append(">");
  return value;
}

// RFC 7259 with RFC 5122 2.2: what a URI may not hold is percent-encoded.
std::string encoded_jid(std::string_view jid) {
  constexpr std::string_view digits = "0123456789ABCDEF", plain = "-._~!$()*+,;=@[]:";
  std::string value;
  for (const char c : jid) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        plain.find(c) != std::string_view::npos) {
      value += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      value.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return value;
}

void set_header(GMimeMessage* message, const char* name, const std::string& value) {
  if (!value.empty()) g_mime_object_set_header(GMIME_OBJECT(message), name, value.c_str(), "utf-8");
}

void add_mailbox(GMimeMessage* message, GMimeAddressType type, const Mailbox& mailbox) {
  const auto address = valid_address(mailbox.address);
  if (!address) return;
  const auto name = words_of(mailbox.name, max_name);
  g_mime_message_add_mailbox(message, type, name.empty() ? nullptr : name.c_str(), address->c_str());
}

void set_frame(GMimeMessage* message, const Draft& draft) {
  add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, draft.from);
  if (draft.reply_to) add_mailbox(message, GMIME_ADDRESS_TYPE_REPLY_TO, *draft.reply_to);
  for (const auto& mailbox : draft.to) add_mailbox(message, GMIME_ADDRESS_TYPE_TO, mailbox);
  for (const auto& mailbox : draft.cc) add_mailbox(message, GMIME_ADDRESS_TYPE_CC, mailbox);
  g_mime_message_set_subject(message, words_of(draft.subject, max_words).c_str(), "utf-8");
  const auto time = draft.date == Time{} ? std::chrono::system_clock::now() : draft.date;
  if (auto* date = g_date_time_new_from_unix_utc(std::chrono::system_clock::to_time_t(time))) {
    g_mime_message_set_date(message, date);
    g_date_time_unref(date);
  }
  if (is_id(draft.message_id)) g_mime_message_set_message_id(message, draft.message_id.c_str());
  if (is_id(draft.in_reply_to)) set_header(message, "In-Reply-To", '<' + draft.in_reply_to + '>');
  set_header(message, "References", references_of(draft.references));
  set_header(message, "MIME-Version", "1.0");
  if (const auto jid = encoded_jid(draft.jabber_id); jid.size() <= max_value)
    set_header(message, "Jabber-ID", jid);
  if (draft.automatic) set_header(message, "Auto-Submitted", "auto-replied");
  if (const auto address = valid_address(draft.receipt_to); address && is_ascii_only(*address))
    set_header(message, "Disposition-Notification-To", '<' + *address + '>');
  if (draft.unsubscribe.size() <= max_value && is_printable(draft.unsubscribe) &&
      !draft.unsubscribe.empty() && draft.unsubscribe.find_first_of("<>,") == std::string::npos)
    set_header(message, "List-Unsubscribe", '<' + draft.unsubscribe + '>');
}

void set_content(GMimePart* part, std::string_view bytes, GMimeContentEncoding encoding) {
  const GOwned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  const GOwned<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part, content.get());
  g_mime_part_set_content_encoding(part, encoding);
}

// Seven bit, for servers without 8BITMIME and since libcurl never asks for it; base64 where quoted-printable
// would say little to whoever reads the source.
GMimeContentEncoding encoding_of(std::string_view text) {
  std::size_t beyond = 0, length = 0, longest = 0;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) ++beyond;
    length = c == '\n' ? 0 : length + 1;
    longest = std::max(longest, length);
  }
  if (beyond > text.size() / 3) return GMIME_CONTENT_ENCODING_BASE64;
  return beyond > 0 || longest > max_line ? GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
                                          : GMIME_CONTENT_ENCODING_7BIT;
}

std::string with_crlf(std::string_view text) {
  std::string lines;
  lines.reserve(text.size() + text.size() / 32);
  for (const char c : text) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

GOwned<GMimePart> text_part(const char* subtype, std::string_view text) {
  GOwned<GMimePart> part(g_mime_part_new_with_type("text", subtype));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", "utf-8");
  const auto encoding = encoding_of(text);
  // RFC 2046 4.1.1: what base64 hides has canonical line ends too.
  set_content(part.get(), encoding == GMIME_CONTENT_ENCODING_BASE64 ? with_crlf(text) : std::string(text),
              encoding);
  return part;
}

GOwned<GMimePart> plain_part(const Text& text, std::string_view signature) {
  auto part = text_part("plain", flowed_text(text, signature));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "format", "flowed");
  return part;
}

GOwned<GMimeObject> body_of(const Draft& draft) {
  if (draft.reaction) {  // RFC 9078
    auto part = text_part("plain", display_clean(*draft.reaction) + '\n');
    g_mime_object_set_disposition(GMIME_OBJECT(part.get()), "reaction");
    return GOwned<GMimeObject>(GMIME_OBJECT(part.release()));
  }
  auto plain = plain_part(draft.text, draft.signature);
  if (!needs_html(draft.text)) return GOwned<GMimeObject>(GMIME_OBJECT(plain.release()));
  const auto html = text_part("html", html_text_of(draft.text, draft.signature));
  GMimeMultipart* both = g_mime_multipart_new_with_subtype("alternative");
  g_mime_multipart_add(both, GMIME_OBJECT(plain.get()));
  g_mime_multipart_add(both, GMIME_OBJECT(html.get()));
  return GOwned<GMimeObject>(GMIME_OBJECT(both));
}

std::string enclosure_name(std::string_view given) {
  auto name = display_clean(given);
  name.erase(0, name.find_last_of("/\\") + 1);
  name.resize(prefix_within(name, max_name));
  if (name.empty() || name == "." || name == "..") return "file";
  return name;
}

bool is_media_type(std::string_view type) {
  const auto slash = type.find('/');
  const auto is_token = [](std::string_view token) {
    return !token.empty() && token.size() <= 100 && std::all_of(token.begin(), token.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
    });
  };
  // Of these, readers would take the parts for ours.
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) &&
         is_token(type.substr(slash + 1)) && type.substr(0, slash) != "multipart" &&
         type.substr(0, slash) != "message";
}

GOwned<GMimePart> file_part(const Enclosure& file) {
  auto type = ascii_lower(file.media_type.substr(0, file.media_type.find(';')));
  if (!is_media_type(type)) type = "application/octet-stream";
  const auto slash = type.find('/');
  GOwned<GMimePart> part(
      g_mime_part_new_with_type(type.substr(0, slash).c_str(), type.substr(slash + 1).c_str()));
  auto* object = GMIME_OBJECT(part.get());
  const auto name = enclosure_name(file.name);
  g_mime_object_set_disposition(object, "attachment");
  g_mime_object_set_content_disposition_parameter(object, "filename", name.c_str());
  // RFC 2231 is the standard; old mail programs read the encoded word that stands in "name".
  g_mime_object_set_content_type_parameter(object, "name", name.c_str());
  if (auto* param = g_mime_param_list_get_parameter(
          g_mime_content_type_get_parameters(g_mime_object_get_content_type(object)), "name"))
    g_mime_param_set_encoding_method(param, GMIME_PARAM_ENCODING_METHOD_RFC2047);
  set_content(part.get(), file.bytes, GMIME_CONTENT_ENCODING_BASE64);
  return part;
}

std::string written(GMimeMessage* message) {
  const std::unique_ptr<GMimeFormatOptions, FreeOptions> options(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(options.get(), GMIME_NEWLINE_FORMAT_DOS);
  g_mime_format_options_set_param_encoding_method(options.get(), GMIME_PARAM_ENCODING_METHOD_RFC2231);
  const GOwned<GMimeStream> stream(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(GMIME_OBJECT(message), options.get(), stream.get());
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

GOwned<GMimeMessage> new_message() {
  parser_options();  // GMime is ready from then on
  return GOwned<GMimeMessage>(g_mime_message_new(TRUE));
}

}  // namespace

std::string compose(const Draft& draft) {
  const auto message = new_message();
  set_frame(message.get(), draft);
  auto body = body_of(draft);
  if (!draft.files.empty()) {
    GMimeMultipart* all = g_mime_multipart_new_with_subtype("mixed");
    g_mime_multipart_add(all, body.get());
    for (const auto& file : draft.files) {
      const auto part = file_part(file);
      g_mime_multipart_add(all, GMIME_OBJECT(part.get()));
    }
    body.reset(GMIME_OBJECT(all));
  }
  g_mime_message_set_mime_part(message.get(), body.get());
  return written(message.get());
}

std::string compose_receipt(const Draft& frame, const Mailbox& reader, std::string_view original_id) {
  const auto message = new_message();
  set_frame(message.get(), frame);
  set_header(message.get(), "Auto-Submitted", "auto-replied");
  const GOwned<GMimeMultipart> report(g_mime_multipart_new_with_subtype("report"));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(report.get()), "report-type",
                                           "disposition-notification");
  const auto words = plain_part(
      frame.text.empty() ? Text("Your mail was displayed. That does not say that it was read or understood.")
                         : frame.text,
      {});
  g_mime_multipart_add(report.get(), GMIME_OBJECT(words.get()));
  // RFC 8098 3.1 and 3.2.
  std::string fields = "Reporting-UA: dragoman\n";
  if (const auto address = valid_address(reader.address))
    fields += std::string("Final-Recipient: ") + (is_ascii_only(*address) ? "rfc822; " : "utf-8; ") +
              *address + '\n';
  if (is_id(original_id)) fields += "Original-Message-ID: <" + std::string(original_id) + ">\n";
  fields += "Disposition: manual-action/MDN-sent-manually; displayed\n";
  const GOwned<GMimePart> part(g_mime_part_new_with_type("message", "disposition-notification"));
  set_content(part.get(), fields, encoding_of(fields));
  g_mime_multipart_add(report.get(), GMIME_OBJECT(part.get()));
  g_mime_message_set_mime_part(message.get(), GMIME_OBJECT(report.get()));
  return written(message.get());
}

std::string message_id_of(std::string_view token, std::string_view secret_key, std::string_view domain) {
  return keyed_digest(secret_key, "message id of " + std::string(token)) + '@' + std::string(domain);
}

std::string answer_subject(std::string_view subject) {
  // What mail programs of other languages begin an answer with counts as well.
  constexpr std::array<std::string_view, 9> prefixes{
      "re:", "aw:", "antw:", "sv:", "vs:", "odp:", "rif:", "res:", "re["};
  auto clean = display_clean(subject);
  const auto lower = ascii_lower(std::string_view(clean).substr(0, 8));
  if (std::any_of(prefixes.begin(), prefixes.end(), [&](auto p) { return lower.starts_with(p); }))
    return clean;
  return clean.empty() ? "Re:" : "Re: " + clean;
}

}  // namespace dragoman::email
