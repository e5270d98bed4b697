// LMTP and the store alone: mails are taken and kept as the bridge to email keeps them, and nobody is told.
// Usage: lmtp_bench PORT FOLDER; runs until it is ended.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <boost/asio/io_context.hpp>

#include "bridges/email/lmtp_server.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"

namespace {

using namespace dragoman;
using namespace dragoman::email;

class Keeper : public LmtpHandler {
 public:
  explicit Keeper(Store& store) : store_(store) {}
  LmtpReply may_accept() override { return {250, "2.0.0 ok"}; }
  LmtpReply on_recipient(std::string_view, std::string_view) override { return {250, "2.1.5 ok"}; }
  std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) override {
    std::vector<LmtpReply> replies;
    for (const std::string& recipient : envelope.recipients) {
      MailRow row;
      row.person = PersonId(recipient);
      row.message_id = std::to_string(++count_) + "@example.org";
      row.conversation = envelope.from;
      row.subject = "About the report";
      row.digest = row.message_id;
      row.time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
      const bool kept = store_.mails().put(NetworkId("email"), row, bytes) != 0;
      replies.push_back(kept ? LmtpReply{250, "2.0.0 kept"} : LmtpReply{452, "4.3.1 no room"});
    }
    return replies;
  }
  bool settle() override { return store_.durable(); }

 private:
  Store& store_;
  std::uint64_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string folder = argv[2];
  Store store(folder + "/dragoman.db", folder + "/key");
  Keeper keeper(store);
  boost::asio::io_context loop;
  LmtpServer::Options options;
  options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  LmtpServer server(loop, options, keeper);
  if (!server.trouble().empty()) {
    std::fprintf(stderr, "%s\n", server.trouble().c_str());
    return 1;
  }
  loop.run();
}
