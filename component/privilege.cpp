#include "component/privilege.hpp"

#include <utility>

#include "component/gateway.hpp"
#include "mapping/digest.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_servers = 100;

std::string domain_of(const PersonId& person) {
  const std::string& jid = person.value();
  const std::size_t at = jid.find('@');
  return at == std::string::npos ? jid : jid.substr(at + 1);
}

}  // namespace

bool Privileges::on_message(const Stanza& stanza) {
  const Element* privilege = stanza.child("privilege", ns::privilege);
  if (privilege == nullptr) privilege = stanza.child("privilege", ns::privilege_of_old);
  if (privilege == nullptr || stanza.type == "error") return false;
  if (!stanza.from.local.empty() || !stanza.from.resource.empty()) return true;  // no server says this
  Granted now;
  now.old = privilege->ns == ns::privilege_of_old;
  for (const Element& perm : privilege->children) {
    if (perm.name != "perm" || perm.ns != privilege->ns) continue;
    const std::string_view access = perm.attr_or("access"), type = perm.attr_or("type");
    const bool get = type == "get" || type == "both", set = type == "set" || type == "both";
    if (access == "roster") now.see_roster = get, now.change_roster = set;
    if (access == "message") now.write = type == "outgoing";
    if (access != "iq") continue;
    for (const Element& space : perm.children) {
      const std::string_view kind = space.attr_or("type");
      if (space.name == "namespace" && space.attr_or("ns") == ns::pubsub && (kind == "set" || kind == "both"))
        now.publish = true;
    }
  }
  if (by_server_.size() < most_servers || by_server_.contains(stanza.from.domain))
    by_server_[stanza.from.domain] = now;
  return true;
}

const Privileges::Granted* Privileges::granted(const PersonId& person) const {
  if (by_server_.empty()) return nullptr;
  const auto found = by_server_.find(domain_of(person));
  return found == by_server_.end() ? nullptr : &found->second;
}

bool Privileges::may_write(const PersonId& person) const {
  const Granted* can = granted(person);
  return can != nullptr && can->write;
}
bool Privileges::may_publish(const PersonId& person) const {
  const Granted* can = granted(person);
  return can != nullptr && can->publish;
}
bool Privileges::may_see_roster(const PersonId& person) const {
  const Granted* can = granted(person);
  return can != nullptr && can->see_roster;
}
bool Privileges::may_change_roster(const PersonId& person) const {
  const Granted* can = granted(person);
  return can != nullptr && can->change_roster;
}

void Privileges::write(const PersonId& person, std::string_view message) {
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", gateway_.domain()).attr("to", domain_of(person));
  w.attr("id", gateway_.new_id());
  const Granted* can = granted(person);
  w.open("privilege", can != nullptr && can->old ? ns::privilege_of_old : ns::privilege);
  w.open("forwarded", ns::forward).raw(message).close().close().close();
  gateway_.deliver(person, std::move(out));
}

void Privileges::ask(const PersonId& person, std::string_view type, std::string_view payload,
                     std::function<void(const Stanza& answer)> done) {
  const std::string id = random_hex(8);
  if (done) gateway_.questions().expect_iq(id, person.value(), std::move(done));
  std::string out;
  XmlWriter w(out);
  w.open("iq").attr("from", gateway_.domain()).attr("to", person.value()).attr("type", type).attr("id", id);
  w.raw(payload).close();
  gateway_.send(out);
}

void Privileges::publish(const PersonId& person, std::string_view payload, std::function<void(bool)> done) {
  std::string out;
  XmlWriter w(out);
  w.open("privileged_iq", ns::privilege);
  w.open("iq", ns::client).attr("type", "set").attr("id", random_hex(8)).attr("to", person.value());
  w.raw(payload).close().close();
  if (!done) return ask(person, "set", out, {});
  ask(person, "set", out, [done = std::move(done)](const Stanza& answer) {
    const Element* privilege = answer.child("privilege", ns::privilege);
    const Element* forwarded = privilege ? privilege->child("forwarded", ns::forward) : nullptr;
    const Element* iq = forwarded ? forwarded->child("iq", ns::client) : nullptr;
    // The outer answer is the server's word on the privilege, the inner one the account's on the request.
    done(answer.type == "result" && (iq == nullptr || iq->attr_or("type") != "error"));
  });
}

void Privileges::keep(const PersonId& person, std::string_view node, std::string_view id,
                      std::string_view payload, std::function<void(bool)> done) {
  std::string out;
  XmlWriter w(out);
  w.open("pubsub", ns::pubsub).open("publish").attr("node", node);
  w.open("item").attr("id", id).raw(payload).close().close();
  w.open("publish-options").open("x", ns::data_form).attr("type", "submit");
  const auto field = [&](std::string_view var, std::string_view value) {
    w.open("field").attr("var", var).element("value", value).close();
  };
  w.open("field").attr("var", "FORM_TYPE").attr("type", "hidden");
  w.element("value", "http://jabber.org/protocol/pubsub#publish-options").close();
  field("pubsub#persist_items", "true");
  field("pubsub#max_items", "max");
  field("pubsub#send_last_published_item", "never");
  field("pubsub#access_model", "whitelist");
  w.close().close().close();
  publish(person, out, std::move(done));
}

void Privileges::ask_roster(const PersonId& person, std::function<void(const Stanza& answer)> done) {
  ask(person, "get", "<query xmlns='jabber:iq:roster'/>", std::move(done));
}

void Privileges::change_roster(const PersonId& person, std::string_view query,
                               std::function<void(bool)> done) {
  ask(person, "set", query,
      [done = std::move(done)](const Stanza& answer) { done(answer.type == "result"); });
}

}  // namespace dragoman
