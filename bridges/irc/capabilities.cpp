#include "bridges/irc/capabilities.hpp"

#include <array>

#include "bridges/irc/words.hpp"

namespace dragoman::irc {
namespace {

struct Known {
  std::string_view name;
  Cap cap;
};
constexpr std::array known = {
    Known{"message-tags", Cap::message_tags},
    Known{"server-time", Cap::server_time},
    Known{"multi-prefix", Cap::multi_prefix},
    Known{"userhost-in-names", Cap::userhost_in_names},
    Known{"echo-message", Cap::echo_message},
    Known{"away-notify", Cap::away_notify},
    Known{"account-notify", Cap::account_notify},
    Known{"extended-join", Cap::extended_join},
    Known{"account-tag", Cap::account_tag},
    Known{"chghost", Cap::chghost},
    Known{"setname", Cap::setname},
    Known{"invite-notify", Cap::invite_notify},
    Known{"batch", Cap::batch},
    Known{"labeled-response", Cap::labeled_response},
    Known{"cap-notify", Cap::cap_notify},
    Known{"sasl", Cap::sasl},
};

std::uint32_t bit_of(std::string_view name) {
  for (const auto& row : known) {
    if (row.name == name) return static_cast<std::uint32_t>(row.cap);
  }
  return 0;
}

}  // namespace

void Capabilities::offer(std::string_view list) {
  each_word(list, [this](std::string_view word) {
    auto equals = word.find('=');
    auto name = word.substr(0, equals);
    auto bit = bit_of(name);
    if (name == "sasl") {
      mechanisms_ = equals == word.npos ? std::string_view{} : word.substr(equals + 1);
      if (!want_sasl_) return;
    }
    wanted_ |= bit & ~enabled_;
  });
}

std::vector<std::string> Capabilities::request() {
  std::string list;
  for (const auto& row : known) {
    if (!(wanted_ & static_cast<std::uint32_t>(row.cap))) continue;
    if (!list.empty()) list += ' ';
    list += row.name;
  }
  wanted_ = 0;
  if (list.empty()) return {};
  ++asked_;
  return {"CAP REQ :" + list};
}

void Capabilities::enable(std::string_view list) {
  each_word(list, [this](std::string_view word) {
    if (word.front() == '-')
      enabled_ &= ~bit_of(word.substr(1));
    else
      enabled_ |= bit_of(word);
  });
}

std::vector<std::string> Capabilities::on_line(const Line& line) {
  // CAP <nick> <what> [*] :<list>
  auto what = line.param(1);
  auto list = line.params.size() > 2 ? line.last() : std::string_view{};
  if (what == "LS") {
    offer(list);
    if (line.params.size() > 3 && line.param(2) == "*") return {};
    listed_ = true;
    return request();
  }
  if (what == "NEW") {
    offer(list);
    return request();
  }
  if (what == "DEL") {
    each_word(list, [this](std::string_view word) { enabled_ &= ~bit_of(word.substr(0, word.find('='))); });
    return {};
  }
  if (what == "ACK") {
    enable(list);
    if (asked_ > 0) --asked_;
    return {};
  }
  if (what == "NAK") {
    // All or nothing was refused: each by itself, so that one the server thinks better of does not cost the
    // others.
    if (asked_ > 0) --asked_;
    std::vector<std::string> single;
    if (list.find(' ') != list.npos) {
      each_word(list, [&](std::string_view word) { single.push_back("CAP REQ :" + std::string(word)); });
      asked_ += static_cast<int>(single.size());
    }
    return single;
  }
  return {};
}

bool Capabilities::offers_mechanism(std::string_view name) const {
  if (mechanisms_.empty()) return true;
  std::string_view rest = mechanisms_;
  while (!rest.empty()) {
    auto end = rest.find(',');
    if (rest.substr(0, end) == name) return true;
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace dragoman::irc
