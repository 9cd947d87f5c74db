// The report of a verification as JSON, both ways: what a step answered is the body of the request for the next one.
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "rest/v1/json.hpp"
#include "tasks/bucket/verification.hpp"

namespace ch::rest {

Json verify_json(const std::string& task, const tasks::VerifyReport& report);
// Error: invalid, if it is no report of this task that is not complete yet.
Result<tasks::VerifyReport> read_report(const std::string& task, std::string_view text);

}  // namespace ch::rest
