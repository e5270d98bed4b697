#include "bridges/matrix/account.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/account_forms.hpp"
#include "bridges/matrix/foreign.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/login.hpp"
#include "bridges/matrix/logouts.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "bridges/matrix/sync.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr const char* note = "account";   // the user id, by person: who is logged in
constexpr const char* scope = "account";  // the settings of it

// Each account's poll holds a connection of its own.
net::HttpClient::Options poll_options(const Hub& hub) {
  return {.ca_file = hub.settings.matrix.homeserver.ca_file, .max_per_host = 0, .max_total = 100'000};
}

}  // namespace

struct OwnAccounts::Impl : std::enable_shared_from_this<Impl> {
  struct Account {
    PersonId person;
    ServerAddress homeserver;
    std::string user_id, token;
    std::unique_ptr<Stream> stream;
    std::shared_ptr<Session> session;
    std::unique_ptr<Sync> sync;
  };

  explicit Impl(Hub& h) : hub(h), polls(h.loop, poll_options(h)) {}

  // -- what is kept

  void load_all() {
    for (const auto& [person, user_id] : hub.store.notes().all(hub.network, note)) revive(PersonId(person));
    logouts->resume();
  }

  SettingMap kept(const PersonId& person) { return hub.store.settings().load(hub.network, person, scope); }

  // Who was logged in is again; null: they are not any more.
  Account* revive(const PersonId& person) {
    SettingMap values = kept(person);
    const std::string token = values["access_token"].value, user_id = values["user_id"].value;
    if (token.empty() || user_id.empty()) {
      hub.store.notes().erase(hub.network, note, person.value());
      return nullptr;
    }
    return &add(person,
                {homeserver_of(hub, values["homeserver"].value), user_id, values["device_id"].value, token});
  }

  bool keep(const PersonId& person, const LoggedIn& in) {
    const SettingMap values{{"access_token", {in.access_token, true}},
                            {"user_id", {in.user_id, false}},
                            {"device_id", {in.device_id, false}},
                            {"homeserver", {kept_of(in.homeserver), false}}};
    return hub.store.settings().save(hub.network, person, scope, values) &&
           hub.store.notes().put(hub.network, note, person.value(), in.user_id) && hub.store.durable();
  }

  // Nothing of it is kept.
  void forget(Account& account, const Failure& why) {
    hub.store.settings().erase(hub.network, account.person, scope);
    hub.store.notes().erase(hub.network, note, account.person.value());
    account.stream->forget(why);
    Sync::forget(*account.stream);
    hub.store.durable();
  }

  // -- sessions

  static Voice voice_of(const Account& account) {
    return {account.homeserver.url, account.token, {}, !account.homeserver.trusted};
  }

  void make_sync(Account& account) {
    account.sync =
        std::make_unique<Sync>(polls, *account.stream, *account.session,
                               Sync::Account{account.homeserver, account.user_id, account.token},
                               [weak = weak_from_this(), person = account.person](const Failure& why) {
                                 if (auto self = weak.lock()) self->on_token_refused(person, why);
                               });
    account.sync->hold(held);
  }

  Account& add(const PersonId& person, const LoggedIn& in) {
    auto account = std::make_unique<Account>();
    account->person = person;
    account->homeserver = in.homeserver;
    account->user_id = in.user_id;
    account->token = in.access_token;
    account->stream = std::make_unique<Stream>(hub, person);
    account->session =
        std::make_shared<Session>(hub, *account->stream, Session::Kind::account, person, voice_of(*account));
    account->session->set_voice(voice_of(*account), in.user_id);
    account->stream->set_account(account->session.get());
    Account& added = *account;
    make_sync(added);
    accounts.insert_or_assign(person, std::move(account));
    // Not before the rest of the house is there.
    net::post(hub.loop, [weak = weak_from_this(), session = std::weak_ptr<Session>(added.session)] {
      auto self = weak.lock();
      auto living = session.lock();
      Account* begun = self && living ? self->find(living->person()) : nullptr;
      if (!begun || begun->session != living || !begun->sync) return;
      begun->stream->resume();
      begun->sync->start();
    });
    return added;
  }

  Account* find(const PersonId& person) {
    const auto found = accounts.find(person);
    return found == accounts.end() ? nullptr : found->second.get();
  }

  // Nobody holds its session after this; whoever is at work with it up the stack may finish.
  void end(const PersonId& person) {
    const auto found = accounts.find(person);
    if (found == accounts.end()) return;
    found->second->sync.reset();
    hub.sink.on_session_end(*found->second->session);
    leaving.push_back(std::move(found->second));
    accounts.erase(person);
    net::post(hub.loop, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->leaving.clear();
    });
  }

  // To the person, from the gateway.
  void tell(const PersonId& person, const std::string& words) {
    Account* account = find(person);
    Session& from = account ? *account->session : hub.ghost_session(person);
    Message message;
    message.text = words;
    from.tell(PlaceId{}, std::move(message));
  }

  // -- in and out

  // Where our own homeserver lets people begin a single sign-on, for the form: asked before it is wanted.
  void find_sign_on() {
    Credentials nobody;
    nobody.homeserver = hub.server_name();
    looking =
        std::make_unique<Login>(hub, std::move(nobody), [weak = weak_from_this()](const LoginResult& result) {
          auto self = weak.lock();
          const auto* found = std::get_if<SignOn>(&result);
          if (self) self->sign_on_link = found ? found->url : std::string();
        });
  }

  void log_in(const PersonId& person, Credentials credentials) {
    SettingMap values = kept(person);
    if (!credentials.user.empty() && credentials.user == values["user_id"].value)
      credentials.device_id = values["device_id"].value;
    logins.insert_or_assign(
        person, std::make_unique<Login>(hub, std::move(credentials),
                                        [weak = weak_from_this(), person](const LoginResult& result) {
                                          if (auto self = weak.lock()) self->on_login(person, result);
                                        }));
  }

  void on_login(const PersonId& person, const LoginResult& result) {
    // It is still at work up the stack.
    net::post(hub.loop, [login = std::shared_ptr<Login>(std::move(logins[person]))] {});
    logins.erase(person);
    if (const auto* failure = std::get_if<Failure>(&result))
      return tell(person, "You could not be logged in: " +
                              (failure->text.empty() ? std::string("there was no answer") : failure->text) +
                              ".");
    if (const auto* sign_on = std::get_if<SignOn>(&result)) {
      return tell(
          person,
          "Your homeserver logs people in by a single sign-on. Open this link and log in: " + sign_on->url +
              "\nYour browser then ends at a page that can't be shown. Copy its address, run the "
              "command \"Log in\" once more with the same Matrix id and homeserver, and paste the "
              "address into \"Address after a single sign-on\".");
    }
    enter(person, std::get<LoggedIn>(result));
  }

  void enter(const PersonId& person, const LoggedIn& in) {
    if (Account* before = find(person)) {
      const ServerAddress homeserver = before->homeserver;
      const std::string token = before->token;
      if (before->user_id != in.user_id)
        forget(*before, {Reason::not_connected, "You are logged in to another account now."});
      end(person);
      // The same device again has a new token, and the old one is gone by that.
      if (token != in.access_token &&
          !(homeserver == in.homeserver && kept(person)["device_id"].value == in.device_id))
        logouts->revoke(person, homeserver, token);
    }
    if (!keep(person, in)) {
      return tell(person, "You could not be logged in: what has to be remembered could not be stored.");
    }
    Session* ghost = hub.find_ghost_session(person);
    Session& session = *add(person, in).session;
    if (ghost) {
      if (const auto& shown = ghost->shown()) session.perform({PlaceId{}, {}, *shown});
      // From now on they speak by their account: what was said by the ghost is over.
      ghost->leave_all("Now here with an account of their own");
      hub.sink.on_session_end(*ghost);
    }
    spdlog::info("{}: {} is logged in as {}", hub.network.value(), person.value(), in.user_id);
    tell(person, "You are logged in as " + in.user_id +
                     ". Rooms and chats that you open here from now on are your account's.");
  }

  void on_token_refused(const PersonId& person, const Failure& why) {
    Account* account = find(person);
    if (!account) return;
    const std::string user_id = account->user_id;
    spdlog::info("{}: the login of {} as {} was ended by the homeserver", hub.network.value(), person.value(),
                 user_id);
    // From within its own /sync.
    std::shared_ptr<Sync> sync = std::move(account->sync);
    net::post(hub.loop, [sync] {});
    // The device stays, for the next time.
    const SettingMap before = kept(person);
    forget(*account, {Reason::not_connected, "Your homeserver has logged you out."});
    SettingMap values;
    for (const char* name : {"user_id", "device_id"}) {
      if (const auto known = before.find(name); known != before.end()) values.insert(*known);
    }
    hub.store.settings().save(hub.network, person, scope, values);
    end(person);
    tell(person,
         "Your homeserver has logged out " + user_id + (why.text.empty() ? "" : " (" + why.text + ")") +
             ". From now on you are here as a guest of the gateway; to use your account again, run the "
             "command \"Log in\".");
  }

  void end_unwelcome() {
    const auto is_welcome = [&](const PersonId& person) {
      return hub.may_use(person) && hub.may_log_in(person);
    };
    constexpr const char* words =
        "The administrator of this gateway does not let you use an account of your own here any more";
    std::vector<PersonId> gone;
    for (const auto& [person, account] : accounts)
      if (!is_welcome(person)) gone.push_back(person);
    for (const PersonId& person : std::set<PersonId>(asleep)) {
      if (is_welcome(person)) continue;
      asleep.erase(person);
      if (revive(person)) gone.push_back(person);
    }
    for (const PersonId& person : gone) {
      const std::string user_id = find(person)->user_id;
      log_out(person, {Reason::not_permitted, words});
      spdlog::info("{}: {} may not log in any more: logged out of {}", hub.network.value(), person.value(),
                   user_id);
      tell(person, std::string(words) + ": you are logged out of " + user_id + ".");
    }
    for (auto login = logins.begin(); login != logins.end();) {
      if (is_welcome(login->first)) {
        ++login;
        continue;
      }
      const PersonId person = login->first;
      login = logins.erase(login);
      tell(person, std::string(words) + ".");
    }
  }

  void log_out(const PersonId& person, const Failure& why) {
    Account* account = find(person);
    if (!account) return;
    const ServerAddress homeserver = account->homeserver;
    const std::string token = account->token;
    forget(*account, why);
    end(person);
    logouts->revoke(person, homeserver, token);
  }

  Hub& hub;
  std::shared_ptr<Logouts> logouts = std::make_shared<Logouts>(hub);
  net::HttpClient polls;
  std::unordered_map<PersonId, std::unique_ptr<Account>> accounts;
  std::set<PersonId> asleep;  // logged in, and disconnected until they do something
  std::map<PersonId, std::unique_ptr<Login>> logins;
  std::unique_ptr<Login> looking;
  std::string sign_on_link;
  std::vector<std::unique_ptr<Account>> leaving;
  bool held = false;
};

OwnAccounts::OwnAccounts(Hub& hub) : impl_(std::make_shared<Impl>(hub)) {
  impl_->load_all();
  impl_->find_sign_on();
}
OwnAccounts::~OwnAccounts() = default;

Session* OwnAccounts::session_of(const PersonId& person) {
  if (auto* account = impl_->find(person)) return account->session.get();
  if (impl_->asleep.empty() || impl_->asleep.erase(person) == 0) return nullptr;
  auto* account = impl_->revive(person);
  return account ? account->session.get() : nullptr;
}

std::vector<Session*> OwnAccounts::sessions() {
  std::vector<Session*> all;
  for (const auto& [person, account] : impl_->accounts) all.push_back(account->session.get());
  return all;
}

void OwnAccounts::disconnect(const PersonId& person, const std::string&) {
  if (!impl_->find(person)) return;
  impl_->end(person);
  impl_->asleep.insert(person);
}

void OwnAccounts::hold(bool held) {
  impl_->held = held;
  const auto self = impl_;
  std::vector<Session*> all = sessions();
  for (Session* session : all) {
    auto* account = self->find(session->person());
    if (account && account->sync) account->sync->hold(held);
  }
}

void OwnAccounts::reload() {
  impl_->find_sign_on();
  for (const auto& [person, account] : impl_->accounts) {
    if (!account->homeserver.trusted) continue;
    account->homeserver = homeserver_of(impl_->hub, {});
    account->session->set_voice(Impl::voice_of(*account), account->user_id);
    impl_->make_sync(*account);
    account->sync->start();
  }
}

void OwnAccounts::end_unwelcome() { impl_->end_unwelcome(); }

void OwnAccounts::stop(std::function<void()> done) {
  impl_->logins.clear();
  impl_->looking.reset();
  const auto left = std::make_shared<std::size_t>(impl_->accounts.size() + 1);
  const auto one = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  for (const auto& [person, account] : impl_->accounts) {
    account->sync.reset();
    account->stream->queues().drain(one);
  }
  net::post(impl_->hub.loop, one);
}

std::vector<Procedure> OwnAccounts::procedures(const Conversation& target) const {
  return account_procedures(target);
}

Outcome OwnAccounts::run(const PersonId& person, const Conversation& target, const std::string& node,
                         const Answers& answers, bool submitted) {
  Hub& hub = impl_->hub;
  Session* account = session_of(person);
  if (const auto* room = std::get_if<RoomId>(&target)) {
    if (node != leave_node) return Failure{Reason::unsupported, {}};
    if (!submitted) return leave_form(room->value());
    Session* voice = account ? account : hub.find_ghost_session(person);
    if (!voice) return Failure{Reason::not_joined, {}};
    voice->perform({*room, {}, Leave{}});
    return Note{"You leave " + room->value() + "."};
  }
  const auto* place = std::get_if<PlaceId>(&target);
  if (!place || !place->empty()) return Failure{Reason::unsupported, {}};
  if (node == who_node) {
    const auto ghost = hub.ghosts->id_of(person);
    return account ? who_note(*account) : guest_note(ghost.value_or(std::string()));
  }
  if (node == logout_node) {
    if (!account) return Note{"You are not logged in to a Matrix account."};
    if (!submitted) return logout_form(account->user_id());
    const std::string user_id = account->user_id();
    impl_->log_out(person, {Reason::not_connected, "You have logged out."});
    return Note{"You are logged out of " + user_id + "."};
  }
  if (node != login_node) return Failure{Reason::unsupported, {}};
  if (!hub.may_use(person) || !hub.may_log_in(person))
    return Failure{Reason::not_permitted, "Logging in to an account of one's own is not open to you here"};
  if (!submitted) {
    Form form = login_form(account ? account->user_id() : std::string(), impl_->sign_on_link);
    impl_->find_sign_on();
    return form;
  }
  auto credentials = credentials_in(answers);
  if (auto* failure = std::get_if<Failure>(&credentials)) return *failure;
  impl_->log_in(person, std::move(std::get<Credentials>(credentials)));
  return Note{"You are being logged in. A message from this gateway tells how it ended."};
}

}  // namespace dragoman::matrix
