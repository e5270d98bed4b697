#include "bridges/email/body.hpp"

#include <algorithm>
#include <utility>

#include "bridges/email/calendar.hpp"
#include "bridges/email/card.hpp"
#include "bridges/email/charset.hpp"
#include "bridges/email/html_text.hpp"
#include "bridges/email/quotes.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kStub = 600;                             // a text that may be one, in bytes
constexpr std::size_t kMaxCalendar = std::size_t{256} * 1024;  // of what is read to be told
constexpr std::size_t kMaxCard = std::size_t{512} * 1024;      // with a picture in it
constexpr std::size_t kMaxNotes = 20;

bool is_html(GMimeObject* leaf) { return is_type(leaf, "text", "html"); }
bool is_calendar(GMimeObject* leaf) {
  return is_type(leaf, "text", "calendar") || is_type(leaf, "application", "ics");
}
bool is_card(GMimeObject* leaf) {
  return is_type(leaf, "text", "vcard") || is_type(leaf, "text", "x-vcard") ||
         is_type(leaf, "text", "directory");
}
bool is_readable(GMimeObject* leaf) {
  if (!GMIME_IS_PART(leaf)) return false;
  const std::string type = media_type(leaf);
  return type == "text/plain" || type == "text/html" || type == "text/markdown" ||
         type == "text/x-markdown" || type == "text/enriched" || type == "text/richtext";
}

GMimeObject* child(GMimeObject* multipart, int i) {
  return g_mime_multipart_get_part(GMIME_MULTIPART(multipart), i);
}
int children(GMimeObject* multipart) { return g_mime_multipart_get_count(GMIME_MULTIPART(multipart)); }

class Reader {
 public:
  Reader(const ParsedMail& mail, const MimeLimits& limits, std::string_view subject, std::string_view writer)
      : mail_(mail), limits_(limits), subject_(subject), writer_(writer), left_(limits.text_bytes) {}

  Body read() {
    GMimeObject* root = mail_.root();
    if (root != nullptr) object(root, false, false);
    return std::move(body_);
  }

 private:
  // `related`: of a page, for its pictures. `mute`: its text is said by another part.
  void object(GMimeObject* part, bool related, bool mute) {
    if (GMIME_IS_MULTIPART(part)) return multipart(part, related, mute);
    if (is_type(part, "application", "pkcs7-mime") || is_type(part, "application", "x-pkcs7-mime")) {
      return smime(part);
    }
    if (is_alternate_of_text(part) && mute) return;
    if (is_text(part, related)) {
      if (!mute) text(part);
      return;
    }
    if (is_type(part, "message", "delivery-status") || is_type(part, "message", "disposition-notification")) {
      return;  // for programs: what they say is in Mail::report
    }
    note(part);
    File file = file_of(mail_, part, related && is_picture(part));
    // An invitation is there twice: to be understood, and to be kept.
    const bool again =
        is_calendar(part) && std::any_of(body_.files.begin(), body_.files.end(), [&](const File& one) {
          return one.name == file.name && one.size == file.size;
        });
    if (!again) body_.files.push_back(std::move(file));
  }

  void multipart(GMimeObject* part, bool related, bool mute) {
    if (is_type(part, "multipart", "encrypted")) return encrypted();
    const int count = children(part);
    if (count == 0) return unparted(part, mute);
    if (is_type(part, "multipart", "alternative")) return alternative(part, related, mute);
    if (is_type(part, "multipart", "related")) {
      const int root = root_of(part);
      for (int i = 0; i < count; ++i) object(child(part, i), i != root, mute);
      return;
    }
    if (is_type(part, "multipart", "signed")) {
      if (body_.sealed == Sealed::no) body_.sealed = Sealed::signed_only;
    }
    for (int i = 0; i < count; ++i) object(child(part, i), related, mute);
  }

  // RFC 2387 3.2.
  static int root_of(GMimeObject* part) {
    std::string start = parameter(part, "start");
    if (start.size() > 1 && start.front() == '<' && start.back() == '>')
      start = start.substr(1, start.size() - 2);
    if (start.empty()) return 0;
    for (int i = 0; i < children(part); ++i) {
      const char* id = g_mime_object_get_content_id(child(part, i));
      if (id != nullptr && start == id) return i;
    }
    return 0;
  }

  // A multipart whose parts were not found: its text is what stands before the first of them.
  void unparted(GMimeObject* part, bool mute) {
    const char* prologue = g_mime_multipart_get_prologue(GMIME_MULTIPART(part));
    if (!mute && prologue != nullptr) add(Text(text_of_bytes(within(prologue), "")));
    body_.files.push_back(whole_mail(mail_, subject_));
  }

  std::string within(std::string_view bytes) {
    const std::size_t size = prefix_within(bytes, left_);
    left_ -= size;
    return std::string(bytes.substr(0, size));
  }

  void encrypted() {
    if (std::exchange(body_.sealed, Sealed::encrypted) == Sealed::encrypted) return;
    body_.files.push_back(whole_mail(mail_, subject_));
  }

  void smime(GMimeObject* part) {
    const std::string kind = ascii_lower(parameter(part, "smime-type"));
    if (kind == "certs-only") {
      body_.files.push_back(file_of(mail_, part, false));
      return;
    }
    // What is signed so is within: nobody reads it without the right program either.
    body_.sealed = kind == "signed-data" ? Sealed::signed_only : Sealed::encrypted;
    body_.files.push_back(whole_mail(mail_, subject_));
  }

  // RFC 2046 5.1.4: the same in several ways, the plainest first.
  void alternative(GMimeObject* part, bool related, bool mute) {
    const int count = children(part);
    int plain = -1, html = -1;
    for (int i = 0; i < count; ++i) {
      GMimeObject* text = first_text(child(part, i));
      if (text == nullptr) continue;
      if (is_html(text)) {
        html = i;
      } else if (plain < 0) {
        plain = i;
      }
    }
    int chosen = plain >= 0 ? plain : html;
    if (!mute && plain >= 0 && html >= 0 &&
        is_stub(first_text(child(part, plain)), first_text(child(part, html)))) {
      chosen = html;
    }
    for (int i = 0; i < count; ++i) object(child(part, i), related, mute || i != chosen);
  }

  static GMimeObject* first_text(GMimeObject* part) {
    if (!GMIME_IS_MULTIPART(part)) return is_text(part, false) ? part : nullptr;
    for (int i = 0; i < children(part); ++i) {
      if (GMimeObject* found = first_text(child(part, i))) return found;
    }
    return nullptr;
  }

  // Programs that write HTML alone put "this mail is HTML" beside it, or nothing.
  bool is_stub(GMimeObject* plain, GMimeObject* html) const {
    const Text words = text_of(mail_.decoded(plain, kStub + 1), plain);
    const auto end = words.plain.find_last_not_of(" \t\n");
    if (end == std::string::npos) return true;
    if (end >= kStub) return false;
    const Text page = text_of(mail_.decoded(html, std::min(left_, limits_.text_bytes)), html);
    if (page.plain.size() < 200 || page.plain.size() < 3 * end) return false;
    const std::string_view first_line = std::string_view(words.plain).substr(0, words.plain.find('\n'));
    // Short, and not how the page begins: it is about the page.
    return page.plain.find(first_line.substr(0, prefix_within(first_line, 40))) == std::string::npos;
  }

  // What a chat has no use for beside a text: other ways to say it.
  static bool is_alternate_of_text(GMimeObject* part) {
    return is_type(part, "text", "x-amp-html") || is_type(part, "text", "watch-html");
  }

  static bool is_picture(GMimeObject* part) { return is_type(part, "image", "*"); }

  static bool is_text(GMimeObject* part, bool related) {
    if (!is_readable(part)) return false;
    const std::string how = disposition(part);
    if (how == "attachment" || (related && is_html(part))) return false;
    return given_name(part).empty();
  }

  static Text text_of(const std::string& bytes, GMimeObject* leaf) {
    std::string charset = parameter(leaf, "charset");
    if (charset.empty() && is_html(leaf)) charset = html_charset(bytes);
    const std::string text = text_of_bytes(bytes, charset);
    if (is_html(leaf)) return html_text(text);
    if (ascii_lower(parameter(leaf, "format")) != "flowed") return Text(text);
    return Text(unflowed(text, ascii_lower(parameter(leaf, "delsp")) == "yes"));
  }

  void text(GMimeObject* leaf) {
    const std::string bytes = mail_.decoded(leaf, left_ + 1);
    if (bytes.size() > left_) body_.files.push_back(file_of(mail_, leaf, false));
    const Text words = text_of(within(bytes), leaf);
    if (!is_type(leaf, "text", "plain") || ascii_lower(parameter(leaf, "format")) == "flowed")
      body_.wrapped = false;
    // OpenPGP without MIME (RFC 4880 6.2, 7): the marks stand at the beginning of a line.
    const auto has_line = [&](std::string_view mark) {
      const auto at = words.plain.find(mark);
      return at != std::string::npos && (at == 0 || words.plain[at - 1] == '\n');
    };
    if (has_line("-----BEGIN PGP MESSAGE-----")) return encrypted();
    if (has_line("-----BEGIN PGP SIGNED MESSAGE-----") && body_.sealed == Sealed::no)
      body_.sealed = Sealed::signed_only;
    add(words);
  }

  void add(const Text& text) {
    const auto end = text.plain.find_last_not_of(" \t\n");
    if (end == std::string::npos) return;
    if (!body_.text.empty()) body_.text.plain += "\n\n";
    body_.text = concat(std::move(body_.text), slice(text, 0, end + 1));
  }

  void note(GMimeObject* part) {
    const bool calendar = is_calendar(part);
    if ((!calendar && !is_card(part)) || body_.notes.size() >= kMaxNotes || !GMIME_IS_PART(part)) return;
    const std::string text =
        text_of_bytes(mail_.decoded(part, calendar ? kMaxCalendar : kMaxCard), parameter(part, "charset"));
    if (!calendar && !body_.picture) body_.picture = card_picture(text, writer_);
    std::string said = calendar ? invitation_text(text) : card_text(text);
    // The same invitation is often there twice: to be read, and to be kept.
    if (!said.empty() && std::find(body_.notes.begin(), body_.notes.end(), said) == body_.notes.end())
      body_.notes.push_back(std::move(said));
  }

  const ParsedMail& mail_;
  const MimeLimits& limits_;
  std::string_view subject_, writer_;
  std::size_t left_;  // of text_bytes
  Body body_;
};

}  // namespace

Body read_body(const ParsedMail& mail, const MimeLimits& limits, std::string_view subject,
               std::string_view writer) {
  return Reader(mail, limits, subject, writer).read();
}

}  // namespace dragoman::email
