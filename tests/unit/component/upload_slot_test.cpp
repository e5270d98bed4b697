#include "component/upload_slot.hpp"

#include <gmock/gmock.h>

#include "tests/unit/component/support.hpp"

namespace dragoman::upload {
namespace {

using dragoman::test::element;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Element slot_xml(const std::string& put, const std::string& get, const std::string& headers = {}) {
  return element("<slot xmlns='urn:xmpp:http:upload:0'><put url='" + put + "'>" + headers +
                 "</put><get url='" + get + "'/></slot>");
}
std::string trouble(const Element& slot) {
  const auto read = read_slot(slot);
  const auto* words = std::get_if<std::string>(&read);
  return words == nullptr ? std::string() : *words;
}
Refusal refusal(const std::string& error) {
  return read_refusal(
      element("<iq type='error' id='1' from='upload.example.org' to='mail.example.org'>" + error + "</iq>"));
}

const std::string stanzas = " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
const std::string upload_ns = " xmlns='urn:xmpp:http:upload:0'";

TEST(UploadRequest, SaysNameSizeAndType) {
  const Element request = element(slot_request("très <cool>.jpg", 23456, "image/jpeg"));
  EXPECT_EQ(request.name, "request");
  EXPECT_EQ(request.ns, "urn:xmpp:http:upload:0");
  EXPECT_EQ(request.attr_or("filename"), "très <cool>.jpg");
  EXPECT_EQ(request.attr_or("size"), "23456");
  EXPECT_EQ(request.attr_or("content-type"), "image/jpeg");
  EXPECT_EQ(element(slot_request("a", 1, "")).attr("content-type"), nullptr);
}

TEST(UploadService, IsKnownByItsFeatureAndSaysHowLargeAFileMayBe) {
  const std::string feature = "<feature var='urn:xmpp:http:upload:0'/>";
  const auto query = [](const std::string& inside) {
    return read_service(
        element("<query xmlns='http://jabber.org/protocol/disco#info'>" + inside + "</query>"));
  };
  const auto form = [](const std::string& type, const std::string& size) {
    return "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>" + type +
           "</value></field><field var='max-file-size'><value>" + size + "</value></field></x>";
  };
  EXPECT_FALSE(query("<feature var='jabber:iq:version'/>"));
  ASSERT_TRUE(query(feature));
  EXPECT_EQ(query(feature)->largest, 0U);
  EXPECT_EQ(query(feature + form("urn:xmpp:http:upload:0", "5242880"))->largest, 5242880U);
  EXPECT_EQ(query(form("urn:xmpp:http:upload:0", "7") + feature)->largest, 7U) << "in any order";
  EXPECT_EQ(query(feature + form("urn:example", "7"))->largest, 0U) << "somebody else's form";
  EXPECT_EQ(query(feature + form("urn:xmpp:http:upload:0", "-7"))->largest, 0U);
  EXPECT_EQ(query(feature + form("urn:xmpp:http:upload:0", "7 MB"))->largest, 0U);
  EXPECT_EQ(query(feature + form("urn:xmpp:http:upload:0", "99999999999999999999999"))->largest, 0U);
}

TEST(UploadSlot, HasBothUrlsAndTheHeadersThatAreAllowedInTheirOrder) {
  const auto read = read_slot(slot_xml("https://up.example.org/a%20b?x=1", "https://down.example.org/a%20b",
                                       "<header name='Authorization'>Basic YQ==</header>"
                                       "<header name='X-Evil'>no</header><header name='Host'>no</header>"
                                       "<header name='cOOkie'>a=1</header><header name='Cookie'>b=2</header>"
                                       "<header name='Expires'>soon</header>"));
  const auto& slot = std::get<Slot>(read);
  EXPECT_EQ(slot.put_url, "https://up.example.org/a%20b?x=1");
  EXPECT_EQ(slot.get_url, "https://down.example.org/a%20b");
  EXPECT_THAT(slot.headers, ElementsAre(Pair("Authorization", "Basic YQ=="), Pair("cOOkie", "a=1"),
                                        Pair("Cookie", "b=2"), Pair("Expires", "soon")));
}

TEST(UploadSlot, NewlinesAreStrippedFromHeaders) {
  const auto read = read_slot(slot_xml("https://u/", "https://d/",
                                       "<header name='Author&#10;ization'>a&#13;&#10;X-Evil: yes</header>"));
  EXPECT_THAT(std::get<Slot>(read).headers, ElementsAre(Pair("Authorization", "aX-Evil: yes")));
}

TEST(UploadSlot, HeadersWithoutEndAreRefused) {
  std::string many;
  for (int i = 0; i < 21; ++i) many += "<header name='Cookie'>a</header>";
  EXPECT_THAT(trouble(slot_xml("https://u/", "https://d/", many)), HasSubstr("too many headers"));
  EXPECT_THAT(trouble(slot_xml("https://u/", "https://d/",
                               "<header name='Cookie'>" + std::string(20000, 'a') + "</header>")),
              HasSubstr("too many headers"));
}

TEST(UploadSlot, WhatIsNoSlotIsRefused) {
  EXPECT_THAT(trouble(Element{}), HasSubstr("no slot"));
  EXPECT_THAT(trouble(element("<slot xmlns='urn:xmpp:http:upload:0'><put url='https://u/'/></slot>")),
              HasSubstr("no slot"));
  EXPECT_THAT(
      trouble(element("<slot xmlns='urn:example'><put url='https://u/'/><get url='https://d/'/></slot>")),
      HasSubstr("no slot"));
  EXPECT_THAT(trouble(slot_xml("https://u/", "http://down.example.org/")), HasSubstr("not https"));
  EXPECT_THAT(trouble(slot_xml("http://up.example.org/", "https://d/")), HasSubstr("not https"));
  EXPECT_THAT(trouble(slot_xml("https://u/", "")), HasSubstr("not https"));
}

TEST(UploadUrl, IsHttpsOrOfThisMachine) {
  for (const char* url :
       {"https://upload.example.org/x", "HTTPS://upload.example.org:5281/x?y#z", "http://127.0.0.1:5280/x",
        "http://localhost/x", "http://[::1]:80/x", "http://LocalHost"})
    EXPECT_TRUE(is_fit_url(url)) << url;
  for (const char* url : {"",
                          "https://",
                          "https:///x",
                          "upload.example.org",
                          "http://upload.example.org/x",
                          "http://10.0.0.1/x",
                          "http://127.0.0.1.evil.example/x",
                          "http://127.evil.example/x",
                          "http://127.1/x",
                          "http://localhost.evil.example/x",
                          "http://localhost@evil.example/x",
                          "https://user:word@host/x",
                          "https://host\\@evil/x",
                          "ftp://localhost/x",
                          "file:///etc/passwd",
                          "javascript:alert(1)//://",
                          "https://host/a b",
                          "https://host/a\nb",
                          "https://h\xC3\xB6st/",
                          "https://host/\x7f",
                          "http://[::2]/x",
                          "http://[::1/x"})
    EXPECT_FALSE(is_fit_url(url)) << url;
  EXPECT_FALSE(is_fit_url("https://host/" + std::string(2000, 'a')));
}

TEST(UploadRefusal, OfOneFileSaysHowLargeItMayBe) {
  const Refusal no = refusal("<error type='modify'><not-acceptable" + stanzas + "/><text" + stanzas +
                             ">File too large</text><file-too-large" + upload_ns +
                             "><max-file-size>20000</max-file-size></file-too-large></error>");
  EXPECT_EQ(no.of, Refusal::Of::this_file);
  EXPECT_EQ(no.largest, 20000U);
  EXPECT_EQ(no.words, "File too large (not-acceptable)");
}

TEST(UploadRefusal, ForNowSaysWhenToAskAgain) {
  const Refusal no = refusal("<error type='wait'><resource-constraint" + stanzas + "/><retry" + upload_ns +
                             " stamp='2027-12-03T23:42:05Z'/></error>");
  EXPECT_EQ(no.of, Refusal::Of::for_now);
  ASSERT_TRUE(no.retry);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(*no.retry).time_since_epoch().count(), 1827877325);
  EXPECT_EQ(refusal("<error type='wait'><resource-constraint" + stanzas + "/></error>").of,
            Refusal::Of::for_now);
  EXPECT_FALSE(refusal("<error type='wait'><retry" + upload_ns + " stamp='soon'/></error>").retry);
}

TEST(UploadRefusal, OfTheComponentIsOfEverything) {
  const Refusal no = refusal("<error type='cancel'><not-allowed" + stanzas + "/></error>");
  EXPECT_EQ(no.of, Refusal::Of::everything);
  EXPECT_EQ(no.words, "(not-allowed)");
  EXPECT_EQ(refusal("<error type='auth'><forbidden" + stanzas + "/></error>").of, Refusal::Of::everything);
  EXPECT_EQ(refusal("").of, Refusal::Of::everything);
  EXPECT_EQ(refusal("<error/>").of, Refusal::Of::everything);
  const Refusal long_one =
      refusal("<error type='cancel'><text" + stanzas + ">a\nb" + std::string(9999, 'c') + "</text></error>");
  EXPECT_LT(long_one.words.size(), 300U) << "it is logged";
  EXPECT_EQ(long_one.words.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace dragoman::upload
