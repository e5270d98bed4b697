#include "component/errors.hpp"

#include <utility>

namespace dragoman {

namespace {

struct Entry {
  std::string_view type, condition;
  int code;
  std::string_view text;
  std::string_view special = {}, special_ns = {};
};

// The conditions and codes for joining are those of XEP-0045 7.2 and of what IRC gateways have always
// answered: the clients' own wording hangs on them.
Entry entry(Reason reason) {
  switch (reason) {
    case Reason::no_such_room: return {"cancel", "item-not-found", 404, "There is no such room."};
    case Reason::no_such_user: return {"cancel", "item-not-found", 404, "There is nobody of that name."};
    case Reason::no_such_server: return {"cancel", "item-not-found", 404, "There is no such server."};
    case Reason::nick_in_use:
      return {"cancel", "conflict", 409, "That nickname is in use. Choose another one."};
    case Reason::nick_invalid:
      return {"cancel", "not-acceptable", 406, "That nickname is not allowed there. Choose another one."};
    case Reason::nick_unavailable:
      return {"cancel", "not-acceptable", 406, "That nickname can't be had right now. Try again later."};
    case Reason::banned: return {"auth", "forbidden", 403, "You are banned from this room."};
    case Reason::members_only:
      return {"auth", "registration-required", 407, "This room is for invited people only."};
    case Reason::room_full: return {"wait", "service-unavailable", 503, "The room is full."};
    case Reason::wrong_key:
      return {"auth", "not-authorized", 401, "The room asks for a password, and this was not it."};
    case Reason::registration_required:
      return {"auth", "registration-required", 407, "The room is for people logged in to an account there."};
    case Reason::too_many_rooms:
      return {"wait", "resource-constraint", 500, "You are in too many rooms already. Leave one first."};
    case Reason::redirected: return {"modify", "redirect", 302, "The room sends you to another one."};
    case Reason::not_joined: return {"modify", "not-acceptable", 406, "You are not in this room."};
    case Reason::not_permitted: return {"cancel", "not-allowed", 405, "You may not do that there."};
    case Reason::cannot_speak: return {"auth", "forbidden", 403, "You may not speak in this room."};
    case Reason::blocked_by_self:  // XEP-0191 3.3
      return {"cancel", "not-acceptable", 406, "You have blocked them.", "blocked", ns::blocking_errors};
    case Reason::dns_failed: return {"cancel", "item-not-found", 404, "The server's name can't be resolved."};
    case Reason::connection_refused: return {"cancel", "item-not-found", 404, "The server can't be reached."};
    case Reason::connection_lost:
      return {"wait", "recipient-unavailable", 404, "The connection to the server was lost."};
    case Reason::tls_failed:
      return {"cancel", "item-not-found", 404, "No encrypted connection to the server could be made."};
    case Reason::certificate_invalid:
      return {"cancel", "item-not-found", 404, "The server's certificate is not to be trusted."};
    case Reason::login_failed:
      return {"cancel", "item-not-found", 404, "The server refused the account or its password."};
    case Reason::banned_by_server:
      return {"auth", "forbidden", 403, "The server has banned this connection."};
    case Reason::timed_out:
      return {"wait", "remote-server-timeout", 504, "The server did not answer in time."};
    case Reason::not_connected:
      return {"wait", "recipient-unavailable", 404, "There is no connection to the server."};
    case Reason::invalid: return {"modify", "bad-request", 400, "That can't be understood."};
    case Reason::too_large: return {"modify", "policy-violation", 406, "That is too large."};
    case Reason::unsupported: return {"cancel", "feature-not-implemented", 501, "The network can't do that."};
    case Reason::conflict: return {"cancel", "conflict", 409, "That clashes with what is there already."};
    case Reason::rate_limited:
      return {"wait", "service-unavailable", 503, "That was too much at a time. Try again later."};
    case Reason::queue_full:
      return {"wait", "resource-constraint", 500, "Too much is waiting to be sent. Try again later."};
    case Reason::storage_failed:
      return {"wait", "internal-server-error", 500, "The gateway can't write to its disk."};
    case Reason::network_error:
      return {"cancel", "undefined-condition", 500, "The network answered an error."};
  }
  return {"cancel", "undefined-condition", 500, {}};  // not a Reason at all
}

}  // namespace

StanzaError to_error(const Failure& failure) {
  const Entry found = entry(failure.reason);
  return {found.type, found.condition, failure.text.empty() ? std::string(found.text) : failure.text,
          found.code, found.special,   found.special_ns};
}

StanzaError to_ping_error(const Failure& failure) {
  if (failure.reason == Reason::no_such_user) return service_unavailable(to_error(failure).text);
  return to_error(failure);
}

StanzaError bad_request(std::string text) { return {"modify", "bad-request", std::move(text), 400}; }
StanzaError item_not_found(std::string text) { return {"cancel", "item-not-found", std::move(text), 404}; }
StanzaError not_acceptable(std::string text) { return {"modify", "not-acceptable", std::move(text), 406}; }
StanzaError feature_not_implemented(std::string text) {
  return {"cancel", "feature-not-implemented", std::move(text), 501};
}
StanzaError service_unavailable(std::string text) {
  return {"cancel", "service-unavailable", std::move(text), 503};
}
StanzaError forbidden(std::string text) { return {"auth", "forbidden", std::move(text), 403}; }
StanzaError not_allowed(std::string text) { return {"cancel", "not-allowed", std::move(text), 405}; }
StanzaError policy_violation(std::string text) {
  return {"modify", "policy-violation", std::move(text), 406};
}

void write_error(XmlWriter& out, const StanzaError& error) {
  out.open("error");
  if (error.code != 0) out.attr("code", std::to_string(error.code));
  out.attr("type", error.type);
  out.open(error.condition, ns::stanzas).close();
  if (!error.text.empty()) out.element("text", error.text, ns::stanzas);
  if (!error.special.empty()) out.open(error.special, error.special_ns).close();
  out.close();
}

bool says_gone(const Element& error) {
  // A client that is there says feature-not-implemented to what it does not know; service-unavailable is what
  // its server says in its place.
  for (std::string_view condition : {"gone", "item-not-found", "recipient-unavailable", "service-unavailable",
                                     "redirect", "remote-server-not-found", "remote-server-timeout"}) {
    if (error.child(condition, ns::stanzas) != nullptr) return true;
  }
  return false;
}

std::string error_reply(const Stanza& to, const StanzaError& error) {
  if (to.type == "error") return {};
  if (to.kind == StanzaKind::iq && to.type == "result") return {};
  std::string reply;
  XmlWriter out(reply);
  switch (to.kind) {
    case StanzaKind::message: out.open("message"); break;
    case StanzaKind::presence: out.open("presence"); break;
    case StanzaKind::iq: out.open("iq"); break;
  }
  out.attr("type", "error").attr("from", to.to.str()).attr("to", to.from.str()).attr_if("id", to.id);
  // XEP-0045 7.2: by it a client knows that it is the room that refuses, and not the way there.
  if (to.kind == StanzaKind::presence && to.child("x", ns::muc)) out.open("x", ns::muc).close();
  write_error(out, error);
  out.close();
  return reply;
}

}  // namespace dragoman
