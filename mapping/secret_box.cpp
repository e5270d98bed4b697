#include "mapping/secret_box.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping/store.hpp"

namespace dragoman {
namespace {

static_assert(crypto_secretbox_KEYBYTES == 32);

// A file descriptor that is closed.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

void read_key(const File& file, const std::string& path, std::array<unsigned char, 32>& key) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    throw StoreError("the key file " + path + " is no regular file: name another one in store.key_file");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw StoreError("the key file " + path + " may be read or written by others: run chmod 600 " + path);
  }
  if (info.st_size != static_cast<off_t>(key.size())) {
    throw StoreError("the key file " + path + " has " + std::to_string(info.st_size) +
                     " bytes and should have " + std::to_string(key.size()) +
                     ": bring it back from a backup, or name the right file in " + "store.key_file");
  }
  if (::read(file.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size())) {
    throw StoreError("the key file " + path + " can't be read: " + std::strerror(errno));
  }
}

void make_key(const std::string& path, std::array<unsigned char, 32>& key) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
  if (!file) {
    throw StoreError("the key file " + path + " can't be made: " + std::strerror(errno) + "; the folder " +
                     folder_of(path) + " has to exist and be writable for the user that dragoman runs as");
  }
  crypto_secretbox_keygen(key.data());
  const bool written = ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size());
  if (!written || fsync(file.get()) != 0) {
    const std::string why = std::strerror(errno);
    ::unlink(path.c_str());  // half a key would be refused at the next start
    throw StoreError("the key file " + path + " can't be written: " + why);
  }
  const File folder(folder_of(path), O_RDONLY | O_DIRECTORY, 0);
  if (folder) fsync(folder.get());  // its name too has to survive a power cut
}

}  // namespace

SecretBox::SecretBox(const std::string& key_file, bool may_make) {
  if (sodium_init() < 0) throw StoreError("libsodium can't be used on this machine");
  const File file(key_file, O_RDONLY, 0);
  if (file) {
    read_key(file, key_file, key_);
  } else if (errno != ENOENT) {
    throw StoreError("the key file " + key_file + " can't be read: " + std::strerror(errno));
  } else if (may_make) {
    make_key(key_file, key_);
  } else {
    throw StoreError("the key file " + key_file +
                     " is missing, and the database holds secrets sealed with it: bring " +
                     "it back from a backup, or name the right file in store.key_file");
  }
}

SecretBox::~SecretBox() { sodium_memzero(key_.data(), key_.size()); }

std::string SecretBox::seal(std::string_view plain) const {
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size(), '\0');
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES,
                        reinterpret_cast<const unsigned char*>(plain.data()), plain.size(), nonce,
                        key_.data());
  return sealed;
}

std::optional<std::string> SecretBox::open(std::string_view sealed) const {
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return {};
  std::string plain(sealed.size() - crypto_secretbox_NONCEBYTES - crypto_secretbox_MACBYTES, '\0');
  const auto* nonce = reinterpret_cast<const unsigned char*>(sealed.data());
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(plain.data()),
                                 nonce + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES, nonce, key_.data()) != 0) {
    return {};
  }
  return plain;
}

}  // namespace dragoman
