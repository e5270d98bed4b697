#include "tests/unit/email_session/wing_world.hpp"

#include "mapping/settings_table.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email::test {

using namespace std::chrono_literals;

std::string Letter::bytes() const {
  std::string out;
  const auto field = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) out += name + ": " + value + "\r\n";
  };
  if (verified) out += "Authentication-Results: mx.example.org; dmarc=pass header.from=example.net\r\n";
  out += headers;
  field("From", from);
  field("To", to);
  field("Cc", cc);
  field("Subject", subject);
  field("Message-ID", id.empty() ? "" : "<" + id + ">");
  field("In-Reply-To", answers.empty() ? "" : "<" + answers + ">");
  field("References", answers.empty() ? "" : "<" + answers + ">");
  return out + "\r\n" + text + "\r\n";
}

World::World() {
  settings.network = "email";
  settings.domain = "mail.example.org";
  settings.email.address = "{local}={host}@mail.example.org";
  settings.email.authserv_id = "mx.example.org";
  settings.email.smtp.url = peer.url();
  settings.email.mails_per_minute_and_domain = 0;
  settings.email.coalesce_seconds = 30;
  for (const PersonId& person : {juliet, romeo})
    disk->settings().register_person(NetworkId{settings.domain}, person);
  start();
}

void World::start() {
  hub = std::make_unique<Hub>(NetworkContext{loop, sink, *disk, settings, file_host});
  conversations = std::make_unique<Conversations>(*hub);
  consent = std::make_unique<Consent>(*hub);
  wing = std::make_unique<Wing>(Wing{*hub, *conversations, *consent});
  links = std::make_unique<Links>(*hub);
  const auto of = [this](const PersonId& person) -> Session& { return session(person); };
  drafts = std::make_unique<Drafts>(*wing, of);
  quota = std::make_unique<Quota>(*hub);
  incoming = std::make_unique<Incoming>(*wing, *links, *quota, of);
  procedures = std::make_unique<Procedures>(*wing, *links, *quota, of);
  wing->drafts = drafts.get();
  wing->incoming = incoming.get();
  accounts = std::make_unique<Accounts>(*wing, of);
  wing->accounts = accounts.get();
  drafts->resume();
  incoming->resume();
  accounts->resume();
}

void World::kill() {
  procedures.reset();
  accounts.reset();
  incoming.reset();
  quota.reset();
  drafts.reset();
  sessions.clear();
  links.reset();
  wing.reset();
  consent.reset();
  conversations.reset();
  hub.reset();
  disk.reopen();
  start();
}

Session& World::session(const PersonId& person) {
  auto& session = sessions[person];
  if (!session) session = std::make_unique<Session>(*wing, person);
  return *session;
}

std::vector<LmtpReply> World::receive_bytes(const std::string& bytes, const std::vector<std::string>& to,
                                            const std::string& from) {
  auto replies = incoming->on_mail({from, to, false}, bytes);
  EXPECT_TRUE(incoming->settle());
  EXPECT_EQ(replies.size(), to.size()) << "one reply for each recipient";
  return replies;
}

int World::receive(const Letter& letter, const std::string& to) {
  return receive_bytes(letter.bytes(), std::vector<std::string>{to}).front().code;
}

void World::perform(Conversation in, std::string token, Act act, const PersonId& person, MessageId name) {
  session(person).perform({std::move(in), std::move(token), std::move(act), std::move(name)});
}

std::size_t World::sent(std::size_t count, std::chrono::seconds most) {
  time.pass_until([&] { return peer.mails.size() >= count; }, most);
  return peer.mails.size();
}

std::string World::address_of_bounces() const {
  for (auto line = peer.commands.rbegin(); line != peer.commands.rend(); ++line) {
    if (!line->starts_with("MAIL FROM:<b+")) continue;
    const std::size_t begin = line->find('<') + 1;
    return line->substr(begin, line->find('>') - begin);
  }
  return {};
}

std::string World::field(const std::string& mail, const std::string& name) {
  const std::string header = "\r\n" + mail.substr(0, mail.find("\r\n\r\n")) + "\r\n";
  const std::size_t at = ascii_lower(header).find("\r\n" + ascii_lower(name) + ": ");
  if (at == std::string::npos) return {};
  std::string out;
  for (std::size_t i = at + name.size() + 4; i < header.size(); ++i) {
    if (header.compare(i, 2, "\r\n") != 0) {
      out += header[i];
    } else if (i + 2 < header.size() && (header[i + 2] == ' ' || header[i + 2] == '\t')) {
      i += 1;
    } else {
      break;
    }
  }
  return out;
}

RoomId World::room() const { return std::get<RoomId>(sink.last<Entered>().in); }

std::string World::report(const std::string& action, const std::string& recipient, const std::string& from) {
  const std::string status = action == "failed" ? "5.1.1" : "4.4.1";
  return from + "To: " + juliets + "\r\nSubject: Delivery Status Notification\r\nMessage-ID: <dsn-" + action +
         "@mx.example.net>\r\n"
         "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
         "\r\n--b\r\nContent-Type: text/plain\r\n\r\nYour mail had trouble.\r\n"
         "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; mx.example.net\r\n\r\n"
         "Final-Recipient: rfc822; " +
         recipient + "\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " +
         (action == "failed" ? "550" : "450") + " no mailbox here by that name\r\n\r\n--b--\r\n";
}

}  // namespace dragoman::email::test
