#include "writer/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>
#include <utility>

namespace ch::cos {

Recovery::Recovery(Context& context, ch::PartitionId owner, const Identity& identity, Retry& retry, State state)
    : context_(context), owner_(owner), identity_(identity), retry_(retry) {
  if (auto* idle = std::get_if<Idle>(&state)) {
    place_ = std::move(*idle);
  } else {
    intent_ = std::move(std::get<Intent>(state));
    place_ = {{}, intent_->start, intent_->time_ms};
    step_ = Step::look;
  }
  position_ = place_.position;
}

void Recovery::look_up(const std::string& key, void (Recovery::*done)(const Looked&)) {
  busy_ = start(
      Looked{}, [client = context_.client, key] { return head_object(*client, key); }, done);
}

void Recovery::step(std::int64_t now) {
  if (verdict_ || busy_ || retry_.waiting(now)) return;
  switch (step_) {
    case Step::look:
      return look_up(intent_->key, &Recovery::look_done);
    case Step::audit:
      follow(now);
      return;
    case Step::list_parts:
      busy_ = start(
          no_reply<std::vector<Part>>(),
          [client = context_.client, key = intent_->key, id = intent_->upload_id] { return list_parts(*client, key, id); },
          &Recovery::parts_done);
      return;
    case Step::complete:
      busy_ = start(
          not_made(),
          [client = context_.client, key = intent_->key, id = intent_->upload_id, parts = parts_] {
            return complete_upload(*client, key, id, parts);
          },
          &Recovery::complete_done);
      return;
  }
}

std::int64_t Recovery::next_ms(std::int64_t now) const {
  return audit_ ? std::min(retry_.next_ms(now), audit_->next_ms(now)) : retry_.next_ms(now);
}

void Recovery::now_due() {
  retry_.now_due();
  if (audit_) audit_->now_due();
}

void Recovery::look_done(const Looked& looked) {
  busy_ = false;
  const auto& failure = looked.reply.failure;
  if (failure.outcome == Outcome::absent) {
    step_ = Step::audit;
    return;
  }
  if (CH_BUG("denied_is_absent") && failure.reason == reasons::kAccessDenied) {
    intent_.reset();
    step_ = Step::audit;
    return;
  }
  if (!failure.ok()) return retry_.failed(failure);
  const auto range = own_range(identity_, looked.reply.value.metadata);
  if (!range || range->start != intent_->start)
    return retry_.blocked(
        reasons::kObjectConflict,
        fmt::format("{} is another object, not the one of this task and partition with the offsets {} to {} that was to be stored",
                    intent_->key, intent_->start, intent_->end),
        kConflictRemedy);
  found(intent_->key, range->end);
  step_ = Step::audit;
}

// An object of ours starts at the position. If there was an intent for it, it has been carried out or is out of date.
void Recovery::found(const std::string& key, std::int64_t end) {
  place_.last_key = key;
  place_.position = position_ = end;
  moved_ = true;
  intent_.reset();
  candidates_loaded_ = false;
  retry_.succeeded();
}

void Recovery::follow(std::int64_t now) {
  if (CH_BUG("no_audit")) {
    chain_ended();
    return step(now);
  }
  if (!candidates_loaded_ && !load_candidates(now)) return;
  if (candidates_.empty()) {
    chain_ended();
    return step(now);
  }
  look_up(candidates_.back(), &Recovery::candidate_done);
}

bool Recovery::load_candidates(std::int64_t now) {
  if (!audit_) {
    candidates_ = {context_.settings.keys.render(context_.settings.key_fields(identity_.topic, identity_.partition, position_, 0))};
  } else if (audit_->covers(identity_.partition, position_)) {
    candidates_ = audit_->at(identity_.partition, position_);
  } else {
    audit_->list_again(identity_.partition, position_);
    audit_->step(now);
    return false;
  }
  candidates_loaded_ = true;
  return true;
}

void Recovery::candidate_done(const Looked& looked) {
  busy_ = false;
  const auto& failure = looked.reply.failure;
  const bool absent = failure.outcome == Outcome::absent || (CH_BUG("denied_is_absent") && failure.reason == reasons::kAccessDenied);
  if (!failure.ok() && !absent) return retry_.failed(failure);
  const auto range = failure.ok() ? own_range(identity_, looked.reply.value.metadata) : std::nullopt;
  if (range && range->start == position_)
    found(candidates_.back(), range->end);
  else
    candidates_.pop_back();
}

void Recovery::chain_ended() {
  if (!intent_) {
    retry_.succeeded();
    verdict_ = Verdict::go_on;
  } else if (CH_BUG("intent_forgotten")) {
    intent_.reset();
    verdict_ = Verdict::go_on;
  } else if (intent_->upload_id.empty()) {
    re_read();
  } else {
    step_ = Step::list_parts;
  }
}

void Recovery::parts_done(const Reply<std::vector<Part>>& reply) {
  busy_ = false;
  const auto outcome = reply.failure.outcome;
  if (outcome == Outcome::no_upload || outcome == Outcome::absent) return re_read();
  if (!reply.ok()) return retry_.failed(reply.failure);
  parts_ = reply.value;
  std::uint64_t bytes = 0;
  for (const auto& part : parts_) bytes += part.size;
  if (parts_.size() != intent_->parts || bytes != intent_->bytes) return re_read();
  step_ = Step::complete;
}

void Recovery::complete_done(const Failure& failure) {
  busy_ = false;
  step_ = Step::look;
  candidates_loaded_ = false;
  if (!failure.ok()) retry_.failed(failure);
}

void Recovery::re_read() {
  if (intent_->fingerprint != context_.settings.fingerprint) {
    verdict_ = Verdict::stand;
    return retry_.stand(
        reasons::kObjectConflict,
        fmt::format("the configuration was changed while {} with the offsets {} to {} of {}-{} was being stored; stored under the new "
                    "configuration it would be another object",
                    intent_->key, intent_->start, intent_->end, identity_.topic, identity_.partition),
        "restore the old cos.bucket, cos.endpoint, object.key.template, format and compression (with their own keys) until this object is "
        "stored");
  }
  const auto bytes = std::max(intent_->bytes, intent_->plain_bytes);
  if (context_.chunks_of(bytes) * context_.pool->chunk_bytes() > context_.settings.buffer_memory) {
    verdict_ = Verdict::stand;
    return retry_.stand(
        reasons::kCosError,
        fmt::format("{} with the offsets {} to {} of {}-{} has {} bytes and has to be read again as a whole, but buffer.memory is {}",
                    intent_->key, intent_->start, intent_->end, identity_.topic, identity_.partition, bytes,
                    context_.settings.buffer_memory),
        "raise buffer.memory at least until this object is stored");
  }
  retry_.succeeded();
  verdict_ = Verdict::re_read;
}

}  // namespace ch::cos
