#include "bridges/irc/isupport.hpp"

#include <algorithm>
#include <charconv>

namespace dragoman::irc {
namespace {

constexpr std::size_t kMaxRanks = 16;    // the bits of Marks
constexpr std::size_t kMaxEntries = 64;  // of a map that a server fills
constexpr std::size_t kMaxValue = 512;   // bytes of one value

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "\xHH" stands for a byte that can't be in a value: space, '=', '\'.
std::string unescape(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 3 < raw.size() && raw[i + 1] == 'x') {
      const int high = hex_value(raw[i + 2]), low = hex_value(raw[i + 3]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 3;
        continue;
      }
    }
    out += raw[i];
  }
  return out;
}

// A value that is no number, or too large for one, is `otherwise`.
std::size_t number(std::string_view text, std::size_t otherwise) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

template <class Visit>
void each_item(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    visit(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

// "(ov)@+"; empty: a server without ranks. Anything else leaves what there was.
void read_prefix(Isupport& to, std::string_view value) {
  if (value.empty()) {
    to.prefix_modes.clear();
    to.prefix_marks.clear();
    return;
  }
  const auto close = value.find(')');
  if (value.front() != '(' || close == std::string_view::npos) return;
  const auto modes = value.substr(1, close - 1), marks = value.substr(close + 1);
  if (modes.size() != marks.size()) return;
  to.prefix_modes = modes.substr(0, kMaxRanks);
  to.prefix_marks = marks.substr(0, kMaxRanks);
}

void read_chanmodes(Isupport& to, std::string_view value) {
  for (auto& group : to.chanmodes) {
    const auto end = std::min(value.find(','), value.size());
    group = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

void read_targmax(Isupport& to, std::string_view value) {
  to.targmax.clear();
  each_item(value, [&](std::string_view item) {
    const auto colon = item.find(':');
    if (item.empty() || to.targmax.size() >= kMaxEntries) return;
    const auto limit = colon == std::string_view::npos ? std::string_view{} : item.substr(colon + 1);
    std::string command(item.substr(0, colon));
    for (char& c : command) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    to.targmax[std::move(command)] = number(limit, 0);
  });
}

// "beI:100,q:50": each letter of an item has the limit.
void read_maxlist(Isupport& to, std::string_view value) {
  to.maxlist.clear();
  each_item(value, [&](std::string_view item) {
    const auto colon = item.find(':');
    if (colon == std::string_view::npos) return;
    for (const char mode : item.substr(0, colon)) to.maxlist[mode] = number(item.substr(colon + 1), 0);
  });
}

char letter(std::string_view value, char otherwise) { return value.empty() ? otherwise : value.front(); }

struct Parameter {
  std::string_view name;
  void (*read)(Isupport& to, std::string_view value);
  void (*reset)(Isupport& to);
};

template <auto Member>
constexpr auto kForget = [](Isupport& to) { to.*Member = Isupport{}.*Member; };
template <auto Member>
constexpr auto kNumber =
    [](Isupport& to, std::string_view value) { to.*Member = number(value, Isupport{}.*Member); };
template <auto Member>
constexpr auto kText = [](Isupport& to, std::string_view value) { to.*Member = value; };
template <auto Member>
constexpr auto kPresent = [](Isupport& to, std::string_view) { to.*Member = true; };

using I = Isupport;
constexpr Parameter kParameters[] = {
    {"AWAYLEN", kNumber<&I::awaylen>, kForget<&I::awaylen>},
    {"BOT", [](I& to, std::string_view v) { to.bot = letter(v, 0); }, kForget<&I::bot>},
    {"CASEMAPPING", [](I& to, std::string_view v) { to.casemap = casemap_named(v); }, kForget<&I::casemap>},
    {"CHANMODES", read_chanmodes, kForget<&I::chanmodes>},
    {"CHANNELLEN", kNumber<&I::channellen>, kForget<&I::channellen>},
    {"CHANTYPES", kText<&I::chantypes>, kForget<&I::chantypes>},
    {"ELIST", kText<&I::elist>, kForget<&I::elist>},
    {"EXCEPTS", [](I& to, std::string_view v) { to.excepts = letter(v, 'e'); }, kForget<&I::excepts>},
    {"HOSTLEN", kNumber<&I::hostlen>, kForget<&I::hostlen>},
    {"INVEX", [](I& to, std::string_view v) { to.invex = letter(v, 'I'); }, kForget<&I::invex>},
    {"KEYLEN", kNumber<&I::keylen>, kForget<&I::keylen>},
    {"KICKLEN", kNumber<&I::kicklen>, kForget<&I::kicklen>},
    // Less than RFC 1459 promises would leave no room for a text.
    {"LINELEN", [](I& to, std::string_view v) { to.linelen = std::max(number(v, kMaxLine), kMaxLine); },
     kForget<&I::linelen>},
    {"MAXLIST", read_maxlist, kForget<&I::maxlist>},
    {"MODES", [](I& to, std::string_view v) { to.modes = number(v, 0); }, kForget<&I::modes>},
    {"MONITOR", [](I& to, std::string_view v) { to.monitor = number(v, 0); }, kForget<&I::monitor>},
    {"NAMELEN", kNumber<&I::namelen>, kForget<&I::namelen>},
    {"NETWORK", kText<&I::network>, kForget<&I::network>},
    {"NICKLEN", kNumber<&I::nicklen>, kForget<&I::nicklen>},
    {"PREFIX", read_prefix,
     [](I& to) {
       to.prefix_modes = I{}.prefix_modes;
       to.prefix_marks = I{}.prefix_marks;
     }},
    {"SAFELIST", kPresent<&I::safelist>, kForget<&I::safelist>},
    {"STATUSMSG", kText<&I::statusmsg>, kForget<&I::statusmsg>},
    {"TARGMAX", read_targmax, kForget<&I::targmax>},
    {"TOPICLEN", kNumber<&I::topiclen>, kForget<&I::topiclen>},
    {"USERLEN", kNumber<&I::userlen>, kForget<&I::userlen>},
    {"UTF8ONLY", kPresent<&I::utf8only>, kForget<&I::utf8only>},
    {"WHOX", kPresent<&I::whox>, kForget<&I::whox>},
};

}  // namespace

void Isupport::update(const Line& line) {
  for (std::size_t i = 1; i < line.params.size(); ++i) {
    // The words for people at the end have spaces; a token never has, and some servers leave the words out.
    if (line.params[i].find(' ') == std::string_view::npos) update(line.params[i]);
  }
}

void Isupport::update(std::string_view token) {
  const bool negated = !token.empty() && token.front() == '-';
  if (negated) token.remove_prefix(1);
  const auto equals = token.find('=');
  const auto name = token.substr(0, equals);
  if (name.empty()) return;
  const auto known = std::find_if(std::begin(kParameters), std::end(kParameters),
                                  [&](const Parameter& p) { return p.name == name; });
  if (known != std::end(kParameters)) {
    if (negated) {
      known->reset(*this);
    } else {
      const auto raw = equals == std::string_view::npos ? std::string_view{} : token.substr(equals + 1);
      known->read(*this, unescape(raw.substr(0, kMaxValue)));
    }
    return;
  }
  if (negated) {
    others.erase(std::string(name));
  } else if (name.size() <= kMaxValue &&
             (others.size() < kMaxEntries || others.contains(std::string(name)))) {
    const auto raw = equals == std::string_view::npos ? std::string_view{} : token.substr(equals + 1);
    others[std::string(name)] = unescape(raw.substr(0, kMaxValue));
  }
}

bool Isupport::is_channel(std::string_view name) const {
  return !name.empty() && chantypes.find(name.front()) != std::string::npos;
}

std::string_view Isupport::without_status(std::string_view target) const {
  if (is_channel(target) || target.empty() || statusmsg.find(target.front()) == std::string::npos)
    return target;
  const auto rest = target.substr(1);
  return is_channel(rest) ? rest : target;
}

ModeKind Isupport::kind(char mode) const {
  if (has_rank(mode)) return ModeKind::prefix;
  constexpr ModeKind kKinds[] = {ModeKind::list, ModeKind::always, ModeKind::when_set, ModeKind::flag};
  for (std::size_t i = 0; i < chanmodes.size(); ++i) {
    if (chanmodes[i].find(mode) != std::string::npos) return kKinds[i];
  }
  return ModeKind::flag;
}

}  // namespace dragoman::irc
