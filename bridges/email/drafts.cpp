#include "bridges/email/drafts.hpp"

#include <algorithm>
#include <map>

#include "bridges/email/at_once.hpp"
#include "bridges/email/fetched.hpp"
#include "bridges/email/mime_in.hpp"
#include "bridges/email/open_draft.hpp"
#include "bridges/email/outgoing.hpp"
#include "bridges/email/posting.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/digest.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_lines = 100;
constexpr std::size_t most_bytes = std::size_t{64} * 1024;
constexpr auto composing_holds = 60s;             // who writes on says so again within it (XEP-0085 5.5)
constexpr auto longest_hold = 10min;              // since the first line
constexpr auto again_after = 60s;                 // where the store was in trouble
constexpr std::string_view draft_kind = "draft";  // as in posting

std::string beginning(const std::string& text) {
  constexpr std::size_t shown = 80;
  std::string out = one_line(text);
  if (out.size() <= shown) return out;
  out.resize(prefix_within(out, shown));
  return out + "…";
}

}  // namespace

struct Drafts::Impl : std::enable_shared_from_this<Drafts::Impl> {
  Impl(Wing& w, SessionOf of)
      : wing(w), hub(w.hub), fetched(hub), timer(hub.loop), posting(w, std::move(of)) {}

  using Key = std::pair<PersonId, Conversation>;

  OpenDraft* open_draft(const PersonId& person, const Conversation& in) {
    auto found = open.find({person, in});
    return found == open.end() ? nullptr : &drafts.at(found->second);
  }
  bool keep(const OpenDraft& draft) {
    return hub.store.notes().put(hub.network, draft_kind, draft.base, packed_draft(draft)) &&
           hub.store.commit();  // a full disk says so only then
  }
  void schedule() {
    Time next = Time::max();
    for (const auto& [base, draft] : drafts)
      if (!draft.being_made) next = std::min(next, draft.due);
    if (next == Time::max()) return timer.cancel();
    timer.after(std::max(next - hub.now(), 0ms), [this] { on_time(); });
  }
  void on_time() {
    make_all([now = hub.now()](const OpenDraft& draft) { return draft.due <= now; });
    schedule();
  }
  template <class Which>
  void make_all(Which which) {
    std::vector<std::string> chosen;
    for (const auto& [base, draft] : drafts)
      if (!draft.being_made && which(draft)) chosen.push_back(base);
    for (const std::string& base : chosen) make(base);
  }
  // No more is added: it becomes a mail once its files are there.
  void make(const std::string& base) {
    OpenDraft& draft = drafts.at(base);
    if (std::exchange(draft.being_made, true)) return;
    if (auto found = open.find({draft.person, draft.in}); found != open.end() && found->second == base)
      open.erase(found);
    std::vector<std::string> urls;
    for (const DraftLine& line : draft.lines)
      for (const Attachment& file : std::get<Message>(line.command.what).attachments)
        urls.push_back(file.url);
    fetched.fetch(urls, [this, base](Fetched::Files files) {
      if (drafts.contains(base)) finish(base, std::move(files));
    });
  }
  void finish(const std::string& base, Fetched::Files files) {
    OpenDraft& draft = drafts.at(base);
    leave_out_what_is_too_large(files);
    Outgoing out = outgoing(wing, draft, std::move(files));
    if (!posting.post(draft.person, draft.in, out, base)) {
      draft.being_made = false;
      draft.due = hub.now() + again_after;
      return schedule();
    }
    drafts.erase(base);
    schedule();
  }
  // The largest files stay links, until the others fit into a mail: base64 makes four octets of three.
  void leave_out_what_is_too_large(Fetched::Files& files) const {
    const std::uint64_t most = hub.email().max_mail_bytes / 10 * 7;
    const auto size = [](const auto& file) { return file.second.bytes.size(); };
    std::uint64_t all = 0;
    for (const auto& file : files) all += size(file);
    while (all > most) {
      const auto largest = std::max_element(files.begin(), files.end(),
                                            [&](const auto& a, const auto& b) { return size(a) < size(b); });
      all -= size(*largest);
      files.erase(largest);
    }
  }
  Wing& wing;
  Hub& hub;
  Fetched fetched;
  net::Timer timer;
  std::map<std::string, OpenDraft> drafts;  // by the mail's id
  std::map<Key, std::string> open;          // to which something may be added
  Posting posting;
};

Drafts::Drafts(Wing& wing, SessionOf session_of)
    : impl_(std::make_shared<Impl>(wing, std::move(session_of))) {}
Drafts::~Drafts() = default;

MessageId Drafts::add(Session& session, Command command) {
  Impl& self = *impl_;
  const PersonId& person = session.person();
  auto& message = std::get<Message>(command.what);
  const Conversation in = command.in;
  OpenDraft* draft = self.open_draft(person, in);
  if (draft != nullptr && !draft->takes(message, most_lines, most_bytes)) {
    self.make(draft->base);
    draft = nullptr;
  }
  if (draft == nullptr) {
    if (!self.posting.may_begin(person)) {
      session.failed(in, command.token,
                     {Reason::rate_limited, "You have sent as many mails as you may within an hour."});
      return {};
    }
    const std::string seed = command.token.empty() ? random_hex(16) : command.token;
    const std::string base = message_id_of(seed, self.hub.key, self.hub.aliases.domain());
    draft = &self.drafts[base];
    draft->base = base;
    draft->person = person;
    draft->in = in;
    draft->first = self.hub.now();
    self.open[{person, in}] = base;
  }
  const std::string token = command.token;
  MessageId id{draft->base + (draft->next == 0 ? std::string() : "/" + std::to_string(draft->next + 1))};
  ++draft->next;
  const bool has_files = !message.attachments.empty();
  draft->lines.push_back({std::move(command), id});
  if (!self.keep(*draft)) {
    draft->lines.pop_back();
    if (draft->lines.empty()) {
      self.open.erase({person, in});
      self.drafts.erase(draft->base);
    }
    session.failed(in, token, {Reason::storage_failed, {}});
    return {};
  }
  const auto quiet = self.hub.preferences(person).coalesce;
  draft->due = self.hub.now() + quiet;
  const std::string base = draft->base;
  if (std::holds_alternative<RoomId>(in)) session.delivered(in, token, id);
  if (has_files || quiet == 0s) self.make(base);
  self.schedule();
  return id;
}

void Drafts::edit(Session& session, Command command) {
  Impl& self = *impl_;
  auto& edit = std::get<Edit>(command.what);
  for (auto& [base, draft] : self.drafts) {
    DraftLine* line =
        draft.being_made || draft.person != session.person() ? nullptr : draft.find(edit.target);
    if (line == nullptr) continue;
    auto& old = std::get<Message>(line->command.what);
    const Message before = old;
    old.text = std::move(edit.message.text);
    old.attachments = std::move(edit.message.attachments);
    if (!self.keep(draft)) {
      old = before;
      return session.failed(command.in, command.token, {Reason::storage_failed, {}});
    }
    return session.delivered(command.in, command.token, MessageId{line->id.value() + "/e" + random_hex(4)});
  }
  // It has left: what changed is a mail of its own.
  Message correction = std::move(edit.message);
  std::string what = "Correction";
  const auto row = self.hub.store.mails().find(self.hub.network, session.person(), mail_id_of(edit.target));
  if (row) {
    if (const auto bytes = self.hub.store.mails().bytes(self.hub.network, row->key)) {
      const auto mail = parse_mail(*bytes, {});
      if (const auto* read = std::get_if<Mail>(&mail); read != nullptr && !read->said.empty())
        what += " of «" + beginning(read->said.plain) + "»";
    }
  }
  correction.text = concat(Text(what + ":\n"), correction.text);
  correction.quote = Quote{edit.target, {}, {}};
  command.what = std::move(correction);
  add(session, std::move(command));
}

bool Drafts::retract(Session& session, const Conversation& in, const MessageId& target) {
  Impl& self = *impl_;
  for (auto& [base, draft] : self.drafts) {
    DraftLine* line = draft.being_made || draft.person != session.person() ? nullptr : draft.find(target);
    if (line == nullptr) continue;
    const std::string token = line->command.token, key = base;
    draft.lines.erase(draft.lines.begin() + (line - draft.lines.data()));
    if (draft.lines.empty()) {
      self.hub.store.notes().erase(self.hub.network, draft_kind, key);
      self.open.erase({draft.person, draft.in});
      self.drafts.erase(key);
    } else {
      self.keep(draft);
    }
    // Nothing was sent: it has no name, so nobody is told that it arrived.
    if (std::holds_alternative<UserId>(in)) session.delivered(in, token);
    self.schedule();
    return true;
  }
  return false;
}

void Drafts::react(Session& session, Command command) {
  send_reaction(impl_->wing, impl_->posting, session, std::move(command));
}

void Drafts::notify(Session& session, Command command) {
  send_notice(impl_->wing, impl_->posting, session, std::move(command));
}

bool Drafts::send_word(const PersonId& person, const std::string& to, const std::string& subject,
                       Text words) {
  return email::send_word(impl_->wing, impl_->posting, person, to, subject, std::move(words));
}

void Drafts::typing(const PersonId& person, const Conversation& in, TypingState state) {
  OpenDraft* draft = impl_->open_draft(person, in);
  if (draft == nullptr) return;
  const Time now = impl_->hub.now(), latest = std::max(draft->first + longest_hold, now);
  const auto quiet = impl_->hub.preferences(person).coalesce;
  switch (state) {
    case TypingState::composing:
      draft->due = std::min(std::max(draft->due, now + composing_holds), latest);
      break;
    case TypingState::active:
    case TypingState::paused:
    case TypingState::inactive: draft->due = std::min(now + quiet, latest); break;
    case TypingState::gone: draft->due = now; break;
  }
  impl_->schedule();
}

void Drafts::read(Session& session, const MessageId& mail) {
  send_receipt(impl_->wing, impl_->posting, session, mail);
}

void Drafts::flush(const PersonId& person, const Conversation& in) {
  impl_->make_all([&](const OpenDraft& draft) { return draft.person == person && draft.in == in; });
}

void Drafts::flush_all(const PersonId& person) {
  impl_->make_all([&](const OpenDraft& draft) { return draft.person == person; });
}

std::vector<Drafts::Waiting> Drafts::waiting(const PersonId& person) {
  std::vector<Waiting> out;
  for (const auto& [base, draft] : impl_->drafts) {
    if (draft.person != person) continue;
    out.push_back({beginning(std::get<Message>(draft.lines.front().command.what).text.plain),
                   std::visit([](const auto& id) { return id.value(); }, draft.in),
                   "draft " + base,
                   {}});
  }
  for (const QueuedMail& mail : impl_->posting.waiting(person)) {
    const auto row = impl_->hub.store.mails().get(impl_->hub.network, mail.mail);
    out.push_back({row ? row->subject : std::string(), mail.recipient, "mail " + std::to_string(mail.key),
                   mail.last_words.empty() ? "It is on its way." : mail.last_words});
  }
  return out;
}

bool Drafts::cancel(Session& session, const std::string& key) {
  if (const std::size_t at = key.find(' '); at != std::string::npos) {
    const std::string what = key.substr(at + 1);
    if (key.starts_with("draft ")) {
      auto found = impl_->drafts.find(what);
      if (found == impl_->drafts.end() || found->second.person != session.person()) return false;
      const Conversation in = found->second.in;
      const std::vector<DraftLine> lines = found->second.lines;
      impl_->open.erase({session.person(), in});
      impl_->drafts.erase(found);
      impl_->hub.store.notes().erase(impl_->hub.network, draft_kind, what);
      for (const DraftLine& line : lines)
        session.failed(in, line.command.token, {Reason::invalid, "You cancelled it."});
      return true;
    }
    for (const QueuedMail& mail : impl_->posting.waiting(session.person())) {
      if (std::to_string(mail.key) == what) return impl_->posting.cancel(mail);
    }
  }
  return false;
}

void Drafts::on_report(MailKey mail, const Report& report) { impl_->posting.reported(mail, report); }

std::optional<MailKey> Drafts::mail_of(const PersonId& person, const std::string& message_id) const {
  const auto row = impl_->hub.store.mails().find(impl_->hub.network, person, message_id);
  // What they sent by another program was found, and has a digest.
  return row && row->outgoing && row->digest.empty() ? std::optional(row->key) : std::nullopt;
}

void Drafts::renew(const PersonId& person) { impl_->posting.renew(person); }

void Drafts::close_route(const PersonId& person, const Failure& why) { impl_->posting.close(person, why); }

void Drafts::resume() {
  for (auto& [base, text] : impl_->hub.store.notes().all(impl_->hub.network, draft_kind)) {
    auto draft = unpacked_draft(base, text);
    if (!draft) continue;
    draft->next = draft->lines.size();
    draft->first = impl_->hub.now();
    draft->due = draft->first + impl_->hub.preferences(draft->person).coalesce;
    impl_->drafts.emplace(base, std::move(*draft));
  }
  impl_->schedule();
  impl_->posting.resume();
}

void Drafts::reload() { impl_->posting.reload(); }

void Drafts::forget(const PersonId& person) {
  for (auto draft = impl_->drafts.begin(); draft != impl_->drafts.end();) {
    if (draft->second.person != person) {
      ++draft;
      continue;
    }
    impl_->hub.store.notes().erase(impl_->hub.network, draft_kind, draft->first);
    impl_->open.erase({person, draft->second.in});
    draft = impl_->drafts.erase(draft);
  }
  impl_->posting.forget(person);
}

void Drafts::stop(std::function<void()> done) {
  impl_->timer.cancel();
  impl_->posting.stop(std::move(done));
}

}  // namespace dragoman::email
