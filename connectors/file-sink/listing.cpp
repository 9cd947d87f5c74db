#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <embedded/file_sink_schema.hpp>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <tuple>

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

std::vector<std::string> names_in(int folder) {
  const int own = ::fcntl(folder, F_DUPFD_CLOEXEC, 0);  // closedir() takes it
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(own < 0 ? nullptr : ::fdopendir(own), &::closedir);
  if (entries == nullptr) {
    const int error = errno;
    if (own >= 0) ::close(own);
    throw std::runtime_error("cannot list the files: " + std::generic_category().message(error));
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const auto* entry = ::readdir(entries.get());
    if (entry == nullptr && errno != 0) throw std::runtime_error("cannot list the files: " + std::generic_category().message(errno));
    if (entry == nullptr) return names;
    names.emplace_back(entry->d_name);
  }
}

// Of files that were written later, the larger.
std::string newest_token(const StoredObject& object) {
  const auto digits = std::to_string(std::max<std::int64_t>(object.stored_ms, 0));
  return std::string(20 - digits.size(), '0') + digits + ":" + object.key;
}

}  // namespace

const char* FileConnector::config_schema() { return schemas::file_sink_schema_json.data(); }

void FileConnector::validate(const TaskInfo& task, Problems& problems) {
  if (const auto fault = folder_of(task).fault(); !fault.empty()) problems.add("file.dir", task["file.dir"], fault);
}

void FileConnector::preflight(const TaskInfo& task, std::chrono::milliseconds, Problems& problems) {
  const auto opened = folder_of(task).open();
  if (const auto* failure = std::get_if<Failure>(&opened)) {
    problems.add("file.dir", task["file.dir"], failure->message + ": " + failure->remedy);
  } else if (::faccessat(std::get<OpenFolder>(opened).fd(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    problems.add("file.dir", task["file.dir"],
                 "cannot be written to by this host (" + std::generic_category().message(errno) + "): let its user write there");
  }
}

std::unique_ptr<SinkTask> FileConnector::create(Host host, const TaskInfo& task) { return std::make_unique<FileSink>(host, task); }

ObjectPage FileConnector::objects(const TaskInfo& task, const ObjectQuery& query) {
  const auto opened = folder_of(task).open();
  if (const auto* failure = std::get_if<Failure>(&opened)) throw std::runtime_error("cannot list the files: " + failure->message);
  const int folder = std::get<OpenFolder>(opened).fd();
  std::vector<StoredObject> found;
  for (auto& entry : names_in(folder)) {
    const auto names = topic_and_partition(entry);
    if (!names) continue;
    StoredObject object;
    std::tie(object.topic, object.partition) = *names;
    if (!has_topic(query.topic.empty() ? task["topics"] : query.topic, object.topic)) continue;
    if (query.partition && *query.partition != object.partition) continue;
    struct stat status {};
    if (::fstatat(folder, entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    object.key = std::move(entry);
    object.bytes = static_cast<std::uint64_t>(status.st_size);
    object.stored_ms = std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
    found.push_back(std::move(object));
  }

  const auto place = [&](const StoredObject& object) { return query.newest ? newest_token(object) : object.key; };
  const auto before = [&](const std::string& a, const std::string& b) { return query.newest ? a > b : a < b; };
  if (!query.after.empty()) std::erase_if(found, [&](const auto& one) { return !before(query.after, place(one)); });
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return before(place(a), place(b)); });
  ObjectPage page;
  const bool more = found.size() > query.limit;
  if (more) found.resize(query.limit);
  if (more && !found.empty()) page.next = place(found.back());
  page.objects = std::move(found);
  return page;
}

}  // namespace ch::file_sink
