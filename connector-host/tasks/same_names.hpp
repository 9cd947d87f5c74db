// Tasks that would give their objects the same names in the same place. Each then finds the other's object under a name of
// its own, and stands with object_conflict. Pure; any thread.
#pragma once

#include <string>

#include "config/definition.hpp"

namespace ch::tasks {

// The topic, or the expression, that both store under the same names; "" if there is none. Both are of the connector that
// `definition` describes; its keys with "x-places-objects" say where objects lie.
std::string stored_twice(const Config& one, const Config& other, const config::Definition& definition);

}  // namespace ch::tasks
