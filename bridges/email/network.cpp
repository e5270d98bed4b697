#include "bridges/email/network.hpp"

#include <spdlog/spdlog.h>

#include "bridges/email/address.hpp"
#include "bridges/email/doctor.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto prune_every = 1h;
constexpr std::size_t prune_at_most = 500;
constexpr auto threads_kept =
    std::chrono::days(3650);  // what a mail answered, after the mail itself is forgotten
constexpr auto outcomes_kept = std::chrono::days(90);  // for reports that may still come

}  // namespace

Network::Network(const NetworkContext& context)
    : hub_(context),
      conversations_(hub_),
      consent_(hub_),
      wing_{hub_, conversations_, consent_},
      links_(hub_),
      quota_(hub_),
      forgetting_(hub_),
      prune_timer_(context.loop),
      start_timer_(context.loop) {
  const auto session = [this](const PersonId& person) -> Session& { return session_of(person); };
  drafts_ = std::make_unique<Drafts>(wing_, session);
  incoming_ = std::make_unique<Incoming>(wing_, links_, quota_, session);
  procedures_ = std::make_unique<Procedures>(wing_, links_, quota_, session);
  wing_.drafts = drafts_.get();
  wing_.incoming = incoming_.get();
  incoming_->reachable(false);  // until it is
  accounts_ = std::make_unique<Accounts>(wing_, session);
  wing_.accounts = accounts_.get();
  session_of(PersonId{});  // the gateway's own
  // The rest of the house is there when the loop turns.
  start_timer_.after(0ms, [this] {
    drafts_->resume();
    incoming_->resume();
    accounts_->resume();
    forgetting_.resume();
    listen();
    prune();
  });
}

Network::~Network() = default;

void Network::listen() {
  const config::Email& email = hub_.email();
  LmtpServer::Options options;
  options.address = email.lmtp.address;
  options.port = email.lmtp.port;
  options.limits.host = hub_.aliases.domain();
  options.limits.mail_bytes = email.max_mail_bytes;
  lmtp_ = std::make_unique<LmtpServer>(hub_.loop, options, *incoming_);
  if (lmtp_->trouble().empty()) {
    spdlog::info("{}: mail comes in by LMTP at {}:{}", hub_.network.value(), email.lmtp.address,
                 lmtp_->port());
  } else {
    spdlog::error("{}: no mail comes in: {}", hub_.network.value(), lmtp_->trouble());
  }
}

void Network::prune() {
  const Time now = hub_.now();
  if (const auto days = hub_.email().keep_days; days > 0)
    hub_.store.mails().prune(hub_.network, now - std::chrono::days(days), now - threads_kept, prune_at_most);
  for (const char* kind : {"sent", "reported", "receipt", "unseen", "judge", "reacted", "proof at"})
    hub_.store.notes().prune(hub_.network, kind, now - outcomes_kept, prune_at_most);
  prune_timer_.after(prune_every, [this] { prune(); });
}

std::optional<Conversation> Network::resolve(std::string_view node) const {
  if (node.empty()) return PlaceId{};
  if (node.find_first_of("@%") != std::string_view::npos) {
    const auto address = address_of_node(node);
    if (!address) return std::nullopt;
    return UserId{folded(*address)};
  }
  if (is_conversation_id(node) || is_list_id(node)) return RoomId{std::string(node)};
  return std::nullopt;
}

std::string Network::node_of(const Conversation& what) const {
  return std::visit([](const auto& id) { return id.value(); }, what);
}

UserId Network::user_of(const RoomId& room, std::string_view nick) const {
  const auto address = conversations_.address_of(room, nick);
  return UserId{address ? folded(*address) : std::string(nick)};
}

std::string Network::nick_of(const UserId& user) const { return user.value(); }

std::string Network::display_name(const Conversation& what) const {
  if (const auto* user = std::get_if<UserId>(&what)) return conversations_.display_name(*user);
  return node_of(what);
}

std::string Network::address_hint() const {
  return "Give a mail address, like bob@example.org: it becomes the contact bob\\40example.org@" +
         hub_.network.value() + ".";
}

std::optional<std::string> Network::node_from_prompt(std::string_view typed) const {
  constexpr std::string_view scheme = "mailto:";
  if (typed.starts_with(scheme)) typed.remove_prefix(scheme.size());
  const auto address = valid_address(typed);
  if (!address) return std::nullopt;
  return folded(*address);
}

Session& Network::session_of(const PersonId& person) {
  auto& session = sessions_[person];
  if (!session) session = std::make_unique<Session>(wing_, person);
  return *session;
}

dragoman::Session& Network::session_for(const PersonId& person, const Conversation&) {
  return session_of(person);
}

dragoman::Session* Network::find_session(const PersonId& person, const Conversation&) {
  auto found = sessions_.find(person);
  return found == sessions_.end() ? nullptr : found->second.get();
}

std::vector<dragoman::Session*> Network::sessions() {
  std::vector<dragoman::Session*> all;
  for (auto& [person, session] : sessions_) all.push_back(session.get());
  return all;
}

void Network::disconnect(dragoman::Session& session, const std::string& message) {
  const PersonId person = session.person();
  static_cast<Session&>(session).leave_all(message);
  // They are not registered any more: nothing of theirs is kept.
  if (!hub_.is_registered(person)) {
    accounts_->forget(person);
    drafts_->forget(person);
    conversations_.forget(person);
    procedures_->forget(person);
    hub_.aliases.forget(person);
    quota_.forget(person);
    forgetting_.begin(person);
  }
  hub_.sink.on_session_end(session);
  sessions_.erase(person);
}

std::vector<Procedure> Network::procedures(const Conversation& target) const {
  std::vector<Procedure> all = procedures_->available(target);
  if (std::holds_alternative<PlaceId>(target))
    for (Procedure& one : accounts_->procedures()) all.push_back(std::move(one));
  return all;
}

dragoman::Outcome Network::run(const PersonId& person, bool, const Conversation& target,
                               const std::string& node, const Answers& answers, bool submitted) {
  if (accounts_->runs(node) && std::holds_alternative<PlaceId>(target) && hub_.is_registered(person))
    return accounts_->run(person, node, answers, submitted);
  return procedures_->run(person, target, node, answers, submitted);
}

// A mail that comes is told, whether somebody looks or not.
RoomPreferences Network::preferences(const PersonId&, const RoomId&) { return {.persistent = true}; }

void Network::hold(bool held) {
  incoming_->hold(held);
  accounts_->hold(held);
  if (lmtp_) lmtp_->hold(held);
}

void Network::reachable(bool there) { incoming_->reachable(there); }

void Network::reload(const config::Bridge& settings) {
  const config::Email before = hub_.settings.email;
  hub_.settings = settings;
  drafts_->reload();
  accounts_->reload();
  if (before.lmtp.address != hub_.email().lmtp.address || before.lmtp.port != hub_.email().lmtp.port)
    listen();
  if (before.public_url != hub_.email().public_url || before.files.port != hub_.email().files.port ||
      before.files.address != hub_.email().files.address)
    links_.reload();
}

void Network::stop(const std::string&, std::function<void()> done) {
  prune_timer_.cancel();
  start_timer_.cancel();
  accounts_->stop();
  forgetting_.stop();
  const auto then = [this, done = std::move(done)] { drafts_->stop(done); };
  if (!lmtp_) return then();
  lmtp_->stop(then);
}

NetworkEntry entry() {
  return {.kind = "email",
          .make = [](const NetworkContext& context) -> std::unique_ptr<dragoman::Network> {
            return std::make_unique<Network>(context);
          },
          .doctor = doctor};
}

}  // namespace dragoman::email
