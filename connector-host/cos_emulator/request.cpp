#include "cos_emulator/request.hpp"

#include <algorithm>

namespace ch::cos_emulator {
namespace {

constexpr std::size_t kShortestAppId = 8;

// <name>-<APPID>, as every real bucket is called.
bool looks_like_bucket(const std::string& label) {
  const std::size_t dash = label.rfind('-');
  if (dash == std::string::npos || label.size() - dash <= kShortestAppId) return false;
  return label.find_first_not_of("0123456789", dash + 1) == std::string::npos;
}

std::string host_bucket(const std::string& host, const std::function<bool(const std::string&)>& is_bucket) {
  const std::size_t dot = host.find('.');
  if (dot == std::string::npos) return {};
  const std::string label = host.substr(0, dot);
  return is_bucket(label) || looks_like_bucket(label) ? label : std::string();
}

std::string bucket_operation(const Request& request) {
  const std::string& method = request.head.method;
  if (request.bucket.empty()) return "other";
  if (method == "HEAD") return "head_bucket";
  if (method == "PUT" && request.canonical.query.empty()) return "put_bucket";
  if (method != "GET") return "other";
  if (request.parameter("versioning")) return "versioning";
  return request.parameter("uploads") ? "list_uploads" : "list";
}

std::string object_operation(const Request& request) {
  const std::string& method = request.head.method;
  const bool upload = request.parameter("uploadId") != nullptr;
  for (const char* not_done : {"acl", "tagging", "versionId", "append", "select", "restore", "delete", "policy"}) {
    if (request.parameter(not_done)) return "other";
  }
  if (request.header("x-cos-copy-source")) return "other";
  if (method == "PUT") return upload ? "upload_part" : "put";
  if (method == "GET") return upload ? "list_parts" : "get";
  if (method == "HEAD") return "head";
  if (method == "DELETE") return upload ? "abort" : "delete";
  if (method == "POST" && request.parameter("uploads")) return "initiate";
  if (method == "POST" && upload) return "complete";
  return "other";
}

}  // namespace

Request parse_request(RequestHead head, const std::function<bool(const std::string&)>& is_bucket) {
  Request request;
  const std::size_t question = head.target.find('?');
  const auto path = percent_decode(std::string_view(head.target).substr(0, question), false);
  const auto query = question == std::string::npos ? Pairs() : decode_query(std::string_view(head.target).substr(question + 1));
  request.head = std::move(head);
  request.canonical.method = request.head.method;
  request.canonical.headers = request.head.headers;
  if (!path || path->empty() || path->front() != '/' || !query) throw CosError{400, "InvalidURI", "The request target cannot be decoded."};
  request.canonical.path = *path;
  request.canonical.query = *query;
  request.admin = *path == "/-/admin";
  // One address serves several services: the signature says which one is meant.
  const bool api = request.header("x-tc-action") != nullptr;
  request.ckafka = api && find_or(request.canonical.headers, "authorization", "").find("/ckafka/tc3_request") != std::string::npos;
  request.sts = api && !request.ckafka;
  request.metadata = path->rfind("/latest/meta-data/", 0) == 0;
  if (api || request.metadata) {
    request.operation = request.sts ? "sts" : request.ckafka ? "ckafka" : "metadata";
    return request;
  }

  request.bucket = host_bucket(find_or(request.head.headers, "host", ""), is_bucket);
  request.key = path->substr(1);
  if (request.bucket.empty()) {
    const std::size_t slash = std::min(request.key.find('/'), request.key.size());
    request.bucket = request.key.substr(0, slash);
    request.key.erase(0, slash + 1);
  }
  request.operation = request.key.empty() ? bucket_operation(request) : object_operation(request);
  return request;
}

}  // namespace ch::cos_emulator
