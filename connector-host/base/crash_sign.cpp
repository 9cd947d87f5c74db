#include "base/crash_sign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace ch {
namespace {

struct Named {
  int number;
  const char* name;
};
constexpr Named kSignals[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}};

std::atomic<int> sign_fd{-1};
static_assert(std::atomic<int>::is_always_lock_free);
// The handler that was there before, such as the log's, which waits until it is written: it is called behind ours.
std::atomic<void (*)(int)> handler_before[std::size(kSignals)];

// Nothing but what a signal handler may do. The signal's own effect follows: its handler is gone already.
void leave_sign(int number) {
  const int fd = sign_fd;
  void (*before)(int) = nullptr;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    if (kSignals[i].number != number) continue;
    if (fd >= 0) (void)!::write(fd, kSignals[i].name, std::strlen(kSignals[i].name));
    before = handler_before[i];
  }
  if (before != nullptr) return before(number);
  ::raise(number);
}

void install() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction old {};
    if (::sigaction(kSignals[i].number, nullptr, &old) != 0 || (old.sa_flags & SA_SIGINFO) != 0) continue;  // a sanitizer's
    if (old.sa_handler == &leave_sign) continue;
    handler_before[i] = old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN ? nullptr : old.sa_handler;
    struct sigaction ours {};
    ours.sa_handler = &leave_sign;
    ours.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
    ::sigaction(kSignals[i].number, &ours, nullptr);
  }
}

}  // namespace

Result<CrashSign> CrashSign::prepare(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  std::array<char, 16> text{};
  const auto got = fd < 0 ? -1 : ::pread(fd, text.data(), text.size(), 0);
  if (got < 0 || ::ftruncate(fd, 0) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return fail(ErrorCode::internal, fmt::format("{} cannot be read and written: {}", file.string(), std::strerror(error)));
  }
  if (const int before = sign_fd.exchange(fd); before >= 0) ::close(before);
  install();
  return CrashSign(std::string(text.data(), static_cast<std::size_t>(got)));
}

void CrashSign::cover_this_thread() {
  constexpr std::size_t kStack = std::size_t{64} << 10;
  class Stack {
   public:
    Stack() : memory_(kStack) {
      stack_t old{};
      if (::sigaltstack(nullptr, &old) != 0 || (old.ss_flags & SS_DISABLE) == 0) return;  // a sanitizer's
      stack_t ours{};
      ours.ss_sp = memory_.data();
      ours.ss_size = memory_.size();
      used_ = ::sigaltstack(&ours, nullptr) == 0;
    }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack() {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      if (used_) ::sigaltstack(&none, nullptr);
    }

   private:
    std::vector<char> memory_;
    bool used_ = false;
  };
  thread_local const Stack stack;
}

CrashSign::CrashSign(CrashSign&& other) noexcept : before_(std::move(other.before_)), owner_(std::exchange(other.owner_, false)) {}

CrashSign::~CrashSign() {
  if (!owner_) return;
  if (const int fd = sign_fd.exchange(-1); fd >= 0) ::close(fd);
}

}  // namespace ch
