// Where the threads of a process are: for the message of a test that waits for it in vain.
#pragma once

#include <sys/types.h>

#include <string>

namespace ch::test {

// Of all threads, by gdb; without gdb, or if it may not, their names and what they wait for in the kernel.
std::string stacks(pid_t pid);

}  // namespace ch::test
