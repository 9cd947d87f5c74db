// What a refusal of Tencent Cloud's API says in its body; all empty if it is none of the API.
#pragma once

#include <string>

namespace ch::cloud {

struct ApiError {
  std::string code, message, request_id;
};

}  // namespace ch::cloud
