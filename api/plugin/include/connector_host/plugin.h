/* connector_host/plugin.h: the binary contract between the host and a connector.
 *
 * A connector is a shared library `<name>.connector.so` on the host's `plugin.path` that exports one C function,
 * ch_connector_entry. It returns a table of functions. Nothing else crosses: no C++ type, no exception, no allocation
 * that the other side must free. C++ authors use connector.hpp, which builds the table from one class.
 *
 * Growing it: fields are only ever added at the end of a struct. Both sides carry `struct_size`, copy the smaller size
 * into a zeroed struct of their own, and treat what is missing as "not supported". CH_ABI_VERSION changes only when an
 * existing field changes its meaning; the host then refuses the library and names both versions.
 *
 * Threads. [poll] = the runner's poll thread, one per task object: all calls on one task object are made from it, one
 * at a time, so a task needs no lock. They must not block: no network, no disk, no sleep. [pool] = a thread of the
 * task's upload pool: the place to block. [any] = any thread, several at once.
 *
 * Memory. What a pointer argument refers to is valid during the call alone, unless its comment says otherwise.
 */
#ifndef CONNECTOR_HOST_PLUGIN_H
#define CONNECTOR_HOST_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CH_ABI_VERSION 1u
#define CH_ENTRY_SYMBOL "ch_connector_entry"

/* Result of a call; int32_t on the wire. */
enum {
  CH_OK = 0,
  CH_BUSY = 1,    /* not now; ask again later */
  CH_INVALID = 2, /* the arguments are wrong; a problem was reported */
  CH_FAILED = 3   /* a defect: the runner becomes FAILED with what was logged last */
};

enum { CH_LOG_DEBUG = 1, CH_LOG_INFO = 2, CH_LOG_WARN = 3, CH_LOG_ERROR = 4 };

/* How soon a requested commit must be sent. */
enum {
  CH_COMMIT_LAZY = 0, /* with the next batch, within a second */
  CH_COMMIT_NOW = 1   /* at once, together with whatever else waits: an intent */
};

/* UTF-8, not terminated. */
typedef struct ch_string {
  const char* data;
  size_t size;
} ch_string;

/* data == NULL: absent (Kafka's null). Empty: data != NULL, size 0. */
typedef struct ch_bytes {
  const unsigned char* data;
  size_t size;
} ch_bytes;

typedef struct ch_config_entry {
  ch_string key;
  ch_string value;
} ch_config_entry;

/* One assignment of one topic partition to this runner. Never used twice in a process, so that whatever comes back for
 * an assignment that has ended can be told apart and dropped. 0 = the whole task. */
typedef uint64_t ch_partition_id;

typedef struct ch_record {
  ch_bytes key;
  ch_bytes value;
  int64_t offset;
  int64_t timestamp_ms; /* Unix time in milliseconds; -1 unknown */
  const void* native;   /* for ch_host.headers */
} ch_record;

/* Records of one partition, offsets strictly ascending. They are views of the consumer's memory. */
typedef struct ch_batch {
  size_t struct_size;
  size_t record_size; /* distance between two records in bytes; a later host may have longer ones */
  const ch_record* records;
  size_t count;
} ch_batch;

/* Everything a connector may know about the task it works for. */
typedef struct ch_task_info {
  size_t struct_size;
  ch_string name;     /* the task's name */
  ch_string instance; /* instance id of the Kafka cluster in the host's configuration */
  ch_string cluster;  /* Kafka's own cluster id; empty where it is not known (validate, preflight) */
  ch_string region;   /* the instance's region; may be empty */
  ch_string temp_dir; /* a folder of this task's for temporary files */
  uint32_t runner;    /* index of the runner, from 0 */
  uint32_t upload_threads;
  uint64_t buffer_memory;        /* bytes that reserve() grants at the most */
  const ch_config_entry* config; /* all keys with defaults filled in and placeholders resolved */
  size_t config_count;
  /* Topics that have a name of their own where objects lie (key: the topic, value: that name), as ids of CKafka. What is
   * stored under a name stays findable: it never changes while the task is there. */
  const ch_config_entry* topic_ids;
  size_t topic_id_count;
} ch_task_info;

typedef struct ch_open_partition {
  size_t struct_size;
  ch_partition_id id;
  ch_string topic;
  int32_t partition;
  int64_t committed_offset; /* where to go on; always known */
  ch_string state;          /* what was committed beside that offset; empty if nothing was */
  uint64_t series;          /* grows by one with every deliberate rewind */
  int64_t log_start_offset; /* first offset that the broker still has; -1 unknown */
  uint32_t partitions;      /* partitions of the topic now assigned to this runner */
} ch_open_partition;

/* A partition (or the task) cannot go on until somebody or time mends something. `reason`: one of reasons.hpp, or the
 * connector's own, words of a-z joined by '_'. `next_try_ms`: wall clock of the next attempt, 0 unknown. */
typedef struct ch_interruption {
  size_t struct_size;
  ch_string reason;
  ch_string message;
  ch_string remedy;
  int64_t next_try_ms;
} ch_interruption;

typedef struct ch_object {
  size_t struct_size;
  ch_string key;
  ch_string topic;
  int32_t partition;
  int64_t start_offset;
  int64_t end_offset; /* exclusive */
  uint64_t records;
  uint64_t bytes;
  int64_t stored_ms;      /* Unix time in milliseconds */
  ch_string url;          /* a link that reads it; may be empty */
  int64_t url_expires_ms; /* 0 = never */
} ch_object;

/* The object now open. records == 0: none. */
typedef struct ch_progress {
  size_t struct_size;
  int64_t start_offset;
  uint64_t records;
  uint64_t bytes;
  int64_t due_ms; /* wall clock of its storing; 0 unknown */
} ch_progress;

typedef struct ch_object_query {
  size_t struct_size;
  ch_string topic;   /* empty: all of the task's */
  int32_t partition; /* -1: all */
  ch_string after;   /* page token of an earlier answer; empty: from the start */
  uint32_t limit;
  int64_t url_seconds; /* how long links are valid; 0: make none */
  int32_t newest;      /* != 0: those stored last come first; a connector that does not know it keeps its own order */
  uint32_t reserved;
} ch_object_query;

/* What inspect finds where a task stores. */
enum {
  CH_FOUND_OBJECT = 1, /* one of the task's: `object` and `series` are set */
  CH_FOUND_WRONG =
      2, /* one of the task's that contradicts itself, `message` says how; CH_FOUND_OBJECT tells of it as well if it has a range */
  CH_FOUND_FOREIGN = 3,  /* not the task's, but under a name that is one of the task's */
  CH_FOUND_UPLOAD = 4,   /* an unfinished upload that no committed state names; object->stored_ms: when it began */
  CH_FOUND_POSITION = 5, /* of a partition in the query: what is stored should end at object->end_offset or behind it; object->key: the last
                            object that the state names */
  CH_FOUND_UNKNOWN = 6 /* objects of the task may lie where nobody can look, `message` says why; object->key: one of them, if one is known,
                          else the whole topic is meant */
};

typedef struct ch_finding {
  size_t struct_size;
  int32_t kind;
  uint32_t reserved;
  const ch_object* object;
  uint64_t series;
  ch_string message;
} ch_finding;

typedef struct ch_inspect_query {
  size_t struct_size;
  ch_string topic;
  int32_t partition; /* -1: all */
  int32_t deep;      /* != 0: also read what objects hold */
  ch_string after;   /* token of an earlier answer; empty: from the start */
  uint32_t limit;    /* findings at the most */
  uint32_t reserved;
  int64_t timeout_ms;                 /* answer with what was found by then */
  const ch_open_partition* committed; /* what the task's group has committed for the topic; `id` is 0 */
  size_t committed_count;
} ch_inspect_query;

typedef void (*ch_finding_fn)(void* user, const ch_finding* finding);
typedef void (*ch_problem_fn)(void* user, ch_string key, ch_string value, ch_string message);
typedef void (*ch_object_fn)(void* user, const ch_object* object);
typedef void (*ch_text_fn)(void* user, ch_string text);
typedef void (*ch_header_fn)(void* user, ch_string name, ch_bytes value);
typedef void (*ch_job_fn)(void* job);

/* What the host offers a task object. Valid until destroy returns. */
typedef struct ch_host {
  size_t struct_size;
  void* context;
  void (*log)(void* context, int32_t level, ch_string message); /* [any] never secrets */
  int64_t (*now_ms)(void* context);                             /* [any] wall clock, Unix time in milliseconds */
  /* [poll] Runs `run(job)` on the upload pool, then `done(job)` on the poll thread; each exactly once, also while
   * stopping. CH_BUSY: the pool's queue is full and neither will be called. */
  int32_t (*submit)(void* context, ch_job_fn run, ch_job_fn done, void* job);
  /* [poll] Commits offset and state (printable ASCII, up to 4000 characters) for the partition; the latest request of
   * a partition wins, and only it is answered, by `committed`. Ignored for an assignment that has ended. */
  int32_t (*request_commit)(void* context, ch_partition_id partition, int64_t offset, ch_string state, int32_t urgency);
  /* [poll] Answers `open`: put() may be called, beginning with the first record at or behind `offset`. A second call
   * moves the position again. */
  int32_t (*resume)(void* context, ch_partition_id partition, int64_t offset);
  void (*interrupted)(void* context, ch_partition_id partition, const ch_interruption* interruption); /* [poll] */
  void (*recovered)(void* context, ch_partition_id partition);                                        /* [poll] */
  int32_t (*reserve)(void* context, uint64_t bytes);                                                  /* [poll] CH_OK or CH_BUSY */
  void (*release)(void* context, uint64_t bytes);                                                     /* [any] */
  void (*stored)(void* context, ch_partition_id partition, const ch_object* object);                  /* [poll] for status and metrics */
  /* [poll] during put: calls `each` for every header of the record, in order. */
  int32_t (*headers)(void* context, const ch_record* record, ch_header_fn each, void* user);
  /* [any] adds to a counter of this task, not for every record. `name` is a constant of the connector: a metric of
   * docs/metrics.md without its prefix and `_total`, with the value of its label, as in "retries/throttled"; any other
   * name (A-Z a-z 0-9 _ . : -, up to 64 characters) is shown as the connector's own, up to 32 a task. */
  void (*count)(void* context, ch_string name, double amount);
  /* [any] The table may end before here: a host without it. Adds to a histogram of docs/metrics.md, in seconds. */
  void (*observe)(void* context, ch_string name, double value);
  /* [poll] during put: `record` cannot be stored, for `reason`, which neither time nor another try will mend. What then
   * happens is errors.tolerance. CH_OK: it has been taken care of, go on behind it. CH_BUSY: not now; leave it and take no
   * more, it comes again. CH_FAILED: it must not be passed over: the same, and the host interrupts the partition. */
  int32_t (*reject)(void* context, ch_partition_id partition, const ch_record* record, ch_string reason);
  /* [any] Sets a gauge of docs/metrics.md for this task, named as for count. */
  void (*gauge)(void* context, ch_string name, double value);
} ch_host;

typedef struct ch_connector {
  size_t struct_size;
  uint32_t abi_version;
  uint32_t reserved;
  const char* name; /* what `connector.class` says: lower case, digits, '-' */
  const char* version;
  const char* kind;          /* "sink" */
  const char* config_schema; /* JSON Schema of the connector's own keys; lives as long as the library */

  /* [any] Cross-field checks of a config whose keys each passed the schema. No I/O. */
  int32_t (*validate)(const ch_task_info* task, ch_problem_fn problem, void* user);
  /* [any] Optional. Touches the outside: may this task write there? Ends within `timeout_ms`. */
  int32_t (*preflight)(const ch_task_info* task, int64_t timeout_ms, ch_problem_fn problem, void* user);
  /* [any] Optional. Lists what the task has stored, in key order; `next` gets the page token if there is more.
   * `problem` with an empty key says why it cannot. */
  int32_t (*objects)(const ch_task_info* task, const ch_object_query* query, ch_object_fn each, ch_text_fn next, ch_problem_fn problem,
                     void* user);

  /* [poll] Makes a task object; NULL with problems reported if it cannot. `host` stays valid until destroy. */
  void* (*create)(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user);
  /* [poll] Exclusive ownership of these partitions begins. Answered for each by host->resume, now or later. */
  int32_t (*open)(void* task, const ch_open_partition* partitions, size_t count);
  /* [poll] Takes a leading part of the batch and says how many records: fewer than `count` = busy, the rest comes
   * again. Negative: -CH_FAILED. */
  int64_t (*put)(void* task, ch_partition_id partition, const ch_batch* batch);
  /* [poll] Optional. Everything before `offset` has been delivered and nothing is behind it now; `offset` is behind
   * control records and aborted transactions, which are never delivered. Comes again when it has moved. */
  int32_t (*end_of_partition)(void* task, ch_partition_id partition, int64_t offset);
  /* [poll] At least once a second, and at the time that the last call returned in `*next_ms` (wall clock). */
  int32_t (*tick)(void* task, int64_t now_ms, int64_t* next_ms);
  /* [poll] Result of the latest commit of the partition: CH_OK, or CH_FAILED: not stored, and nothing may be concluded;
   * the host makes the assignment anew or commits the same again by itself. */
  int32_t (*committed)(void* task, ch_partition_id partition, int64_t offset, int32_t result);
  /* [poll] Finish now what is open in all partitions (disable, stop). Returns at once; pending() tells when done. */
  int32_t (*flush)(void* task);
  /* [poll] Partitions that hold something not yet stored and committed. */
  int64_t (*pending)(void* task);
  /* [poll] Ownership ends. `lost` != 0: somebody else may own them already: drop all, request nothing. */
  int32_t (*close)(void* task, const ch_partition_id* partitions, size_t count, int32_t lost);
  int32_t (*describe)(void* task, ch_partition_id partition, ch_progress* progress); /* [poll] for status */
  /* [poll] No job of the task is under way any more. */
  void (*destroy)(void* task);
  /* The table must reach to here. What follows is optional and may lie beyond its struct_size. */

  /* [poll] An operator asked: try at once what waits for a next try. */
  int32_t (*retry)(void* task);
  /* [any] Walks through all that lies where the task stores this topic, for verify. Positions come with the first answer
   * (`after` empty). `next` gets the token if there is more; `problem` with an empty key says why it cannot. */
  int32_t (*inspect)(const ch_task_info* task, const ch_inspect_query* query, ch_finding_fn each, ch_text_fn next, ch_problem_fn problem,
                     void* user);
} ch_connector;

#if defined(__GNUC__)
#define CH_EXPORT __attribute__((visibility("default")))
#else
#define CH_EXPORT
#endif

/* The one function that a connector exports. `host_abi_version`: CH_ABI_VERSION of the host. Returns NULL if the
 * library cannot serve it; else a table that lives as long as the library. */
typedef const ch_connector* (*ch_connector_entry_fn)(uint32_t host_abi_version);
CH_EXPORT const ch_connector* ch_connector_entry(uint32_t host_abi_version);

#ifdef __cplusplus
}
#endif
#endif
