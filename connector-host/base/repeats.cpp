#include "base/repeats.hpp"

#include <algorithm>

namespace ch::log {
namespace {

// FNV-1a.
struct Hash {
  std::uint64_t value = 14695981039346656037U;
  void add(std::string_view text) {
    for (const char c : text) {
      value ^= static_cast<unsigned char>(c);
      value *= 1099511628211U;
    }
    value ^= 0x100;  // so that "a","bc" is not "ab","c"
    value *= 1099511628211U;
  }
};

std::uint64_t kind_of(int level, std::string_view task, std::string_view message) {
  constexpr std::string_view blanks = " \t\n,;()";
  Hash hash;
  hash.value += static_cast<std::uint64_t>(level);
  hash.add(task);
  while (!message.empty()) {
    const auto end = std::min(message.find_first_of(blanks), message.size());
    const auto word = message.substr(0, end);
    if (word.find_first_of("0123456789") == std::string_view::npos) hash.add(word);
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return hash.value;
}

}  // namespace

bool Repeats::admit(int level, std::string_view task, std::string_view message, std::int64_t now_ms) {
  const auto kind = kind_of(level, task, message);
  auto found = windows_.find(kind);
  if (found == windows_.end()) {
    if (windows_.size() >= kMaxKinds) return true;
    found = windows_.emplace(kind, Window{now_ms, 0, {}}).first;
  }
  auto& window = found->second;
  if (window.said < kBurst) {
    ++window.said;
    return true;
  }
  window.held.level = level;
  window.held.task = task.substr(0, kMaxKeptText);
  window.held.message = message.substr(0, kMaxKeptText);
  ++window.held.count;
  return false;
}

std::vector<Repeats::Held> Repeats::take(std::int64_t now_ms, bool all) {
  std::vector<Held> out;
  std::erase_if(windows_, [&](auto& entry) {
    auto& window = entry.second;
    // A clock that was set back ends a window as well.
    const bool over = all || now_ms - window.began_ms >= kWindowMs || now_ms < window.began_ms;
    if (over && window.held.count > 0) out.push_back(std::move(window.held));
    return over;
  });
  return out;
}

}  // namespace ch::log
