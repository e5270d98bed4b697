// What files are, and what links say: pure.
#include "bridges/matrix/media_kind.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include "bridges/matrix/media_link.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::string_literals;
using std::chrono::sys_days;

const std::string png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x80\x08\6\0\0\0"s;
const std::string gif = "GIF89a\x0a\0\x14\0"s;
const std::string jpeg =
    "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc4\0\4ab\xff\xff\xc2\0\x11\x08\0\x64\0\xc8\3"s;

TEST(MediaKind, PicturesAreKnownByTheirBytes) {
  EXPECT_EQ(sniffed_picture(png), "image/png");
  EXPECT_EQ(sniffed_picture(gif), "image/gif");
  EXPECT_EQ(sniffed_picture(jpeg), "image/jpeg");
  EXPECT_EQ(sniffed_picture("RIFF\1\2\3\4WEBPVP8 "), "image/webp");
  for (const auto& text : {""s, "\x89PN"s, "GIF"s, "RIFF"s, "RIFF\1\2\3\4WAVE"s, "<svg xmlns="s, "BM123"s}) {
    EXPECT_EQ(sniffed_picture(text), "");
  }
}

TEST(MediaKind, DimensionsAreReadFromTheBeginning) {
  EXPECT_EQ(dimensions(png), (Dimensions{256, 128}));
  EXPECT_EQ(dimensions(gif), (Dimensions{10, 20}));
  EXPECT_EQ(dimensions(jpeg), (Dimensions{200, 100}));
  EXPECT_EQ(dimensions("RIFF\1\2\3\4WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0"s), (Dimensions{16, 32}));
  EXPECT_EQ(dimensions("RIFF\1\2\3\4WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x10\0\x20\0"s),
            (Dimensions{16, 32}));
  EXPECT_EQ(dimensions("RIFF\1\2\3\4WEBPVP8L\x0a\0\0\0\x2f\x0f\xc0\7\0\0\0\0\0\0"s), (Dimensions{16, 32}));
}

TEST(MediaKind, ACutOrCrookedPictureHasNoDimensions) {
  for (const auto& whole : {png, gif, jpeg, "RIFF\1\2\3\4WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0"s}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      dimensions(whole.substr(0, size));  // reads no further
  }
  EXPECT_EQ(dimensions(gif.substr(0, 9)), std::nullopt);
  EXPECT_EQ(dimensions("GIF89a\0\0\x14\0"s), std::nullopt);
  EXPECT_EQ(dimensions("\xff\xd8\xff\xe0\0\0aaaaaaaaaaaaaaaaaa"s), std::nullopt);
  EXPECT_EQ(dimensions("\xff\xd8\xff\xe0\xff\xff"s + std::string(100, 'a')), std::nullopt);
  EXPECT_EQ(dimensions("\xff\xd8"s + std::string(100'000, '\xff')), std::nullopt);
}

TEST(MediaKind, TheBytesCountMoreThanWhatIsSaid) {
  EXPECT_EQ(checked_type(png, "text/html", "x/y"), "image/png");
  EXPECT_EQ(checked_type("<html>", "image/png", "image/png"), "application/octet-stream");
  EXPECT_EQ(checked_type("abc", "Text/Plain; charset=x", ""), "text/plain");
  EXPECT_EQ(checked_type("abc", "application/octet-stream", "audio/ogg"), "audio/ogg");
  EXPECT_EQ(checked_type("abc", "", ""), "application/octet-stream");
  EXPECT_EQ(checked_type("abc", "a/b\r\nX: y", "<>"), "application/octet-stream");
}

TEST(MediaKind, NothingThatRunsIsShown) {
  for (const auto* type :
       {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/css", "",
        "application/javascript", "nonsense", "image/svg+xml; image/png", "image/png\r\nX: y"}) {
    EXPECT_EQ(shown_as(type).type, "application/octet-stream") << type;
    EXPECT_FALSE(shown_as(type).in_page) << type;
  }
  EXPECT_EQ(shown_as("IMAGE/PNG").type, "image/png");
  EXPECT_TRUE(shown_as("image/png ; x=y").in_page);
  EXPECT_EQ(shown_as("text/plain; charset=latin1").type, "text/plain; charset=utf-8");
  EXPECT_TRUE(shown_as("application/pdf").in_page);
}

TEST(MediaKind, FileNamesAreSafe) {
  EXPECT_EQ(safe_file_name("photo.jpg"), "photo.jpg");
  EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("C:\\x\\y.txt"), "y.txt");
  EXPECT_EQ(safe_file_name("a\r\nb").find_first_of("\r\n"), std::string::npos);
  EXPECT_EQ(safe_file_name("cod\u202egpj.exe"), "codgpj.exe");
  for (const auto* none : {"", ".", "..", "...", "/", "a/", "\r\n"})
    EXPECT_EQ(safe_file_name(none), "file") << none;
  EXPECT_EQ(safe_file_name(".bashrc"), "bashrc");
  auto longest = safe_file_name(std::string(500, 'x') + ".jpeg");
  EXPECT_EQ(longest.size(), 120U);
  EXPECT_EQ(longest.substr(115), ".jpeg");
  EXPECT_EQ(safe_file_name("\xff\xfe.txt").find('\xff'), std::string::npos);
}

TEST(MediaKind, ANameCantLeaveItsHeader) {
  EXPECT_EQ(content_disposition(true, "a b.png"), "inline; filename=\"a b.png\"");
  EXPECT_EQ(content_disposition(false, "\"; x=\"%41\r\n\u00e4"),
            "attachment; filename=\"_; x=__41____\"; filename*=UTF-8''%22%3B%20x%3D%22%2541%0D%0A%C3%A4");
}

// ----------------------------------------------------------------------------------------------------------

class Links : public testing::Test {
 protected:
  Links() { EXPECT_GE(sodium_init(), 0); }
  const std::string key = std::string(32, 'k');
  LinkedFile file{.mxc = "mxc://example.org:8448/AbC_-1",
                  .event_id = "$event",
                  .name = "a b\u00e4.png",
                  .expiry = sys_days{std::chrono::year(2030) / 1 / 1}};
};

TEST_F(Links, SayWhatWasPutIntoThem) {
  auto path = link_path(key, file);
  EXPECT_EQ(path.substr(0, 7), "/media/");
  EXPECT_EQ(path.substr(path.rfind('/')), "/a%20b%C3%A4.png");
  EXPECT_EQ(linked_file(key, path), file);
  file.thumbnail = true;
  file.event_id.clear();
  EXPECT_NE(link_path(key, file), path);
  EXPECT_EQ(linked_file(key, link_path(key, file)), file);
}

TEST_F(Links, OfAnotherKeyOrChangedAnywhereAreNone) {
  auto path = link_path(key, file);
  EXPECT_EQ(linked_file(std::string(32, 'l'), path), std::nullopt);
  for (std::size_t i = 0; i < path.size(); ++i) {
    auto changed = path;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(linked_file(key, changed), std::nullopt) << i;
    EXPECT_EQ(linked_file(key, path.substr(0, i)), std::nullopt) << i;
  }
  for (const auto* bad :
       {"", "/", "/media/", "/media///", "/media/a/b/c", "/media/a/b", "/media/%/%/%", "/x"}) {
    EXPECT_EQ(linked_file(key, bad), std::nullopt) << bad;
  }
  EXPECT_EQ(linked_file(key, path + std::string(5000, 'x')), std::nullopt);
}

TEST_F(Links, AreOnlyMadeToFilesOfARepository) {
  for (const auto* mxc :
       {"", "mxc://", "mxc://a", "mxc://a/", "mxc:///b", "mxc://a/b/c", "mxc://a/..", "mxc://../b",
        "http://a/b", "mxc://a/b?c", "mxc://a/b#c", "mxc://a/b%2fc", "mxc://a b/c", "mxc://a/b\nc"}) {
    file.mxc = mxc;
    EXPECT_FALSE(mxc_parts(mxc)) << mxc;
    EXPECT_EQ(link_path(key, file), "") << mxc;
  }
}

TEST_F(Links, AnEventIdCantSayMoreThanItIs) {
  file.event_id = "$a\nt";
  EXPECT_EQ(link_path(key, file), "");
}

TEST_F(Links, AreTheSameAllYearAndGoodForOne) {
  auto at = [](int y, unsigned m, unsigned d) {
    return std::chrono::sys_seconds(
        sys_days{std::chrono::year(y) / std::chrono::month(m) / std::chrono::day(d)});
  };
  EXPECT_EQ(link_expiry(at(2026, 1, 1)), at(2028, 1, 1));
  EXPECT_EQ(link_expiry(at(2026, 12, 31)), at(2028, 1, 1));
  EXPECT_EQ(link_expiry(at(2027, 1, 1)), at(2029, 1, 1));
}

}  // namespace

}  // namespace dragoman::matrix
