#include "cos_emulator/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <isa-l/crc64.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

File::File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
  if (fd_ < 0) fail("open " + path.string());
}

File::~File() { close(); }

void File::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail("write");
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t File::read_at(std::span<char> out, std::uint64_t at) const {
  ssize_t got = -1;
  do {
    got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(at));
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail("read");
  return static_cast<std::size_t>(got);
}

Digest::Digest(bool md5) {
  if (!md5) return;
  context_.reset(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr);
}

void Digest::update(std::string_view bytes) {
  size_ += bytes.size();
  crc64_ = crc64_ecma_refl(crc64_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  if (context_) EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

const std::string& Digest::md5() {
  if (context_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), out.data(), &size);
    context_.reset();
    md5_.assign(reinterpret_cast<const char*>(out.data()), size);
  }
  return md5_;
}

Spool::Spool(std::filesystem::path path, bool md5) : path_(std::move(path)), digest_(md5) {
  if (!path_.empty()) file_ = File(path_, O_WRONLY | O_CREAT | O_EXCL);
}

Spool::~Spool() {
  std::error_code ignored;
  if (path_.empty()) return;
  std::filesystem::remove(companion(), ignored);  // first: alone it would stand for a rename to redo
  std::filesystem::remove(path_, ignored);
}

void Spool::write(std::string_view bytes) {
  digest_.update(bytes);
  if (file_.is_open()) file_.write(bytes);
}

void Spool::move_to(const std::filesystem::path& target) {
  if (path_.empty()) return;
  file_.close();
  std::filesystem::rename(path_, target);
  path_.clear();
}

std::filesystem::path Spool::companion() const {
  return path_.empty() ? std::filesystem::path() : std::filesystem::path(path_.string() + ".meta.json");
}

std::string Spool::etag() {
  const std::string& md5 = digest_.md5();
  return md5.empty() ? fmt::format("{:016x}{:016x}", digest_.crc64(), digest_.size()) : hex(md5);
}

}  // namespace ch::cos_emulator
