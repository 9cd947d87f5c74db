// The operations of COS, once a request is known to be allowed and its body has arrived. Any thread.
#pragma once

#include <string>

#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"
#include "cos_emulator/storage.hpp"

namespace ch::cos_emulator {

struct Call {
  Bucket& bucket;
  const Request& request;
  Spool* spool = nullptr;   // the body of put and upload_part
  const std::string& text;  // the body of complete
};

constexpr std::size_t kCompleteBytes = std::size_t{2} * 1024 * 1024;  // 10 000 parts need about 1.2 MB

void check_head(const Request& request);  // what is wrong before the body is read; throws CosError
Response handle(const Call& call);        // throws CosError

}  // namespace ch::cos_emulator
