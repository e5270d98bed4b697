#include "mapping/store.hpp"

#include "mapping/store_impl.hpp"

namespace dragoman {

Store::Store(const std::string& path, const std::string& key_file)
    : impl_(std::make_unique<Impl>(path, key_file)) {}

Store::~Store() {
  // Nobody is left to be told.
  impl_->on_first_write = nullptr;
  impl_->on_trouble = nullptr;
  impl_->commit();
}

SettingsTable& Store::settings() { return *impl_->settings; }
RoomsTable& Store::rooms() { return *impl_->rooms; }
MessagesTable& Store::messages() { return *impl_->messages; }
ArchiveTable& Store::archive() { return *impl_->archive; }
OutboxTable& Store::outbox() { return *impl_->outbox; }
NotesTable& Store::notes() { return *impl_->notes; }
MailsTable& Store::mails() { return *impl_->mails; }
MailQueueTable& Store::mail_queue() { return *impl_->mail_queue; }

void Store::on_first_write(std::function<void()> wake) { impl_->on_first_write = std::move(wake); }
void Store::on_trouble(std::function<void(const std::string&)> f) { impl_->on_trouble = std::move(f); }
bool Store::commit() { return impl_->commit(); }
bool Store::durable() { return impl_->durable(); }
bool Store::healthy() const { return impl_->healthy(); }

bool Store::full() const { return impl_->full(); }

std::uint64_t Store::losses() const { return impl_->losses(); }

bool Store::try_again() { return impl_->try_again(); }

}  // namespace dragoman
