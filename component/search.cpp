// Looking for rooms and people: XEP-0055 at the gateway and at each place, XEP-0433 for rooms.
#include <algorithm>
#include <utility>

#include "component/facets.hpp"
#include "component/form.hpp"
#include "component/listing.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

constexpr std::string_view channel_params = "urn:xmpp:channel-search:0:search-params";
constexpr std::string_view channel_errors = "urn:xmpp:channel-search:0:error";
constexpr std::string_view by_users = "{urn:xmpp:channel-search:0:order}nusers";
constexpr std::size_t longest_words = 500;  // bytes

std::string words_of(std::string_view text) {
  std::string words = display_clean(text);
  words.resize(prefix_within(words, longest_words));
  return words;
}

std::string first_of(const Answers& answers, const std::string& name) {
  const auto found = answers.find(name);
  return found == answers.end() || found->second.empty() ? std::string() : found->second.front();
}

void refuse_nowhere(Gateway& gateway, const Stanza& iq) {
  gateway.refuse(iq, not_acceptable("Connect to this place first: nobody can be asked yet."));
}

// -------------------------------------------------------------------------------------------------- XEP-0055

Form search_form() {
  Form form;
  form.title = "Search";
  form.instructions = "Say what to look for.";
  form.fields = {{.name = "words", .type = FieldType::text, .label = "Words", .required = true},
                 {.name = "kind",
                  .type = FieldType::choice,
                  .label = "Look for",
                  .values = {"people"},
                  .options = {{"people", "People"}, {"rooms", "Rooms"}}}};
  return form;
}

void on_search_form(Gateway& gateway, const Stanza& iq) {
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::search).element("instructions", "Say what to look for.").open("nick").close();
  form::write(w, search_form(), ns::search);
  w.close();
  gateway.reply(iq, out);
}

struct Found {
  std::string address, name, about;
};

std::vector<Found> found_in(Gateway& gateway, const Listing& listing) {
  std::vector<Found> all;
  for (const ListedPerson& one : listing.people) all.push_back({gateway.address_of(one.user), one.name, {}});
  for (const ListedRoom& room : listing.rooms)
    all.push_back({gateway.address_of(room.room), room.name, room.topic});
  return all;
}

void report(XmlWriter& w, const std::vector<Found>& all) {
  w.open("x", ns::data_form).attr("type", "result");
  w.open("field").attr("var", "FORM_TYPE").attr("type", "hidden").element("value", ns::search).close();
  w.open("reported");
  w.open("field").attr("var", "jid").attr("label", "Address").attr("type", "jid-single").close();
  w.open("field").attr("var", "name").attr("label", "Name").attr("type", "text-single").close();
  w.open("field").attr("var", "about").attr("label", "About").attr("type", "text-single").close();
  w.close();
  for (const Found& found : all) {
    w.open("item");
    w.open("field").attr("var", "jid").element("value", found.address).close();
    w.open("field").attr("var", "name").element("value", found.name).close();
    w.open("field").attr("var", "about").element("value", found.about).close();
    w.close();
  }
  w.close();
}

void on_search(Gateway& gateway, const Stanza& iq, const Element& query, const PlaceId& place) {
  const auto page = listing::page_of(query);
  if (!page) return gateway.refuse(iq, bad_request("The <set/> is malformed (XEP-0059)."));
  Search search{.offset = page->offset, .count = page->count, .sought = Sought::people};
  const Element* x = query.child("x", ns::data_form);
  if (x != nullptr) {
    const Answers answers = form::answers(*x);
    search.words = words_of(first_of(answers, "words"));
    if (first_of(answers, "kind") == "rooms") search.sought = Sought::rooms;
  } else {
    for (const char* name : {"nick", "first", "last", "email"}) {
      const Element* field = query.child(name);
      if (field != nullptr && search.words.empty()) search.words = words_of(field->text);
    }
  }
  if (search.words.empty()) return gateway.refuse(iq, bad_request("Say what to look for."));
  auto answer = [&gateway, iq, page = *page, as_form = x != nullptr](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    const auto* listing = std::get_if<Listing>(&reply);
    const std::vector<Found> all = listing ? found_in(gateway, *listing) : std::vector<Found>{};
    std::string out;
    XmlWriter w(out);
    w.open("query", ns::search);
    if (as_form) {
      report(w, all);
    } else {
      for (const Found& found : all)
        w.open("item").attr("jid", found.address).element("nick", found.name).close();
    }
    listing::write_page(w, page, all.size(), listing != nullptr ? listing->total : 0);
    w.close();
    gateway.reply(iq, out);
  };
  if (!listing::ask(gateway, PersonId{iq.from.bare().str()}, place, std::move(search), answer))
    refuse_nowhere(gateway, iq);
}

// -------------------------------------------------------------------------------------------------- XEP-0433

Form channel_form() {
  Form form;
  form.title = "Search for rooms";
  form.fields = {
      {.name = "q", .type = FieldType::text, .label = "Search for"},
      {.name = "all", .type = FieldType::boolean, .label = "All rooms", .values = {"false"}},
      {.name = "sinname", .type = FieldType::boolean, .label = "Search in names", .values = {"true"}},
      {.name = "sindescription", .type = FieldType::boolean, .label = "Search in topics", .values = {"true"}},
      {.name = "sinaddress", .type = FieldType::boolean, .label = "Search in addresses", .values = {"true"}},
      {.name = "key",
       .type = FieldType::choice,
       .label = "Sort by",
       .values = {std::string(by_users)},
       .options = {{std::string(by_users), "Number of people"}}}};
  return form;
}

// RFC 6120 8.3.4: the stanza's condition with the application's beside it.
void refuse_channels(Gateway& gateway, const Stanza& iq, const StanzaError& error,
                     std::string_view condition) {
  std::string out;
  XmlWriter w(out);
  w.open("iq").attr("type", "error").attr("id", iq.id).attr("from", iq.to.str()).attr("to", iq.from.str());
  w.open("error").attr("type", error.type).open(error.condition, ns::stanzas).close();
  w.element("text", error.text, ns::stanzas).open(condition, channel_errors).close().close().close();
  gateway.send(out);
}

bool is_true(const std::string& value) { return value == "1" || value == "true"; }

void write_channel(XmlWriter& w, const std::string& address, const ListedRoom& room) {
  w.open("item").attr("address", address);
  if (!room.name.empty()) w.element("name", room.name);
  if (!room.topic.empty()) w.element("description", room.topic);
  w.element("nusers", std::to_string(room.members)).element("service-type", "xep-0045");
  w.element("is-open", room.open ? "true" : "false").close();
}

void on_channels(Gateway& gateway, const Stanza& iq, const Element& query, const PlaceId& place) {
  const Element* x = query.child("x", ns::data_form);
  if (x == nullptr) {
    std::string out;
    XmlWriter w(out);
    w.open("search", ns::channel_search);
    form::write(w, channel_form(), channel_params);
    w.close();
    return gateway.reply(iq, out);
  }
  const auto page = listing::page_of(query);
  if (!page) return gateway.refuse(iq, bad_request("The <set/> is malformed (XEP-0059)."));
  const Answers answers = form::answers(*x);
  const std::string words = words_of(first_of(answers, "q")), key = first_of(answers, "key");
  const bool all = is_true(first_of(answers, "all"));
  if (!key.empty() && key != by_users) {
    return refuse_channels(gateway, iq,
                           {"modify", "feature-not-implemented", "Rooms are sorted by their people only."},
                           "invalid-sort-key");
  }
  if (all && !words.empty())
    return refuse_channels(gateway, iq,
                           {"modify", "bad-request", "Either all rooms, or those with these words."},
                           "conflicting-fields");
  if (!all && words.empty())
    return refuse_channels(gateway, iq, {"cancel", "bad-request", "Say what to look for."},
                           "no-search-conditions");
  auto answer = [&gateway, iq, page = *page](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    std::string out;
    XmlWriter w(out);
    w.open("result", ns::channel_search);
    const auto* listing = std::get_if<Listing>(&reply);
    if (listing != nullptr) {
      for (const ListedRoom& room : listing->rooms) write_channel(w, gateway.address_of(room.room), room);
    }
    listing::write_page(w, page, listing != nullptr ? listing->rooms.size() : 0,
                        listing != nullptr ? listing->total : 0);
    w.close();
    gateway.reply(iq, out);
  };
  if (!listing::ask(gateway, PersonId{iq.from.bare().str()}, place, Search{words, page->offset, page->count},
                    answer))
    refuse_nowhere(gateway, iq);
}

}  // namespace

void add_search(Gateway& gateway) {
  const auto at_place = [&gateway](auto handle) {
    return [&gateway, handle](const Stanza& iq, const Element& query, const Target& target) {
      if (target.place() == nullptr)
        return gateway.refuse(iq, service_unavailable("Only the gateway and its servers can be searched."));
      handle(iq, query, *target.place());
    };
  };
  Router& router = gateway.router();
  router.on_get(ns::search, at_place([&gateway](const Stanza& iq, const Element&, const PlaceId&) {
                  on_search_form(gateway, iq);
                }));
  router.on_set(ns::search,
                at_place([&gateway](const Stanza& iq, const Element& query, const PlaceId& place) {
                  on_search(gateway, iq, query, place);
                }));
  router.on_iq(ns::channel_search,
               at_place([&gateway](const Stanza& iq, const Element& query, const PlaceId& place) {
                 on_channels(gateway, iq, query, place);
               }));
}

}  // namespace dragoman
