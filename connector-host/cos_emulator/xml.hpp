// COS's XML documents, and reading Complete's. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cos_emulator/request.hpp"
#include "cos_emulator/storage.hpp"

namespace ch::cos_emulator {

struct ErrorDocument {
  std::string code, message, resource, request_id, trace_id;
  std::string string_to_sign, format_string;  // "" left out
  std::string server_time;                    // "" left out
};

std::string error_xml(const ErrorDocument& error, bool declaration);
std::string initiate_xml(const Request& request, const std::string& upload_id);
std::string complete_xml(const Request& request, const std::string& etag);  // without a declaration: blanks precede it
std::string objects_xml(const Request& request, const ListQuery& query, bool url_encode, const Page<Object>& page);
std::string uploads_xml(const Request& request, const ListQuery& query, bool url_encode, const Page<Upload>& page);
std::string parts_xml(const Request& request, const Upload& upload, int marker, int max, bool url_encode);

std::vector<NamedPart> read_complete(const std::string& text);  // throws CosError MalformedXML

}  // namespace ch::cos_emulator
