#include "table.h"

static void* create_nothing(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user) {
  (void)host, (void)task, (void)problem, (void)user;
  return NULL;
}

ENTRY("create-null", table.create = create_nothing)
