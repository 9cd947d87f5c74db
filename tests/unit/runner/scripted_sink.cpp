#include "scripted_sink.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ch::runner_test {
namespace {

constexpr std::size_t kMost = 6;  // records in an object

Script* current = nullptr;

struct ScriptedConnector {
  static constexpr const char* name = "scripted";
  static constexpr const char* version = "1.0.0";
  static const char* config_schema() { return "{}"; }
  static void validate(const TaskInfo&, Problems&) {}
  static std::unique_ptr<SinkTask> create(Host host, const TaskInfo&) { return std::make_unique<ScriptedSink>(host, *current); }
};

}  // namespace

std::shared_ptr<const plugins::Connector> scripted_connector(Script& script) {
  current = &script;
  return std::make_shared<const plugins::Connector>(*detail::Glue<ScriptedConnector>::table(), "in the test");
}

ScriptedSink::~ScriptedSink() {
  for (auto& [id, writer] : writers_) drop(writer);
}

// A PUT that is on its way can not be taken back.
void ScriptedSink::drop(Writer& writer) {
  if (writer.stage == Stage::storing && world_.dice.chance(50)) script_.late.push_back(writer.cut);
}

ScriptedSink::Writer* ScriptedSink::find(PartitionId id, const char* call) {
  const auto found = writers_.find(id);
  if (found != writers_.end()) return &found->second;
  world_.ledger.complain(fmt::format("{} for assignment {}, which is not open", call, id));
  return nullptr;
}

void ScriptedSink::open(std::span<const OpenPartition> partitions) {
  for (const auto& p : partitions) {
    if (writers_.contains(p.id)) world_.ledger.complain(fmt::format("assignment {} is opened twice", p.id));
    Writer writer;
    writer.partition = p.partition;
    writer.start = writer.position = p.committed_offset;
    writer.resume_at = now() + milliseconds(world_.dice.chance(50) ? 0 : world_.dice.pick(1500));
    if (p.state.starts_with("intent ")) writer.again = std::stoll(p.state.substr(7));
    auto& kept = writers_[p.id] = std::move(writer);
    if (now() >= kept.resume_at) resume(p.id, kept);
  }
}

void ScriptedSink::resume(PartitionId id, Writer& writer) {
  writer.resumed = true;
  if (writer.again && world_.ledger.stored(writer.partition, writer.start)) {
    writer.start = writer.position = *std::exchange(writer.again, std::nullopt);
    request(id, writer, writer.start, "", Urgency::lazy);
  }
  host_.resume(id, writer.position);
}

// The next one of the log, whatever was removed meanwhile.
bool ScriptedSink::expected(const Writer& writer, std::int64_t offset) const {
  return offset >= writer.position && !world_.ledger.there_between(writer.partition, writer.position, offset);
}

std::size_t ScriptedSink::put(PartitionId id, const Batch& batch) {
  ++script_.puts;
  auto* writer = find(id, "put");
  if (writer == nullptr) return batch.size();
  if (!writer->resumed) world_.ledger.complain("put before open was answered");
  if (writer->starved) (void)host_.reserve(std::uint64_t{1} << 60);
  if (writer->blocked || writer->starved) {
    ++script_.blocked;
    return 0;
  }
  return take(id, *writer, batch);
}

std::size_t ScriptedSink::take(PartitionId id, Writer& writer, const Batch& batch) {
  const auto most = world_.dice.chance(20) ? world_.dice.pick(batch.size() + 1) : batch.size();
  std::size_t count = 0;
  for (; count < most; ++count) {
    const auto& record = batch[count];
    if (!expected(writer, record.offset))
      world_.ledger.complain(fmt::format("offset {} of {} comes at position {}", record.offset, writer.partition, writer.position));
    if (writer.again && record.offset >= *writer.again) {
      finish_reading_again(writer);
    } else if (!writer.again && writer.taken.size() >= kMost) {
      break;  // until the one before is stored
    }
    if (bytes_view(record.value) == "bad" && !script_.all_good) {
      if (!host_.reject(id, record, "it is bad")) break;
      ++script_.rejects;
      if (script_.passes_over) world_.ledger.pass_over(writer.partition, record.offset);
    } else {
      writer.taken.push_back(record.offset);
    }
    writer.position = record.offset + 1;
    if (!writer.due) writer.due = now() + milliseconds(200 + world_.dice.pick(3000));
  }
  run(id, writer);
  return count;
}

void ScriptedSink::end_of_partition(PartitionId id, std::int64_t offset) {
  auto* writer = find(id, "end_of_partition");
  if (writer == nullptr) return;
  if (!writer->resumed || !expected(*writer, offset))
    world_.ledger.complain(fmt::format("the end {} of {} comes at position {}", offset, writer->partition, writer->position));
  if (writer->again && offset >= *writer->again) finish_reading_again(*writer);
  writer->position = std::max(writer->position, offset);
  if (!writer->due && writer->position > writer->start) writer->due = now() + milliseconds(world_.dice.pick(1000));
  run(id, *writer);
}

// Its intent is committed already.
void ScriptedSink::finish_reading_again(Writer& writer) {
  ++script_.rereads;
  const auto end = *std::exchange(writer.again, std::nullopt);
  writer.cut = {writer.partition, writer.start, end, std::exchange(writer.taken, {})};
  writer.stage = Stage::storing;
  writer.stored_at = now() + milliseconds(world_.dice.pick(2000));
  writer.start = writer.position = end;
  writer.due.reset();
}

void ScriptedSink::request(PartitionId id, Writer& writer, std::int64_t offset, const std::string& state, Urgency urgency) {
  writer.asked = offset;
  host_.request_commit(id, offset, state, urgency);
}

// Goes on with what is due.
void ScriptedSink::run(PartitionId id, Writer& writer) {
  if (!writer.resumed || writer.again) return;
  if (writer.stage == Stage::storing && now() >= writer.stored_at) {
    const auto& cut = writer.cut;
    world_.ledger.store(cut.partition, cut.start, cut.end, cut.offsets, "host");
    StoredObject object;
    object.topic = Ledger::kTopic;
    object.partition = cut.partition;
    object.start_offset = cut.start;
    object.end_offset = cut.end;
    host_.stored(id, object);
    writer.stage = Stage::none;
    request(id, writer, cut.end, "", Urgency::lazy);
  }
  const bool due = writer.taken.size() >= kMost || (writer.due && now() >= *writer.due);
  if (writer.stage != Stage::none || !due) return;
  writer.due.reset();
  if (writer.taken.empty()) {  // nothing but what is no record, or was passed over
    if (writer.position == writer.start) return;
    writer.start = writer.position;
    return request(id, writer, writer.start, "", Urgency::lazy);
  }
  writer.cut = {writer.partition, writer.start, writer.position, std::exchange(writer.taken, {})};
  writer.start = writer.position;
  writer.stage = Stage::intent_asked;
  request(id, writer, writer.cut.start, intent_text(writer.cut.end), Urgency::now);
}

void ScriptedSink::committed(PartitionId id, std::int64_t offset, bool stored) {
  auto* writer = find(id, "committed");
  if (writer == nullptr || !stored) return;
  if (writer->asked != offset) world_.ledger.complain(fmt::format("the commit of {} is answered, and was not asked for", offset));
  writer->asked.reset();
  if (writer->stage == Stage::intent_asked) {
    writer->stage = Stage::storing;
    writer->stored_at = now() + milliseconds(world_.dice.pick(2000));
  }
  run(id, *writer);
}

std::int64_t ScriptedSink::tick(std::int64_t now_ms) {
  for (auto& [id, writer] : writers_) {
    if (!writer.resumed && now() >= writer.resume_at) resume(id, writer);
    change_mood(id, writer);
    run(id, writer);
  }
  return now_ms + 50 + static_cast<std::int64_t>(world_.dice.pick(900));
}

void ScriptedSink::change_mood(PartitionId id, Writer& writer) {
  auto& dice = world_.dice;
  writer.starved = writer.starved ? !dice.calm && dice.chance(70) : dice.fails(3);
  writer.blocked = writer.blocked ? !dice.calm && dice.chance(90) : dice.fails(4);
  if (writer.blocked && !writer.interrupted && dice.chance(30)) {
    writer.interrupted = true;
    host_.interrupted(id, {"cos_unreachable", "the bucket does not answer", "Nothing.", 0});
  } else if (!writer.blocked && writer.interrupted) {
    writer.interrupted = false;
    host_.recovered(id);
  }
  if (writer.resumed && !writer.again && dice.fails(1)) {  // gives its memory back, and reads once more
    writer.taken.clear();
    writer.due.reset();
    writer.position = writer.start;
    host_.resume(id, writer.position);
  }
}

void ScriptedSink::flush() {
  ++script_.flushes;
  for (auto& [id, writer] : writers_) {
    if (writer.position > writer.start) writer.due = now();
    run(id, writer);
  }
}

std::size_t ScriptedSink::pending() const {
  return static_cast<std::size_t>(std::count_if(writers_.begin(), writers_.end(), [](const auto& entry) {
    const auto& writer = entry.second;
    return writer.stage != Stage::none || !writer.taken.empty() || writer.asked || writer.again;
  }));
}

void ScriptedSink::close(std::span<const PartitionId> ids, bool) {
  for (const auto id : ids) {
    auto* writer = find(id, "close");
    if (writer == nullptr) continue;
    drop(*writer);
    writers_.erase(id);
  }
}

Progress ScriptedSink::describe(PartitionId id) const {
  const auto found = writers_.find(id);
  if (found == writers_.end()) {
    world_.ledger.complain(fmt::format("describe of assignment {}, which is not open", id));
    return {};
  }
  const auto& writer = found->second;
  return {writer.start, writer.taken.size(), writer.taken.size(), 0};
}

}  // namespace ch::runner_test
