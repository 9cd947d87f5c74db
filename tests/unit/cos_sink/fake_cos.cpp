#include "fake_cos.hpp"

#include <algorithm>

#include "cos/crc64.hpp"

namespace ch::cos_test {

using cos::Failure;
using cos::Outcome;

cos::Failure failure(Outcome outcome, const std::string& reason) {
  return {outcome, reason, "TestCode", "the test says so", "wait for the test", 0};
}

namespace {

std::string bytes_of(const cos::Body& body) {
  std::string bytes(body.size, '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const auto count = body.read(at, std::span(bytes).subspan(at, std::min<std::size_t>(bytes.size() - at, 100)));
    if (count == 0) throw std::runtime_error("a body is shorter than it said");
    at += count;
  }
  if (cos::crc64(0, bytes) != body.crc64) throw std::runtime_error("a body has another CRC64 than it said");
  return bytes;
}

template <class T>
cos::Reply<T> refused(Failure what) {
  cos::Reply<T> reply;
  reply.failure = std::move(what);
  return reply;
}

}  // namespace

FakeCos::Fault FakeCos::next_fault(const std::string& verb, const std::string& key, const std::string& note) {
  const std::lock_guard lock(calls_mutex_);
  calls.push_back(verb + " " + key + note);
  const Fault next = fault ? fault(verb, key) : Fault{};
  if (next.effect == Effect::throws) throw std::runtime_error("the test throws in " + verb);
  return next;
}

std::size_t FakeCos::count(const std::string& verb) const {
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [&](const auto& call) { return call.starts_with(verb + " "); }));
}

Failure FakeCos::make_visible(const std::string& key, Object object) {
  if (objects.contains(key) && !versions) return failure(Outcome::conflict, "");
  objects[key] = std::move(object);
  if (became_visible) became_visible(key);
  return {};
}

Failure FakeCos::put(const std::string& key, const cos::Body& body, const cos::ObjectOptions& options) {
  const auto next = next_fault("put", key);
  if (next.effect == Effect::fail_before) return next.failure;
  if (next.effect == Effect::nothing_stored) return {};
  auto bytes = bytes_of(body);
  if (next.effect == Effect::damage) bytes.back() = '?';
  auto result = make_visible(key, {std::move(bytes), options});
  return result.ok() && next.effect != Effect::normal ? next.failure : result;
}

cos::Reply<cos::ObjectHead> FakeCos::head(const std::string& key) {
  const auto next = next_fault("head", key);
  if (next.effect != Effect::normal) return refused<cos::ObjectHead>(next.failure);
  const auto found = objects.find(key);
  if (found == objects.end()) return refused<cos::ObjectHead>(failure(Outcome::absent, ""));
  cos::Reply<cos::ObjectHead> reply;
  reply.value = {found->second.body.size(), "\"etag\"", cos::crc64(0, found->second.body), found->second.options.metadata};
  if (head_hides_crc64) reply.value.crc64.reset();
  return reply;
}

cos::Reply<cos::ListPage> FakeCos::list(const std::string& prefix, const std::string& marker, int max_keys) {
  const auto next = next_fault("list", prefix, " after " + marker);
  if (next.effect != Effect::normal) return refused<cos::ListPage>(next.failure);
  cos::Reply<cos::ListPage> reply;
  if (list_hides) return reply;
  const auto limit = static_cast<std::size_t>(std::min(page_size, max_keys));
  for (auto it = objects.upper_bound(std::max(marker, prefix)); it != objects.end() && it->first.starts_with(prefix); ++it) {
    if (reply.value.objects.size() == limit) {
      reply.value.next_marker = reply.value.objects.back().key;
      break;
    }
    const auto& metadata = it->second.options.metadata;
    const auto modified = metadata.find("modified-ms");  // of this bucket only
    reply.value.objects.push_back({it->first, it->second.body.size(), modified == metadata.end() ? 1234 : std::stoll(modified->second)});
  }
  return reply;
}

cos::Reply<cos::UploadPage> FakeCos::list_uploads(const std::string& prefix, const std::string& key_marker, const std::string& id_marker) {
  std::map<std::pair<std::string, std::string>, std::int64_t> all;
  for (const auto& [id, upload] : uploads)
    if (upload.key.starts_with(prefix)) all[{upload.key, id}] = upload.initiated_ms;
  cos::Reply<cos::UploadPage> reply;
  for (auto it = all.upper_bound({key_marker, id_marker}); it != all.end(); ++it) {
    if (reply.value.uploads.size() == static_cast<std::size_t>(page_size)) {
      reply.value.next_key = reply.value.uploads.back().key;
      reply.value.next_id = reply.value.uploads.back().upload_id;
      break;
    }
    reply.value.uploads.push_back({it->first.first, it->first.second, it->second});
  }
  return reply;
}

cos::Reply<std::string> FakeCos::read(const std::string& key, std::uint64_t at, std::uint64_t size) {
  cos::Reply<std::string> reply;
  reply.value = objects.at(key).body.substr(at, size);
  return reply;
}

cos::Reply<std::string> FakeCos::initiate(const std::string& key, const cos::ObjectOptions& options) {
  const auto next = next_fault("initiate", key);
  if (next.effect == Effect::fail_before) return refused<std::string>(next.failure);
  if (objects.contains(key)) return refused<std::string>(failure(Outcome::conflict, ""));
  cos::Reply<std::string> reply;
  reply.value = "upload-" + std::to_string(++upload_count_);
  uploads[reply.value] = {key, options, {}, 0};
  if (next.effect != Effect::normal) reply.failure = next.failure;
  return reply;
}

cos::Reply<cos::Part> FakeCos::upload_part(const std::string& key, const std::string& upload_id, int number, const cos::Body& body) {
  const auto next = next_fault("part", key, " " + std::to_string(number));
  if (next.effect == Effect::fail_before) return refused<cos::Part>(next.failure);
  const auto found = uploads.find(upload_id);
  if (found == uploads.end()) return refused<cos::Part>(failure(Outcome::no_upload, ""));
  found->second.parts[number] = bytes_of(body);
  cos::Reply<cos::Part> reply;
  reply.value = {number, "\"part\"", body.size};
  if (next.effect != Effect::normal) reply.failure = next.failure;
  return reply;
}

cos::Reply<std::vector<cos::Part>> FakeCos::list_parts(const std::string& key, const std::string& upload_id) {
  const auto next = next_fault("list_parts", key);
  if (next.effect != Effect::normal) return refused<std::vector<cos::Part>>(next.failure);
  const auto found = uploads.find(upload_id);
  if (found == uploads.end()) return refused<std::vector<cos::Part>>(failure(Outcome::no_upload, ""));
  cos::Reply<std::vector<cos::Part>> reply;
  for (const auto& [number, bytes] : found->second.parts) reply.value.push_back({number, "\"part\"", bytes.size()});
  return reply;
}

Failure FakeCos::complete(const std::string& key, const std::string& upload_id, const std::vector<cos::Part>& parts) {
  const auto next = next_fault("complete", key);
  if (next.effect == Effect::fail_before) return next.failure;
  if (next.effect == Effect::nothing_stored) return {};
  const auto found = uploads.find(upload_id);
  if (found == uploads.end()) return failure(Outcome::no_upload, "");
  Object object{{}, found->second.options};
  int expected = 0;
  for (const auto& part : parts) {
    const auto there = found->second.parts.find(part.number);
    if (part.number != ++expected || there == found->second.parts.end()) return failure(Outcome::bug, "cos_error");
    object.body += there->second;
  }
  auto result = make_visible(key, std::move(object));
  if (result.ok()) uploads.erase(found);
  return result.ok() && next.effect != Effect::normal ? next.failure : result;
}

cos::Failure FakeCos::remove(const std::string& key) {
  const auto now = next_fault("remove", key);
  if (now.effect == Effect::fail_before) return now.failure;
  objects.erase(key);
  return now.effect == Effect::fail_after ? now.failure : cos::Failure{};
}

Failure FakeCos::abort(const std::string& key, const std::string& upload_id) {
  (void)next_fault("abort", key);
  uploads.erase(upload_id);
  return {};
}

}  // namespace ch::cos_test
