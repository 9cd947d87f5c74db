// Java's .properties format, in which Kafka Connect's users keep secrets. A pure function, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ch::config {

// Key and value of every line; the last of several equal keys wins, as in Java. Comments (# and !), "=", ":" or a blank
// between key and value, a backslash that continues a line, and the escapes \t \n \r \f \uXXXX are understood.
std::map<std::string, std::string> parse_properties(std::string_view text);

}  // namespace ch::config
