#include "cos/response_parsers.hpp"

#include <sstream>

#include "cos/xml.hpp"

namespace ch::cos {
namespace {

constexpr std::string_view kMetaPrefix = "x-cos-meta-";

bool is_truncated(const pugi::xml_node& root) { return child_text(root, "IsTruncated") == "true"; }

}  // namespace

std::optional<std::uint64_t> crc64_of(const Answer& answer) { return parse_number(answer.header("x-cos-hash-crc64ecma")); }

std::optional<ObjectHead> read_head(const Answer& answer) {
  const auto size = parse_number(answer.header("content-length"));
  if (!size || answer.header("etag").empty()) return std::nullopt;
  ObjectHead head;
  head.size = *size;
  head.etag = answer.header("etag");
  head.crc64 = crc64_of(answer);
  for (const auto& [name, value] : answer.headers) {
    if (name.starts_with(kMetaPrefix)) head.metadata.emplace(name.substr(kMetaPrefix.size()), value);
  }
  return head;
}

std::optional<ListPage> read_list(std::string_view body) {
  pugi::xml_document document;
  const auto root = parse_xml(document, body, "ListBucketResult");
  if (!root) return std::nullopt;
  const bool encoded = child_text(root, "EncodingType") == "url";
  const auto decoded = [&](const std::string& text) { return encoded ? percent_decode(text) : text; };
  ListPage page;
  for (const auto& child : root.children()) {
    if (!tag_is(child, "Contents")) continue;
    const auto size = parse_number(child_text(child, "Size"));
    auto key = decoded(child_text(child, "Key"));
    if (!size || key.empty()) return std::nullopt;
    page.objects.push_back({std::move(key), *size, parse_utc_ms(child_text(child, "LastModified")).value_or(0)});
  }
  if (is_truncated(root)) {
    page.next_marker = decoded(child_text(root, "NextMarker"));
    if (page.next_marker.empty() && !page.objects.empty()) page.next_marker = page.objects.back().key;
    if (page.next_marker.empty()) return std::nullopt;  // more, but no way to ask for it
  }
  return page;
}

std::optional<UploadPage> read_uploads(std::string_view body) {
  pugi::xml_document document;
  const auto root = parse_xml(document, body, "ListMultipartUploadsResult");
  if (!root) return std::nullopt;
  const bool encoded = child_text(root, "EncodingType") == "url";
  const auto decoded = [&](const std::string& text) { return encoded ? percent_decode(text) : text; };
  UploadPage page;
  for (const auto& child : root.children()) {
    if (!tag_is(child, "Upload")) continue;
    auto key = decoded(child_text(child, "Key"));
    auto id = child_text(child, "UploadId");
    if (key.empty() || id.empty()) return std::nullopt;
    page.uploads.push_back({std::move(key), std::move(id), parse_utc_ms(child_text(child, "Initiated")).value_or(0)});
  }
  if (is_truncated(root)) {
    page.next_key = decoded(child_text(root, "NextKeyMarker"));
    page.next_id = child_text(root, "NextUploadIdMarker");
    if (page.next_key.empty()) return std::nullopt;  // more, but no way to ask for it
  }
  return page;
}

std::optional<std::string> read_upload_id(std::string_view body) {
  pugi::xml_document document;
  auto id = child_text(parse_xml(document, body, "InitiateMultipartUploadResult"), "UploadId");
  if (id.empty()) return std::nullopt;
  return id;
}

std::optional<PartsPage> read_parts(std::string_view body) {
  pugi::xml_document document;
  const auto root = parse_xml(document, body, "ListPartsResult");
  if (!root) return std::nullopt;
  PartsPage page;
  for (const auto& child : root.children()) {
    if (!tag_is(child, "Part")) continue;
    const auto number = parse_number(child_text(child, "PartNumber"));
    const auto size = parse_number(child_text(child, "Size"));
    auto etag = child_text(child, "ETag");
    if (!number || *number < 1 || *number > kMaxParts || !size || etag.empty()) return std::nullopt;
    page.parts.push_back({static_cast<int>(*number), std::move(etag), *size});
  }
  if (is_truncated(root)) {
    page.next_marker = child_text(root, "NextPartNumberMarker");
    if (page.next_marker.empty()) return std::nullopt;
  }
  return page;
}

bool is_completed(std::string_view body) {
  pugi::xml_document document;
  return static_cast<bool>(parse_xml(document, body, "CompleteMultipartUploadResult"));
}

std::optional<bool> read_versioning(std::string_view body) {
  pugi::xml_document document;
  const auto root = parse_xml(document, body, "VersioningConfiguration");
  if (!root) return std::nullopt;
  return !child_text(root, "Status").empty();
}

std::string complete_document(const std::vector<Part>& parts) {
  pugi::xml_document document;
  auto root = document.append_child("CompleteMultipartUpload");
  for (const auto& part : parts) {
    auto element = root.append_child("Part");
    element.append_child("PartNumber").text().set(part.number);
    element.append_child("ETag").text().set(part.etag.c_str());
  }
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  return text.str();
}

}  // namespace ch::cos
