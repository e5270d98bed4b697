#include "bridges/matrix/address.hpp"

#include <set>

#include <gtest/gtest.h>

#include "mapping/address.hpp"
#include "mapping/jid.hpp"

namespace dragoman::matrix {
namespace {

const Conversation kGateway = PlaceId();

Conversation user(std::string id) { return UserId(std::move(id)); }
Conversation room(std::string id) { return RoomId(std::move(id)); }

// As an XMPP server sees it and the gateway takes it back.
std::optional<Conversation> over_the_wire(const std::string& node) {
  const auto jid = Jid::parse(escape_node(node) + "@gateway.example");
  if (!jid) return std::nullopt;
  return resolve(unescape_node(jid->local));
}

TEST(MatrixIds, AreKnownByTheirGrammar) {
  EXPECT_TRUE(is_user_id("@alice:example.org"));
  EXPECT_TRUE(is_user_id("@Alice b\xC3\xA9!:example.org:8448"));
  EXPECT_TRUE(is_user_id("@:example.org"));  // historical
  EXPECT_TRUE(is_alias("#room:example.org"));
  EXPECT_TRUE(is_alias("#50% off, now:[::1]:80"));
  EXPECT_TRUE(is_room_id("!abc:example.org"));
  EXPECT_TRUE(is_room_id("!0lxGyGGMfbSUPI-_x"));
  EXPECT_TRUE(is_event_id("$abc:example.org"));
  EXPECT_TRUE(is_event_id("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"));
  EXPECT_TRUE(is_event_id("$a/b+c="));
  for (const std::string_view bad : {"",
                                     "@",
                                     "#",
                                     "!",
                                     "$",
                                     ":",
                                     "alice",
                                     "@alice",
                                     "#room",
                                     "@alice:",
                                     "#room:",
                                     "!a:",
                                     "#:example.org",
                                     "!:example.org",
                                     "@alice:exa mple.org",
                                     "@alice:example.org/x",
                                     "@a:example.org:",
                                     "@a:x:123456",
                                     "@a:x:y",
                                     "@\xFF:example.org",
                                     "!\xC3",
                                     "$\xFF",
                                     "$a b",
                                     "$a\nb"}) {
    EXPECT_FALSE(is_user_id(bad)) << bad;
    EXPECT_FALSE(is_alias(bad)) << bad;
    EXPECT_FALSE(is_room_id(bad)) << bad;
    EXPECT_FALSE(is_event_id(bad)) << bad;
  }
  EXPECT_FALSE(is_user_id(std::string_view("@a\0b:x", 6)));
  EXPECT_FALSE(is_room_id(std::string_view("!a\0b", 4)));
  EXPECT_TRUE(is_user_id("@" + std::string(252, 'a') + ":x"));
  EXPECT_FALSE(is_user_id("@" + std::string(253, 'a') + ":x"));
  EXPECT_FALSE(is_event_id("$" + std::string(255, 'a')));
}

TEST(MatrixIds, NameAServer) {
  for (const std::string_view good :
       {"matrix.org", "matrix.org:8888", "1.2.3.4", "1.2.3.4:1234", "[1234:5678::abcd]",
        "[1234:5678::abcd]:5678", "localhost", "MATRIX.org", "a-b"}) {
    EXPECT_TRUE(is_server_name(good)) << good;
  }
  for (const std::string_view bad :
       {"", ":80", "a:", "a:123456", "a:b", "a b", "a/b", "a%b", "a@b", "[]", "[:", "[::1", "[::1]x",
        "[::1]:", "[::g]", "a_b", "\xC3\xA9.org", "a\n"}) {
    EXPECT_FALSE(is_server_name(bad)) << bad;
  }
  EXPECT_EQ(server_of("@alice:example.org:8448"), "example.org:8448");
  EXPECT_EQ(server_of("!abc"), "");
  EXPECT_EQ(localpart_of("@alice:example.org"), "alice");
  EXPECT_EQ(localpart_of("!abc"), "abc");
  EXPECT_EQ(localpart_of(""), "");
}

TEST(MatrixAddress, StandsForUsersRoomsAndServers) {
  const std::pair<Conversation, std::string> cases[] = {
      {user("@alice:example.org"), "alice%example.org"},
      {user("@alice:example.org:8448"), "alice%example.org:8448"},
      {room("#room:example.org"), "#room%example.org"},
      {room("!Abc:example.org"), "!^abc%example.org"},
      {room("!Abc"), "!^abc"},
      {PlaceId("example.org"), "example.org"},
      {PlaceId("[::1]:8448"), "[::1]:8448"},
      {kGateway, ""},
      {user("@alice:EXAMPLE.org"), "alice%^e^x^a^m^p^l^e.org"},
      {PlaceId("Example.org"), "^example.org"},
      {room("#a^b^:x"), "#a^^b^^%x"},
      {room("#a^{41}:x"), "#a^^{41}%x"},
      {room("#50%off:x"), "#50%off%x"},
      {room("!50%off"), "!50^{25}off"},
      {user("@#room:x"), "^{23}room%x"},
      {user("@!room:x"), "^{21}room%x"},
      {user("@a#!:x"), "a#!%x"},
      {room("##!:x"), "##!%x"},
      {user("@:x"), "%x"},
      {user("@ a b :x"), "^{20}a b^{20}%x"},
      {room("!a "), "!a^{20}"},
      {room("#a\nb:x"), "#a^{a}b%x"},
      {room("#\x7F:x"), "#^{7f}%x"},
      {room("#k\xC3\xA9:x"), "#k\xC3\xA9%x"},            // é
      {room("#\xC3\x89:x"), "#^{c9}%x"},                 // É
      {room("#e\xCC\x81:x"), "#e^{301}%x"},              // e and a combining acute: one é if prepared
      {room("#\xEF\xBC\xA1:x"), "#^{ff21}%x"},           // full-width A
      {room("#\xE2\x80\x8D:x"), "#^{200d}%x"},           // nothing, if prepared
      {room("#\xD7\xA9\xD7\x9C:x"), "#^{5e9}^{5dc}%x"},  // Hebrew, beside a Latin server
      {room("#\xC2\xA0:x"), "#^{a0}%x"},
      {user("@a/b=c@d:x"), "a/b=c@d%x"},
      {user("@a\\20b:x"), "a\\20b%x"},
      {user("@O'Hara&\"<>:x"), "^o'^hara&\"<>%x"},
  };
  for (const auto& [what, node] : cases) {
    EXPECT_EQ(node_of(what), node);
    EXPECT_EQ(resolve(node), what) << node;
    EXPECT_EQ(over_the_wire(node), node.empty() ? std::optional<Conversation>() : what) << node;
  }
}

TEST(MatrixAddress, OfEveryCharacterComesBackOverTheWire) {
  const auto check = [](const Conversation& what) {
    const std::string node = node_of(what);
    ASSERT_FALSE(node.empty());
    EXPECT_EQ(over_the_wire(node), what) << node;
  };
  for (char32_t c = 1; c < 0x3000; ++c) {
    if (c == ':') continue;
    std::string text;
    if (c < 0x80) {
      text = static_cast<char>(c);
    } else if (c < 0x800) {
      text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    }
    check(user("@" + text + ":x"));
    check(room("#a" + text + "b:x"));
    check(room("!" + text));
  }
  check(room("#\xF0\x9F\x8E\x89:x"));
  check(room("#\xEF\xBF\xBE\xEF\xBF\xBF\xF4\x8F\xBF\xBF:x"));
}

TEST(MatrixAddress, IsDifferentForDifferentIds) {
  std::set<std::string> nodes;
  std::size_t ids = 0;
  const std::string letters[] = {"a", "A", "^", "%",  "{",        "}",       "4",
                                 "#", "!", " ", "\\", "\xC3\xA9", "\xC3\x89"};
  for (const auto& one : letters) {
    for (const auto& two : letters) {
      for (const auto& three : letters) {
        for (const std::string& id : {"@" + one + two + three + ":x", "#" + one + two + three + ":x",
                                      "!" + one + two + three + ":x", "!" + one + two + three}) {
          const Conversation what = id[0] == '@' ? user(id) : room(id);
          nodes.insert(escape_node(node_of(what)));
          ++ids;
          EXPECT_EQ(resolve(node_of(what)), what) << id;
        }
      }
    }
  }
  EXPECT_EQ(nodes.size(), ids);
}

TEST(MatrixAddress, ThatIsNotWrittenAsItShouldBeIsNone) {
  for (const std::string_view bad :
       {"Alice%x",     "#Room%x",     "#room",     "#%x",       "!%x",          "!",         "#",
        "alice%",      "%",           "alice%x y", "alice%x/y", "^%x",          "a^%x",      "^1%x",
        "^{}%x",       "^{61}%x",     "^{41}%x",   "^{zz}%x",   "^{110000}%x",  "^{d800}%x", "^{0}%x",
        "^{00a}%x",    "^{A}%x",      "^{a%x",     "#a%b%",     "not a server", "a_b",       "\xFF%x",
        "e\xCC\x81%x", "#\xC3\x89%x", "#room:x",   "a:b%x"}) {
    EXPECT_FALSE(resolve(bad)) << bad;
  }
  EXPECT_FALSE(resolve(std::string(2000, 'a') + "%x"));
  EXPECT_FALSE(resolve(std::string_view("a\0%x", 4)));
  EXPECT_EQ(node_of(user("alice")), "");
  EXPECT_EQ(node_of(room("@alice:x")), "");
  EXPECT_EQ(node_of(PlaceId("not a server")), "");
}

TEST(MatrixAddress, ThatIsTooLongForAJidIsNone) {
  EXPECT_EQ(node_of(user("@" + std::string(250, '\x1F') + ":x")), "");
  const std::string upper = node_of(user("@" + std::string(250, 'A') + ":x"));
  EXPECT_EQ(upper.size(), 502u);
  EXPECT_TRUE(over_the_wire(upper));
  EXPECT_TRUE(over_the_wire(node_of(user("@" + std::string(250, '"') + ":x"))));
}

TEST(MatrixAddress, TakesWhatPeoplePaste) {
  const std::pair<std::string, std::string> cases[] = {
      {"@alice:example.org", "alice%example.org"},
      {"  #Room:example.org\n", "#^room%example.org"},
      {"!Abc", "!^abc"},
      {"alice%example.org", "alice%example.org"},
      {"Alice%Example.org", "alice%example.org"},
      {"Example.org", "example.org"},
      {"https://matrix.to/#/@alice:example.org", "alice%example.org"},
      {"https://matrix.to/#/%23somewhere%3Aexample.org", "#somewhere%example.org"},
      {"https://matrix.to/#/#somewhere:example.org", "#somewhere%example.org"},
      {"https://matrix.to/#/!somewhere:example.org/$event:example.org?via=elsewhere.ca",
       "!somewhere%example.org"},
      {"HTTPS://Matrix.to/#/%40Alice%3Aexample.org", "^alice%example.org"},
      {"matrix:u/alice:example.org?action=chat", "alice%example.org"},
      {"matrix:user/alice:example.org", "alice%example.org"},
      {"matrix:r/somewhere:example.org", "#somewhere%example.org"},
      {"matrix:roomid/Some:example.org/e/event?via=elsewhere.ca", "!^some%example.org"},
      {"matrix://authority/u/a%2Fb:example.org", "a/b%example.org"},
  };
  for (const auto& [typed, node] : cases) EXPECT_EQ(node_from_prompt(typed), node) << typed;
  for (const std::string_view bad :
       {"", "  ", "not this", "https://matrix.to/#/", "https://matrix.to/#/alice", "https://matrix.to/#/%4",
        "matrix:", "matrix:u", "matrix:x/alice:example.org", "matrix:u/alice", "https://example.org/",
        "matrix:u/%zz:x", "https://matrix.to/#/%00:x", "https://matrix.to/#/%40%FF:x"}) {
    EXPECT_FALSE(node_from_prompt(bad)) << bad;
  }
  EXPECT_FALSE(node_from_prompt(std::string(1'000'000, 'a')));
}

TEST(MatrixGhost, HasALocalpartOfAllowedCharacters) {
  const auto local = [](std::string person) {
    return ghost_localpart("_xmpp_", PersonId(std::move(person)), "example.net");
  };
  EXPECT_EQ(local("juliet@example.org"), "_xmpp_juliet=40example.org");
  EXPECT_EQ(local("a=b+c@x"), "_xmpp_a=3db=2bc=40x");
  EXPECT_EQ(local("\xC3\xA1@x"), "_xmpp_=c3=a1=40x");
  EXPECT_EQ(local("d\\27artagnan_x@x-y.z"), "_xmpp_d=5c27artagnan_x=40x-y.z");
  EXPECT_EQ(local("example.org"), "_xmpp_example.org");
  EXPECT_EQ(local(""), std::nullopt);
}

TEST(MatrixGhost, StandsForOnePerson) {
  for (const std::string person : {"juliet@example.org", "a=b+c@x", "\xC3\xA1@x", "d\\27artagnan@x",
                                   "example.org", "_@x", "\xF0\x9F\x8E\x89@x", "a~b@x"}) {
    const auto local = ghost_localpart("_xmpp_", PersonId(person), "example.net");
    ASSERT_TRUE(local) << person;
    EXPECT_EQ(ghost_person("_xmpp_", *local), PersonId(person));
    EXPECT_TRUE(is_user_id("@" + *local + ":example.net"));
  }
}

TEST(MatrixGhost, OfNobodyIsNothing) {
  for (const std::string_view bad :
       {"", "_xmpp_", "_xmp", "juliet=40example.org", "_xmpp_juliet=4", "_xmpp_juliet=", "_xmpp_juliet=4Gx",
        "_xmpp_=6auliet=40example.org", "_xmpp_Juliet=40example.org", "_xmpp_juliet@example.org",
        "_xmpp_juliet=40", "_xmpp_=40example.org", "_xmpp_a=40b=40c", "_xmpp_a=40b/c", "_xmpp_=ff=40x",
        "_xmpp_=00=40x", "_xmpp_=C3=A1=40x", "_xmpp_=4auliet=40x", "_xmpp_a b=40x"}) {
    EXPECT_FALSE(ghost_person("_xmpp_", bad)) << bad;
  }
}

TEST(MatrixGhost, WithAnIdThatIsTooLongIsNone) {
  // '@', prefix, ':' and server leave 255 - 1 - 6 - 1 - 11.
  const std::string fits(236 - std::string("=40x").size(), 'a');
  EXPECT_TRUE(ghost_localpart("_xmpp_", PersonId(fits + "@x"), "example.net"));
  EXPECT_FALSE(ghost_localpart("_xmpp_", PersonId(fits + "a@x"), "example.net"));
}

}  // namespace
}  // namespace dragoman::matrix
