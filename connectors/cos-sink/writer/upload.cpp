#include "writer/upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <connector_host/reasons.hpp>
#include <utility>

#include "cos/errors.hpp"

namespace ch::cos {
namespace {

Failure unproven(const std::string& key) {
  return {Outcome::retry,
          reasons::kCosError,
          kNotFromCos,
          "HEAD " + key + ": the answer has no CRC64, so that nothing shows what the object holds",
          "check cos.endpoint: what answers there is not COS, or is an old version of it",
          0};
}

}  // namespace

Upload::Upload(Context& context, ch::PartitionId owner, const Identity& identity, Retry& retry, Cut cut)
    : context_(context),
      owner_(owner),
      identity_(identity),
      retry_(retry),
      cut_(std::move(cut)),
      plain_bytes_(cut_.content->size()),
      committed_(cut_.reread || CH_BUG("no_intent")) {
  if (cut_.reread) cut_.intent.upload_id.clear();  // an upload of somebody else's, and not complete
  if (!compresses()) plan(cut_.content);
}

// The bytes to store are known, and with them how.
void Upload::plan(std::shared_ptr<const Buffer> content) {
  content_ = std::move(content);
  cut_.content.reset();
  planned_ = true;
  multipart_ = content_->size() >= context_.settings.part_bytes;
  // The last part may have up to twice the size, so that none is smaller than COS allows.
  if (multipart_) parts_.resize(content_->size() / context_.settings.part_bytes);
  if (cut_.reread) return;
  cut_.intent.parts = static_cast<std::uint32_t>(parts_.size());
  cut_.intent.bytes = content_->size();
  if (compresses()) cut_.intent.plain_bytes = plain_bytes_;
}

void Upload::start_compression() {
  busy_ = start(
      Compressed{}, [how = context_.settings.compression, content = cut_.content] { return compress_content(how, *content); },
      &Upload::compress_done);
}

void Upload::compress_done(const Compressed& compressed) {
  busy_ = false;
  if (compressed.bytes) {
    plain_crc64_ = compressed.plain_crc64;
    plan(compressed.bytes);
  } else if (cut_.content->size() != plain_bytes_) {
    context_.state.break_down("out of memory while " + cut_.intent.key + " was being compressed; its records will be read again");
  } else {
    retry_.failed(not_made());
  }
}

ObjectOptions Upload::options() const {
  auto options = object_options(context_.settings, identity_, {cut_.intent.start, cut_.intent.end, cut_.records});
  if (!compresses()) return options;
  // Two hosts may compress the same records to other bytes: this is what they can compare.
  options.metadata["content-crc64"] = std::to_string(plain_crc64_);
  return options;
}

void Upload::step(std::int64_t now) {
  if (result_ || busy_ || !context_.state.defect().empty() || retry_.waiting(now)) return;
  if (!planned_) {
    start_compression();
  } else if (in_doubt_) {
    check();
  } else if (!multipart_) {
    if (!committed_) return;
    if (must_ask()) return check();
    busy_ = start(
        not_made(),
        [client = context_.client, key = cut_.intent.key, content = content_, options = options()] {
          return put_object(*client, key, content, options);
        },
        &Upload::put_done);
  } else if (cut_.intent.upload_id.empty()) {
    busy_ = start(
        no_reply<std::string>(),
        [client = context_.client, key = cut_.intent.key, options = options()] { return initiate_upload(*client, key, options); },
        &Upload::initiate_done);
  } else {
    send_parts();
    const bool all_there =
        std::all_of(parts_.begin(), parts_.end(), [](const PartEntry& entry) { return entry.state == PartState::there; });
    if (!all_there || !committed_) return;
    if (must_ask()) return check();
    send_complete();
  }
}

// Where COS would overwrite, it is asked just before: another's object stays, and our own is not stored again.
bool Upload::must_ask() {
  if (asked_ || !(context_.state.may_overwrite() || context_.client->versions_seen())) return false;
  return asked_ = in_doubt_ = true;
}

void Upload::send_parts() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].state != PartState::to_do) continue;
    if (context_.state.parts_under_way() >= context_.max_parts_under_way()) {
      context_.state.job_refused();
      return;
    }
    if (!send_part(i)) return;
    context_.state.part_sent();
    parts_[i].state = PartState::sent;
  }
}

// A part counts as under way until its answer is here, whatever has become of the upload by then.
bool Upload::send_part(std::size_t index) {
  const auto at = index * context_.settings.part_bytes;
  const auto size = index + 1 == parts_.size() ? content_->size() - at : context_.settings.part_bytes;
  const Piece piece{content_, at, size, static_cast<int>(index) + 1};
  const auto& id = cut_.intent.upload_id;
  return context_.submit(
      owner_, no_reply<Part>(), [client = context_.client, key = cut_.intent.key, id, piece] { return put_part(*client, key, id, piece); },
      [&context = context_, weak = weak_from_this(), index, id](const Reply<Part>& reply) {
        context.state.part_returned();
        if (const auto alive = weak.lock()) alive->part_done(index, id, reply);
      });
}

void Upload::send_complete() {
  std::vector<Part> parts;
  for (const auto& entry : parts_) parts.push_back(entry.part);
  busy_ = start(
      not_made(),
      [client = context_.client, key = cut_.intent.key, id = cut_.intent.upload_id, parts = std::move(parts)] {
        return complete_upload(*client, key, id, parts);
      },
      &Upload::complete_done);
}

void Upload::check() {
  busy_ = start(
      Looked{}, [client = context_.client, key = cut_.intent.key, content = content_] { return head_object(*client, key, content.get()); },
      &Upload::check_done);
}

void Upload::put_done(const Failure& failure) {
  busy_ = false;
  store_answered(failure);
}

void Upload::complete_done(const Failure& failure) {
  busy_ = false;
  if (failure.outcome == Outcome::no_upload) upload_lost_ = in_doubt_ = true;
  store_answered(failure);
}

// The answer to what makes the object visible: unless it is clearly the one or the other, the bucket is asked.
void Upload::store_answered(const Failure& failure) {
  if (failure.ok()) {
    result_ = Result{cut_.intent.end, cut_.records, content_->size()};
    retry_.succeeded();
    return;
  }
  if (failure.outcome == Outcome::conflict || failure.outcome == Outcome::retry) in_doubt_ = true;
  asked_ = false;
  retry_.failed(failure);
}

void Upload::initiate_done(const Reply<std::string>& reply) {
  busy_ = false;
  if (!reply.ok()) {
    in_doubt_ = reply.failure.outcome == Outcome::conflict;
    retry_.failed(reply.failure);
  } else if (reply.value.empty() || reply.value.size() > kMaxUploadIdLength) {
    Failure failure = not_made();
    failure.message = fmt::format("COS gave an upload id of {} characters for {}; 1 to {} can be kept", reply.value.size(), cut_.intent.key,
                                  kMaxUploadIdLength);
    retry_.failed(failure);
  } else {
    cut_.intent.upload_id = reply.value;
  }
}

void Upload::part_done(std::size_t index, const std::string& upload_id, const Reply<Part>& reply) {
  if (upload_id != cut_.intent.upload_id) return;
  auto& entry = parts_[index];
  if (reply.ok()) {
    entry = {PartState::there, reply.value};
    retry_.succeeded();
    return;
  }
  entry.state = PartState::to_do;
  if (reply.failure.outcome == Outcome::no_upload) upload_lost_ = in_doubt_ = true;
  retry_.failed(reply.failure);
}

void Upload::check_done(const Looked& looked) {
  busy_ = false;
  const auto& failure = looked.reply.failure;
  if (failure.outcome == Outcome::absent) {
    in_doubt_ = false;
    if (!std::exchange(upload_lost_, false)) return;
    cut_.intent.upload_id.clear();
    std::fill(parts_.begin(), parts_.end(), PartEntry{});
  } else if (!failure.ok()) {
    retry_.failed(failure);
  } else {
    judge(looked);
  }
}

bool Upload::is_same(const Looked& looked) const {
  const auto& head = looked.reply.value;
  const auto plain_crc64 = head.metadata.find("content-crc64");
  if (compresses() && plain_crc64 != head.metadata.end()) return plain_crc64->second == std::to_string(plain_crc64_);
  return head.size == content_->size() && head.crc64 == looked.crc64;
}

// What the object holds is not shown: COS tells the CRC64 of all that it has stored itself.
bool Upload::is_unproven(const ObjectHead& head) const {
  return !head.crc64 && head.size == content_->size() && !(compresses() && head.metadata.contains("content-crc64"));
}

// There is an object under our key.
void Upload::judge(const Looked& looked) {
  const auto& head = looked.reply.value;
  const auto range = own_range(identity_, head.metadata);
  if (!range || range->start != cut_.intent.start)
    return conflict("is another object, not one of this task and partition that starts at " + std::to_string(cut_.intent.start));
  const bool same_range = range->end == cut_.intent.end;
  if (same_range && is_unproven(head)) return retry_.failed(unproven(cut_.intent.key));
  const bool same_content = is_same(looked);
  // A re-read may find fewer records than its predecessor did (compaction, retention): what came first stands.
  const bool fuller = cut_.reread && range->records != cut_.records;
  if (same_range && !same_content && !fuller)
    return conflict(fmt::format("has the right range, but not the content that was sent: {} bytes there, {} sent, or another CRC64",
                                head.size, content_->size()));
  result_ = Result{range->end, range->records, head.size};
  retry_.succeeded();
}

void Upload::conflict(const std::string& what) { retry_.blocked(reasons::kObjectConflict, cut_.intent.key + " " + what, kConflictRemedy); }

}  // namespace ch::cos
