// Two verdicts on a task: what it has stored is right (without a gap, and there once); and what it should have stored, it has.
// Walks all that lies where the task stores, in steps of some
// seconds; the report so far is all that a step needs to know of those before it, so that whoever asks can keep it, go on
// later or ask another host. Memory is bounded: objects that follow one another are one range of the report.
// Pure but for step(), which blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "kafka/group_client.hpp"
#include "plugins/connector.hpp"
#include "runner/runner.hpp"
#include "tasks/status/task_status.hpp"

namespace ch::tasks {

constexpr std::size_t kMaxFindings = 20;  // listed of a kind; their counts are complete
constexpr std::size_t kMaxForeign = 3;    // of the objects of others, which are no fault: another task's folder may be full of them
constexpr std::size_t kMaxNotes = 100;
constexpr std::size_t kMaxRanges = 10000;  // in one report

struct VerifyQuery {
  std::string topic;  // "": all of the task's
  std::optional<std::int32_t> partition;
  bool deep = false;                     // also read what objects hold
  std::optional<std::int64_t> until_ms;  // what came later need not be stored; nothing: all that is there when the walk begins
};

// The objects of one series of a partition.
struct VerifyChain {
  std::map<std::int64_t, std::int64_t> ranges;  // end by start; neither overlapping nor adjacent
  std::uint64_t objects = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;

  // Takes an object's range in; what of it was there already, as an enclosing range.
  std::optional<std::pair<std::int64_t, std::int64_t>> add(std::int64_t start, std::int64_t end);
  std::uint64_t offsets() const;  // within the ranges
};

// A partition as Kafka knew it when the walk began: what is stored later is not missed.
struct VerifyPartition {
  std::uint64_t series = 0;  // the current one; 0: nothing is known of it in Kafka
  std::int64_t committed = -1;
  std::int64_t position = -1;  // end of the last object that the committed state knows of; -1 unknown
  std::string last_key;        // that object
  std::int64_t low = -1;
  std::int64_t high = -1;
  std::int64_t due = -1;                        // the end of what should be stored
  std::map<std::uint64_t, VerifyChain> chains;  // by series
};

struct VerifyFinding {
  enum class Kind { gap, overlap, duplicate, wrong, unknown, foreign, orphan_upload };
  Kind kind = Kind::gap;
  kafka::TopicPartition where;
  std::uint64_t series = 0;
  std::int64_t start = -1, end = -1;  // -1: does not apply
  std::string key;
  std::string message;
};
const char* to_string(VerifyFinding::Kind kind);

struct VerifyNote {  // what looks odd and is not
  kafka::TopicPartition where;
  std::string message;
};

struct VerifyWaiting {  // records that should be stored and are not, for one cause
  std::string reason;   // of an interruption; or disabled, paused, failed, starting, not_due, reading, not_begun
  std::string message;
  std::optional<std::uint64_t> records;  // offsets, so at the most; nothing: not known
  std::uint64_t partitions = 0;
  kafka::TopicPartition first;  // of these; partition -1: of the topic as a whole
};

struct VerifyReport {
  VerifyQuery query;
  std::int64_t started_ms = 0;
  std::map<kafka::TopicPartition, VerifyPartition> partitions;
  std::map<VerifyFinding::Kind, std::uint64_t> counts;
  std::vector<VerifyFinding> findings;
  std::vector<VerifyNote> explained;
  std::vector<std::string> missing;    // topics that are not there
  std::vector<VerifyWaiting> waiting;  // once it is complete; at most kMaxNotes causes
  std::vector<std::string> topics;     // still to be walked; the first is being walked
  std::string after;                   // token within it

  bool complete() const { return topics.empty(); }
  bool ok() const;  // complete, and neither gap nor overlap nor duplicate nor wrong object, and nothing unknown
  bool all_stored() const { return complete() && waiting.empty(); }
  std::optional<std::uint64_t> not_stored() const;  // records of all causes; nothing: not known
  void add(VerifyFinding finding);
  void add(const Finding& found);  // of a connector
  void explain(const kafka::TopicPartition& where, std::string message);
  // When all topics have been walked: finds gaps, explains. `complete`: it was looked wherever the task has ever stored; else what
  // is missing may lie elsewhere.
  void finish(bool complete = true);
  // The second verdict, of a report that is finished: why what is not stored is not, as the task's status tells.
  void tell_waiting(const TaskStatus& status);
};

bool stored_of(const VerifyReport& report, const std::string& topic);  // something lies in the bucket

// Begins (a `report` that holds a query alone) or goes on, for about `time`. `series`: the task's current one; `everywhere`: that the
// task stored elsewhere than `spec` says, now and earlier, is ruled out.
Status verify_step(const runner::RunnerSpec& spec, std::uint64_t series, bool everywhere, std::chrono::milliseconds time,
                   VerifyReport& report);

}  // namespace ch::tasks
