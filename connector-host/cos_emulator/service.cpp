#include "cos_emulator/service.hpp"

#include <fmt/format.h>

#include <atomic>
#include <random>

#include "cos_emulator/api.hpp"
#include "cos_emulator/handlers.hpp"
#include "cos_emulator/object_head.hpp"
#include "cos_emulator/sts.hpp"
#include "cos_emulator/text.hpp"
#include "cos_emulator/xml.hpp"

namespace ch::cos_emulator {
namespace {

constexpr std::size_t kTextBytes = kCompleteBytes + 1;  // what is kept of a body that is a document

std::string new_request_id() {
  static const std::uint32_t process = std::random_device{}();
  static std::atomic<std::uint32_t> last{0};
  return base64(fmt::format("{:08x}_{:08x}_{:04x}_{:06x}", now_ms() / 1000, process, 1, ++last));
}

// HEAD's answer has no body.
Response bodiless(Response response, std::uint64_t content_length) {
  response.content_length = content_length;
  response.body.clear();
  response.chunked = false;
  return response;
}

// What every answer has.
Response finished(Core& core, Response response, const std::string& method, const std::string& request_id) {
  core.count_status(response.status);
  Pairs headers = {{"Server", "tencent-cos"}, {"Date", http_date(core.account.now_ms())}, {"x-cos-request-id", request_id}};
  headers.insert(headers.end(), response.headers.begin(), response.headers.end());
  response.headers = std::move(headers);
  return method == "HEAD" && !response.content_length ? bodiless(std::move(response), 0) : response;
}

Response error_response(const CosError& error, ErrorDocument document, bool in_200, std::int64_t now) {
  document.code = error.code;
  document.message = error.message;
  document.trace_id = base64("trace_" + document.request_id);
  if (error.code == "RequestTimeTooSkewed") document.server_time = iso_time(now);
  Response response;
  response.headers = {{"Content-Type", "application/xml"}, {"x-cos-trace-id", document.trace_id}};
  response.chunked = in_200;
  if (in_200) {
    response.body = {"\n", error_xml(document, false)};
  } else {
    response.status = error.status;
    if (error.status != 304) response.body = {error_xml(document, true)};
  }
  return response;
}

class CosExchange : public Exchange {
 public:
  CosExchange(Core& core, RequestHead head) : core_(core), request_id_(new_request_id()) {
    method_ = head.method;
    resource_ = head.target.substr(0, head.target.find('?'));
    try {
      request_ = parse_request(std::move(head), [&](const std::string& label) { return core.storage.ever_had(label); });
      request_.admin = request_.admin && core.options.admin;
    } catch (const CosError& error) {
      unreadable_ = error;
      request_.operation = "other";
    }
    if (request_.admin) return;
    core_.count_request(request_.operation);
    fault_ = core_.faults.take(request_);
  }

  Faults faults() const override {
    Faults out;
    if (!fault_) return out;
    const bool before = fault_->when == Fault::When::before;
    if (fault_->kind == Fault::Kind::stall) (before ? out.stall_before_ms : out.stall_after_ms) = fault_->stall_ms;
    if (fault_->kind == Fault::Kind::reset) (before ? out.reset_before : out.reset_after) = true;
    return out;
  }

  std::optional<Response> refusal() override {
    if (request_.admin) return std::nullopt;
    if (is_of_somebody_else(Fault::When::before)) return of_somebody_else();
    auto response = fault_answers(Fault::When::before) ? fault_answer() : guarded([&] {
      check_request();
      return std::optional<Response>();
    });
    if (response) response = finished(core_, std::move(*response), method_, request_id_);
    return response;
  }

  void body(std::string_view bytes) override {
    core_.count_bytes(bytes.size());
    if (spool_ && !broken_ && spool_->digest().size() <= kObjectBytes) {
      broken_ = guarded([&]() -> std::optional<Response> {
        spool_->write(bytes);
        return std::nullopt;
      });
    } else if (!spool_) {
      text_ += bytes.substr(0, kTextBytes - text_.size());
    }
  }

  Response finish() override {
    auto response = answer();
    spool_.reset();  // before the answer: who has it finds no temporary file
    if (is_of_somebody_else(Fault::When::after)) return of_somebody_else();
    if (fault_answers(Fault::When::after)) return finished(core_, fault_answer().value(), method_, request_id_);
    return finished(core_, std::move(response).value(), method_, request_id_);
  }

 private:
  std::optional<Response> answer() {
    if (request_.admin) return answer_admin(core_, method_, text_);
    if (broken_) return std::move(broken_);
    if (request_.sts) return answer_sts(core_.account, request_, text_, request_id_);
    if (request_.ckafka) return core_.ckafka.answer(core_.account, request_, text_, request_id_);
    if (request_.metadata) return answer_metadata(core_.account, request_);
    return guarded([&]() -> std::optional<Response> {
      if (request_.operation == "put_bucket") return put_bucket();
      check_arrived();
      return regional(corrupted(handle({*bucket_, request_, spool_.get(), text_})));
    });
  }

  bool fault_answers(Fault::When when) const {
    return fault_ && fault_->when == when && (fault_->kind == Fault::Kind::error || fault_->kind == Fault::Kind::error_in_200);
  }

  bool is_of_somebody_else(Fault::When when) const { return fault_ && fault_->when == when && fault_->kind == Fault::Kind::somebody_else; }
  Response of_somebody_else() {
    core_.count_status(fault_->status);
    Response response;
    response.status = fault_->status;
    response.headers = {{"Content-Type", "text/html"}};
    if (fault_->with_request_id) response.headers.emplace_back("x-cos-request-id", request_id_);
    response.body = {fault_->body};
    return method_ == "HEAD" ? bodiless(std::move(response), fault_->body.size()) : response;
  }

  // In COS's order: what is wrong first decides the answer.
  void check_request() {
    if (unreadable_) throw CosError(*unreadable_);
    if (request_.sts || request_.ckafka || request_.metadata) return;
    core_.authorize(request_);
    if (request_.operation == "put_bucket") return;
    bucket_ = core_.storage.find(request_.bucket);
    if (!bucket_ && !request_.bucket.empty()) throw CosError{404, "NoSuchBucket", "The specified bucket does not exist."};
    check_head(request_);
    if (request_.has_body()) spool_ = bucket_->spool(core_.options.keep_objects || request_.header("content-md5"));
  }

  Response put_bucket() {
    if (core_.storage.find(request_.bucket))
      throw CosError{409, "BucketAlreadyOwnedByYou", "The bucket you tried to create exists, and you own it."};
    try {
      core_.storage.add(request_.bucket);
    } catch (const std::runtime_error& error) {
      throw CosError{400, "InvalidBucketName", error.what()};
    }
    return {};
  }

  void check_arrived() {
    if (spool_) {
      check_body(request_, spool_->digest().size(), spool_->digest().md5());
    } else if (request_.operation == "complete" && request_.header("content-md5")) {
      Digest digest(true);
      digest.update(text_);
      check_body(request_, digest.size(), digest.md5());
    }
  }

  Response regional(Response response) const {
    if (request_.operation == "head_bucket") response.headers.emplace_back("x-cos-bucket-region", core_.options.region);
    return response;
  }

  Response corrupted(Response response) const {
    if (!fault_ || fault_->kind != Fault::Kind::wrong_crc) return response;
    for (auto& [name, value] : response.headers) {
      if (name == "x-cos-hash-crc64ecma") value = std::to_string(to_number<std::uint64_t>(value).value_or(0) ^ 1);
    }
    return response;
  }

  std::optional<Response> fault_answer() {
    return answer(CosError{fault_->status, fault_->code, "A fault that was asked for."}, {}, {}, fault_->kind == Fault::Kind::error_in_200);
  }

  Response answer(const CosError& error, const std::string& to_sign, const std::string& format, bool in_200 = false) {
    core_.count_code(error.code);
    if (request_.sts || request_.ckafka) return api_error_response(error.code, error.message, request_id_);
    ErrorDocument document;
    document.resource = resource_;
    document.request_id = request_id_;
    document.string_to_sign = to_sign;
    document.format_string = format;
    return error_response(error, document, in_200, core_.account.now_ms());
  }

  template <class Function>
  std::optional<Response> guarded(Function function) {
    try {
      return function();
    } catch (const SignatureError& error) {
      return answer(error, error.string_to_sign, error.format_string);
    } catch (const CosError& error) {
      return answer(error, {}, {});
    } catch (const std::exception& error) {
      return answer(CosError{500, "InternalError", error.what()}, {}, {});
    }
  }

  Core& core_;
  const std::string request_id_;
  std::string method_;
  std::string resource_;
  Request request_;
  std::optional<CosError> unreadable_;
  std::optional<Fault> fault_;
  Bucket* bucket_ = nullptr;
  std::unique_ptr<Spool> spool_;
  std::string text_;
  std::optional<Response> broken_;  // the body could not be kept
};

}  // namespace

std::unique_ptr<Exchange> CosService::begin(RequestHead head) { return std::make_unique<CosExchange>(core_, std::move(head)); }

Response CosService::unreadable(std::string_view why) {
  const std::string id = new_request_id();
  ErrorDocument document;
  document.request_id = id;
  Response response = error_response(CosError{400, "BadRequest", std::string(why)}, document, false, core_.account.now_ms());
  response.close = true;
  return finished(core_, std::move(response), "", id);
}

}  // namespace ch::cos_emulator
