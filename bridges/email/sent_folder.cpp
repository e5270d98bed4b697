#include "bridges/email/sent_folder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t most_listed = 10'000;
constexpr std::size_t most_listed_bytes = 1'000'000;  // of a response: nothing large is asked for

constexpr const char* made_up = "Sent";

// Last part of a name, behind whatever divides its parts.
std::string last_part(std::string_view name) {
  const auto at = name.find_last_of("/.");
  return ascii_lower(at == std::string_view::npos ? name : name.substr(at + 1));
}

}  // namespace

std::string sent_among(const std::vector<ImapMailbox>& mailboxes) {
  for (const ImapMailbox& one : mailboxes)
    if (one.has("\\Sent") && !one.has("\\Noselect")) return one.name;
  for (const std::string_view name : {"sent", "sent items", "sent messages", "sent mail"}) {
    for (const ImapMailbox& one : mailboxes)
      if (last_part(one.name) == name && !one.has("\\Noselect") && !one.has("\\NonExistent")) return one.name;
  }
  return {};
}

std::string SentFolder::command(const ImapConnection& connection) {
  const bool by_use = connection.has("SPECIAL-USE") && connection.has("LIST-EXTENDED");
  return by_use ? R"(LIST "" "*" RETURN (SPECIAL-USE))" : R"(LIST "" "*")";
}

void SentFolder::told(const ImapResponse& response) {
  if (mailboxes_.size() >= most_listed) return;
  if (auto mailbox = mailbox_in(response)) mailboxes_.push_back(std::move(*mailbox));
}

struct SentVisit::Impl : std::enable_shared_from_this<SentVisit::Impl> {
  Impl(std::vector<SentMail> m, Filed f, Done d)
      : mails(std::move(m)), filed(std::move(f)), done(std::move(d)) {}

  void start(boost::asio::io_context& loop, const Account& account, bool public_only,
             std::shared_ptr<const net::TlsContext> context) {
    const auto weak = weak_from_this();
    std::size_t largest = 0;
    for (const SentMail& mail : mails) largest = std::max(largest, mail.bytes->size());
    ImapConnection::Callbacks on;
    on.ready = [weak] {
      if (const auto self = weak.lock()) self->list();
    };
    on.told = [weak](ImapResponse& response) {
      if (const auto self = weak.lock()) self->on_told(response);
    };
    on.ended = [weak](const ImapTrouble& why) {
      if (const auto self = weak.lock()) self->finish(why.failure.text);
    };
    connection = std::make_unique<ImapConnection>(loop, account, public_only, std::move(context),
                                                  std::max(most_listed_bytes, largest), std::move(on));
  }

  using Then = void (Impl::*)(const ImapResponse&);
  ImapConnection::Answer then(Then what) {
    return [weak = weak_from_this(), what](const ImapResponse& response) {
      if (const auto self = weak.lock()) ((*self).*what)(response);
    };
  }

  void list() { connection->ask(SentFolder::command(*connection), then(&Impl::on_listed)); }

  void on_told(const ImapResponse& response) {
    sent.told(response);
    if (response.name == "SEARCH") is_there = is_there || !response.values.empty();
  }

  void on_listed(const ImapResponse& response) {
    if (!response.ok()) return finish("the mail server does not list its folders: " + response.text);
    const std::string name = sent.name();
    const auto quoted = imap_quoted(name.empty() ? made_up : name);
    if (!quoted) return finish("the name of the Sent folder can't be sent");
    folder = *quoted;
    if (!name.empty()) return open();
    connection->ask("CREATE " + folder, then(&Impl::on_made));
  }
  void on_made(const ImapResponse& response) {
    if (!response.ok()) return finish("there is no Sent folder, and none can be made: " + response.text);
    open();
  }
  void open() { connection->ask("EXAMINE " + folder, then(&Impl::on_open)); }
  void on_open(const ImapResponse& response) {
    if (!response.ok()) return finish("the Sent folder can't be opened: " + response.text);
    look();
  }

  void look() {
    if (next == mails.size()) return finish({});
    is_there = false;
    const auto id = imap_quoted("<" + mails[next].message_id + ">");
    if (!id) return on_filed();
    connection->ask("UID SEARCH HEADER Message-ID " + *id, then(&Impl::on_looked));
  }
  void on_looked(const ImapResponse& response) {
    if (response.ok() && is_there) return on_filed();
    connection->append(folder, mails[next].bytes, then(&Impl::on_appended));
  }
  void on_appended(const ImapResponse& response) {
    if (!response.ok()) return finish("the mail server takes no copy of what was sent: " + response.text);
    on_filed();
  }
  void on_filed() {
    filed(mails[next++].key);
    if (connection) look();
  }

  void finish(const std::string& trouble) {
    if (!connection) return;
    connection->log_out();
    connection.reset();
    done(trouble);
  }

  std::vector<SentMail> mails;
  std::size_t next = 0;
  Filed filed;
  Done done;
  std::unique_ptr<ImapConnection> connection;
  SentFolder sent;
  std::string folder;  // quoted
  bool is_there = false;
};

SentVisit::SentVisit(boost::asio::io_context& loop, const Account& account, bool public_only,
                     std::shared_ptr<const net::TlsContext> context, std::vector<SentMail> mails, Filed filed,
                     Done done)
    : impl_(std::make_shared<Impl>(std::move(mails), std::move(filed), std::move(done))) {
  impl_->start(loop, account, public_only, std::move(context));
}

SentVisit::~SentVisit() { impl_->connection.reset(); }

}  // namespace dragoman::email
