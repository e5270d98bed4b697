// The addresses of our own people: what they write from, and where answers come. By a rule where it is
// injective and safe ("alice=xmpp.example@mail.example.org"), else by a name kept in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/ids.hpp"

namespace dragoman {
class Store;
}

namespace dragoman::email {

class Aliases {
 public:
  // `rule`: "{local}={host}@mail.example.org", both in it once and in this order.
  Aliases(Store& store, NetworkId network, const std::string& rule);

  const std::string& domain() const { return domain_; }  // of all our addresses
  // The address of a person; makes a name where the rule can't (what is no atext, more than 64 octets, what
  // looks like SRS, BATV or an address of ours for bounces). Never two people's. Empty on trouble with the
  // store.
  std::string of(const PersonId& person);
  // Addresses that people have chosen for themselves beside it. One that was given up is nobody else's: mail
  // for whoever had it never comes to another.
  enum class Choice : std::uint8_t { done, taken, unusable, trouble };
  Choice choose(const PersonId& person, std::string_view name);  // before the "@"
  bool give_up(const PersonId& person, std::string_view name);
  std::vector<std::string> chosen(const PersonId& person) const;  // before the "@"
  void forget(const PersonId& person);                            // gives all of them up
  // Whose an address is, before the "@", in any case; detail after "+" is left out. Split at the last of what
  // stands between the rule's two. It says nothing of whether there is such a person.
  std::optional<PersonId> person(std::string_view local_part) const;

 private:
  std::string by_rule(const PersonId& person) const;  // empty: it can't

  Store& store_;
  NetworkId network_;
  std::string before_, between_, after_;  // the rule's parts
  std::string domain_;
};

// The address to which a mail's reports go (VERP): b+<key>.<mac>@domain. Says which mail it was (a row each
// recipient); nobody else can make one.
class BounceAddresses {
 public:
  BounceAddresses(std::string domain, std::string secret_key);  // 32 bytes
  std::string of(std::int64_t mail) const;                      // more than 0
  // Of the local part, in any case; nothing: it was not made here.
  std::optional<std::int64_t> mail(std::string_view local_part) const;
  static bool looks_like_one(std::string_view local_part);

 private:
  std::string domain_, key_;
};

}  // namespace dragoman::email
