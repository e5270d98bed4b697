// XEP-0313 for rooms: each view's own archive, paged by XEP-0059.
#include <algorithm>

#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/form.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/rsm.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_a_page = 250;
constexpr const char* nobody = "\n";  // no nick

// Where an archive is, for who asks; nothing, and the answer given, where it is not to be had. Asking makes
// no archive: one that does not exist is empty (0).
std::optional<RoomKey> archive_for(Gateway& gateway, const Stanza& iq, const Target& target) {
  if (target.room() == nullptr) {
    gateway.refuse(iq, service_unavailable("Only rooms have an archive here."));
    return std::nullopt;
  }
  const PersonId person{iq.from.bare().str()};
  const PersonId viewer = gateway.viewer_of(person, *target.room());
  if (viewer != person) {
    // What all see alike is for those who are there.
    const Muc* muc = gateway.find_room(person, *target.room());
    const Occupant* here = muc != nullptr ? muc->find_occupant(iq.from.str()) : nullptr;
    if (here == nullptr || !here->entered) {
      gateway.refuse(iq, forbidden("This archive is for those who are in the room."));
      return std::nullopt;
    }
  }
  return gateway.store().rooms().find(gateway.id(), *target.room(), viewer);
}

// What the request asks for, or in words what is wrong with it.
std::optional<ArchiveQuery> read_query(const Element& query, const Jid& room, std::string& wrong) {
  ArchiveQuery wanted;
  wanted.max = 100;
  if (const Element* x = query.child("x", ns::data_form)) {
    for (const auto& [name, values] : form::answers(*x)) {
      if (name == "FORM_TYPE" || values.empty()) continue;
      if (name == "start" || name == "end") {
        auto time = parse_datetime(values[0]);
        if (!time) return wrong = name + " is no date and time (XEP-0082).", std::nullopt;
        (name == "start" ? wanted.start : wanted.end) = *time;
      } else if (name == "with") {
        auto jid = Jid::parse(values[0]);
        if (!jid) return wrong = "\"with\" is no address.", std::nullopt;
        // XEP-0313 4.1.1: all that is said in a room is with the room; nobody else says anything there.
        if (jid->bare() != room) wanted.nick = nobody;
        if (jid->bare() == room && !jid->resource.empty()) wanted.nick = jid->resource;
      } else if (name == "after-id") {
        wanted.after_id = MessageId{values[0]};
      } else if (name == "before-id") {
        wanted.before_id = MessageId{values[0]};
      } else if (name == "ids") {
        if (values.size() > most_a_page)
          return wrong = "No more than " + std::to_string(most_a_page) + " messages at a time.", std::nullopt;
        for (const std::string& id : values) wanted.ids.emplace_back(id);
      } else {
        return wrong = "This archive has no field \"" + name + "\".", std::nullopt;
      }
    }
  }
  if (const Element* set = query.child("set", ns::rsm)) {
    auto page = rsm::parse(*set);
    if (!page) return wrong = "The <set/> is malformed (XEP-0059).", std::nullopt;
    if (page->max) wanted.max = std::min(*page->max, most_a_page);
    if (page->after) wanted.after = MessageId{*page->after};
    if (page->before && !page->before->empty()) wanted.before = MessageId{*page->before};
    wanted.from_end = page->before.has_value();
  }
  return wanted;
}

// Whether this page is what it would be if all of the network's history were here. What lies behind the
// horizon may have gaps.
bool is_exact(Gateway& gateway, RoomKey key, const ArchiveQuery& query, const ArchivePage& page,
              const History& history) {
  if (history.is_whole() || page.unknown_id || query.max == 0 || !query.ids.empty()) return true;
  // Nothing before this is asked for.
  std::optional<Time> begin = query.start;
  for (const auto* mark : {&query.after, &query.after_id}) {
    if (!*mark) continue;
    auto line = gateway.store().archive().get(key, **mark);
    if (line && (!begin || *begin < line->time)) begin = line->time;
  }
  if (begin && history.reaches(*begin)) return true;
  const bool backward = query.from_end || (query.before && !query.after);
  return backward && page.lines.size() == query.max && history.reaches(page.lines.front().time);
}

// `exact`: nothing that belongs to the page is missing.
void tell_page(Gateway& gateway, const Stanza& iq, const Element& query, const RoomId& of,
               const ArchivePage& page, bool exact, bool whole) {
  if (page.unknown_id)
    return gateway.refuse(iq, item_not_found("There is no message with that id in this archive."));

  const std::string room = gateway.address_of(of);
  const std::string_view query_id = query.attr_or("queryid");
  const auto tell = [&](const ArchiveLine& line) {
    std::string out;
    XmlWriter w(out);
    w.open("message").attr("from", room).attr("to", iq.from.str()).attr("id", gateway.new_id());
    w.open("result", ns::mam).attr_if("queryid", query_id).attr("id", line.id.value());
    w.open("forwarded", ns::forward);
    w.open("delay", ns::delay).attr("stamp", format_datetime(line.time)).close();
    w.open("message", "jabber:client")
        .attr("from", line.nick.empty() ? room : room + "/" + line.nick)
        .attr("type", "groupchat")
        .attr("id", stanza_id_of(line));
    w.raw(line.payload);
    w.close().close().close().close();
    gateway.send(out);
  };
  // XEP-0313 4.3.4: only the order changes, not which they are.
  if (query.child("flip-page") != nullptr) {
    std::for_each(page.lines.rbegin(), page.lines.rend(), tell);
  } else {
    std::for_each(page.lines.begin(), page.lines.end(), tell);
  }
  std::string fin;
  XmlWriter w(fin);
  w.open("fin", ns::mam);
  if (page.complete && exact) w.attr("complete", "true");
  if (!exact) w.attr("stable", "false");  // what is missing comes between
  rsm::Page set;
  if (whole) set.count = page.count;  // else nobody knows how many there are
  if (!page.lines.empty()) {
    set.first = page.lines.front().id.value();
    set.last = page.lines.back().id.value();
    if (whole) set.first_index = page.first_index;
  }
  rsm::write(w, set);
  w.close();
  gateway.reply(iq, fin);
}

void on_query(Gateway& gateway, const Stanza& iq, const Element& query, const Target& target) {
  const std::optional<RoomKey> key = archive_for(gateway, iq, target);
  if (!key) return;
  std::string wrong;
  auto wanted = read_query(query, iq.to.bare(), wrong);
  if (!wanted) return gateway.refuse(iq, bad_request(wrong));
  if (const Element* set = query.child("set", ns::rsm); set != nullptr && set->child("index") != nullptr)
    return gateway.refuse(iq, feature_not_implemented("Pages of an archive are not found by their number."));

  const PersonId person{iq.from.bare().str()};
  const RoomId& room = *target.room();
  const auto page_of = [&gateway, asked = *wanted](RoomKey of) {
    return gateway.store().archive().page(of, asked);
  };
  Muc* muc = gateway.find_room(person, room);
  if (muc == nullptr || !muc->room().is_in(person) || !muc->has_history(person) ||
      !muc->preferences().record_history) {
    return tell_page(gateway, iq, query, room, page_of(*key), true, true);
  }
  // The rest of it is with the network. Whoever asks may have left before it came, and the room may be
  // closed.
  const auto enough = [&gateway, page_of, asked = *wanted, muc] {
    const RoomKey of = muc->key();
    return is_exact(gateway, of, asked, page_of(of), muc->history());
  };
  const auto done = [&gateway, page_of, asked = *wanted, iq, query, target, person] {
    const std::optional<RoomKey> now = archive_for(gateway, iq, target);
    if (!now) return;
    const ArchivePage page = page_of(*now);
    Muc* still = gateway.find_room(person, *target.room());
    const bool exact = still != nullptr && is_exact(gateway, *now, asked, page, still->history());
    tell_page(gateway, iq, query, *target.room(), page, exact,
              still != nullptr && still->history().is_whole());
  };
  muc->history().ask(person, enough, done);
}

// XEP-0313 section 5.
void on_metadata(Gateway& gateway, const Stanza& iq, const Target& target) {
  const std::optional<RoomKey> key = archive_for(gateway, iq, target);
  if (!key) return;
  std::string out;
  XmlWriter w(out);
  w.open("metadata", ns::mam);
  for (const bool last : {false, true}) {
    const ArchivePage page = gateway.store().archive().page(*key, {.from_end = last, .max = 1});
    if (page.lines.empty()) break;
    const ArchiveLine& line = page.lines.front();
    w.open(last ? "end" : "start")
        .attr("id", line.id.value())
        .attr("timestamp", format_datetime(line.time))
        .close();
  }
  w.close();
  gateway.reply(iq, out);
}

void on_form(Gateway& gateway, const Stanza& iq, const Target& target) {
  if (target.room() == nullptr)
    return gateway.refuse(iq, service_unavailable("Only rooms have an archive here."));
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::mam).open("x", ns::data_form).attr("type", "form");
  w.open("field").attr("type", "hidden").attr("var", "FORM_TYPE").element("value", ns::mam).close();
  w.open("field").attr("type", "jid-single").attr("var", "with").close();
  for (const char* name : {"start", "end", "before-id", "after-id"}) {
    w.open("field").attr("type", "text-single").attr("var", name).close();
  }
  w.open("field").attr("type", "list-multi").attr("var", "ids").close();
  w.close().close();
  gateway.reply(iq, out);
}

}  // namespace

namespace {

std::string unescaped(std::string text) {
  for (const auto& [entity, plain] :
       {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != text.npos; ++at) {
      text.replace(at, std::string_view(entity).size(), plain);
    }
  }
  return text;
}

// What stands between two markers of a payload. A payload is what we wrote ourselves: its elements look one
// way only, and only the five XML entities are in it.
std::optional<std::string> between(const std::string& payload, std::string_view before,
                                   std::string_view after) {
  const std::size_t begin = payload.find(before);
  if (begin == payload.npos) return std::nullopt;
  const std::size_t end = payload.find(after, begin + before.size());
  if (end == payload.npos) return std::nullopt;
  return unescaped(payload.substr(begin + before.size(), end - begin - before.size()));
}

}  // namespace

std::string stanza_id_of(const ArchiveLine& line) {
  return between(line.payload, "<origin-id xmlns='urn:xmpp:sid:0' id='", "'").value_or(line.id.value());
}

std::string body_of(const std::string& payload) {
  return between(payload, "<body>", "</body>").value_or(std::string());
}

void add_archive(Gateway& gateway) {
  gateway.router().on_set(
      ns::mam, [&](const Stanza& iq, const Element& q, const Target& t) { on_query(gateway, iq, q, t); });
  gateway.router().on_get(ns::mam, [&](const Stanza& iq, const Element& request, const Target& t) {
    return request.name == "metadata" ? on_metadata(gateway, iq, t) : on_form(gateway, iq, t);
  });
}

}  // namespace dragoman
