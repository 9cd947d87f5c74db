#include "base/repeats.hpp"

#include <algorithm>
#include <functional>

namespace ch::log {
namespace {

// The text that lines of one kind have in common.
std::string kind_of(int level, std::string_view task, std::string_view message) {
  constexpr std::string_view blanks = " \t\n,;()";
  std::string kind = std::to_string(level) + '\n' + std::string(task) + '\n';
  while (!message.empty()) {
    const auto end = std::min(message.find_first_of(blanks), message.size());
    const auto word = message.substr(0, end);
    if (word.find_first_of("0123456789") == std::string_view::npos) kind.append(word).push_back(' ');
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return kind;
}

}  // namespace

bool Repeats::admit(int level, std::string_view task, std::string_view message, Instant now) {
  const auto kind = std::hash<std::string>{}(kind_of(level, task, message));
  auto found = windows_.find(kind);
  if (found == windows_.end()) {
    if (windows_.size() >= kMaxKinds) return true;
    found = windows_.emplace(kind, Window{now, 0, {}}).first;
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

std::vector<Repeats::Held> Repeats::take(Instant now, bool all) {
  std::vector<Held> out;
  std::erase_if(windows_, [&](auto& entry) {
    auto& window = entry.second;
    const bool over = all || now - window.began >= kWindow;
    if (over && window.held.count > 0) out.push_back(std::move(window.held));
    return over;
  });
  return out;
}

}  // namespace ch::log
