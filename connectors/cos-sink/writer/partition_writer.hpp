// The archive of one open topic partition: from the committed state to the next object and the one after it. Owned by the
// sink, one per assignment; poll thread.
//
//   recovering --> running                     the usual case
//       |   `----> waiting -> re_reading -> running   an intent's range has to be read again; one partition at a time
//       `--------> standing                    somebody has to mend something first
//
// running: records collect in the open object; when it is due it is cut, and while it is being stored the next one fills.
// Objects form a chain: each starts where the one before ended, whatever is missing in the topic between records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "formats/encoder.hpp"
#include "writer/object_identity.hpp"
#include "writer/offset_state.hpp"
#include "writer/recovery.hpp"
#include "writer/retry.hpp"
#include "writer/upload.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

class PartitionWriter {
 public:
  PartitionWriter(Context& context, const ch::OpenPartition& opened);
  PartitionWriter(const PartitionWriter&) = delete;
  PartitionWriter& operator=(const PartitionWriter&) = delete;
  ~PartitionWriter();

  const std::string& topic() const { return identity_.topic; }
  std::int32_t partition() const { return identity_.partition; }
  // Null if the partition stands from the start.
  Recovery* recovery() { return recovery_.get(); }

  struct Taken {
    std::size_t records = 0;
    bool memory_spent = false;
  };
  Taken put(const ch::Batch& batch, std::int64_t now);
  void end_of_partition(std::int64_t offset, std::int64_t now);
  void committed(std::int64_t offset, bool stored);
  // Does whatever has become possible or due.
  void step(std::int64_t now);
  // When step() has something to do that no event will tell; kNever: nothing.
  std::int64_t next_ms(std::int64_t now) const;
  void retry_now();

  bool pending() const;
  ch::Progress describe() const;
  std::uint64_t bytes_to_cut() const;  // what cut_early() would set on its way to the bucket; 0: nothing
  void cut_early(std::int64_t now);
  bool frees_memory(std::int64_t now) const { return upload_ && !retry_.waiting(now); }
  bool storing() const { return upload_ != nullptr; }
  void starved(std::int64_t now);  // put() found memory spent, and nobody will give any back
  bool empty() const { return !upload_ && open_.content.reserved_bytes() == 0; }

 private:
  enum class Phase { recovering, waiting, re_reading, running, standing };
  struct OpenObject {
    Buffer content;
    std::int64_t start = 0;
    std::uint64_t records = 0;
    std::int64_t opened_ms = 0;  // of the first record; as all times here, by the steady clock
    std::int64_t last_ms = 0;    // of the latest record
  };
  struct Commit {
    std::int64_t offset = 0;
    std::string state;
    bool is_intent = false;
  };

  void check_names();
  void recover(std::int64_t now);
  void begin_at(std::int64_t position, std::int64_t resume_at);
  void run(std::int64_t now);
  Taken re_read(const ch::Batch& batch, std::int64_t now);
  void re_read_done(std::int64_t now);
  void fed();
  std::uint64_t record_limit() const;
  bool record_limit_is_kept() const;  // in the intent
  std::string too_large() const;      // why the encoder's last record is
  enum class Append { taken, memory_spent, rejected };
  Append append(const ch_record& record, std::int64_t now);
  Append reject(const ch_record& record, const std::string& why);
  bool full() const;
  std::int64_t due_ms() const;
  bool due(std::int64_t now) const;
  const char* cut_reason(std::int64_t now) const;
  void cut(std::int64_t now, const char* reason);
  void upload(Intent intent, bool reread, std::int64_t now);
  void upload_done();
  void commit_intent();
  void commit_idle();
  void commit(Commit next);

  Context& context_;
  const ch::PartitionId id_;
  const Identity identity_;
  Retry retry_;
  Phase phase_ = Phase::recovering;
  std::shared_ptr<Recovery> recovery_;
  OpenObject open_;
  std::unique_ptr<Encoder> encoder_;  // of the open object
  std::shared_ptr<Upload> upload_;
  std::int64_t upload_began_ms_ = 0;
  bool intent_requested_ = false;  // of upload_

  Idle place_;                         // of the last object that is known to be stored
  std::int64_t next_ = 0;              // the first offset not taken yet
  std::int64_t end_seen_ = -1;         // everything before it has been delivered, and nothing is behind it
  std::int64_t starved_since_ms_ = 0;  // without memory for the range that is read again; 0 it is not

  std::optional<Commit> requested_;  // the latest, which alone will be answered
  std::int64_t last_requested_;
};

}  // namespace ch::cos
