// A COS double: as strict as COS in what the archiver relies on (signatures, part rules, forbid-overwrite, opaque
// multipart ETags, blanks before Complete's answer), with faults on demand. For `connector-host dev` and for tests.
// Written from the documentation and from Tencent's SDKs, apart from connectors/cos-sink: neither shares code with the
// other, so that a misunderstanding of one is caught by the other.
//
// Objects live in a folder:  <dir>/<bucket>/objects/<percent-encoded key>   the bytes
//                            <dir>/<bucket>/objects/<percent-encoded key>.meta.json
//                            {"key","size","etag","crc64","modified_ms","headers":{...},"metadata":{...}}
// so that an independent reader needs no HTTP. The .meta.json comes last: an object without it is not there yet. "crc64" is
// decimal text as in COS's header ("" unknown), "etag" is without its quotes, "headers" and "metadata" have lower-case names,
// "metadata" without x-cos-meta-. An encoded key longer than 200 bytes (file names end at 255) is cut to 150 and goes on with
// "+" and the SHA-1 of the key. Unfinished uploads are under <dir>/<bucket>/uploads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ch::cos_emulator {

struct Access {
  std::string secret_key;
  std::string token;                      // "" permanent
  std::optional<std::int64_t> expires_s;  // Unix seconds
};

// Temporary keys that STS, or the metadata of a machine, gave for a role.
struct IssuedKeys {
  std::string role, secret_id;
  Access access;
};

struct Options {
  std::filesystem::path dir;
  std::uint16_t port = 0;  // 0: any free one
  std::vector<std::string> buckets;
  std::map<std::string, Access> access;  // by secret id
  std::string account = "100000000001";  // its uin, in the names of roles
  std::string region = "ap-guangzhou";   // of all buckets
  int threads = 2;
  bool keep_objects = true;  // false: count and forget bodies (benchmarks); nothing is written, ETags are no MD5, GET is 403
  bool admin = false;        // serve /-/admin (unsigned; the listener is on 127.0.0.1 only), for tests in other processes
  bool strict = false;       // also demand that host, every x-cos-* header and every query parameter are signed
};

// What to do to a request that matches; the first fault that matches is used. `times` < 0: until cleared.
struct Fault {
  std::string method;        // "" any
  std::string operation;     // "" any, or: put, head, get, list, initiate, upload_part, list_parts, list_uploads, complete, abort,
                             // head_bucket, put_bucket, versioning, delete, sts, ckafka, metadata
  std::string key_contains;  // "" any
  int times = 1;
  int skip = 0;                                           // matching requests to let pass first
  enum class When { before, after } when = When::before;  // after: the effect has taken place
  enum class Kind { error, reset, stall, error_in_200, wrong_crc, somebody_else } kind = Kind::error;
  int status = 503;  // of error and somebody_else: what a proxy or a login page answers in COS's place, without COS's headers
  std::string code = "SlowDown";
  std::int64_t stall_ms = 0;                                      // of stall: then goes on as if nothing had been
  std::string body = "<html><body>Please log in.</body></html>";  // of somebody_else
  bool with_request_id = false;                                   // of somebody_else: as if COS itself had gone mad
};

struct Counters {
  std::map<std::string, std::uint64_t> requests;  // by operation
  std::map<int, std::uint64_t> statuses;
  std::map<std::string, std::uint64_t> codes;  // of errors
  std::uint64_t bytes_in = 0;
  std::uint64_t connections = 0;
  std::uint64_t unfinished_uploads = 0;
};

class Emulator {
 public:
  explicit Emulator(Options options);  // throws std::runtime_error if the port or the folder cannot be had
  ~Emulator();                         // stops
  std::uint16_t port() const;
  std::string endpoint(const std::string& bucket) const;  // "http://127.0.0.1:<port>/<bucket>"

  void add_fault(Fault fault);
  void clear_faults();
  void set_access(std::map<std::string, Access> access);
  void set_denied(const std::string& operation, bool denied);  // a policy: 403 AccessDenied for an operation ("" = all)
  void remove_bucket(const std::string& bucket);               // its objects stay in the folder and return with add_bucket
  void add_bucket(const std::string& bucket);
  // Versions of its objects, from now on: x-cos-forbid-overwrite loses its effect. What is replaced is in <dir>/<bucket>/versions.
  void set_versioning(const std::string& bucket, bool enabled);  // false: suspended
  Counters counters() const;

  // STS and a machine's metadata are served at the same address: sts.endpoint and cvm.metadata.endpoint are origin().
  std::string origin() const;                                       // "http://127.0.0.1:<port>"
  void add_role(const std::string& name, std::int64_t life_s = 0);  // life of its keys; 0: as asked for
  void remove_role(const std::string& name, bool revoke);           // revoke: COS no longer takes the keys it gave
  void bind_role(const std::string& name);                          // to the machine; "" none
  void set_web_identity(const std::string& provider, const std::string& token);
  // CKafka's API too: ckafka.api.endpoint is origin().
  void add_ckafka_instance(const std::string& id, const std::map<std::string, std::string>& topic_ids);  // topics are added to those it has
  void set_ckafka_status(const std::string& id, int status, std::int64_t expires_s = 0);                 // 1 runs, 5 isolated
  void set_clock_offset_ms(std::int64_t offset);  // of everything that is served here
  std::vector<IssuedKeys> issued() const;         // all that ever were

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::cos_emulator
