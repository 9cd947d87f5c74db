// The verbs of COS that an archiver needs. One call = one signed HTTP request on a kept connection; no retries here:
// when to try again is the writer's decision. Blocking: for upload-pool threads. Safe for several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cos/credentials.hpp"
#include "cos/outcome.hpp"
#include "cos/signer.hpp"

namespace ch::cos {

constexpr std::uint64_t kMaxReadBytes = 2 << 20;

struct Endpoint {
  std::string base;         // "https://bucket-125.cos.ap-guangzhou.myqcloud.com" or "http://127.0.0.1:9000/bucket-125" (path style)
  std::string bucket;       // "bucket-125"
  std::string region = {};  // "" not known
};

// Source of a request's body; may be read again for another try.
struct Body {
  std::size_t size = 0;
  std::uint64_t crc64 = 0;
  std::function<std::size_t(std::size_t at, std::span<char> out)> read;  // null for an empty body
};

// Names without "x-cos-meta-", lower case. Empty values are not sent.
using Metadata = std::map<std::string, std::string>;

struct ObjectHead {
  std::uint64_t size = 0;
  std::string etag;
  std::optional<std::uint64_t> crc64;
  Metadata metadata;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t modified_ms = 0;
};

struct ListPage {
  std::vector<ListedObject> objects;
  std::string next_marker;  // empty: no more
};

struct ListedUpload {
  std::string key;
  std::string upload_id;
  std::int64_t initiated_ms = 0;  // 0 unknown
};

struct UploadPage {
  std::vector<ListedUpload> uploads;
  std::string next_key, next_id;  // empty: no more
};

struct Part {
  int number = 0;
  std::string etag;  // as COS gave it, with quotes
  std::uint64_t size = 0;
};

// How new objects are made.
struct ObjectOptions {
  std::string acl;            // "private"
  std::string storage_class;  // "STANDARD"
  std::string encryption;     // value of x-cos-server-side-encryption; "" none
  std::string kms_key_id;     // with cos/kms; "" COS's own
  std::string kms_context;    // base64 of JSON; "" none
  std::string content_type;
  std::string content_encoding;
  Metadata metadata;
};

struct Link {
  std::string url;
  std::int64_t expires_ms = 0;
};

template <class T>
struct Reply {
  Failure failure;  // ok(): `value` is valid
  T value{};
  bool ok() const { return failure.ok(); }
};

class Client {
 public:
  virtual ~Client() = default;
  // With x-cos-forbid-overwrite: conflict if the key exists. Ok only if COS shows what it has stored: an ETag, and the body's
  // CRC64. Another CRC64 is Outcome::retry with code "CrcMismatch" (the object is there: HEAD it before anything else); none
  // is "NotFromCos", as for every answer without COS's request id (nothing is known: HEAD it).
  virtual Failure put(const std::string& key, const Body& body, const ObjectOptions& options) = 0;
  virtual Reply<ObjectHead> head(const std::string& key) = 0;
  // Keys of the prefix behind `marker` (exclusive), ascending in UTF-8 byte order.
  virtual Reply<ListPage> list(const std::string& prefix, const std::string& marker, int max_keys) = 0;
  // Unfinished uploads of keys of the prefix, behind that key and id.
  virtual Reply<UploadPage> list_uploads(const std::string& prefix, const std::string& key_marker, const std::string& id_marker) = 0;
  // Bytes [at, at + size) of an object; size at most kMaxReadBytes, at least 1, and not beyond its end.
  virtual Reply<std::string> read(const std::string& key, std::uint64_t at, std::uint64_t size) = 0;
  virtual Reply<std::string> initiate(const std::string& key, const ObjectOptions& options) = 0;  // upload id
  virtual Reply<Part> upload_part(const std::string& key, const std::string& upload_id, int number, const Body& body) = 0;
  virtual Reply<std::vector<Part>> list_parts(const std::string& key, const std::string& upload_id) = 0;  // all pages
  // With x-cos-forbid-overwrite. An <Error> inside the 200 is a failure like any other.
  virtual Failure complete(const std::string& key, const std::string& upload_id, const std::vector<Part>& parts) = 0;
  virtual Failure abort(const std::string& key, const std::string& upload_id) = 0;  // absent upload = ok
  // Whether the bucket has versions of its objects, or had them until they were suspended: x-cos-forbid-overwrite has no
  // effect there. And whether an answer to any request has shown it.
  virtual Reply<bool> has_versions() { return {{}, false}; }
  virtual bool versions_seen() const { return false; }
  virtual Reply<std::string> head_bucket() = 0;        // its region; "" if COS does not say
  virtual Failure create_bucket() = 0;                 // private
  virtual Failure remove(const std::string& key) = 0;  // absent = ok
  // A GET link, valid for `seconds` or as long as the credentials are; a browser saves what it leads to under the key's
  // last part. Signed here; asks nobody.
  virtual Reply<Link> presigned_get(const std::string& key, std::int64_t seconds) = 0;
  // Ends the waiting for new credentials; and what went wrong with them without stopping anything yet, told once.
  virtual void renew_credentials() {}
  virtual std::string credentials_warning() { return {}; }
  // COS's clock minus ours, as its answers tell; nothing before the first. Requests are signed by COS's.
  virtual std::optional<std::int64_t> clock_skew_ms() const { return {}; }
};

struct ClientOptions {
  Endpoint endpoint;
  std::shared_ptr<CredentialSource> credentials;
  std::string ca_file;         // "" the system's
  bool create_bucket = false;  // where it is missing
  std::int64_t connect_timeout_ms = 5000;
  std::int64_t stall_timeout_ms = 10000;  // no byte moved for so long
  std::int64_t total_timeout_ms = 300000;
  std::optional<std::string> proxy = {};  // as in cloud::TransportOptions
  std::function<std::int64_t()> now_ms;   // wall clock; corrected by the Date of COS's answers
};

// Throws std::invalid_argument for an endpoint that is no http(s) URL.
std::unique_ptr<Client> make_client(ClientOptions options);

}  // namespace ch::cos
