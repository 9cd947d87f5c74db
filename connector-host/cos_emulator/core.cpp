#include "cos_emulator/core.hpp"

#include <fmt/format.h>

namespace ch::cos_emulator {
namespace {

bool matches(const Fault& fault, const Request& request) {
  return fault.times != 0 && (fault.method.empty() || fault.method == request.head.method) &&
         (fault.operation.empty() || fault.operation == request.operation) && request.key.find(fault.key_contains) != std::string::npos;
}

}  // namespace

void FaultList::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultList::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> FaultList::take(const Request& request) {
  const std::lock_guard lock(mutex_);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!matches(*fault, request)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    Fault taken = *fault;
    if (fault->times > 0 && --fault->times == 0) faults_.erase(fault);
    return taken;
  }
  return std::nullopt;
}

Core::Core(Options given)
    : options(std::move(given)), storage(options.dir, options.buckets, options.keep_objects), account(options.account, options.access) {}

void Core::set_denied(const std::string& operation, bool denied) {
  const std::lock_guard lock(mutex_);
  if (denied) {
    denied_.insert(operation);
  } else {
    denied_.erase(operation);
  }
}

void Core::authorize(const Request& request) {
  if (auto refusal = verify(request.canonical, account.keys(), account.now_ms() / 1000, options.strict)) {
    throw SignatureError{{refusal->status, refusal->code, refusal->message}, refusal->string_to_sign, refusal->format_string};
  }
  const std::lock_guard lock(mutex_);
  if (denied_.count("") != 0 || denied_.count(request.operation) != 0) {
    throw CosError{403, "AccessDenied", "Access Denied."};
  }
}

void Core::count_request(const std::string& operation) {
  const std::lock_guard lock(mutex_);
  ++counters_.requests[operation];
}

void Core::count_status(int status) {
  const std::lock_guard lock(mutex_);
  ++counters_.statuses[status];
}

void Core::count_code(const std::string& code) {
  const std::lock_guard lock(mutex_);
  ++counters_.codes[code];
}

void Core::count_bytes(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  counters_.bytes_in += bytes;
}

void Core::count_connection() {
  const std::lock_guard lock(mutex_);
  ++counters_.connections;
}

Counters Core::counters() {
  const std::size_t uploads = storage.unfinished_uploads();
  const std::lock_guard lock(mutex_);
  Counters out = counters_;
  out.unfinished_uploads = uploads;
  return out;
}

}  // namespace ch::cos_emulator
