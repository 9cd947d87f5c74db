// What all services of the cloud's API have in common: who signed a request with TC3, and how answers look. Any thread.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cos_emulator/account.hpp"
#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"

namespace ch::cos_emulator {

struct ApiRefusal {
  std::string code, message;
};

// Who signed the request; throws ApiRefusal in the order in which the real one finds fault.
Access authenticate(const Account& account, const Request& request, const std::string& body, const std::string& service);

std::string api_text(const nlohmann::json& body, const char* name);  // throws ApiRefusal if it is missing

Response json_response(const nlohmann::json& document);
// {"Response": what `act` gives, with the request id}, or the refusal it throws.
Response api_answer(const std::string& request_id, const std::function<nlohmann::json()>& act);
Response api_error_response(const std::string& code, const std::string& message, const std::string& request_id);

// For known-answer tests: what the header Authorization must end in.
std::string tc3_signature(const std::string& secret_key, const std::string& service, const std::string& host,
                          const std::string& content_type, const std::string& body, std::int64_t timestamp);

}  // namespace ch::cos_emulator
