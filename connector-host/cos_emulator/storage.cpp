#include "cos_emulator/storage.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLongestName = 200;  // of an encoded key; with ".meta.json" it stays below the 255 of file systems
constexpr std::size_t kCutName = 150;
constexpr std::string_view kMeta = ".meta.json";
constexpr std::string_view kEnabled = "Enabled";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string file_name(const std::string& key) {
  std::string name = percent_encode(key);
  // Names that would mean something else: a folder, or another object's .meta.json.
  if (name == "." || name == "..") name = name == "." ? "%2E" : "%2E%2E";
  if (ends_with(name, kMeta)) name.replace(name.size() - 5, 1, "%2E");
  if (name.size() > kLongestName) name = name.substr(0, kCutName) + "+" + sha1_hex(key);
  return name;
}

json to_json(const Object& object) {
  json out{{"key", object.key},
           {"size", object.size},
           {"etag", object.etag},
           {"crc64", object.crc64 ? std::to_string(*object.crc64) : ""},
           {"modified_ms", object.modified_ms},
           {"headers", object.headers},
           {"metadata", object.metadata}};
  if (!object.version.empty()) out["version"] = object.version;
  return out;
}

Object from_json(const json& value) {
  Object object;
  object.key = value.at("key");
  object.size = value.at("size");
  object.etag = value.at("etag");
  object.crc64 = to_number<std::uint64_t>(value.at("crc64").get<std::string>());
  object.modified_ms = value.at("modified_ms");
  object.headers = value.at("headers").get<Texts>();
  object.metadata = value.at("metadata").get<Texts>();
  object.version = value.value("version", "");
  return object;
}

std::optional<Object> read_object(const fs::path& path) {
  std::ifstream in(path);
  const json value = json::parse(in, nullptr, false);
  if (!value.is_object()) return std::nullopt;  // half written when the process was killed
  return from_json(value);
}

std::string new_version() {
  static std::atomic<std::uint64_t> next{0};
  return fmt::format("MTg0NDUx{:016x}{:08x}", static_cast<std::uint64_t>(now_ms()), ++next);
}

void write_object(const fs::path& path, const Object& object) {
  // Keys and values are bytes: what is not UTF-8 is replaced rather than refused.
  const std::string text = to_json(object).dump(1, ' ', false, json::error_handler_t::replace);
  File(path, O_WRONLY | O_CREAT | O_TRUNC).write(text);
}

}  // namespace

Bucket::Bucket(fs::path dir, bool keep) : dir_(std::move(dir)), keep_(keep) {
  if (!keep_) return;
  for (const char* name : {"objects", "uploads", "versions", "tmp"}) fs::create_directories(dir_ / name);
  if (fs::exists(dir_ / "versioning"))
    versioning_ = fs::file_size(dir_ / "versioning") == kEnabled.size() ? Versioning::enabled : Versioning::suspended;
  redo_renames();
  load_objects();
  load_uploads();
}

fs::path Bucket::data_path(const std::string& key) const { return dir_ / "objects" / file_name(key); }
fs::path Bucket::meta_path(const std::string& key) const { return data_path(key).string() + std::string(kMeta); }

// A process killed between an object's two renames left the second .meta.json in tmp, and no bytes beside it.
void Bucket::redo_renames() {
  for (const auto& entry : fs::directory_iterator(dir_ / "tmp")) {
    const std::string path = entry.path().string();
    if (!ends_with(path, kMeta) || fs::exists(path.substr(0, path.size() - kMeta.size()))) continue;
    if (const auto object = read_object(path)) fs::rename(path, meta_path(object->key));
  }
  for (const auto& entry : fs::directory_iterator(dir_ / "tmp")) fs::remove(entry.path());
}

void Bucket::load_objects() {
  for (const auto& entry : fs::directory_iterator(dir_ / "objects")) {
    if (!ends_with(entry.path().string(), kMeta)) continue;
    auto object = read_object(entry.path());
    if (!object || !fs::exists(data_path(object->key))) continue;
    objects_[object->key] = std::move(*object);
  }
}

std::unique_ptr<Spool> Bucket::spool(bool md5) {
  const fs::path path = keep_ ? dir_ / "tmp" / std::to_string(next_spool_++) : fs::path();
  return std::make_unique<Spool>(path, md5);
}

Object Bucket::put(Spool& body, Object object, bool forbid_overwrite) {
  const fs::path meta = body.companion();
  const std::lock_guard lock(mutex_);
  const auto before = objects_.find(object.key);
  // As COS does it: from the day on that a bucket has versions, the header has no effect there.
  if (forbid_overwrite && versioning_ == Versioning::never && before != objects_.end()) {
    throw CosError{409, "FileAlreadyExists", "The object exists, and x-cos-forbid-overwrite is true."};
  }
  if (versioning_ != Versioning::never) object.version = versioning_ == Versioning::enabled ? new_version() : "null";
  if (versioning_ == Versioning::suspended) forget_null_version(object.key);
  if (before != objects_.end()) keep_version(before->second);
  if (!meta.empty()) {
    write_object(meta, object);
    body.move_to(data_path(object.key));
    fs::rename(meta, meta_path(object.key));
  }
  objects_[object.key] = object;
  return object;
}

// What is replaced becomes a version of its own in <dir>/versions, except that there is one "null" version of a key only.
void Bucket::keep_version(const Object& object) {
  if (versioning_ == Versioning::never || !keep_) return;
  const std::string name = file_name(object.key);
  const std::string version = object.version.empty() ? "null" : object.version;
  if (versioning_ == Versioning::suspended && version == "null") return;
  fs::rename(data_path(object.key), dir_ / "versions" / (name + "." + version));
  fs::rename(meta_path(object.key), dir_ / "versions" / (name + "." + version + std::string(kMeta)));
}

void Bucket::forget_null_version(const std::string& key) {
  if (!keep_) return;
  const std::string name = file_name(key) + ".null";
  fs::remove(dir_ / "versions" / name);
  fs::remove(dir_ / "versions" / (name + std::string(kMeta)));
}

void Bucket::set_versioning(Versioning versioning) {
  const std::lock_guard lock(mutex_);
  if (versioning == Versioning::never) return;
  versioning_ = versioning;
  if (keep_) File(dir_ / "versioning", O_WRONLY | O_CREAT | O_TRUNC).write(versioning == Versioning::enabled ? kEnabled : "Suspended");
}

Versioning Bucket::versioning() {
  const std::lock_guard lock(mutex_);
  return versioning_;
}

std::pair<Object, File> Bucket::open(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = objects_.find(key);
  if (at == objects_.end()) throw CosError{404, "NoSuchKey", "The specified key does not exist."};
  if (!keep_) throw CosError{403, "InvalidObjectState", "This emulator counts bodies and forgets them."};
  return {at->second, File(data_path(key), O_RDONLY)};
}

std::optional<Object> Bucket::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = objects_.find(key);
  if (at == objects_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::string> Bucket::erase(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto at = objects_.find(key);
  if (versioning_ == Versioning::suspended) forget_null_version(key);
  if (at != objects_.end()) {
    keep_version(at->second);
    objects_.erase(at);
    if (keep_) {
      fs::remove(meta_path(key));
      fs::remove(data_path(key));
    }
  }
  if (versioning_ == Versioning::never) return std::nullopt;
  return versioning_ == Versioning::enabled ? new_version() : "null";
}

Storage::Storage(fs::path dir, const std::vector<std::string>& buckets, bool keep) : dir_(std::move(dir)), keep_(keep) {
  for (const std::string& name : buckets) add(name);
}

Bucket* Storage::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return present_.count(name) != 0 ? buckets_.at(name).get() : nullptr;
}

bool Storage::ever_had(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return buckets_.count(name) != 0;
}

void Storage::add(const std::string& name) {
  if (name.empty() || name.size() > 60 || name.front() == '-' ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    throw std::runtime_error(fmt::format("\"{}\" cannot be a bucket: a-z, 0-9 and -, at most 60, not beginning with -", name));
  }
  const std::lock_guard lock(mutex_);
  if (buckets_.count(name) == 0) buckets_[name] = std::make_unique<Bucket>(dir_ / name, keep_);
  present_.insert(name);
}

void Storage::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  present_.erase(name);
}

std::size_t Storage::unfinished_uploads() {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [name, bucket] : buckets_) sum += bucket->unfinished_uploads();
  return sum;
}

}  // namespace ch::cos_emulator
