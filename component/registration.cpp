// "Add a gateway" in clients: XEP-0077 registration, and XEP-0100's jabber:iq:gateway, which turns what a
// person types into an address.
#include "component/blocking.hpp"
#include "component/bookmarks.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/people.hpp"
#include "component/subscriptions.hpp"
#include "mapping/address.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

namespace {

void on_get(Gateway& gateway, const Stanza& iq) {
  const PersonId person{iq.from.bare().str()};
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::registration);
  if (gateway.store().settings().is_registered(gateway.id(), person)) w.open("registered").close();
  w.element("instructions",
            "Nothing has to be filled in: register to see this gateway in your contact list. "
            "What can be set is in its commands.");
  w.close();
  gateway.reply(iq, out);
}

void on_set(Gateway& gateway, const Stanza& iq, const Element& query) {
  const PersonId person{iq.from.bare().str()};
  SettingsTable& settings = gateway.store().settings();
  auto presence = [&](std::string_view type) {
    std::string out;
    XmlWriter w(out);
    w.open("presence")
        .attr("from", gateway.domain())
        .attr("to", person.value())
        .attr_if("type", type)
        .close();
    gateway.send(out);
  };
  if (query.child("remove") != nullptr) {
    if (!settings.is_registered(gateway.id(), person)) {
      return gateway.refuse(iq, {"auth", "registration-required", "You are not registered here."});
    }
    settings.unregister_person(gateway.id(), person);
    for (Session* session : gateway.network().sessions()) {
      if (session->person() == person) gateway.network().disconnect(*session, "Unregistered");
    }
    gateway.reply(iq);
    // XEP-0100 4.3.1: both directions of the subscription end, and the gateway is gone.
    presence("unsubscribe"), presence("unsubscribed"), presence("unavailable");
    gateway.subscriptions().forget(person);
    gateway.people().forget(person);
    gateway.blocking().forget(person);
    gateway.bookmarks().forget(person);
    return;
  }
  if (!settings.register_person(gateway.id(), person)) {
    return gateway.refuse(iq, to_error({Reason::storage_failed, {}}));
  }
  gateway.reply(iq);
  presence("subscribe");  // XEP-0100 4.1.1
  gateway.people().used(person);
}

void on_prompt(Gateway& gateway, const Stanza& iq, const Element& query) {
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::gateway);
  if (iq.type == "get") {
    w.element("desc", gateway.network().address_hint()).open("prompt").close();
  } else {
    const Element* prompt = query.child("prompt");
    auto node = prompt != nullptr ? gateway.network().node_from_prompt(prompt->text) : std::nullopt;
    if (!node) return gateway.refuse(iq, {"modify", "not-acceptable", gateway.network().address_hint()});
    w.element("jid", escape_node(*node) + "@" + gateway.domain());
  }
  w.close();
  gateway.reply(iq, out);
}

}  // namespace

void add_registration(Gateway& gateway) {
  auto at_gateway = [&gateway](auto handle) {
    return [&gateway, handle](const Stanza& iq, const Element& query, const Target&) {
      if (!iq.to.local.empty())
        return gateway.refuse(iq, feature_not_implemented("Ask the gateway itself: " + gateway.domain()));
      handle(iq, query);
    };
  };
  Router& router = gateway.router();
  router.on_get(ns::registration, at_gateway([&](const Stanza& iq, const Element&) { on_get(gateway, iq); }));
  router.on_set(ns::registration,
                at_gateway([&](const Stanza& iq, const Element& q) { on_set(gateway, iq, q); }));
  router.on_iq(ns::gateway,
               at_gateway([&](const Stanza& iq, const Element& q) { on_prompt(gateway, iq, q); }));
}

}  // namespace dragoman
