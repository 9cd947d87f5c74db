// What the emulator's tests speak to it with: libcurl, and a signer of their own that shares no code with what it tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cos_emulator/emulator.hpp"

namespace cos_test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kBucket = "archive-1250000000";
constexpr const char* kId = "AKIDTEST";
constexpr const char* kSecret = "test-secret";

std::string url_encode(const std::string& bytes, bool keep_slash = false);
std::string md5_base64(const std::string& bytes);
std::int64_t now_s();

struct Key {
  std::string id = kId;
  std::string secret = kSecret;
  std::string token = {};
  std::int64_t start = now_s() - 60;
  std::int64_t end = now_s() + 600;
};

// The value of Authorization; `path` is decoded, header names are in lower case.
std::string sign(const Key& key, const std::string& method, const std::string& path, const Pairs& query, const Pairs& headers);

struct Call {
  std::string method;
  std::string key;  // decoded, without the leading "/"
  Pairs query = {};
  Pairs headers = {};  // also signed; an empty value takes away what libcurl would send, and is not signed
  std::string body = {};
  std::string host = {};   // "": path style; else virtual host style
  bool presigned = false;  // signature in the query, host alone signed
  bool is_signed = true;
  std::string range = {};
};

struct Answer {
  int curl_code = 0;
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;

  std::string code() const;                          // of an <Error>
  std::string value(const std::string& path) const;  // of the XML, "ListBucketResult/Marker"
  std::vector<std::string> values(const std::string& path) const;
};

class Client {
 public:
  explicit Client(std::uint16_t port, std::string bucket = kBucket) : port_(port), bucket_(std::move(bucket)) {}
  Answer send(const Call& call) const;
  std::string presigned_url(const Call& call) const;

  Answer put(const std::string& key, const std::string& body, Pairs headers = {}) const { return send({"PUT", key, {}, headers, body}); }
  Answer get(const std::string& key) const { return send({"GET", key}); }
  Answer head(const std::string& key) const { return send({"HEAD", key}); }
  std::string initiate(const std::string& key, Pairs headers = {}) const;  // the upload's id
  Answer part(const std::string& key, const std::string& id, int number, const std::string& body) const;
  Answer complete(const std::string& key, const std::string& id, const std::vector<std::pair<int, std::string>>& parts,
                  Pairs headers = {}) const;

  Key credentials = {};

 private:
  std::uint16_t port_;
  std::string bucket_;
};

Answer fetch(const std::string& url);  // as a browser would: GET, nothing signed by us

// A folder under the system's temporary folder, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// An emulator with one bucket and one key.
struct World {
  ch::cos_emulator::Options options(const Folder& in) const;
  Folder folder;
  ch::cos_emulator::Emulator emulator{options(folder)};
  Client client{emulator.port()};
};

std::size_t files_below(const std::filesystem::path& path);

}  // namespace cos_test
