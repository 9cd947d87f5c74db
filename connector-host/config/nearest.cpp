#include <algorithm>
#include <limits>
#include <numeric>

#include "config/definition.hpp"

namespace ch::config {
namespace {

// Case and separators are no difference that is worth counting.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '_' || c == '-' ? '.' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Damerau-Levenshtein, in its form without edits inside a swapped pair.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

bool is_part(std::string_view whole, std::string_view part) {
  if (whole.size() <= part.size()) return false;
  const auto rest = whole.size() - part.size();
  return (whole.substr(rest) == part && whole[rest - 1] == '.') || (whole.substr(0, part.size()) == part && whole[part.size()] == '.');
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  if (name.empty() || name.size() > kMaxKeyBytes) return "";
  const std::string wanted = plain(name);
  const std::size_t tolerated = std::max<std::size_t>(1, wanted.size() / 4);
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::string found;
  for (const auto& candidate : known) {
    const std::string other = plain(candidate);
    if (other.size() > kMaxKeyBytes) continue;
    // "bucket" for "cos.bucket", "time.granularity" for "time.granularity.minutes": far by edits, near by meaning.
    const std::size_t edits = is_part(other, wanted) ? tolerated : distance(wanted, other);
    if (edits <= tolerated && edits < best) {
      best = edits;
      found = candidate;
    }
  }
  return found;
}

}  // namespace ch::config
