#include "bridges/email/card.hpp"

#include <gtest/gtest.h>

#include "bridges/net/base64.hpp"
#include "bridges/pictures.hpp"

namespace dragoman::email {
namespace {

const std::string png("\x89PNG\r\n\x1A\n and so on", 18);

// As address books fold it: 75 octets, then a space.
std::string folded_lines(const std::string& line) {
  std::string out;
  for (std::size_t at = 0; at < line.size(); at += 74)
    out += (at == 0 ? "" : " ") + line.substr(at, 74) + "\n";
  return out;
}

std::string card(const std::string& photo, const std::string& address = "bob@example.org") {
  return "BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEMAIL:" + address + "\n" + folded_lines(photo) + "END:VCARD\n";
}

TEST(Cards, AreOneLine) {
  EXPECT_EQ(card_text("BEGIN:VCARD\nFN:Bob\nitem1.EMAIL;TYPE=home:bob@example.org\nTEL:123\nEND:VCARD\nBEGIN:"
                      "VCARD\nFN:Eve\nEND:VCARD\n"),
            "👤 Bob, bob@example.org, 123");
  EXPECT_EQ(card_text("BEGIN:VCARD\nORG:Globe\nEND:VCARD"), "👤 Globe");
  EXPECT_EQ(card_text("BEGIN:VCARD\nEND:VCARD"), "");
  EXPECT_EQ(card_text("FN:a\\nb\u202Ec"), "👤 a bc");
}

TEST(Cards, APictureIsTakenAsEachVersionWritesIt) {
  const std::string coded = net::base64(png);
  for (const std::string& photo :
       {"PHOTO;ENCODING=b;TYPE=PNG:" + coded, "PHOTO;PNG;ENCODING=BASE64:" + coded,
        "PHOTO:data:image/png;base64," + coded, "item1.photo;encoding=B:" + coded}) {
    const auto picture = card_picture(card(photo), "bob@example.org");
    ASSERT_TRUE(picture) << photo;
    EXPECT_EQ(png, picture->bytes);
    EXPECT_EQ("image/png", picture->media_type);
  }
}

TEST(Cards, APictureOfSomebodyElseIsNotTheirs) {
  const std::string photo = "PHOTO;ENCODING=b:" + net::base64(png);
  EXPECT_FALSE(card_picture(card(photo, "eve@example.org"), "bob@example.org"));
  EXPECT_TRUE(card_picture(card(photo, "Bob@Example.ORG"), "bob@example.org"));
  EXPECT_FALSE(card_picture("BEGIN:VCARD\n" + photo + "\nEND:VCARD\n", "bob@example.org"));
  EXPECT_FALSE(card_picture(card("NOTE:x", "eve@example.org") + card(photo), "bob@example.org"))
      << "the first card is the one that counts";
}

TEST(Cards, WhatIsNoPictureIsNone) {
  for (const std::string& photo :
       {std::string("PHOTO;VALUE=uri:https://tracker.example/bob.png"),
        std::string("PHOTO:data:image/png;base64"), std::string("PHOTO;ENCODING=b:not base64!"),
        std::string("PHOTO;ENCODING=b:"), "PHOTO;ENCODING=b:" + net::base64("<svg onload='x()'/>"),
        "PHOTO:data:image/png," + net::base64(png),
        "PHOTO;ENCODING=b:" + net::base64(png + std::string(pictures::most_bytes, 'x'))}) {
    EXPECT_FALSE(card_picture(card(photo), "bob@example.org")) << photo.substr(0, 80);
  }
}

}  // namespace
}  // namespace dragoman::email
