// The listing by which partitions find out whether the bucket knows more than Kafka does: an acknowledged commit can be
// undone by a late copy of an older one, and offsets can be reset or expire. One listing serves all partitions of a topic
// whose keys share a prefix. Owned by their recoveries together; poll thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "writer/jobs.hpp"
#include "writer/retry.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

class Audit : public std::enable_shared_from_this<Audit> {
 public:
  struct Member {
    ch::PartitionId id = 0;
    std::int32_t partition = 0;
    std::int64_t floor = 0;    // objects that start before it do not matter
    std::int64_t time_ms = 0;  // the last known key is not older; 0 unknown
  };
  Audit(Context& context, std::string topic, const std::vector<Member>& members);

  void step(std::int64_t now);
  // Whether at(position) is complete. If not, list_again() and wait until it is.
  bool covers(std::int32_t partition, std::int64_t position) const;
  void list_again(std::int32_t partition, std::int64_t position);
  // Keys that may be objects of the partition which start at the position.
  std::vector<std::string> at(std::int32_t partition, std::int64_t position) const;

  std::int64_t next_ms(std::int64_t now) const { return retry_.next_ms(now); }
  void now_due() { retry_.now_due(); }

 private:
  struct Found {
    std::int64_t floor = 0;
    std::optional<std::int64_t> complete_before;  // starts from here on have been dropped to keep memory bounded
    std::map<std::int64_t, std::set<std::string>> by_start;
    std::size_t count = 0;
  };
  std::string first_marker(const std::vector<Member>& members) const;
  void page_done(const Reply<ListPage>& reply);
  void keep(Found& found, std::int64_t start, const std::string& key) const;

  Context& context_;
  std::string topic_;
  std::string prefix_;
  std::string first_marker_;
  std::string marker_;
  std::map<std::int32_t, Found> found_;
  std::size_t keys_per_partition_;
  Retry retry_;
  bool busy_ = false;
  bool finished_ = false;
};

}  // namespace ch::cos
