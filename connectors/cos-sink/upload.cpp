#include "upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/failpoint.hpp>
#include <utility>

namespace ch::cos {

template <class J>
std::shared_ptr<J> Upload::make_job() const {
  auto job = std::make_shared<J>();
  job->client = context_.client;
  job->key = cut_.intent.key;
  return job;
}

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
  auto job = make_job<CompressJob>();
  job->how = context_.settings.compression;
  job->content = cut_.content;
  busy_ = start(std::move(job), &Upload::compress_done);
}

void Upload::compress_done(CompressJob& job) {
  busy_ = false;
  if (job.result) {
    plain_crc64_ = job.plain_crc64;
    plan(job.result);
  } else if (cut_.content->size() != plain_bytes_) {
    context_.defect = "out of memory while " + cut_.intent.key + " was being compressed; its records will be read again";
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
  if (result_ || busy_ || !context_.defect.empty() || retry_.waiting(now)) return;
  if (!planned_) {
    start_compression();
  } else if (in_doubt_) {
    check();
  } else if (!multipart_) {
    if (!committed_) return;
    if (must_ask()) return check();
    auto job = make_job<PutJob>();
    job->content = content_;
    job->options = options();
    busy_ = start(std::move(job), &Upload::put_done);
  } else if (cut_.intent.upload_id.empty()) {
    auto job = make_job<InitiateJob>();
    job->options = options();
    busy_ = start(std::move(job), &Upload::initiate_done);
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
  if (asked_ || !(context_.may_overwrite || context_.client->versions_seen())) return false;
  return asked_ = in_doubt_ = true;
}

void Upload::send_parts() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].state != PartState::to_do) continue;
    if (context_.parts_under_way >= context_.max_parts_under_way()) {
      context_.job_refused = true;
      return;
    }
    auto job = make_job<PartJob>();
    job->upload_id = cut_.intent.upload_id;
    job->number = static_cast<int>(i) + 1;
    job->content = content_;
    job->at = i * context_.settings.part_bytes;
    job->size = i + 1 == parts_.size() ? content_->size() - job->at : context_.settings.part_bytes;
    if (!start(std::move(job), &Upload::part_done)) return;
    ++context_.parts_under_way;
    parts_[i].state = PartState::sent;
  }
}

void Upload::send_complete() {
  auto job = make_job<CompleteJob>();
  job->upload_id = cut_.intent.upload_id;
  for (const auto& entry : parts_) job->parts.push_back(entry.part);
  busy_ = start(std::move(job), &Upload::complete_done);
}

void Upload::check() {
  auto job = make_job<HeadJob>();
  job->content = content_;
  busy_ = start(std::move(job), &Upload::check_done);
}

void Upload::put_done(PutJob& job) {
  busy_ = false;
  store_failed(job.failure);
}

void Upload::complete_done(CompleteJob& job) {
  busy_ = false;
  if (job.failure.outcome == Outcome::no_upload) upload_lost_ = in_doubt_ = true;
  store_failed(job.failure);
}

// The answer to what makes the object visible: unless it is clearly the one or the other, the bucket is asked.
void Upload::store_failed(const Failure& failure) {
  if (failure.ok()) {
    result_ = Result{cut_.intent.end, cut_.records, content_->size()};
    retry_.succeeded();
    return;
  }
  if (failure.outcome == Outcome::conflict || failure.outcome == Outcome::retry) in_doubt_ = true;
  asked_ = false;
  retry_.failed(failure);
}

void Upload::initiate_done(InitiateJob& job) {
  busy_ = false;
  if (!job.reply.ok()) {
    in_doubt_ = job.reply.failure.outcome == Outcome::conflict;
    retry_.failed(job.reply.failure);
  } else if (job.reply.value.empty() || job.reply.value.size() > kMaxUploadIdLength) {
    Failure failure = not_made();
    failure.message = fmt::format("COS gave an upload id of {} characters for {}; 1 to {} can be kept", job.reply.value.size(), job.key,
                                  kMaxUploadIdLength);
    retry_.failed(failure);
  } else {
    cut_.intent.upload_id = job.reply.value;
  }
}

void Upload::part_done(PartJob& job) {
  if (job.upload_id != cut_.intent.upload_id) return;
  auto& entry = parts_[static_cast<std::size_t>(job.number) - 1];
  if (job.reply.ok()) {
    entry = {PartState::there, job.reply.value};
    retry_.succeeded();
    return;
  }
  entry.state = PartState::to_do;
  if (job.reply.failure.outcome == Outcome::no_upload) upload_lost_ = in_doubt_ = true;
  retry_.failed(job.reply.failure);
}

void Upload::check_done(HeadJob& job) {
  busy_ = false;
  const auto& failure = job.reply.failure;
  if (failure.outcome == Outcome::absent) {
    in_doubt_ = false;
    if (!std::exchange(upload_lost_, false)) return;
    cut_.intent.upload_id.clear();
    std::fill(parts_.begin(), parts_.end(), PartEntry{});
  } else if (!failure.ok()) {
    retry_.failed(failure);
  } else {
    judge(job);
  }
}

bool Upload::is_same(const HeadJob& job) const {
  const auto& head = job.reply.value;
  const auto plain_crc64 = head.metadata.find("content-crc64");
  if (compresses() && plain_crc64 != head.metadata.end()) return plain_crc64->second == std::to_string(plain_crc64_);
  return head.size == content_->size() && (!head.crc64 || *head.crc64 == job.crc64);
}

// There is an object under our key.
void Upload::judge(const HeadJob& job) {
  const auto& head = job.reply.value;
  const auto range = own_range(identity_, head.metadata);
  if (!range || range->start != cut_.intent.start)
    return conflict("is another object, not one of this task and partition that starts at " + std::to_string(cut_.intent.start));
  const bool same_range = range->end == cut_.intent.end;
  const bool same_content = is_same(job);
  // A re-read may find fewer records than its predecessor did (compaction, retention): what came first stands.
  const bool fuller = cut_.reread && range->records != cut_.records;
  if (same_range && !same_content && !fuller)
    return conflict(fmt::format("has the right range, but not the content that was sent: {} bytes there, {} sent, or another CRC64",
                                head.size, content_->size()));
  result_ = Result{range->end, range->records, head.size};
  retry_.succeeded();
}

void Upload::conflict(const std::string& what) {
  retry_.blocked("object_conflict", cut_.intent.key + " " + what,
                 "move or delete that object, or give this task a bucket or an object.key.template of its own");
}

}  // namespace ch::cos
