#include "writer/partition_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>
#include <limits>
#include <stdexcept>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::int64_t kStarvedMs = 30000;  // until it is told: what others hold may be given back meanwhile

}  // namespace

PartitionWriter::PartitionWriter(Context& context, const ch::OpenPartition& opened)
    : context_(context),
      id_(opened.id),
      identity_{context.settings.cluster, context.settings.task, opened.topic, opened.partition, opened.series},
      retry_(context, {opened.id}),
      open_{Buffer(context.pool)},
      encoder_(make_encoder(context.settings.format, {context.host, opened.topic, opened.partition})),
      last_requested_(opened.committed_offset) {
  auto state = decode(opened.state, opened.committed_offset);
  if (const auto* wrong = std::get_if<std::string>(&state)) {
    phase_ = Phase::standing;
    retry_.stand(reasons::kOffsetLost,
                 fmt::format("the state committed beside offset {} of {}-{} cannot be used: {}", opened.committed_offset, opened.topic,
                             opened.partition, *wrong),
                 "restore the group's offset metadata, or set the offset anew through the offsets API");
    return;
  }
  place_.position = opened.committed_offset;
  recovery_ = std::make_shared<Recovery>(context, id_, identity_, retry_, std::move(std::get<State>(state)));
  check_names();
}

PartitionWriter::~PartitionWriter() { context_.state.leave_turn(id_); }

// So that no cut can fail: the longest key that this partition can have is rendered once.
void PartitionWriter::check_names() {
  try {
    const auto fields = context_.settings.key_fields(identity_.topic, identity_.partition, std::numeric_limits<std::int64_t>::max(), 0);
    (void)context_.settings.keys.render(fields);
  } catch (const std::length_error& error) {
    phase_ = Phase::standing;
    recovery_.reset();
    retry_.stand(reasons::kCosError,
                 fmt::format("objects of {}-{} cannot be named: {}", identity_.topic, identity_.partition, error.what()),
                 "shorten object.key.template");
  }
}

void PartitionWriter::step(std::int64_t now) {
  switch (phase_) {
    case Phase::recovering:
      recover(now);
      break;
    case Phase::waiting:
      if (!context_.state.take_turn(id_)) break;
      phase_ = Phase::re_reading;
      next_ = recovery_->intent().start;
      context_.host.resume(id_, next_);
      break;
    case Phase::running:
      run(now);
      break;
    case Phase::re_reading:
    case Phase::standing:
      break;
  }
}

void PartitionWriter::recover(std::int64_t now) {
  recovery_->step(now);
  if (!recovery_->verdict()) return;
  CH_FAILPOINT("recovery.verdict");
  switch (*recovery_->verdict()) {
    case Recovery::Verdict::stand:
      phase_ = Phase::standing;
      return;
    case Recovery::Verdict::re_read:
      open_.start = recovery_->intent().start;
      phase_ = Phase::waiting;
      return step(now);
    case Recovery::Verdict::go_on: {
      const auto committed = place_.position;
      place_ = recovery_->place();
      // Between the end of the last object and the committed offset there are no records.
      begin_at(place_.position, recovery_->moved() ? place_.position : std::max(place_.position, committed));
      recovery_.reset();
      return step(now);
    }
  }
}

void PartitionWriter::begin_at(std::int64_t position, std::int64_t resume_at) {
  open_ = {Buffer(context_.pool), position};
  next_ = resume_at;
  end_seen_ = -1;
  phase_ = Phase::running;
  context_.host.resume(id_, resume_at);
}

void PartitionWriter::run(std::int64_t now) {
  for (;;) {
    if (upload_) {
      upload_->step(now);
      if (upload_->intent_ready() && !intent_requested_) commit_intent();
      if (!upload_->result()) return;
      upload_done();
    }
    if (!due(now)) break;
    cut(now, cut_reason(now));
  }
  commit_idle();
}

PartitionWriter::Taken PartitionWriter::put(const ch::Batch& batch, std::int64_t now) {
  if (phase_ == Phase::re_reading) return re_read(batch, now);
  if (phase_ != Phase::running || context_.state.flushing()) return {};
  if (due(now)) run(now);
  if (due(now)) return {};  // the object before it is still being stored
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& record = batch[i];
    if (record.offset < next_) continue;
    if (const auto result = append(record, now); result != Append::taken) return {i, result == Append::memory_spent};
    if (!full()) continue;
    run(now);
    if (open_.records > 0) return {i + 1, false};
  }
  return {batch.size(), false};
}

// Exactly the records of the intent's range. It ends with its last offset, with an offset behind it, or with the end of
// the partition: compaction, retention and transaction markers may have left any of them out.
PartitionWriter::Taken PartitionWriter::re_read(const ch::Batch& batch, std::int64_t now) {
  const std::int64_t end = recovery_->intent().end;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& record = batch[i];
    if (record.offset < next_) continue;
    if (record.offset >= end) {
      re_read_done(now);
      return {i, false};
    }
    if (const auto result = append(record, now); result != Append::taken) {
      if (result == Append::rejected) context_.state.leave_turn(id_);  // the others need not wait for a human
      return {i, result == Append::memory_spent};
    }
    fed();
    if (record.offset + 1 < end) continue;
    re_read_done(now);
    return {i + 1, false};
  }
  return {batch.size(), false};
}

void PartitionWriter::re_read_done(std::int64_t now) {
  CH_FAILPOINT("recovery.read_again");
  fed();
  Intent intent = recovery_->intent();
  recovery_.reset();
  context_.state.leave_turn(id_);
  phase_ = Phase::running;
  next_ = intent.end;
  // Even if nothing is left of the range: an empty object keeps the chain whole and its key from a late request of the
  // intent's first owner, which would put an object beside the chain.
  encoder_->finish(open_.content);
  upload(std::move(intent), true, now);
  run(now);
}

// Nobody in this task can give back what the object needs: it was cut with more buffer.memory, a part of which is always
// kept for what was fetched; or other tasks hold the host's. Tried again whenever the host offers the record.
void PartitionWriter::starved(std::int64_t now) {
  if (phase_ != Phase::re_reading) return;
  if (starved_since_ms_ == 0) starved_since_ms_ = now;
  if (now - starved_since_ms_ < kStarvedMs || retry_.waiting(now)) return;
  const auto& intent = recovery_->intent();
  retry_.blocked(
      reasons::kCosError,
      fmt::format("{} with the offsets {} to {} of {}-{} is being read again as a whole, and at offset {}, with {} bytes read, no "
                  "more memory is free",
                  intent.key, intent.start, intent.end, identity_.topic, identity_.partition, next_, open_.content.size()),
      "raise buffer.memory, or memory.limit if other tasks need it all, at least until this object is stored");
}

void PartitionWriter::fed() {
  if (std::exchange(starved_since_ms_, 0) != 0) retry_.succeeded();
}

// A range that is read again leaves out what was passed over when it was cut, whatever buffer.memory is now.
std::uint64_t PartitionWriter::record_limit() const {
  return record_limit_is_kept() ? recovery_->intent().record_limit : context_.settings.record_limit();
}

bool PartitionWriter::record_limit_is_kept() const { return phase_ == Phase::re_reading && recovery_->intent().record_limit != 0; }

std::string PartitionWriter::too_large() const {
  if (record_limit_is_kept())
    return fmt::format("it takes {} bytes, and was passed over when {} was cut, since buffer.memory allowed {} an object then",
                       encoder_->wanted(), recovery_->intent().key, record_limit());
  return fmt::format("it takes {} bytes, and buffer.memory allows {} an object: raise buffer.memory to at least {}", encoder_->wanted(),
                     record_limit(), 2 * encoder_->wanted());
}

PartitionWriter::Append PartitionWriter::append(const ch_record& record, std::int64_t now) {
  if (record.value.data == nullptr && context_.settings.null_values != NullValues::write) {
    if (context_.settings.null_values == NullValues::fail) return reject(record, "it has no value, and behavior.on.null.values is fail");
    next_ = record.offset + 1;
    return Append::taken;
  }
  const auto written = encoder_->append(record, open_.content, record_limit());
  if (written == Encoder::Written::refused) return reject(record, encoder_->refusal());
  if (written == Encoder::Written::no_memory) return Append::memory_spent;
  if (written == Encoder::Written::too_large) return reject(record, too_large());
  if (open_.records++ == 0) open_.opened_ms = now;
  open_.last_ms = now;
  next_ = record.offset + 1;
  return Append::taken;
}

PartitionWriter::Append PartitionWriter::reject(const ch_record& record, const std::string& why) {
  if (!context_.host.reject(id_, record, why)) return Append::rejected;
  next_ = record.offset + 1;
  return Append::taken;
}

bool PartitionWriter::full() const {
  const auto& settings = context_.settings;
  return open_.content.size() >= settings.rotate_bytes || (settings.rotate_records != 0 && open_.records >= settings.rotate_records);
}

std::int64_t PartitionWriter::due_ms() const {
  const auto& settings = context_.settings;
  const auto by_time = open_.opened_ms + settings.rotate_interval_ms;
  return settings.rotate_idle_ms == 0 ? by_time : std::min(by_time, open_.last_ms + settings.rotate_idle_ms);
}

bool PartitionWriter::due(std::int64_t now) const { return open_.records > 0 && (context_.state.flushing() || full() || now >= due_ms()); }

// Of the metric's label; due(now) holds.
const char* PartitionWriter::cut_reason(std::int64_t now) const {
  const auto& settings = context_.settings;
  if (context_.state.flushing()) return "flush";
  if (open_.content.size() >= settings.rotate_bytes) return "bytes";
  if (full()) return "records";
  return now >= open_.opened_ms + settings.rotate_interval_ms ? "granularity" : "idle";
}

void PartitionWriter::cut(std::int64_t now, const char* reason) {
  context_.host.count(std::string("rotations/") + reason, 1);
  const auto wall_ms = context_.host.now_ms();
  Intent intent;
  intent.key = context_.settings.keys.render(context_.settings.key_fields(identity_.topic, identity_.partition, open_.start, wall_ms));
  intent.start = open_.start;
  intent.end = CH_BUG("end_by_counting") ? open_.start + static_cast<std::int64_t>(open_.records) : next_;
  intent.fingerprint = context_.settings.fingerprint;
  encoder_->finish(open_.content);
  intent.bytes = open_.content.size();
  intent.records = open_.records;
  intent.time_ms = wall_ms;
  intent.record_limit = context_.settings.record_limit();
  upload(std::move(intent), false, now);
}

void PartitionWriter::upload(Intent intent, bool reread, std::int64_t now) {
  const auto end = intent.end;
  upload_ = std::make_shared<Upload>(context_, id_, identity_, retry_,
                                     Cut{std::move(intent), std::make_shared<Buffer>(std::move(open_.content)), open_.records, reread});
  open_ = {Buffer(context_.pool), end};
  upload_began_ms_ = now;
  intent_requested_ = reread;
  upload_->step(now);
}

void PartitionWriter::upload_done() {
  const Intent intent = upload_->intent();
  const auto result = *upload_->result();
  upload_.reset();
  place_ = {intent.key, result.end, intent.time_ms};
  context_.host.observe("object_store_seconds", static_cast<double>(context_.steady_ms() - upload_began_ms_) / 1000);
  context_.host.stored(id_, {intent.key,
                             identity_.topic,
                             identity_.partition,
                             intent.start,
                             result.end,
                             result.records,
                             result.bytes,
                             context_.host.now_ms(),
                             {},
                             0});
  if (result.end == intent.end) return;
  context_.host.log(ch::LogLevel::warn,
                    fmt::format("{} is there already and ends at {}, not at {}: going on from there", intent.key, result.end, intent.end));
  begin_at(result.end, result.end);
}

void PartitionWriter::commit_intent() {
  intent_requested_ = true;
  CH_FAILPOINT("intent.before");
  commit({upload_->intent().start, encode(upload_->intent()), true});
}

// Everything that has been taken is in the bucket but for the open object; records that are not to be stored are behind
// us as well.
void PartitionWriter::commit_idle() {
  const auto offset = open_.records == 0 ? std::max({place_.position, end_seen_, next_}) : place_.position;
  if (offset <= last_requested_) return;
  CH_FAILPOINT("end.before");
  commit({offset, encode(place_), false});
}

void PartitionWriter::commit(Commit next) {
  last_requested_ = next.offset;
  requested_ = std::move(next);
  context_.host.request_commit(id_, requested_->offset, requested_->state, requested_->is_intent ? ch::Urgency::now : ch::Urgency::lazy);
}

void PartitionWriter::committed(std::int64_t offset, bool stored) {
  if (!stored || !requested_ || requested_->offset != offset) return;  // refused: the host repeats the same, or closes us
  const bool is_intent = std::exchange(requested_, std::nullopt)->is_intent;
  if (is_intent) {
    CH_FAILPOINT("intent.after");
  } else {
    CH_FAILPOINT("end.after");
  }
  if (is_intent && upload_ && upload_->intent().start == offset) upload_->intent_committed();
}

void PartitionWriter::end_of_partition(std::int64_t offset, std::int64_t now) {
  if (phase_ != Phase::running && phase_ != Phase::re_reading) return;
  end_seen_ = offset;
  if (phase_ == Phase::re_reading && offset >= recovery_->intent().end) re_read_done(now);
  step(now);
}

std::int64_t PartitionWriter::next_ms(std::int64_t now) const {
  if (phase_ == Phase::recovering) return recovery_->next_ms(now);
  if (phase_ != Phase::running) return kNever;
  if (upload_) return retry_.next_ms(now);
  return open_.records == 0 ? kNever : due_ms();
}

void PartitionWriter::retry_now() {
  retry_.now_due();
  if (recovery_) recovery_->now_due();
}

bool PartitionWriter::pending() const {
  if (phase_ == Phase::standing) return false;
  return open_.records > 0 || upload_ || requested_ || (recovery_ && recovery_->has_intent());
}

ch::Progress PartitionWriter::describe() const {
  if (open_.records == 0) return {};
  return {open_.start, open_.records, open_.content.size(), phase_ == Phase::running ? context_.wall_ms_at(due_ms()) : 0};
}

std::uint64_t PartitionWriter::bytes_to_cut() const { return phase_ == Phase::running && !upload_ ? open_.content.size() : 0; }

void PartitionWriter::cut_early(std::int64_t now) {
  cut(now, "memory");
  run(now);
}

}  // namespace ch::cos
