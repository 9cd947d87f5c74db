// What a request head must be beyond what Beast's parser checks. Pure; any thread.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string>
#include <utility>

#include "rest/http/http.hpp"

namespace ch::rest {

using Head = boost::beast::http::request_header<boost::beast::http::fields>;

struct Refusal {
  unsigned status = 400;
  std::string message;
};

// Nothing: the head is fine. Refused is whatever two programs in a row could understand differently.
std::optional<Refusal> check_head(const Head& head);
bool expects_continue(const Head& head);

// Method, path, query and headers. Only for a head that passed check_head().
Request to_request(const Head& head);

}  // namespace ch::rest
