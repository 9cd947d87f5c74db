// What a request asks for, told from its head alone.
#pragma once

#include <functional>
#include <string>

#include "cos_emulator/http.hpp"
#include "cos_emulator/signature.hpp"

namespace ch::cos_emulator {

struct Request {
  RequestHead head;
  SignedRequest canonical;  // method, decoded path and query, headers
  std::string bucket;
  std::string key;
  std::string operation;  // as Fault::operation names them; "other" for what the emulator does not do
  bool admin = false;     // /-/admin
  bool sts = false;       // a call of the cloud's API: STS's
  bool ckafka = false;    // or CKafka's
  bool metadata = false;  // a question to a machine's metadata service

  const std::string* header(std::string_view name) const { return find(canonical.headers, name); }
  const std::string* parameter(std::string_view name) const { return find(canonical.query, name); }
  bool forbids_overwrite() const { return find_or(canonical.headers, "x-cos-forbid-overwrite", "") == "true"; }
  bool has_body() const { return operation == "put" || operation == "upload_part"; }  // that is streamed to storage
};

// Virtual host style if the Host begins with a bucket's name, else path style. Throws CosError InvalidURI.
Request parse_request(RequestHead head, const std::function<bool(const std::string&)>& is_bucket);

}  // namespace ch::cos_emulator
