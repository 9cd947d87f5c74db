// The one table of what Tencent Cloud's error codes mean for us: COS's, and those of its API (STS) and of the instance's
// metadata. Pure; any thread.
#pragma once

#include <string_view>

#include "cos/outcome.hpp"

namespace ch::cos {

// {action}, {bucket}, {policy} and {role} are filled into a remedy.
struct Rule {
  std::string_view code;
  Outcome outcome;
  std::string_view reason;
  std::string_view remedy;
};

constexpr const char* kNotFromCos = "NotFromCos";  // ours: an answer that does not show that COS gave it

// Of COS: by the code, or by the status for codes that are not in the table and for answers without one.
Rule rule_of(int status, std::string_view code);
// Of the API: by the code, by what stands before its dot, or by the status.
Rule rule_of_api(int status, std::string_view code);

}  // namespace ch::cos
