// The storing of one object whose range and key are decided: a state machine that ends when the object is known to be in
// the bucket. Owned by its partition's writer; poll thread.
//
//   compressed first, if the task wants it; then
//   small:  (intent committed) -> PUT -> stored
//   large:  initiate -> parts, while the intent is committed -> complete -> stored
//   doubt:  HEAD; ours -> stored; absent -> the same again; anything else -> object_conflict, nothing overwritten
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "writer/jobs.hpp"
#include "writer/object_identity.hpp"
#include "writer/offset_state.hpp"
#include "writer/retry.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

// An object between its cut and its storing.
struct Cut {
  Intent intent;
  std::shared_ptr<Buffer> content;
  std::uint64_t records = 0;  // in the content; a re-read may find fewer than the intent says
  bool reread = false;        // by the intent of somebody before us
};

class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(Context& context, ch::PartitionId owner, const Identity& identity, Retry& retry, Cut cut);

  void step(std::int64_t now);

  // The intent is complete and must be committed before anything becomes visible. Never for a re-read one: it is.
  bool intent_ready() const { return planned_ && !committed_ && (!multipart_ || !cut_.intent.upload_id.empty()); }
  void intent_committed() { committed_ = true; }
  const Intent& intent() const { return cut_.intent; }

  struct Result {
    std::int64_t end = 0;  // of the object in the bucket that starts where ours does
    std::uint64_t records = 0, bytes = 0;
  };
  const std::optional<Result>& result() const { return result_; }

 private:
  void plan(std::shared_ptr<const Buffer> content);
  void start_compression();
  bool compresses() const { return context_.settings.compression.codec != Compression::Codec::none; }
  ObjectOptions options() const;
  bool must_ask();
  void send_parts();
  void send_complete();
  void check();
  void compress_done(const Compressed& compressed);
  void put_done(const Failure& failure);
  void initiate_done(const Reply<std::string>& reply);
  bool send_part(std::size_t index);
  void part_done(std::size_t index, const std::string& upload_id, const Reply<Part>& reply);
  void complete_done(const Failure& failure);
  void check_done(const Looked& looked);
  void judge(const Looked& looked);
  bool is_same(const Looked& looked) const;
  bool is_unproven(const ObjectHead& head) const;
  void store_answered(const Failure& failure);
  void conflict(const std::string& what);
  template <class Result, class Run>
  bool start(Result otherwise, Run run, void (Upload::*done)(const Result&)) {
    return context_.submit(owner_, std::move(otherwise), std::move(run), if_alive(shared_from_this(), done));
  }

  enum class PartState { to_do, sent, there };
  struct PartEntry {
    PartState state = PartState::to_do;
    Part part;
  };

  Context& context_;
  ch::PartitionId owner_;
  const Identity& identity_;
  Retry& retry_;
  Cut cut_;
  std::shared_ptr<const Buffer> content_;  // what is stored; null until it is known
  std::uint64_t plain_crc64_ = 0;          // before compression
  std::size_t plain_bytes_;
  bool planned_ = false;
  bool multipart_ = false;
  std::vector<PartEntry> parts_;
  bool committed_;
  bool busy_ = false;         // one request at a time, but for parts
  bool in_doubt_ = false;     // HEAD before anything else
  bool asked_ = false;        // by must_ask()
  bool upload_lost_ = false;  // COS does not know the upload: if the object is absent, begin a new one
  std::optional<Result> result_;
};

}  // namespace ch::cos
