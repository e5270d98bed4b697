// What is kept for people, and lists that they leave.
#include <charconv>

#include "bridges/email/address.hpp"
#include "bridges/email/procedures.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t forgotten_at_once = 500;
constexpr std::chrono::seconds longest_wait{30};
constexpr std::uint64_t most_of_an_answer = 64U << 10;  // bytes; nobody reads it

std::string in_megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t mega = 1'000'000;
  const std::uint64_t tenths = (bytes * 10 + mega / 2) / mega;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

}  // namespace

dragoman::Outcome Procedures::mailbox(const Call& call) {
  const MailsTable::Held held = quota_.held(call.person);
  if (!call.submitted) {
    std::string words = std::to_string(held.mails) + (held.mails == 1 ? " mail, " : " mails, ") +
                        in_megabytes(held.bytes) + " of files and originals";
    words += quota_.most() == 0 ? "." : " of at most " + in_megabytes(quota_.most()) + ".";
    if (hub_.email().keep_days > 0)
      words += " They are forgotten after " + std::to_string(hub_.email().keep_days) + " days.";
    if (held.mails == 0) return Note{std::move(words), false};
    static const std::vector<FieldOption> ages{{"no", "Nothing"},
                                               {"90", "What is older than three months"},
                                               {"30", "What is older than a month"},
                                               {"7", "What is older than a week"},
                                               {"0", "Everything"}};
    return Form{"What is kept of my mails",
                words + " What was said stays in your chats; links to files and originals end.",
                {{.name = "forget",
                  .type = FieldType::choice,
                  .label = "Forget",
                  .values = {"no"},
                  .options = ages}}};
  }
  const std::string chosen = call.one("forget");
  int days = -1;
  std::from_chars(chosen.data(), chosen.data() + chosen.size(), days);
  if (days < 0) return Note{"Nothing was forgotten.", false};
  const Time before = hub_.now() - std::chrono::days(days) + std::chrono::milliseconds(1);
  const std::size_t gone =
      hub_.store.mails().forget_bytes(hub_.network, call.person, before, forgotten_at_once);
  quota_.forget(call.person);
  std::string words = std::to_string(gone) + (gone == 1 ? " mail was forgotten." : " mails were forgotten.");
  if (gone == forgotten_at_once) words += " There may be more: do it again.";
  return Note{words + " " + in_megabytes(quota_.held(call.person).bytes) + " are kept.", false};
}

dragoman::Outcome Procedures::unsubscribe(const Call& call) {
  const auto* id = std::get_if<RoomId>(&call.target);
  const auto room = id != nullptr ? wing_.conversations.room(call.person, *id) : std::nullopt;
  if (!room || !room->list) return Failure{Reason::no_such_room, {}};
  // RFC 8058: for nothing but this. A page is for people, and a mail the way before it.
  const bool by_https = room->one_click && !room->unsubscribe_url.empty();
  if (!call.submitted) {
    std::string words = "The list does not say how to leave it.";
    if (by_https) {
      words = "The list is asked to let you go.";
    } else if (!room->unsubscribe_mail.empty()) {
      words = "A mail to " + room->unsubscribe_mail + " asks the list to let you go.";
    } else if (!room->unsubscribe_url.empty()) {
      words = "Open this page: " + room->unsubscribe_url;
    }
    return Form{"Leave the list " + room->name, std::move(words), {}};
  }
  if (by_https) {
    ask_by_https(call.person, *id, room->unsubscribe_url);
    return Note{"The list is being asked. You are told what it says.", false};
  }
  if (room->unsubscribe_mail.empty()) {
    return Failure{Reason::unsupported, room->unsubscribe_url.empty()
                                            ? "The list does not say how to leave it."
                                            : "This list is left on its page: " + room->unsubscribe_url};
  }
  Message message{Text("unsubscribe")};
  message.subject = room->unsubscribe_subject.empty() ? "unsubscribe" : room->unsubscribe_subject;
  const UserId to{folded(room->unsubscribe_mail)};
  session_of_(call.person).perform({to, {}, std::move(message)});
  wing_.drafts->flush(call.person, to);
  return Note{"The list has been asked.", false};
}

// RFC 8058 3.2. The URL came in a mail: nothing private is reached by it, no redirect followed, nothing of us
// but this said.
void Procedures::ask_by_https(const PersonId& person, const RoomId& list, const std::string& url) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = "List-Unsubscribe=One-Click";
  request.timeout = longest_wait;
  request.max_body = most_of_an_answer;
  request.untrusted = !hub_.email().fetch_private_addresses;
  http_.send(std::move(request), [this, person, list, url](const net::HttpResult& result) {
    std::string words = "The list " + list.value() + " has let you go.";
    const auto* answer = std::get_if<net::HttpResponse>(&result);
    if (answer == nullptr || answer->head.status < 200 || answer->head.status > 299) {
      words = "The list " + list.value() + " did not let you go (" +
              (answer != nullptr ? "its server says " + std::to_string(answer->head.status)
                                 : std::get<Failure>(result).text) +
              "). Its page is " + url;
    }
    session_of_(person).tell(PlaceId{}, Message{Text(std::move(words))});
  });
}

}  // namespace dragoman::email
