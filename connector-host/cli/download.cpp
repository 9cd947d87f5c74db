#include "cli/download.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <isa-l/crc64.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

namespace ch::cli {
namespace {

namespace fs = std::filesystem;

constexpr long kConnectSeconds = 10;
constexpr long kStallSeconds = 30;  // with less than a byte a second
constexpr std::string_view kCrcHeader = "x-cos-hash-crc64ecma:";
constexpr std::size_t kMaxRefusal = 500;  // bytes of what COS says instead of the object

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

struct Transfer {
  std::FILE* file;
  CURL* curl;
  const std::function<void(std::uint64_t)>& progress;
  std::uint64_t expected = 0;
  bool too_many = false;
  std::uint64_t bytes = 0;
  std::uint64_t crc64 = 0;
  std::optional<std::uint64_t> told_crc64 = {};
  std::string refusal = {};
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    transfer.refusal.append(bytes, std::min(size * count, kMaxRefusal - transfer.refusal.size()));
    return size * count;
  }
  if (transfer.bytes + size * count > transfer.expected) {
    transfer.too_many = true;
    return 0;
  }
  if (std::fwrite(bytes, 1, size * count, transfer.file) != size * count) return 0;
  transfer.crc64 = crc64_ecma_refl(transfer.crc64, reinterpret_cast<const unsigned char*>(bytes), size * count);
  transfer.bytes += size * count;
  transfer.progress(transfer.bytes);
  return size * count;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  std::string line(bytes, size * count);
  for (auto& c : line) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (line.rfind(kCrcHeader, 0) == 0) {
    const auto digits = line.find_first_not_of(' ', kCrcHeader.size());
    std::uint64_t crc = 0;
    if (digits != std::string::npos && std::from_chars(line.data() + digits, line.data() + line.size(), crc).ec == std::errc())
      static_cast<Transfer*>(user)->told_crc64 = crc;
  }
  return size * count;
}

std::string fetch(const Download& object, Transfer& transfer) {
  const auto set = [&](auto option, auto value) { curl_easy_setopt(transfer.curl, option, value); };
  set(CURLOPT_URL, object.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  const CURLcode code = curl_easy_perform(transfer.curl);
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.too_many) return fmt::format("more than its {} bytes came", object.bytes);
  if (code != CURLE_OK) return curl_easy_strerror(code);
  if (status != 200) return fmt::format("HTTP {} {}", status, transfer.refusal);
  if (transfer.bytes != object.bytes) return fmt::format("{} bytes came instead of {}", transfer.bytes, object.bytes);
  if (transfer.told_crc64 && *transfer.told_crc64 != transfer.crc64)
    return fmt::format("the CRC64 of what came is {}, and COS has {}", transfer.crc64, *transfer.told_crc64);
  return {};
}

}  // namespace

Result<fs::path> place_of(const std::string& key, const fs::path& folder) {
  fs::path place = folder;
  for (std::size_t at = 0; at <= key.size();) {
    const auto end = std::min(key.find('/', at), key.size());
    const auto part = key.substr(at, end - at);
    const bool control = std::any_of(part.begin(), part.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (part.empty() || part == "." || part == ".." || control) return fail(ErrorCode::invalid, "its key is no path below the folder");
    place /= part;
    at = end + 1;
  }
  return place;
}

Result<bool> download(const Download& object, const fs::path& folder, const std::function<void(std::uint64_t)>& progress) {
  const auto place = place_of(object.key, folder);
  if (!place) return tl::unexpected(place.error());
  std::error_code error;
  if (fs::is_regular_file(*place, error) && fs::file_size(*place, error) == object.bytes) return false;
  fs::create_directories(place->parent_path(), error);
  if (error) return fail(ErrorCode::internal, fmt::format("{}: {}", place->parent_path().string(), error.message()));
  const fs::path beside = place->string() + ".part";
  const std::unique_ptr<CURL, FreeCurl> curl(curl_easy_init());
  std::unique_ptr<std::FILE, CloseFile> file(std::fopen(beside.c_str(), "wb"));
  if (file == nullptr || curl == nullptr) return fail(ErrorCode::internal, fmt::format("{}: {}", beside.string(), std::strerror(errno)));
  Transfer transfer{file.get(), curl.get(), progress, object.bytes};
  auto fault = fetch(object, transfer);
  if (std::fclose(file.release()) != 0 && fault.empty()) fault = fmt::format("{}: {}", beside.string(), std::strerror(errno));
  if (fault.empty()) fs::rename(beside, *place, error);
  if (error) fault = error.message();
  if (fault.empty()) return true;
  fs::remove(beside, error);
  return fail(ErrorCode::unavailable, fault);
}

}  // namespace ch::cli
