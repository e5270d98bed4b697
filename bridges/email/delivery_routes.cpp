#include "bridges/email/delivery_routes.hpp"

#include <algorithm>
#include <utility>

#include "bridges/email/address.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t smarthost_connections = 8;
constexpr std::size_t own_connections = 1;  // to somebody's own server

}  // namespace

DeliveryRoutes::DeliveryRoutes(boost::asio::io_context& loop, std::uint32_t per_minute, ServerOf server_of,
                               std::function<void()> before_write)
    : loop_(loop),
      per_minute_(per_minute),
      server_of_(std::move(server_of)),
      before_write_(std::move(before_write)) {}

DeliveryRoute& DeliveryRoutes::of(const std::string& name) {
  if (auto* known = find(name)) return *known;
  const auto connections = name.empty() ? smarthost_connections : own_connections;
  DeliveryRoute& route = ways_.try_emplace(name, name, connections, per_minute_).first->second;
  lead(route);
  return route;
}

DeliveryRoute* DeliveryRoutes::of(std::int64_t key) {
  const auto found = known_.find(key);
  return found == known_.end() ? nullptr : &of(found->second);
}

DeliveryRoute* DeliveryRoutes::find(const std::string& name) {
  const auto found = ways_.find(name);
  return found == ways_.end() ? nullptr : &found->second;
}

bool DeliveryRoutes::lead(DeliveryRoute& route) {
  auto server = server_of_(route.name());
  if (server) route.lead_to(loop_, std::move(*server), before_write_);
  return server.has_value();
}

void DeliveryRoutes::limit(std::uint32_t per_minute) {
  per_minute_ = per_minute;
  for (auto& [name, route] : ways_) route.queue().limit(per_minute);
}

std::vector<std::string> DeliveryRoutes::lost() const {
  std::vector<std::string> names;
  for (const auto& [name, route] : ways_)
    if (!route.leads_anywhere()) names.push_back(name);
  return names;
}

std::vector<std::int64_t> DeliveryRoutes::mails_of(const std::string& name) const {
  std::vector<std::int64_t> keys;
  for (const auto& [key, route] : known_)
    if (route == name) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::size_t DeliveryRoutes::on_their_way() const {
  std::size_t all = 0;
  for (const auto& [name, route] : ways_) all += route.queue().on_their_way();
  return all;
}

void DeliveryRoutes::add(const QueuedMail& mail) {
  of(mail.route).queue().add(mail.key, std::string(domain_part(mail.recipient)), mail.recipient, mail.due);
  known_[mail.key] = mail.route;
}

bool DeliveryRoutes::forget(std::int64_t key) {
  const auto node = known_.extract(key);
  if (node.empty()) return false;
  of(node.mapped()).queue().remove(key);
  return true;
}

bool DeliveryRoutes::waits(std::int64_t key) {
  auto* route = of(key);
  return route != nullptr && route->queue().waits(key);
}

void DeliveryRoutes::drop_idle() {
  std::erase_if(ways_, [](const auto& one) { return !one.first.empty() && one.second.idle(); });
}

void DeliveryRoutes::close() {
  for (auto& [name, route] : ways_) route.close();
}

}  // namespace dragoman::email
