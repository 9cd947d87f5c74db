#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <embedded/file_sink_schema.hpp>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "sink.hpp"

namespace ch::file_sink {
namespace {

constexpr std::string_view kExtension = ".txt";

// What file_name() made of it, or nothing if it is not such a name.
std::optional<std::pair<std::string, std::int32_t>> topic_and_partition(std::string_view name) {
  const auto dash = name.rfind('-');
  if (!name.ends_with(kExtension) || dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto digits = name.substr(dash + 1, name.size() - kExtension.size() - dash - 1);
  std::int32_t partition = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  const std::string topic(name.substr(0, dash));
  if (error != std::errc() || end != digits.data() + digits.size() || file_name(topic, partition) != name) return std::nullopt;
  return std::pair(topic, partition);
}

// A task may name its topics by a list; otherwise every file of the folder counts.
bool has_topic(std::string_view list, std::string_view topic) {
  if (list.empty()) return true;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == topic) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

const char* FileConnector::config_schema() { return schemas::file_sink_schema_json.data(); }

void FileConnector::validate(const TaskInfo& task, Problems& problems) {
  const auto& dir = task["file.dir"];
  if (!dir.starts_with('/') || dir.find('\0') != std::string::npos) {
    problems.add("file.dir", dir, "must be an absolute path, such as /var/lib/archive");
  }
}

void FileConnector::preflight(const TaskInfo& task, std::chrono::milliseconds, Problems& problems) {
  const auto& dir = task["file.dir"];
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) {
    problems.add("file.dir", dir, "cannot be found (" + std::generic_category().message(errno) + "): create the folder");
  } else if (!S_ISDIR(info.st_mode)) {
    problems.add("file.dir", dir, "is not a folder");
  } else if (::faccessat(AT_FDCWD, dir.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    problems.add("file.dir", dir,
                 "cannot be written to by this host (" + std::generic_category().message(errno) + "): let its user write there");
  }
}

std::unique_ptr<SinkTask> FileConnector::create(Host host, const TaskInfo& task) { return std::make_unique<FileSink>(host, task); }

ObjectPage FileConnector::objects(const TaskInfo& task, const ObjectQuery& query) {
  std::error_code error;
  std::filesystem::directory_iterator entry(task["file.dir"], error);
  std::vector<StoredObject> found;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    StoredObject object;
    object.key = entry->path().filename().string();
    const auto names = topic_and_partition(object.key);
    if (!names || object.key <= query.after) continue;
    std::tie(object.topic, object.partition) = *names;
    if (!has_topic(query.topic.empty() ? task["topics"] : query.topic, object.topic)) continue;
    if (query.partition && *query.partition != object.partition) continue;
    struct stat info {};
    if (::stat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    object.bytes = static_cast<std::uint64_t>(info.st_size);
    object.stored_ms = std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    found.push_back(std::move(object));
  }
  if (error) throw std::runtime_error("cannot list " + task["file.dir"] + ": " + error.message());

  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  ObjectPage page;
  const bool more = found.size() > query.limit;
  if (more) found.resize(query.limit);
  if (more && !found.empty()) page.next = found.back().key;
  page.objects = std::move(found);
  return page;
}

}  // namespace ch::file_sink
