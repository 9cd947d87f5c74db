// What the emulator keeps: buckets, their objects and unfinished uploads, in memory and in the folder that emulator.hpp
// describes. Every function may be called from any thread. Owned by the emulator.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cos_emulator/spool.hpp"

namespace ch::cos_emulator {

using Texts = std::map<std::string, std::string>;

struct Object {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;                    // without quotes
  std::optional<std::uint64_t> crc64;  // unknown for multipart objects whose bodies are not kept
  std::int64_t modified_ms = 0;
  std::string version;  // "" of a bucket without versions; "null": made while they were suspended
  Texts headers;        // content-type, content-encoding, x-cos-storage-class, ...
  Texts metadata;       // names without x-cos-meta-
};

struct Part {
  int number = 0;
  std::string etag;
  std::uint64_t size = 0;
  std::uint64_t crc64 = 0;
  std::int64_t modified_ms = 0;
};

struct Upload {
  std::string id;
  Object object;  // key, headers, metadata; modified_ms is when it was initiated
  std::map<int, Part> parts;
};

struct NamedPart {
  int number = 0;
  std::string etag;  // without quotes
};

// What to list: names with the prefix, behind the marker; names that go on to the delimiter count once.
struct ListQuery {
  std::string prefix, delimiter, marker;
  std::string upload_id_marker;  // of uploads
  int max = 1000;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string next;  // the last name given
};

enum class Versioning { never, enabled, suspended };

class Bucket {
 public:
  Bucket(std::filesystem::path dir, bool keep);  // reads what is in the folder

  std::unique_ptr<Spool> spool(bool md5);
  // These throw CosError: FileAlreadyExists, NoSuchKey, NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall.
  Object put(Spool& body, Object object, bool forbid_overwrite);
  std::pair<Object, File> open(const std::string& key);
  std::string initiate(Object object);
  Part put_part(const std::string& id, const std::string& key, int number, Spool& body);
  Upload upload(const std::string& id, const std::string& key);
  Object complete(const std::string& id, const std::string& key, const std::vector<NamedPart>& parts, bool forbid_overwrite);
  void abort(const std::string& id, const std::string& key);

  std::optional<Object> find(const std::string& key);
  std::optional<std::string> erase(const std::string& key);  // the delete marker's version, if it made one
  void set_versioning(Versioning versioning);                // never again `never`
  Versioning versioning();
  Page<Object> objects(const ListQuery& query);
  Page<Upload> uploads(const ListQuery& query);  // without their parts
  std::size_t unfinished_uploads();

 private:
  std::filesystem::path data_path(const std::string& key) const;
  std::filesystem::path meta_path(const std::string& key) const;
  std::filesystem::path upload_dir(const std::string& id) const;
  std::filesystem::path part_path(const std::string& id, const Part& part) const;
  void load_objects();
  void keep_version(const Object& object);  // with the lock
  void forget_null_version(const std::string& key);
  void load_uploads();
  void redo_renames();
  std::map<std::string, Upload>::iterator find_upload(const std::string& id, const std::string& key);
  Object assemble(const Upload& upload, const std::vector<NamedPart>& parts, Spool& body);

  const std::filesystem::path dir_;
  const bool keep_;
  std::atomic<std::uint64_t> next_spool_{0};
  std::mutex mutex_;  // guards what follows and the renames that make it true on disk
  Versioning versioning_ = Versioning::never;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
};

class Storage {
 public:
  Storage(std::filesystem::path dir, const std::vector<std::string>& buckets, bool keep);
  Bucket* find(const std::string& name);  // null: no such bucket (or removed); else valid as long as the storage
  bool ever_had(const std::string& name);
  void add(const std::string& name);  // throws std::runtime_error for a name that no bucket can have
  void remove(const std::string& name);
  std::size_t unfinished_uploads();

 private:
  const std::filesystem::path dir_;
  const bool keep_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Bucket>> buckets_;
  std::set<std::string> present_;
};

}  // namespace ch::cos_emulator
