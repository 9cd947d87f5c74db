// A bucket in memory behind cos::Client: forbid-overwrite, multipart uploads, listing, and faults before or after the
// effect. One thread; head() and read() also from several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "cos/client.hpp"

namespace ch::cos_test {

class FakeCos : public cos::Client {
 public:
  enum class Effect {
    normal,
    fail_before,  // no effect
    fail_after,   // the effect has taken place, and the answer is a failure
    damage,       // put: other bytes are stored, and the CRC64 says so
    throws,
    nothing_stored,  // put and complete: no effect, and the answer is a success
  };
  struct Fault {
    Effect effect = Effect::normal;
    cos::Failure failure = {};
  };
  struct Object {
    std::string body;
    cos::ObjectOptions options;
  };
  struct Upload {
    std::string key;
    cos::ObjectOptions options;
    std::map<int, std::string> parts;
    std::int64_t initiated_ms = 0;
  };

  cos::Failure put(const std::string& key, const cos::Body& body, const cos::ObjectOptions& options) override;
  cos::Reply<cos::ObjectHead> head(const std::string& key) override;
  cos::Reply<cos::ListPage> list(const std::string& prefix, const std::string& marker, int max_keys) override;
  cos::Reply<cos::UploadPage> list_uploads(const std::string& prefix, const std::string& key_marker, const std::string& id_marker) override;
  cos::Reply<std::string> read(const std::string& key, std::uint64_t at, std::uint64_t size) override;
  cos::Reply<std::string> initiate(const std::string& key, const cos::ObjectOptions& options) override;
  cos::Reply<cos::Part> upload_part(const std::string& key, const std::string& upload_id, int number, const cos::Body& body) override;
  cos::Reply<std::vector<cos::Part>> list_parts(const std::string& key, const std::string& upload_id) override;
  cos::Failure complete(const std::string& key, const std::string& upload_id, const std::vector<cos::Part>& parts) override;
  cos::Failure abort(const std::string& key, const std::string& upload_id) override;
  cos::Reply<std::string> head_bucket() override { return {}; }
  cos::Reply<bool> has_versions() override { return {versions_refused, versions}; }
  cos::Failure create_bucket() override { return {}; }
  cos::Failure remove(const std::string& key) override;
  cos::Reply<cos::Link> presigned_get(const std::string& key, std::int64_t seconds) override {
    return {{}, {"https://b/" + key + "?s=" + std::to_string(seconds), 1000 * (kNow + seconds)}};
  }
  static constexpr std::int64_t kNow = 1'700'000'000;

  std::size_t count(const std::string& verb) const;  // recorded calls of it

  std::map<std::string, Object> objects;
  std::map<std::string, Upload> uploads;
  std::vector<std::string> calls;  // "put KEY"; of list: "list PREFIX after MARKER"
  std::function<Fault(const std::string& verb, const std::string& key)> fault;
  std::function<void(const std::string& key)> became_visible;
  int page_size = 3;
  bool versions = false;          // of objects: what is there is overwritten
  cos::Failure versions_refused;  // to whoever asks for them
  bool head_hides_crc64 = false;
  bool list_hides = false;  // as if nothing were there

 private:
  Fault next_fault(const std::string& verb, const std::string& key, const std::string& note = {});
  cos::Failure make_visible(const std::string& key, Object object);
  std::mutex calls_mutex_;
  int upload_count_ = 0;
};

cos::Failure failure(cos::Outcome outcome, const std::string& reason = "cos_unreachable");

}  // namespace ch::cos_test
