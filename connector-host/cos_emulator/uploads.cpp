// The unfinished uploads of a bucket: <dir>/uploads/<id>/upload.json, and each part as <number>-<md5>-<crc64>.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "cos_emulator/storage.hpp"
#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kSmallestPart = 1 << 20;  // of all but the last
constexpr std::size_t kCopyBytes = 1 << 20;

std::string random_hex(int words) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string out;
  for (int i = 0; i < words; ++i) out += fmt::format("{:016x}", random());
  return out;
}

std::int64_t modified_ms(const fs::path& path) {
  const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path);
  return now_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
}

std::optional<Part> read_part(const fs::path& path) {
  const auto pieces = split(path.filename().string(), '-');
  if (pieces.size() != 3) return std::nullopt;
  const auto number = to_number<int>(pieces[0]);
  const auto crc64 = to_number<std::uint64_t>(pieces[2]);
  if (!number || !crc64) return std::nullopt;
  return Part{*number, pieces[1], fs::file_size(path), *crc64, modified_ms(path)};
}

// Parts as COS demands them: numbers 1, 2, 3 ..., known, with the ETags it gave, none but the last below 1 MB.
void check_parts(const Upload& upload, const std::vector<NamedPart>& named) {
  for (std::size_t i = 1; i < named.size(); ++i) {
    if (named[i].number <= named[i - 1].number) throw CosError{400, "InvalidPartOrder", "The parts are not in ascending order."};
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto part = upload.parts.find(named[i].number);
    if (named[i].number != static_cast<int>(i) + 1) {
      throw CosError{400, "InvalidPart", fmt::format("Part numbers have a gap before {}.", named[i].number)};
    }
    if (part == upload.parts.end() || part->second.etag != named[i].etag) {
      throw CosError{400, "InvalidPart", fmt::format("Part {} was not uploaded, or its ETag differs.", named[i].number)};
    }
  }
  for (std::size_t i = 0; i + 1 < named.size(); ++i) {
    if (upload.parts.at(named[i].number).size < kSmallestPart) {
      throw CosError{400, "EntityTooSmall", fmt::format("Part {} is smaller than 1 MB and is not the last.", named[i].number)};
    }
  }
}

}  // namespace

fs::path Bucket::upload_dir(const std::string& id) const { return dir_ / "uploads" / id; }

fs::path Bucket::part_path(const std::string& id, const Part& part) const {
  return upload_dir(id) / fmt::format("{:05}-{}-{}", part.number, part.etag, part.crc64);
}

void Bucket::load_uploads() {
  for (const auto& entry : fs::directory_iterator(dir_ / "uploads")) {
    std::ifstream in(entry.path() / "upload.json");
    const json value = json::parse(in, nullptr, false);
    if (!value.is_object()) continue;  // killed before Initiate was answered
    Upload upload;
    upload.id = entry.path().filename().string();
    upload.object.key = value.at("key");
    upload.object.modified_ms = value.at("initiated_ms");
    upload.object.headers = value.at("headers").get<Texts>();
    upload.object.metadata = value.at("metadata").get<Texts>();
    for (const auto& file : fs::directory_iterator(entry.path())) {
      const auto part = read_part(file.path());
      if (!part) continue;
      Part& known = upload.parts[part->number];
      if (known.number == 0 || known.modified_ms < part->modified_ms) known = *part;
    }
    uploads_[upload.id] = std::move(upload);
  }
}

std::string Bucket::initiate(Object object) {
  Upload upload;
  upload.id = fmt::format("{}{}", object.modified_ms / 1000, random_hex(4));
  upload.object = std::move(object);
  if (keep_) {
    fs::create_directories(upload_dir(upload.id));
    const json value = {{"key", upload.object.key},
                        {"initiated_ms", upload.object.modified_ms},
                        {"headers", upload.object.headers},
                        {"metadata", upload.object.metadata}};
    File(upload_dir(upload.id) / "upload.json", O_WRONLY | O_CREAT | O_TRUNC)
        .write(value.dump(1, ' ', false, json::error_handler_t::replace));
  }
  const std::lock_guard lock(mutex_);
  std::string id = upload.id;
  uploads_[id] = std::move(upload);
  return id;
}

std::map<std::string, Upload>::iterator Bucket::find_upload(const std::string& id, const std::string& key) {
  const auto at = uploads_.find(id);
  if (at == uploads_.end() || at->second.object.key != key) {
    throw CosError{404, "NoSuchUpload", "The specified multipart upload does not exist."};
  }
  return at;
}

Part Bucket::put_part(const std::string& id, const std::string& key, int number, Spool& body) {
  const Part part{number, body.etag(), body.digest().size(), body.digest().crc64(), now_ms()};
  const std::lock_guard lock(mutex_);
  auto& parts = find_upload(id, key)->second.parts;
  body.move_to(part_path(id, part));
  const auto before = parts.find(number);
  if (keep_ && before != parts.end() && part_path(id, before->second) != part_path(id, part)) fs::remove(part_path(id, before->second));
  parts[number] = part;
  return part;
}

Upload Bucket::upload(const std::string& id, const std::string& key) {
  const std::lock_guard lock(mutex_);
  return find_upload(id, key)->second;
}

Object Bucket::assemble(const Upload& upload, const std::vector<NamedPart>& parts, Spool& body) {
  Object object = upload.object;
  object.size = 0;
  object.modified_ms = now_ms();
  // Opaque on purpose: not the MD5 of the parts' MD5s, which COS does not promise either.
  object.etag = fmt::format("{}-{}", random_hex(2), parts.size());
  std::string buffer(keep_ ? kCopyBytes : 0, '\0');
  for (const NamedPart& named : parts) {
    const Part& part = upload.parts.at(named.number);
    object.size += part.size;
    if (!keep_) continue;
    const File file(part_path(upload.id, part), O_RDONLY);
    std::uint64_t at = 0;
    while (const std::size_t got = file.read_at(buffer, at)) {
      body.write(std::string_view(buffer).substr(0, got));
      at += got;
    }
  }
  if (keep_) object.crc64 = body.digest().crc64();
  return object;
}

Object Bucket::complete(const std::string& id, const std::string& key, const std::vector<NamedPart>& parts, bool forbid_overwrite) {
  Upload upload;
  {
    const std::lock_guard lock(mutex_);
    const auto at = find_upload(id, key);
    check_parts(at->second, parts);
    // Taken out while its parts are joined without the lock: whoever comes meanwhile finds no such upload.
    upload = std::move(at->second);
    uploads_.erase(at);
  }
  try {
    const auto body = spool(false);
    Object object = assemble(upload, parts, *body);
    object = put(*body, std::move(object), forbid_overwrite);
    if (keep_) fs::remove_all(upload_dir(id));
    return object;
  } catch (...) {
    const std::lock_guard lock(mutex_);
    uploads_[id] = std::move(upload);
    throw;
  }
}

void Bucket::abort(const std::string& id, const std::string& key) {
  const std::lock_guard lock(mutex_);
  uploads_.erase(find_upload(id, key));
  if (keep_) fs::remove_all(upload_dir(id));
}

std::size_t Bucket::unfinished_uploads() {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

}  // namespace ch::cos_emulator
