// All that the brokers send comes through one queue, so that one bound holds for it however many partitions there are;
// from there it is sorted into a buffer for each assigned partition, which holds what its partition cannot take yet. A buffer
// that holds what came long ago keeps memory (a record keeps the whole answer that it came in): reading then rests until it
// takes it or is parked. Private to this room; poll thread only.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kafka/partition_buffer.hpp"

namespace ch::kafka {

class FetchBuffer {
 public:
  // `wake`: something came; librdkafka's threads call it.
  FetchBuffer(rd_kafka_t* client, std::function<void()> wake);
  ~FetchBuffer();
  FetchBuffer(const FetchBuffer&) = delete;
  FetchBuffer& operator=(const FetchBuffer&) = delete;

  void add(ch_partition_id id, const TopicPartition& where);  // before assign(), else records slip through
  void clear();
  PartitionBuffer* find(ch_partition_id id) const;
  std::vector<ch_partition_id> ids() const;

  bool fetch();                                       // moves what has come into the buffers, unless reading rests; true: something came
  std::vector<ch_partition_id> holding_up() const;    // buffers that reading rests for: more bytes came since than may be kept
  void list_news(std::vector<ch_partition_id>& out);  // buffers that hold records or know something

  void park(PartitionBuffer& buffer);  // drops what it holds; its partition is not fetched until seek()
  Status seek(PartitionBuffer& buffer, std::int64_t offset);
  void resume_parked() const;  // after assign(): a pause outlives the assignment

 private:
  struct ByName {
    using is_transparent = void;
    using Name = std::pair<std::string_view, std::int32_t>;
    static Name name(const TopicPartition& where) { return {where.topic, where.partition}; }
    static Name name(const Name& it) { return it; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return name(a) < name(b);
    }
  };

  void sort(rd_kafka_message_t& message);
  bool too_old(const PartitionBuffer& buffer) const;

  rd_kafka_t* client_;
  std::function<void()> wake_;
  Queue queue_;
  std::atomic<bool> ready_ = true;
  RecordBlocks blocks_;  // that no buffer uses
  std::map<ch_partition_id, std::unique_ptr<PartitionBuffer>> buffers_;
  std::map<TopicPartition, PartitionBuffer*, ByName> by_name_;
  PartitionBuffer* last_ = nullptr;  // where the last message went
  const rd_kafka_topic_t* last_topic_ = nullptr;
  std::int32_t last_partition_ = -1;
  std::vector<PartitionBuffer*> news_;
  std::set<TopicPartition> once_parked_;
  std::uint64_t bytes_ = 0;     // that all buffers ever got
  std::uint64_t batch_at_ = 0;  // before the batch at hand
  std::uint64_t window_;        // that may be kept beside what comes
};

}  // namespace ch::kafka
