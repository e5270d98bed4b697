#include "bridges/email/charset.hpp"

#include <gtest/gtest.h>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

TEST(Charset, NamesAreTakenAsBrowsersTakeThem) {
  EXPECT_EQ(text_of_bytes("\x93\xFC\x94", "iso-8859-1"), "“ü”");
  EXPECT_EQ(text_of_bytes("\x93\xFC\x94", "US-ASCII"), "“ü”");
  EXPECT_EQ(text_of_bytes("\xB0\xA1", "ks_c_5601-1987"), "가");
  EXPECT_EQ(text_of_bytes("\x82\xA0", "Shift_JIS"), "あ");
  EXPECT_EQ(text_of_bytes("\xF0", "iso-8859-9"), "ğ");
  EXPECT_EQ(text_of_bytes("\xC1", "koi8-r"), "а");
}

TEST(Charset, WithoutANameItIsUtf8OrWestern) {
  EXPECT_EQ(text_of_bytes("gr\xC3\xBCn", ""), "grün");
  EXPECT_EQ(text_of_bytes("gr\xFCn", ""), "grün");
  EXPECT_EQ(text_of_bytes("gr\xFCn", "x-nobody-knows"), "grün");
  EXPECT_EQ(text_of_bytes("gr\xFCn", "unknown-8bit"), "grün");
  EXPECT_EQ(text_of_bytes("gr\xFCn", "//TRANSLIT"), "grün");
}

TEST(Charset, Utf8ThatIsNoneIsRepaired) {
  EXPECT_EQ(text_of_bytes("gr\xFCn \xC3\xBC", "utf-8"), "gr\uFFFDn ü");
  EXPECT_EQ(text_of_bytes("\xEF\xBB\xBFx", "utf-8"), "x");
}

TEST(Charset, Utf16IsReadWithAndWithoutItsMark) {
  EXPECT_EQ(text_of_bytes(std::string("\xFF\xFEx\0\xFC\0", 6), "utf-16"), "xü");
  EXPECT_EQ(text_of_bytes(std::string("\xFE\xFF\0x", 4), "UTF-16"), "x");
  EXPECT_EQ(text_of_bytes(std::string("x\0", 2), "utf-16"), "x");
  EXPECT_EQ(text_of_bytes(std::string("\0x", 2), "utf-16be"), "x");
  EXPECT_EQ(text_of_bytes(std::string("\xFF\xFEx\0", 4), ""), "x");
  EXPECT_EQ(text_of_bytes(std::string("x\0y", 3), "utf-16le"), "x\uFFFD");
  EXPECT_TRUE(is_utf8(text_of_bytes(std::string("\x00\xD8x\0", 4), "utf-16le")));
}

TEST(Charset, Utf7IsLeftAsItStands) {
  EXPECT_EQ(text_of_bytes("+ADw-script+AD4-", "utf-7"), "+ADw-script+AD4-");
  EXPECT_EQ(text_of_bytes("+ADw-script+AD4-", "UNICODE-1-1-UTF-7"), "+ADw-script+AD4-");
}

TEST(Charset, TextIsClean) {
  EXPECT_EQ(text_of_bytes(std::string("a\0b\x1B\x7F\r\nc\rd\te", 13), ""), "ab\nc\nd\te");
  EXPECT_EQ(clean_text("a\u0085b\u2028c\u0081d\uFFFEe"), "a\nb\ncde");
  EXPECT_TRUE(is_utf8(text_of_bytes("\x1B$B\xFF\xFF", "iso-2022-jp")));
}

}  // namespace
}  // namespace dragoman::email
