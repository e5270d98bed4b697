#include "bridges/email/proof.hpp"

#include <algorithm>
#include <vector>

#include <sodium.h>

#include "bridges/email/address.hpp"
#include "bridges/json.hpp"
#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view of_person = "proof", of_address = "proof at";
constexpr auto good_for = 30min;
constexpr std::int64_t most_guesses = 5;      // of one code
constexpr std::size_t most_an_hour = 3;       // codes for one person
constexpr std::size_t most_a_day = 6;         // for one person
constexpr std::size_t most_a_day_to_one = 4;  // to one address, whoever asks
constexpr std::uint32_t codes = 100'000'000;
constexpr std::size_t code_digits = 8;

std::int64_t number_of(Time time) { return time.time_since_epoch().count(); }

std::vector<std::int64_t> times_in(const json::array* array, Time after) {
  std::vector<std::int64_t> out;
  if (array == nullptr) return out;
  for (const json::value& one : *array)
    if (one.is_int64() && one.get_int64() > number_of(after)) out.push_back(one.get_int64());
  return out;
}

json::array packed_times(const std::vector<std::int64_t>& times) {
  json::array out;
  for (const std::int64_t time : times) out.emplace_back(time);
  return out;
}

std::string digest_of(const std::string& key, const PersonId& person, std::string_view address,
                      std::string_view code) {
  return keyed_digest(key,
                      "proof\n" + person.value() + "\n" + std::string(address) + "\n" + std::string(code));
}

Failure too_often() {
  return {Reason::rate_limited,
          "So many codes have been sent that there is none for now. Try again tomorrow."};
}

}  // namespace

struct Proof::State {
  std::string address, digest;  // of the code; empty: none waits
  std::int64_t until = 0, guesses = 0;
  std::vector<std::int64_t> sent;  // when, within a day
};

Proof::State Proof::state(const PersonId& person) const {
  State out;
  const auto kept = hub_.store.notes().get(hub_.network, of_person, person.value());
  const auto value = kept ? parse_json(*kept) : std::nullopt;
  if (!value || !value->is_object()) return out;
  const json::object& in = value->get_object();
  out.sent = times_in(array_at(in, "sent"), hub_.now() - 24h);
  out.until = number_at(in, "until").value_or(0);
  if (out.until <= number_of(hub_.now())) return out;
  out.address = text_at(in, "address");
  out.digest = text_at(in, "digest");
  out.guesses = number_at(in, "guesses").value_or(most_guesses);
  return out;
}

bool Proof::keep(const PersonId& person, const State& state) {
  return hub_.store.notes().put(hub_.network, of_person, person.value(),
                                json::serialize(json::object{{"address", state.address},
                                                             {"digest", state.digest},
                                                             {"until", state.until},
                                                             {"guesses", state.guesses},
                                                             {"sent", packed_times(state.sent)}}));
}

std::variant<std::string, Failure> Proof::begin(const PersonId& person, const std::string& address) {
  const Time now = hub_.now();
  State state = this->state(person);
  const auto lately = std::count_if(state.sent.begin(), state.sent.end(),
                                    [&](std::int64_t time) { return time > number_of(now - 1h); });
  if (state.sent.size() >= most_a_day || static_cast<std::size_t>(lately) >= most_an_hour) return too_often();
  NotesTable& notes = hub_.store.notes();
  const auto kept = notes.get(hub_.network, of_address, folded(address));
  const auto value = kept ? parse_json(*kept) : std::nullopt;
  auto there = times_in(value ? value->if_array() : nullptr, now - 24h);
  if (there.size() >= most_a_day_to_one) return too_often();

  std::string code = std::to_string(randombytes_uniform(codes));
  code.insert(0, code_digits - code.size(), '0');
  there.push_back(number_of(now));
  state.sent.push_back(number_of(now));
  state.address = address;
  state.digest = digest_of(hub_.key, person, address, code);
  state.until = number_of(now + good_for);
  state.guesses = 0;
  if (!keep(person, state) ||
      !notes.put(hub_.network, of_address, folded(address), json::serialize(packed_times(there))))
    return Failure{Reason::storage_failed, {}};
  return code;
}

std::optional<std::string> Proof::waiting(const PersonId& person) const {
  State state = this->state(person);
  if (state.digest.empty()) return std::nullopt;
  return std::move(state.address);
}

std::variant<std::string, Failure> Proof::end(const PersonId& person, std::string_view given) {
  std::string code(given.substr(0, 100));
  std::erase_if(code, [](char c) { return c == ' ' || c == '-' || c == '\n'; });
  State state = this->state(person);
  if (state.digest.empty()) return Failure{Reason::invalid, "No code is good any more. Ask for a new one."};
  // Counted before it is looked at, and on the disk before it is answered: so many, however often we end.
  const bool last = ++state.guesses >= most_guesses;
  const std::string right = std::exchange(state.digest, std::string());
  if (!last) state.digest = right;
  if (!keep(person, state) || !hub_.store.durable()) return Failure{Reason::storage_failed, {}};
  const std::string digest = digest_of(hub_.key, person, state.address, code);
  if (digest.size() != right.size() || sodium_memcmp(digest.data(), right.data(), right.size()) != 0) {
    return Failure{Reason::invalid,
                   last ? "That is not the code, and it was the last guess. Ask for a new one."
                        : "That is not the code. Look again into the mail to " + state.address + "."};
  }
  state.digest.clear();
  if (!keep(person, state)) return Failure{Reason::storage_failed, {}};
  return std::move(state.address);
}

void Proof::forget(const PersonId& person) {
  // What was sent still counts: registering anew is no way to send more.
  State state = this->state(person);
  state.digest.clear();
  state.address.clear();
  if (state.sent.empty()) {
    hub_.store.notes().erase(hub_.network, of_person, person.value());
  } else {
    keep(person, state);
  }
}

}  // namespace dragoman::email
