#include "bridges/email/files.hpp"

#include <algorithm>
#include <array>

#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxName = 200, kMaxEnding = 16;

struct Ending {
  std::string_view type, ending;
};

// Sorted by type.
constexpr std::array kEndings = {
    Ending{"application/gzip", ".gz"},
    Ending{"application/ics", ".ics"},
    Ending{"application/json", ".json"},
    Ending{"application/msword", ".doc"},
    Ending{"application/pdf", ".pdf"},
    Ending{"application/pgp-encrypted", ".asc"},
    Ending{"application/pgp-keys", ".asc"},
    Ending{"application/pgp-signature", ".asc"},
    Ending{"application/pkcs7-mime", ".p7m"},
    Ending{"application/pkcs7-signature", ".p7s"},
    Ending{"application/rtf", ".rtf"},
    Ending{"application/vnd.ms-excel", ".xls"},
    Ending{"application/vnd.ms-powerpoint", ".ppt"},
    Ending{"application/vnd.oasis.opendocument.text", ".odt"},
    Ending{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    Ending{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    Ending{"application/x-pkcs7-mime", ".p7m"},
    Ending{"application/x-pkcs7-signature", ".p7s"},
    Ending{"application/xml", ".xml"},
    Ending{"application/zip", ".zip"},
    Ending{"audio/aac", ".aac"},
    Ending{"audio/mp4", ".m4a"},
    Ending{"audio/mpeg", ".mp3"},
    Ending{"audio/ogg", ".ogg"},
    Ending{"audio/wav", ".wav"},
    Ending{"image/avif", ".avif"},
    Ending{"image/bmp", ".bmp"},
    Ending{"image/gif", ".gif"},
    Ending{"image/heic", ".heic"},
    Ending{"image/jpeg", ".jpg"},
    Ending{"image/jpg", ".jpg"},
    Ending{"image/png", ".png"},
    Ending{"image/svg+xml", ".svg"},
    Ending{"image/tiff", ".tif"},
    Ending{"image/webp", ".webp"},
    Ending{"message/global", ".eml"},
    Ending{"message/news", ".eml"},
    Ending{"message/rfc822", ".eml"},
    Ending{"text/calendar", ".ics"},
    Ending{"text/csv", ".csv"},
    Ending{"text/directory", ".vcf"},
    Ending{"text/html", ".html"},
    Ending{"text/markdown", ".md"},
    Ending{"text/plain", ".txt"},
    Ending{"text/rfc822-headers", ".txt"},
    Ending{"text/vcard", ".vcf"},
    Ending{"text/x-patch", ".patch"},
    Ending{"text/x-vcard", ".vcf"},
    Ending{"text/xml", ".xml"},
    Ending{"video/mp4", ".mp4"},
    Ending{"video/quicktime", ".mov"},
    Ending{"video/webm", ".webm"},
};

std::string_view stem_of(std::string_view type) {
  if (type == "text/calendar") return "invite";
  if (type == "text/vcard" || type == "text/x-vcard" || type == "text/directory") return "contact";
  if (type == "text/rfc822-headers") return "headers";
  if (type.substr(0, 8) == "message/") return "message";
  if (type.substr(0, 6) == "image/") return "picture";
  if (type.find("signature") != std::string_view::npos) return "signature";
  if (type.find("pkcs7-mime") != std::string_view::npos) return "smime";
  if (type == "text/plain" || type == "text/html") return "text";
  return "file";
}

std::string content_id(GMimeObject* leaf) {
  const char* id = g_mime_object_get_content_id(leaf);
  if (id == nullptr) return {};
  std::string clean = display_clean(id);
  clean.resize(prefix_within(clean, kMaxName));
  return clean;
}

}  // namespace

std::string_view ending_of(std::string_view media_type) {
  const auto* found = std::lower_bound(kEndings.begin(), kEndings.end(), media_type,
                                       [](const Ending& a, std::string_view type) { return a.type < type; });
  return found != kEndings.end() && found->type == media_type ? found->ending : ".bin";
}

std::string file_name(std::string_view given) {
  // Of Windows and of Unix: only the last step of a path.
  const auto slash = given.find_last_of("/\\");
  if (slash != std::string_view::npos) given.remove_prefix(slash + 1);
  std::string name = display_clean(given);
  for (char& c : name) {
    if (std::string_view("<>:\"|?*").find(c) != std::string_view::npos) c = '_';
  }
  // ".", "..", hidden files, and what Windows strips from the end.
  const auto begin = name.find_first_not_of(". ");
  if (begin == std::string::npos) return {};
  name.erase(0, begin);
  name.erase(name.find_last_not_of(". ") + 1);
  if (name.size() <= kMaxName) return name;
  const auto dot = name.rfind('.');
  const std::string ending =
      dot == std::string::npos || name.size() - dot > kMaxEnding ? std::string() : name.substr(dot);
  name.resize(prefix_within(name, kMaxName - ending.size()));
  return name + ending;
}

std::string given_name(GMimeObject* leaf) {
  const char* name = g_mime_object_get_disposition(leaf) == nullptr
                         ? nullptr
                         : g_mime_object_get_content_disposition_parameter(leaf, "filename");
  if (name == nullptr || *name == '\0') name = g_mime_object_get_content_type_parameter(leaf, "name");
  if (name == nullptr) return {};
  std::string_view given = name;
  // A quote that was never closed, or quotes within quotes.
  while (!given.empty() && given.front() == '"') given.remove_prefix(1);
  while (!given.empty() && given.back() == '"') given.remove_suffix(1);
  // Also where RFC 2047 is forbidden: in quotes.
  return given.find("=?") == std::string_view::npos ? std::string(given) : header_words(given, 2 * kMaxName);
}

File file_of(const ParsedMail& mail, GMimeObject* leaf, bool inlined) {
  File file;
  file.part = mail.number_of(leaf);
  file.media_type = media_type(leaf);
  file.size = mail.decoded_size(leaf);
  file.content_id = content_id(leaf);
  file.inlined = inlined;
  file.name = file_name(given_name(leaf));
  if (file.name.empty() && GMIME_IS_MESSAGE_PART(leaf)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf));
    if (inner != nullptr) {
      std::string subject = header_words(header(GMIME_OBJECT(inner), "Subject"), 100);
      std::replace(subject.begin(), subject.end(), '/', '_');
      std::replace(subject.begin(), subject.end(), '\\', '_');
      file.name = file_name(subject);
      if (!file.name.empty()) file.name += ".eml";
    }
  }
  if (file.name.empty())
    file.name = std::string(stem_of(file.media_type)) + std::string(ending_of(file.media_type));
  return file;
}

File whole_mail(const ParsedMail& mail, std::string_view subject) {
  File file;
  file.media_type = "message/rfc822";
  file.size = mail.bytes().size();
  std::string words(subject.substr(0, prefix_within(subject, 100)));
  std::replace(words.begin(), words.end(), '/', '_');
  std::replace(words.begin(), words.end(), '\\', '_');
  words = file_name(words);
  file.name = (words.empty() ? "message" : words) + ".eml";
  return file;
}

}  // namespace dragoman::email
