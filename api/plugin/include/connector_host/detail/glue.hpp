// The table of plugin.h, made from a connector's class. Included by connector.hpp; not for authors.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ch {

namespace detail {

inline TaskInfo task_info(const ch_task_info& c) {
  TaskInfo info;
  info.name = view(c.name);
  info.instance = view(c.instance);
  info.cluster = view(c.cluster);
  info.region = view(c.region);
  info.temp_dir = view(c.temp_dir);
  info.runner = c.runner;
  info.upload_threads = c.upload_threads;
  info.buffer_memory = c.buffer_memory;
  for (const auto& entry : std::span(c.config, c.config_count)) info.config.emplace(view(entry.key), view(entry.value));
  if (c.struct_size >= offsetof(ch_task_info, topic_id_count) + sizeof(c.topic_id_count))
    for (const auto& entry : std::span(c.topic_ids, c.topic_id_count)) info.topic_ids.emplace(view(entry.key), view(entry.value));
  return info;
}

inline std::vector<OpenPartition> open_partitions(const ch_open_partition* partitions, std::size_t count) {
  std::vector<OpenPartition> list;
  list.reserve(count);
  const auto* base = reinterpret_cast<const unsigned char*>(partitions);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& c = *reinterpret_cast<const ch_open_partition*>(base + i * partitions->struct_size);
    list.push_back({c.id, std::string(view(c.topic)), c.partition, c.committed_offset, std::string(view(c.state)), c.series,
                    c.log_start_offset, c.partitions});
  }
  return list;
}

// Maps every C call to the class; each is noexcept in effect, since all of its body is inside the try block.
// Hidden: g++ makes statics of exported templates unique in the process, so that two libraries whose connector classes
// have the same name would share one table.
template <class Connector>
struct [[gnu::visibility("hidden")]] Glue {
  struct Object {
    const ch_host* host;
    std::unique_ptr<SinkTask> task;
  };

  template <class Call>
  static std::int32_t guarded(void* object, const char* name, Call&& call) noexcept {
    auto& self = *static_cast<Object*>(object);
    try {
      call(*self.task);
      return CH_OK;
    } catch (const std::exception& error) {
      return failed(self.host, name, error.what());
    } catch (...) {
      return failed(self.host, name, "unknown exception");
    }
  }

  template <class Call>
  static std::int32_t checked(ch_problem_fn problem, void* user, Call&& call) noexcept {
    Problems problems(problem, user);
    try {
      call(problems);
    } catch (const std::exception& error) {
      problems.add("", "", error.what());
    } catch (...) {
      problems.add("", "", "unknown exception in the connector");
    }
    return problems.count() == 0 ? CH_OK : CH_INVALID;
  }

  static std::int32_t validate(const ch_task_info* task, ch_problem_fn problem, void* user) {
    return checked(problem, user, [&](Problems& problems) { Connector::validate(task_info(*task), problems); });
  }
  static std::int32_t preflight(const ch_task_info* task, std::int64_t timeout_ms, ch_problem_fn problem, void* user) {
    return checked(problem, user,
                   [&](Problems& problems) { Connector::preflight(task_info(*task), std::chrono::milliseconds(timeout_ms), problems); });
  }
  static std::int32_t objects(const ch_task_info* task, const ch_object_query* c, ch_object_fn each, ch_text_fn next, ch_problem_fn problem,
                              void* user) {
    return checked(problem, user, [&](Problems&) {
      ObjectQuery query;
      query.topic = view(c->topic);
      if (c->partition >= 0) query.partition = c->partition;
      query.after = view(c->after);
      query.limit = c->limit;
      query.url_life = std::chrono::seconds(c->url_seconds);
      query.newest = c->struct_size >= offsetof(ch_object_query, reserved) && c->newest != 0;
      const ObjectPage page = Connector::objects(task_info(*task), query);
      for (const auto& object : page.objects) {
        const auto out = c_object(object);
        each(user, &out);
      }
      if (!page.next.empty()) next(user, c_string(page.next));
    });
  }
  static std::int32_t inspect(const ch_task_info* task, const ch_inspect_query* c, ch_finding_fn each, ch_text_fn next,
                              ch_problem_fn problem, void* user) {
    return checked(problem, user, [&](Problems&) {
      InspectQuery query;
      query.topic = view(c->topic);
      if (c->partition >= 0) query.partition = c->partition;
      query.deep = c->deep != 0;
      query.after = view(c->after);
      query.limit = c->limit;
      query.timeout = std::chrono::milliseconds(c->timeout_ms);
      if (c->committed_count > 0) query.committed = open_partitions(c->committed, c->committed_count);
      const Inspection found = Connector::inspect(task_info(*task), query);
      for (const auto& finding : found.findings) {
        const auto object = c_object(finding.object);
        const ch_finding out{sizeof(ch_finding),       static_cast<std::int32_t>(finding.kind), 0, &object, finding.series,
                             c_string(finding.message)};
        each(user, &out);
      }
      if (!found.next.empty()) next(user, c_string(found.next));
    });
  }
  static void* create(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user) {
    std::unique_ptr<Object> object;
    checked(problem, user, [&](Problems&) {
      auto made = std::make_unique<Object>(Object{host, Connector::create(Host(host), task_info(*task))});
      if (made->task == nullptr) throw std::runtime_error("the connector made no task");
      object = std::move(made);
    });
    return object.release();
  }
  static std::int32_t open(void* object, const ch_open_partition* partitions, std::size_t count) {
    return guarded(object, "open", [&](SinkTask& task) {
      const auto list = open_partitions(partitions, count);
      task.open(list);
    });
  }
  static std::int64_t put(void* object, ch_partition_id partition, const ch_batch* batch) {
    std::int64_t taken = 0;
    const auto result =
        guarded(object, "put", [&](SinkTask& task) { taken = static_cast<std::int64_t>(task.put(partition, Batch(*batch))); });
    return result == CH_OK ? taken : -result;
  }
  static std::int32_t end_of_partition(void* object, ch_partition_id partition, std::int64_t offset) {
    return guarded(object, "end_of_partition", [&](SinkTask& task) { task.end_of_partition(partition, offset); });
  }
  static std::int32_t tick(void* object, std::int64_t now_ms, std::int64_t* next_ms) {
    return guarded(object, "tick", [&](SinkTask& task) { *next_ms = task.tick(now_ms); });
  }
  static std::int32_t committed(void* object, ch_partition_id partition, std::int64_t offset, std::int32_t result) {
    return guarded(object, "committed", [&](SinkTask& task) { task.committed(partition, offset, result == CH_OK); });
  }
  static std::int32_t flush(void* object) {
    return guarded(object, "flush", [](SinkTask& task) { task.flush(); });
  }
  static std::int64_t pending(void* object) {
    std::int64_t count = 0;
    const auto result = guarded(object, "pending", [&](SinkTask& task) { count = static_cast<std::int64_t>(task.pending()); });
    return result == CH_OK ? count : -result;
  }
  static std::int32_t close(void* object, const ch_partition_id* partitions, std::size_t count, std::int32_t lost) {
    return guarded(object, "close", [&](SinkTask& task) { task.close(std::span(partitions, count), lost != 0); });
  }
  static std::int32_t describe(void* object, ch_partition_id partition, ch_progress* out) {
    return guarded(object, "describe", [&](SinkTask& task) {
      const Progress progress = task.describe(partition);
      out->start_offset = progress.start_offset;
      out->records = progress.records;
      out->bytes = progress.bytes;
      out->due_ms = progress.due_ms;
    });
  }
  static std::int32_t retry(void* object) {
    return guarded(object, "retry", [](SinkTask& task) { task.retry(); });
  }
  static void destroy(void* object) { delete static_cast<Object*>(object); }

  static const ch_connector* table() {
    static const ch_connector made = [] {
      ch_connector c{};
      c.struct_size = sizeof(ch_connector);
      c.abi_version = CH_ABI_VERSION;
      c.name = Connector::name;
      c.version = Connector::version;
      c.kind = "sink";
      c.config_schema = Connector::config_schema();
      c.validate = &validate;
      if constexpr (requires(const TaskInfo& t, Problems& p) { Connector::preflight(t, std::chrono::milliseconds(1), p); })
        c.preflight = &preflight;
      if constexpr (requires(const TaskInfo& t, const ObjectQuery& q) { Connector::objects(t, q); }) c.objects = &objects;
      if constexpr (requires(const TaskInfo& t, const InspectQuery& q) { Connector::inspect(t, q); }) c.inspect = &inspect;
      c.create = &create;
      c.open = &open;
      c.put = &put;
      c.end_of_partition = &end_of_partition;
      c.tick = &tick;
      c.committed = &committed;
      c.flush = &flush;
      c.pending = &pending;
      c.close = &close;
      c.describe = &describe;
      c.retry = &retry;
      c.destroy = &destroy;
      return c;
    }();
    return &made;
  }
};

}  // namespace detail

}  // namespace ch
