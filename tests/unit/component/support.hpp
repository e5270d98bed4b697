// What the tests of this wing share: XML as text in, parsed elements and stanzas out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "component/stanza.hpp"

namespace dragoman::test {

inline constexpr std::string_view stream_header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    "xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='irc.localhost'>";

// The stanzas of a stream's content.
inline std::vector<Element> elements(const std::string& xml) {
  std::vector<Element> found;
  XmlStreamParser parser({}, {nullptr, [&](Element&& e) { found.push_back(std::move(e)); }, nullptr});
  EXPECT_TRUE(parser.feed(std::string(stream_header) + xml)) << parser.error_text() << "\n" << xml;
  return found;
}

inline Element element(const std::string& xml) {
  std::vector<Element> found = elements(xml);
  EXPECT_EQ(found.size(), 1u) << xml;
  return found.empty() ? Element() : std::move(found.front());
}

inline Stanza stanza(const std::string& xml) {
  std::string why;
  std::optional<Stanza> found = Stanza::from_element(element(xml), why);
  EXPECT_TRUE(found) << why;
  return found ? std::move(*found) : Stanza();
}

// A message to a room or a person with these children.
inline Stanza message(const std::string& children, const std::string& type = "chat") {
  return stanza("<message from='juliet@capulet.lit/balcony' to='x@irc.localhost' id='m1' type='" + type +
                "'>" + children + "</message>");
}

}  // namespace dragoman::test
