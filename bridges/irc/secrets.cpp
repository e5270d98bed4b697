#include "bridges/irc/secrets.hpp"

#include <array>

#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  auto end = rest.find(' ');
  auto word = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end);
  return word;
}

bool is_service(std::string_view folded) {
  // NickServ, and also "NickServ@services.example.org".
  auto name = folded.substr(0, folded.find('@'));
  return name == "q" || name == "l" || name == "x" ||
         (name.size() > 4 && name.substr(name.size() - 4) == "serv");
}

}  // namespace

std::string without_secrets(std::string_view line) {
  std::string_view rest = line;
  auto word = next_word(rest);
  while (!word.empty() && (word.front() == '@' || word.front() == ':')) word = next_word(rest);
  auto command = ascii_lower(word);
  auto shown_until = [&](std::string_view from) {
    return std::string(line.substr(0, line.size() - from.size()));
  };
  static constexpr std::array always = {"pass",     "authenticate", "oper",     "nickserv",
                                        "ns",       "identify",     "chanserv", "cs",
                                        "register", "verify",       "challenge"};
  std::string out;
  bool hidden = false;
  for (const char* name : always) hidden = hidden || command == name;
  if (hidden) {
    out = shown_until(rest) + " ***";
  } else if (command == "privmsg" || command == "notice" || command == "squery") {
    bool secret = is_service(ascii_lower(next_word(rest)));
    out = secret ? shown_until(rest) + " ***" : std::string(line);
  } else if (command == "mode" || command == "324") {
    // A channel's key: MODE <channel> +k <key>, 324 <me> <channel> +k <key>.
    if (command == "324") next_word(rest);
    next_word(rest);
    bool secret = next_word(rest).find('k') != std::string_view::npos && !rest.empty();
    out = secret ? shown_until(rest) + " ***" : std::string(line);
  } else if (command == "join") {
    next_word(rest);
    // From a server there is an account here and no key; that is no loss.
    out = rest.empty() ? std::string(line) : shown_until(rest) + " ***";
  } else {
    out = line;
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

}  // namespace dragoman::irc
