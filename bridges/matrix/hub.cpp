#include "bridges/matrix/hub.hpp"

#include <deque>
#include <unordered_set>

#include "bridges/allow.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "mapping/digest.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_delivered = 10'000;
// Rooms whose homeserver takes a minute for each answer hold a connection each: the others need some, too.
constexpr std::size_t most_connections = 64;

Media::Options media_options(const config::Bridge& bridge) {
  return {NetworkId(bridge.domain), bridge.matrix.public_url, bridge.matrix.max_file_bytes,
          bridge.matrix.fetch_private_addresses};
}

}  // namespace

struct Hub::Delivered {
  std::unordered_set<std::string> known;
  std::deque<const std::string*> order;  // of those known, oldest first
};

Hub::Hub(const NetworkContext& context, Patience how_long)
    : loop(context.loop),
      sink(context.sink),
      store(context.store),
      settings(context.settings),
      network(context.settings.domain),
      tokens(tokens_of(context.settings, context.store)),
      patience(how_long),
      http(loop, {.ca_file = context.settings.matrix.homeserver.ca_file,
                  .max_per_host = most_connections,
                  .before_write = [&store = context.store] { store.commit(); }}),
      api(loop, http),
      media(loop, store, api, media_options(settings), sender_voice(settings, tokens)),
      views{loop, sink, store, network, api, media},
      ghosts(std::make_unique<Ghosts>(*this)),
      delivered_(std::make_unique<Delivered>()) {}

Hub::~Hub() = default;

void Hub::apply(const config::Bridge& now) {
  settings = now;
  media.set_options(media_options(settings));
}

bool Hub::may_use(const PersonId& person) const { return is_allowed(settings.matrix.allow, person); }
bool Hub::may_log_in(const PersonId& person) const { return is_allowed(settings.matrix.allow_login, person); }

void Hub::note_delivered(const std::string& event_id) {
  if (event_id.empty()) return;
  const auto [known, news] = delivered_->known.insert(event_id);
  if (!news) return;
  delivered_->order.push_back(&*known);
  if (delivered_->order.size() <= most_delivered) return;
  delivered_->known.erase(delivered_->known.find(*delivered_->order.front()));
  delivered_->order.pop_front();
}

bool Hub::is_delivered(const std::string& event_id) const { return delivered_->known.contains(event_id); }

std::string Hub::new_id() { return random_hex(12); }

}  // namespace dragoman::matrix
