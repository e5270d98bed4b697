// GMime's objects as C++ holds them, and a mail parsed without a copy of its bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmime/gmime.h>

namespace dragoman::email {

struct GObjectUnref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using GOwned = std::unique_ptr<T, GObjectUnref>;

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};
using GText = std::unique_ptr<char, GFree>;

// How headers are read: raw 8 bit is UTF-8, else Windows-1252. One for the whole program.
GMimeParserOptions* parser_options();

// A mail's parts; the bytes outlive it. Leaves are counted from 1 in the order of the mail, a mail within the
// mail is one of them; 0 is the whole mail.
class ParsedMail {
 public:
  explicit ParsedMail(std::string_view bytes);
  ~ParsedMail();
  ParsedMail(const ParsedMail&) = delete;
  ParsedMail& operator=(const ParsedMail&) = delete;

  bool ok() const { return message_ != nullptr; }
  GMimeMessage* message() const { return message_.get(); }
  GMimeObject* root() const;  // may be null: a mail of headers alone
  std::string_view bytes() const { return bytes_; }
  const std::vector<GMimeObject*>& leaves() const { return leaves_; }
  std::size_t number_of(const GMimeObject* leaf) const;  // 0: no leaf

  // As it stands in the mail, in its transfer encoding.
  std::string_view raw(const GMimeObject* leaf) const;
  // Decoded, piece by piece, as long as `take` wants more.
  void decode(GMimeObject* leaf, const std::function<bool(std::string_view)>& take) const;
  std::string decoded(GMimeObject* leaf, std::size_t limit) const;
  std::size_t decoded_size(GMimeObject* leaf) const;

 private:
  void number(GMimeObject* object);
  std::string_view bytes_of(GMimeObject* leaf) const;
  std::string_view bytes_within(GMimeMessage* inner) const;

  std::string_view bytes_;
  GByteArray* array_ = nullptr;  // of `bytes_`, which it does not own
  GOwned<GMimeMessage> message_;
  std::vector<GMimeObject*> leaves_;
  std::vector<std::string_view> raws_;    // of the leaves
  std::vector<GMimeObject*> multiparts_;  // around the leaf that is being numbered
};

bool is_type(GMimeObject* object, const char* type, const char* subtype);
std::string media_type(GMimeObject* object);                   // lower case, "text/plain"
std::string parameter(GMimeObject* object, const char* name);  // of Content-Type; empty: none
std::string disposition(GMimeObject* object);                  // lower case; empty: none
std::string header(GMimeObject* object, const char* name);     // the first of that name, unfolded
std::string unfolded(std::string_view value);                  // one line, without its line breaks

}  // namespace dragoman::email
