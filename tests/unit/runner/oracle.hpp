// What the simulation's broker and bucket hold, and the oracle that judges each thing as it happens and all of it at the
// end: every record is in exactly one object, or in the dead-letter topic, or passed over, or was removed; nothing is
// committed before that; nothing that was committed goes back. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ch::runner_test {

// All that is random comes from here. In a world that has become `calm` nothing fails any more.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed * 7919 + 17) {}
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool chance(int percent) { return static_cast<int>(pick(100)) < percent; }
  bool fails(int percent) { return !calm && chance(percent) && ++faults != 0; }

  bool calm = false;
  std::uint64_t faults = 0;

 private:
  std::mt19937 random_;
};

// A partition.
struct Log {
  std::map<std::int64_t, bool> records;  // offset -> it cannot be stored. What lies between are markers of transactions
  std::int64_t low = 0, end = 0;
  bool leader = true;
  std::int64_t committed = 0;
  std::string metadata;
};

// What stands beside a committed offset: that [offset, end) is going to be visible. Nothing: all before the offset is.
std::string intent_text(std::int64_t end);
std::optional<std::int64_t> intent_in(const std::string& metadata);

class Ledger {
 public:
  static constexpr std::int64_t kFirstOffset = 7;
  static constexpr const char* kTopic = "orders";

  explicit Ledger(std::size_t partitions);

  std::vector<Log> logs;
  std::vector<std::string> complaints;
  std::string history;  // with `keep_history`
  bool keep_history = false;
  std::uint64_t commits = 0, objects = 0, letters = 0;

  void complain(const std::string& what);
  void note(const std::string& what);

  void produce(int partition, bool cannot_be_stored);
  void remove_before(int partition, std::int64_t offset);  // retention
  bool there_between(int partition, std::int64_t from, std::int64_t to) const;

  void commit(int partition, std::int64_t offset, const std::string& metadata, const std::string& who);
  bool was_committed(int partition, std::int64_t offset, const std::string& metadata) const;
  // The object becomes visible; the first of a name wins.
  void store(int partition, std::int64_t start, std::int64_t end, const std::vector<std::int64_t>& offsets, const std::string& who);
  bool stored(int partition, std::int64_t start) const { return bucket_.contains({partition, start}); }
  void bury(int partition, std::int64_t offset);  // the dead-letter topic has it
  void pass_over(int partition, std::int64_t offset) { passed_over_.insert({partition, offset}); }

  bool drained() const;  // everything that was produced lies before a committed offset
  void judge();          // at the end

 private:
  using Place = std::pair<int, std::int64_t>;
  bool accounted(const Place& place) const;

  std::map<Place, std::int64_t> bucket_;  // partition and start -> end
  std::map<Place, int> times_;            // of each record in the bucket
  std::set<Place> buried_, passed_over_;
  std::set<std::pair<Place, std::int64_t>> intents_;
  std::set<std::pair<Place, std::string>> commits_;
};

}  // namespace ch::runner_test
