#include "oracle.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <sstream>

#include "unpack.hpp"

namespace ch::cos_test {
namespace {

std::int64_t number(const std::string& text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

std::string meta(const FakeCos::Object& object, const std::string& name) {
  const auto found = object.options.metadata.find(name);
  return found == object.options.metadata.end() ? "(none)" : found->second;
}

class Judge {
 public:
  Judge(const Broker& broker, const TaskInfo& task) : broker_(broker), task_(task) {}

  void see(const std::string& key, const FakeCos::Object& object) {
    const auto partition = number(meta(object, "partition"));
    const auto start = number(meta(object, "start-offset"));
    const auto end = number(meta(object, "end-offset"));
    if (meta(object, "task") != task_.name || meta(object, "cluster") != task_.cluster || meta(object, "topic") != "orders")
      return complain(key, "is not marked as this task's");
    if (partition < 0 || partition >= static_cast<std::int64_t>(broker_.partitions.size()) || start < 0 || end <= start)
      return complain(key, "has no range");
    const auto& type = object.options.content_type;
    const auto packing = task_["compression"];
    if (type != (packing == "none" ? "text/plain; charset=utf-8" : "application/" + packing)) complain(key, "has the content type " + type);
    for (const auto& [other_start, other_end] : ranges_[partition])
      if (start < other_end && other_start < end) complain(key, fmt::format("overlaps the range {} to {}", other_start, other_end));
    ranges_[partition][start] = end;
    lines(key, object, partition, start, end);
  }

  void finish(std::int64_t from) {
    for (const auto& partition : broker_.partitions) {
      for (const auto& record : partition.records) {
        if (record.offset < from) continue;
        const auto times = times_[partition.number][record.offset];
        if (times == 0) complaints_.push_back(fmt::format("offset {} of {} is missing", record.offset, partition.number));
      }
      for (const auto& [offset, times] : times_[partition.number])
        if (times > 1) complaints_.push_back(fmt::format("offset {} of {} is there {} times", offset, partition.number, times));
    }
  }
  std::vector<std::string> complaints_;

 private:
  void complain(const std::string& key, const std::string& what) { complaints_.push_back(key + " " + what); }

  void lines(const std::string& key, const FakeCos::Object& object, std::int64_t partition, std::int64_t start, std::int64_t end) {
    const auto packing = task_["compression"];
    const auto body = packing == "gzip" ? unpack_gzip(object.body) : packing == "zstd" ? unpack_zstd(object.body) : object.body;
    std::istringstream text(body);
    std::int64_t last = start - 1, count = 0;
    for (std::string line; std::getline(text, line); ++count) {
      const auto colon = line.find(':');
      const auto offset = number(line.substr(colon + 1, line.find(':', colon + 1) - colon - 1));
      if (number(line.substr(0, colon)) != partition) return complain(key, "holds a record of another partition: " + line);
      if (offset <= last || offset >= end)
        return complain(key, fmt::format("has offset {} after {} in the range {} to {}", offset, last, start, end));
      ++times_[static_cast<int>(partition)][offset];
      last = offset;
    }
    if (!body.empty() && !body.ends_with('\n')) complain(key, "does not end with a line feed");
    if (meta(object, "records") != std::to_string(count))
      complain(key, fmt::format("says {} records and has {}", meta(object, "records"), count));
  }

  const Broker& broker_;
  const TaskInfo& task_;
  std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> ranges_;
  std::map<int, std::map<std::int64_t, int>> times_;
};

}  // namespace

std::string make_value(std::int32_t partition, std::int64_t offset, std::size_t padding) {
  return fmt::format("{}:{}:{}", partition, offset, std::string(padding, 'x'));
}

std::vector<std::string> judge(const FakeCos& cos, const Broker& broker, const TaskInfo& task, std::int64_t from) {
  Judge judge(broker, task);
  for (const auto& [key, object] : cos.objects) judge.see(key, object);
  judge.finish(from);
  return judge.complaints_;
}

}  // namespace ch::cos_test
