// Where a task stored before: a template, a format or a bucket that is changed leaves objects behind under names that the task's
// configuration does not tell any more. The store keeps what does. Pure; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "config/definition.hpp"
#include "store/store.hpp"
#include "tasks/task_validation.hpp"

namespace ch::tasks {

constexpr std::size_t kMaxEarlierPlaces = 16;  // of a task; the oldest goes, and is known to have gone

// Before the record's config is replaced by `next`: keeps where it stored, if `next` stores elsewhere.
using Definitions = std::function<const Result<config::Definition>&(const std::string& connector)>;
void keep_place(store::TaskRecord& record, const Config& next, const Definitions& definitions);

// Tells the connector of the earlier places, as the key kEarlierPlaces: a JSON array of objects. False: there were others, of which
// nothing is known or which are another connector's.
constexpr const char* kEarlierPlaces = "host.earlier.places";
bool tell_earlier_places(const store::TaskRecord& record, const TaskValidation& validation, runner::RunnerSpec& spec);

}  // namespace ch::tasks
