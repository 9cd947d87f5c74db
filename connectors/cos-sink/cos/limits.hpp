// COS's own bounds (its API documents).
#pragma once

namespace ch::cos {

constexpr int kMaxParts = 10000;    // of an upload
constexpr int kKeysPerPage = 1000;  // of a listing, at the most

}  // namespace ch::cos
