#include "cos_emulator/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cos_emulator/object_head.hpp"
#include "cos_emulator/xml.hpp"

namespace ch::cos_emulator {
namespace {

constexpr int kMostParts = 10000;
constexpr int kPageItems = 1000;

Response xml_response(std::string text) {
  Response response;
  response.headers.emplace_back("Content-Type", "application/xml");
  response.body.push_back(std::move(text));
  return response;
}

int number_parameter(const Request& request, std::string_view name, int otherwise, int most) {
  const std::string* text = request.parameter(name);
  if (!text || text->empty()) return otherwise;
  const auto number = to_number<int>(*text);
  if (!number) throw CosError{400, "InvalidArgument", fmt::format("{} must be a number from 0 to {}.", name, most)};
  return std::min(*number, most);
}

int part_number(const Request& request) {
  const auto number = to_number<int>(find_or(request.canonical.query, "partNumber", ""));
  if (!number || *number < 1 || *number > kMostParts) {
    throw CosError{400, "InvalidArgument", "partNumber must be a number from 1 to 10000."};
  }
  return *number;
}

bool url_encoding(const Request& request) {
  const std::string type = find_or(request.canonical.query, "encoding-type", "");
  if (!type.empty() && type != "url") throw CosError{400, "InvalidArgument", "encoding-type can only be url."};
  return type == "url";
}

ListQuery list_query(const Request& request, std::string_view marker, std::string_view max) {
  ListQuery query;
  query.prefix = find_or(request.canonical.query, "prefix", "");
  query.delimiter = find_or(request.canonical.query, "delimiter", "");
  query.marker = find_or(request.canonical.query, marker, "");
  query.upload_id_marker = find_or(request.canonical.query, "upload-id-marker", "");
  query.max = number_parameter(request, max, kPageItems, kPageItems);
  return query;
}

const std::string& upload_id(const Request& request) { return *request.parameter("uploadId"); }

Response put(const Call& call) {
  Object object = read_object_head(call.request);
  object.size = call.spool->digest().size();
  object.crc64 = call.spool->digest().crc64();
  object.etag = call.spool->etag();
  // No MD5 of the content.
  if (const auto found = object.headers.find("x-cos-server-side-encryption"); found != object.headers.end() && found->second == "cos/kms")
    object.etag = md5_hex("kms" + object.etag);
  object = call.bucket.put(*call.spool, std::move(object), call.request.forbids_overwrite());
  Response response;
  response.headers = {{"ETag", '"' + object.etag + '"'}, {"x-cos-hash-crc64ecma", std::to_string(*object.crc64)}};
  const auto encryption = object.headers.find("x-cos-server-side-encryption");
  if (encryption != object.headers.end()) response.headers.push_back(*encryption);
  if (!object.version.empty() && object.version != "null") response.headers.emplace_back("x-cos-version-id", object.version);
  return response;
}

Response head(const Call& call) {
  const auto object = call.bucket.find(call.request.key);
  if (!object) throw CosError{404, "NoSuchKey", "The specified key does not exist."};
  check_conditions(call.request, *object);
  Response response;
  response.headers = object_headers(*object);
  response.content_length = object->size;
  if (call.bucket.versioning() == Versioning::enabled)
    response.headers.emplace_back("x-cos-version-id", object->version.empty() ? "null" : object->version);
  return response;
}

Response get(const Call& call) {
  auto [object, file] = call.bucket.open(call.request.key);
  check_conditions(call.request, object);
  Response response;
  response.headers = object_headers(object);
  apply_overrides(call.request, response.headers);
  response.file = std::make_shared<File>(std::move(file));
  response.file_bytes = object.size;
  if (const auto range = read_range(call.request, object.size)) {
    response.status = 206;
    response.file_at = range->at;
    response.file_bytes = range->bytes;
    response.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", range->at, range->at + range->bytes - 1, object.size));
  }
  return response;
}

Response erase(const Call& call) {
  const auto marker = call.bucket.erase(call.request.key);
  Response response;
  response.status = 204;
  if (marker) response.headers = {{"x-cos-delete-marker", "true"}, {"x-cos-version-id", *marker}};
  return response;
}

Response list(const Call& call) {
  const ListQuery query = list_query(call.request, "marker", "max-keys");
  return xml_response(objects_xml(call.request, query, url_encoding(call.request), call.bucket.objects(query)));
}

Response list_uploads(const Call& call) {
  const ListQuery query = list_query(call.request, "key-marker", "max-uploads");
  return xml_response(uploads_xml(call.request, query, url_encoding(call.request), call.bucket.uploads(query)));
}

Response versioning(const Call& call) {
  const auto state = call.bucket.versioning();
  if (state == Versioning::never) return xml_response("<VersioningConfiguration/>");
  return xml_response(fmt::format("<VersioningConfiguration><Status>{}</Status></VersioningConfiguration>",
                                  state == Versioning::enabled ? "Enabled" : "Suspended"));
}

Response head_bucket(const Call&) {
  Response response;
  response.content_length = 0;
  return response;
}

Response initiate(const Call& call) {
  return xml_response(initiate_xml(call.request, call.bucket.initiate(read_object_head(call.request))));
}

Response upload_part(const Call& call) {
  const Part part = call.bucket.put_part(upload_id(call.request), call.request.key, part_number(call.request), *call.spool);
  Response response;
  response.headers = {{"ETag", '"' + part.etag + '"'}, {"x-cos-hash-crc64ecma", std::to_string(part.crc64)}};
  return response;
}

Response list_parts(const Call& call) {
  const int max = number_parameter(call.request, "max-parts", kPageItems, kPageItems);
  const int marker = number_parameter(call.request, "part-number-marker", 0, kMostParts);
  const Upload upload = call.bucket.upload(upload_id(call.request), call.request.key);
  return xml_response(parts_xml(call.request, upload, marker, max, url_encoding(call.request)));
}

Response complete(const Call& call) {
  if (call.text.size() > kCompleteBytes) throw CosError{400, "XMLSizeLimit", "The body is larger than 2 MB."};
  const auto parts = read_complete(call.text);
  const Object object = call.bucket.complete(upload_id(call.request), call.request.key, parts, call.request.forbids_overwrite());
  Response response = xml_response("\n");
  response.chunked = true;
  response.body.push_back("\n  ");
  response.body.push_back(complete_xml(call.request, object.etag));
  if (object.crc64) response.headers.emplace_back("x-cos-hash-crc64ecma", std::to_string(*object.crc64));
  if (!object.version.empty()) response.headers.emplace_back("x-cos-version-id", object.version);
  return response;
}

Response abort(const Call& call) {
  call.bucket.abort(upload_id(call.request), call.request.key);
  Response response;
  response.status = 204;
  return response;
}

const std::map<std::string, Response (*)(const Call&)> kHandlers = {
    {"put", put},
    {"head", head},
    {"get", get},
    {"delete", erase},
    {"list", list},
    {"list_uploads", list_uploads},
    {"initiate", initiate},
    {"complete", complete},
    {"upload_part", upload_part},
    {"abort", abort},
    {"list_parts", list_parts},
    {"head_bucket", head_bucket},
    {"versioning", versioning},
};

}  // namespace

void check_head(const Request& request) {
  if (request.operation == "put_bucket") return;
  if (kHandlers.count(request.operation) == 0) {
    throw CosError{501, "NotImplemented", fmt::format("This emulator has no such operation: {}.", request.head.method)};
  }
  check_key(request.key);
  if (request.has_body() || request.operation == "complete") check_body_head(request);
  if (request.operation == "put" || request.operation == "initiate") read_object_head(request);
  if (request.operation == "upload_part") part_number(request);
  if ((request.operation == "get" || request.operation == "head") && request.header("x-cos-server-side-encryption")) {
    throw CosError{400, "SSEHeaderNotAllowed", "x-cos-server-side-encryption is not allowed here."};
  }
}

Response handle(const Call& call) { return kHandlers.at(call.request.operation)(call); }

}  // namespace ch::cos_emulator
