// What COS's answers say: from their headers and XML into the types of client.hpp. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cos/client.hpp"
#include "cos/limits.hpp"

namespace ch::cos {

struct PartsPage {
  std::vector<Part> parts;
  std::string next_marker;  // empty: no more
};

// Each: nothing if the answer is not what its request promises (cut off, or of another server).
std::optional<ObjectHead> read_head(const Answer& answer);
std::optional<ListPage> read_list(std::string_view body);
std::optional<UploadPage> read_uploads(std::string_view body);
std::optional<std::string> read_upload_id(std::string_view body);
std::optional<PartsPage> read_parts(std::string_view body);
bool is_completed(std::string_view body);
std::optional<bool> read_versioning(std::string_view body);  // whether there are versions, or were

std::string complete_document(const std::vector<Part>& parts);
std::optional<std::uint64_t> crc64_of(const Answer& answer);  // COS's CRC64 of what it stored

}  // namespace ch::cos
