#include "bridges/matrix/avatars.hpp"

#include <array>
#include <deque>
#include <optional>
#include <unordered_set>
#include <utility>

#include <openssl/evp.h>

#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::string_view avatar_kind = "avatar";
constexpr std::size_t most_asked = 5000;

}  // namespace

std::string sha1_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return {};
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out.push_back(digits[digest[i] >> 4]);
    out.push_back(digits[digest[i] & 15]);
  }
  return out;
}

struct Avatars::Impl : std::enable_shared_from_this<Avatars::Impl> {
  Impl(Store& s, NetworkId n, Media& m, std::function<void(const std::string&, const std::string&)> f)
      : store(s), network(std::move(n)), media(m), found(std::move(f)) {}

  std::string known(std::string_view mxc) const {
    return mxc.empty() ? std::string() : store.notes().get(network, avatar_kind, mxc).value_or(std::string());
  }

  void fetch() {
    while (under_way < at_once && !waiting.empty()) {
      std::string mxc = std::move(waiting.front());
      waiting.pop_front();
      ++under_way;
      media.fetch_picture(mxc, [weak = weak_from_this(), mxc](const std::optional<Picture>& picture) {
        if (const auto self = weak.lock()) self->fetched(mxc, picture);
      });
    }
  }

  void fetched(const std::string& mxc, const std::optional<Picture>& picture) {
    --under_way;
    const auto self = shared_from_this();
    if (picture && !picture->bytes.empty()) {
      const std::string sha1 = sha1_hex(picture->bytes);
      store.notes().put(network, avatar_kind, mxc, sha1);
      found(mxc, sha1);
    }
    fetch();
  }

  Store& store;
  NetworkId network;
  Media& media;
  std::function<void(const std::string&, const std::string&)> found;
  std::deque<std::string> waiting;
  std::unordered_set<std::string> asked;
  std::size_t under_way = 0;
};

Avatars::Avatars(Store& store, NetworkId network, Media& media,
                 std::function<void(const std::string& mxc, const std::string& sha1)> found)
    : impl_(std::make_shared<Impl>(store, std::move(network), media, std::move(found))) {}
Avatars::~Avatars() = default;

std::string Avatars::known(std::string_view mxc) const { return impl_->known(mxc); }

void Avatars::want(std::string_view mxc) {
  if (mxc.empty() || impl_->waiting.size() >= most_waiting) return;
  if (impl_->asked.size() >= most_asked) impl_->asked.clear();
  if (!impl_->asked.emplace(mxc).second || !impl_->known(mxc).empty()) return;
  impl_->waiting.emplace_back(mxc);
  impl_->fetch();
}

}  // namespace dragoman::matrix
