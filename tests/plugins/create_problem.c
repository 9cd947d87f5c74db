#include "table.h"

static ch_string text(const char* terminated) {
  ch_string string;
  string.data = terminated;
  string.size = strlen(terminated);
  return string;
}

static void* create_nothing(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user) {
  (void)host, (void)task;
  problem(user, text("some.key"), text("some value"), text("must be another value"));
  return NULL;
}

ENTRY("create-problem", table.create = create_nothing)
