#include "cos_emulator/xml.hpp"

#include <pugixml.hpp>
#include <sstream>

#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {
namespace {

using pugi::xml_node;

void add(xml_node node, const char* name, const std::string& value) { node.append_child(name).text().set(value.c_str()); }

std::string print(const pugi::xml_document& document, bool declaration) {
  std::ostringstream out;
  if (declaration) out << "<?xml version='1.0' encoding='utf-8' ?>\n";
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return out.str();
}

std::string quoted(const std::string& etag) { return '"' + etag + '"'; }

void add_person(xml_node node, const char* name, const Request& request) {
  xml_node person = node.append_child(name);
  const std::string app_id = request.bucket.substr(request.bucket.rfind('-') + 1);
  add(person, "ID", app_id);
  add(person, "DisplayName", app_id);
}

std::string storage_class(const Object& object) {
  const auto found = object.headers.find("x-cos-storage-class");
  return found == object.headers.end() ? "STANDARD" : found->second;
}

std::string printed(const std::string& name, bool url_encode) { return url_encode ? percent_encode(name) : name; }

void add_prefixes(xml_node root, const std::vector<std::string>& prefixes, bool url_encode) {
  for (const std::string& prefix : prefixes) add(root.append_child("CommonPrefixes"), "Prefix", printed(prefix, url_encode));
}

}  // namespace

std::string error_xml(const ErrorDocument& error, bool declaration) {
  pugi::xml_document document;
  xml_node root = document.append_child("Error");
  add(root, "Code", error.code);
  add(root, "Message", error.message);
  if (!error.string_to_sign.empty()) {
    add(root, "StringToSign", error.string_to_sign);
    add(root, "FormatString", error.format_string);
  }
  if (!error.server_time.empty()) add(root, "ServerTime", error.server_time);
  add(root, "Resource", error.resource);
  add(root, "RequestId", error.request_id);
  add(root, "TraceId", error.trace_id);
  return print(document, declaration);
}

std::string initiate_xml(const Request& request, const std::string& upload_id) {
  pugi::xml_document document;
  xml_node root = document.append_child("InitiateMultipartUploadResult");
  add(root, "Bucket", request.bucket);
  add(root, "Key", request.key);
  add(root, "UploadId", upload_id);
  return print(document, true);
}

std::string complete_xml(const Request& request, const std::string& etag) {
  pugi::xml_document document;
  xml_node root = document.append_child("CompleteMultipartUploadResult");
  root.append_attribute("xmlns") = "http://www.qcloud.com/document/product/436/7751";
  add(root, "Location", "http://" + find_or(request.head.headers, "host", "") + request.canonical.path);
  add(root, "Bucket", request.bucket);
  add(root, "Key", request.key);
  add(root, "ETag", quoted(etag));
  return print(document, false);
}

std::string objects_xml(const Request& request, const ListQuery& query, bool url_encode, const Page<Object>& page) {
  pugi::xml_document document;
  xml_node root = document.append_child("ListBucketResult");
  add(root, "Name", request.bucket);
  if (url_encode) add(root, "EncodingType", "url");
  add(root, "Prefix", printed(query.prefix, url_encode));
  add(root, "Marker", printed(query.marker, url_encode));
  add(root, "MaxKeys", std::to_string(query.max));
  if (!query.delimiter.empty()) add(root, "Delimiter", printed(query.delimiter, url_encode));
  add(root, "IsTruncated", page.truncated ? "true" : "false");
  if (page.truncated) add(root, "NextMarker", printed(page.next, url_encode));
  add_prefixes(root, page.prefixes, url_encode);
  for (const Object& object : page.items) {
    xml_node node = root.append_child("Contents");
    add(node, "Key", printed(object.key, url_encode));
    add(node, "LastModified", iso_time(object.modified_ms));
    add(node, "ETag", quoted(object.etag));
    add(node, "Size", std::to_string(object.size));
    add_person(node, "Owner", request);
    add(node, "StorageClass", storage_class(object));
  }
  return print(document, true);
}

std::string uploads_xml(const Request& request, const ListQuery& query, bool url_encode, const Page<Upload>& page) {
  pugi::xml_document document;
  xml_node root = document.append_child("ListMultipartUploadsResult");
  add(root, "Bucket", request.bucket);
  if (url_encode) add(root, "EncodingType", "url");
  add(root, "KeyMarker", printed(query.marker, url_encode));
  add(root, "UploadIdMarker", query.upload_id_marker);
  if (page.truncated) {
    add(root, "NextKeyMarker", printed(page.next, url_encode));
    const bool upload_is_last = !page.items.empty() && page.items.back().object.key == page.next;
    add(root, "NextUploadIdMarker", upload_is_last ? page.items.back().id : "");
  }
  add(root, "MaxUploads", std::to_string(query.max));
  add(root, "IsTruncated", page.truncated ? "true" : "false");
  add(root, "Prefix", printed(query.prefix, url_encode));
  add(root, "Delimiter", printed(query.delimiter, url_encode));
  for (const Upload& upload : page.items) {
    xml_node node = root.append_child("Upload");
    add(node, "Key", printed(upload.object.key, url_encode));
    add(node, "UploadId", upload.id);
    add(node, "StorageClass", storage_class(upload.object));
    add_person(node, "Initiator", request);
    add_person(node, "Owner", request);
    add(node, "Initiated", iso_time(upload.object.modified_ms));
  }
  add_prefixes(root, page.prefixes, url_encode);
  return print(document, true);
}

std::string parts_xml(const Request& request, const Upload& upload, int marker, int max, bool url_encode) {
  pugi::xml_document document;
  xml_node root = document.append_child("ListPartsResult");
  add(root, "Bucket", request.bucket);
  if (url_encode) add(root, "EncodingType", "url");
  add(root, "Key", printed(request.key, url_encode));
  add(root, "UploadId", upload.id);
  add_person(root, "Initiator", request);
  add_person(root, "Owner", request);
  add(root, "StorageClass", storage_class(upload.object));
  add(root, "PartNumberMarker", std::to_string(marker));
  add(root, "MaxParts", std::to_string(max));
  int given = 0;
  auto part = upload.parts.upper_bound(marker);
  for (; part != upload.parts.end() && given < max; ++part, ++given) {
    xml_node node = root.append_child("Part");
    add(node, "PartNumber", std::to_string(part->first));
    add(node, "LastModified", iso_time(part->second.modified_ms));
    add(node, "ETag", quoted(part->second.etag));
    add(node, "Size", std::to_string(part->second.size));
  }
  const bool truncated = part != upload.parts.end();
  if (truncated && given > 0) add(root, "NextPartNumberMarker", std::to_string(std::prev(part)->first));
  add(root, "IsTruncated", truncated ? "true" : "false");
  return print(document, true);
}

std::vector<NamedPart> read_complete(const std::string& text) {
  const auto malformed = [] {
    return CosError{400, "MalformedXML", "The body is no CompleteMultipartUpload with at least one Part of PartNumber and ETag."};
  };
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size())) throw malformed();
  std::vector<NamedPart> parts;
  for (const xml_node node : document.child("CompleteMultipartUpload").children("Part")) {
    const auto number = to_number<int>(node.child_value("PartNumber"));
    std::string etag = node.child_value("ETag");
    if (!number || etag.empty()) throw malformed();
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    parts.push_back({*number, etag});
  }
  if (parts.empty()) throw malformed();
  return parts;
}

}  // namespace ch::cos_emulator
