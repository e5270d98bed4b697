#include "component/errors.hpp"

#include <set>

#include <gtest/gtest.h>

#include "support.hpp"

namespace dragoman {
namespace {

const std::set<std::string_view> conditions{"bad-request",
                                            "conflict",
                                            "feature-not-implemented",
                                            "forbidden",
                                            "gone",
                                            "internal-server-error",
                                            "item-not-found",
                                            "jid-malformed",
                                            "not-acceptable",
                                            "not-allowed",
                                            "not-authorized",
                                            "policy-violation",
                                            "recipient-unavailable",
                                            "redirect",
                                            "registration-required",
                                            "remote-server-not-found",
                                            "remote-server-timeout",
                                            "resource-constraint",
                                            "service-unavailable",
                                            "subscription-required",
                                            "undefined-condition",
                                            "unexpected-request"};

TEST(Errors, KnowEveryReason) {
  for (int i = 0; i <= static_cast<int>(Reason::network_error); ++i) {
    const StanzaError error = to_error({static_cast<Reason>(i), {}});
    EXPECT_TRUE(conditions.contains(error.condition)) << i;
    EXPECT_TRUE((std::set<std::string_view>{"auth", "cancel", "modify", "wait"}.contains(error.type))) << i;
    EXPECT_FALSE(error.text.empty()) << i;
    EXPECT_GE(error.code, 300) << i;
  }
}

TEST(Errors, AreTheOnesThatClientsWordByThemselves) {
  const auto is = [](Reason reason, std::string_view type, std::string_view condition, int code) {
    const StanzaError error = to_error({reason, {}});
    EXPECT_EQ(error.type, type);
    EXPECT_EQ(error.condition, condition);
    EXPECT_EQ(error.code, code);
  };
  is(Reason::nick_in_use, "cancel", "conflict", 409);
  is(Reason::nick_unavailable, "cancel", "not-acceptable", 406);
  is(Reason::banned, "auth", "forbidden", 403);
  is(Reason::wrong_key, "auth", "not-authorized", 401);
  is(Reason::members_only, "auth", "registration-required", 407);
  is(Reason::room_full, "wait", "service-unavailable", 503);
  is(Reason::no_such_room, "cancel", "item-not-found", 404);
  is(Reason::login_failed, "cancel", "item-not-found", 404);
  is(Reason::not_permitted, "cancel", "not-allowed", 405);
  is(Reason::not_joined, "modify", "not-acceptable", 406);
  is(Reason::rate_limited, "wait", "service-unavailable", 503);
}

TEST(Errors, PreferTheNetworksOwnWords) {
  EXPECT_EQ(to_error({Reason::banned, "You are banned (spam)"}).text, "You are banned (spam)");
}

TEST(Errors, AreWrittenWithConditionAndText) {
  std::string out;
  XmlWriter w(out);
  write_error(w, {"cancel", "conflict", "Taken <now>", 409});
  EXPECT_EQ(out,
            "<error code='409' type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Taken &lt;now&gt;</text></error>");
  out.clear();
  XmlWriter bare(out);
  write_error(bare, {"wait", "gone", "", 0});
  EXPECT_EQ(out, "<error type='wait'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
}

TEST(ErrorReply, TurnsTheAddressesRound) {
  const Stanza asked =
      test::stanza("<iq from='a@b/c' to='x@y/z' id='i&apos;d' type='get'><query xmlns='q'/></iq>");
  const Element reply = test::element(error_reply(asked, item_not_found("nothing here")));
  EXPECT_EQ(reply.name, "iq");
  EXPECT_EQ(reply.attr_or("type"), "error");
  EXPECT_EQ(reply.attr_or("from"), "x@y/z");
  EXPECT_EQ(reply.attr_or("to"), "a@b/c");
  EXPECT_EQ(reply.attr_or("id"), "i'd");
  ASSERT_NE(reply.child("error"), nullptr);
  EXPECT_NE(reply.child("error")->child("item-not-found", ns::stanzas), nullptr);
}

TEST(ErrorReply, DoesNotSendAPayloadBack) {
  EXPECT_EQ(error_reply(test::message("<body>secret</body>"), forbidden("")).find("secret"),
            std::string::npos);
}

TEST(ErrorReply, MarksARefusedJoin) {
  const Stanza join = test::stanza(
      "<presence from='a@b/c' to='x@y/z'><x "
      "xmlns='http://jabber.org/protocol/muc'><password>p</password></x></presence>");
  const Element reply = test::element(error_reply(join, to_error({Reason::nick_in_use, {}})));
  ASSERT_NE(reply.child("x", ns::muc), nullptr);
  EXPECT_TRUE(reply.child("x", ns::muc)->children.empty());
}

TEST(ErrorReply, NeverAnswersErrorsOrResults) {
  for (const char* xml :
       {"<iq from='a@b' to='c' type='error'/>", "<iq from='a@b' to='c' type='result'/>",
        "<message from='a@b' to='c' type='error'/>", "<presence from='a@b' to='c' type='error'/>"})
    EXPECT_EQ(error_reply(test::stanza(xml), bad_request("")), "") << xml;
}

}  // namespace
}  // namespace dragoman
