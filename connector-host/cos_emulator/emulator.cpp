#include "cos_emulator/emulator.hpp"

#include "cos_emulator/core.hpp"
#include "cos_emulator/server.hpp"
#include "cos_emulator/service.hpp"

namespace ch::cos_emulator {

struct Emulator::Impl {
  explicit Impl(Options options) : core(std::move(options)), service(core), server(service, core.options.port, core.options.threads) {}

  Core core;
  CosService service;
  Server server;  // last: it stops before what it serves goes
};

Emulator::Emulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Emulator::~Emulator() = default;

std::uint16_t Emulator::port() const { return impl_->server.port(); }

std::string Emulator::endpoint(const std::string& bucket) const { return "http://127.0.0.1:" + std::to_string(port()) + "/" + bucket; }

void Emulator::add_fault(Fault fault) { impl_->core.faults.add(std::move(fault)); }
void Emulator::clear_faults() { impl_->core.faults.clear(); }
void Emulator::set_access(std::map<std::string, Access> access) { impl_->core.account.set_permanent(std::move(access)); }
void Emulator::set_denied(const std::string& operation, bool denied) { impl_->core.set_denied(operation, denied); }
void Emulator::remove_bucket(const std::string& bucket) { impl_->core.storage.remove(bucket); }
void Emulator::add_bucket(const std::string& bucket) { impl_->core.storage.add(bucket); }
void Emulator::set_versioning(const std::string& bucket, bool enabled) {
  if (auto* found = impl_->core.storage.find(bucket)) found->set_versioning(enabled ? Versioning::enabled : Versioning::suspended);
}
std::string Emulator::origin() const { return "http://127.0.0.1:" + std::to_string(port()); }
void Emulator::add_role(const std::string& name, std::int64_t life_s) { impl_->core.account.add_role(name, life_s); }
void Emulator::remove_role(const std::string& name, bool revoke) { impl_->core.account.remove_role(name, revoke); }
void Emulator::bind_role(const std::string& name) { impl_->core.account.bind_role(name); }
void Emulator::set_web_identity(const std::string& provider, const std::string& token) {
  impl_->core.account.set_web_identity(provider, token);
}
void Emulator::add_ckafka_instance(const std::string& id, const std::map<std::string, std::string>& topic_ids) {
  impl_->core.ckafka.add(id, topic_ids);
}
void Emulator::set_ckafka_status(const std::string& id, int status, std::int64_t expires_s) {
  impl_->core.ckafka.set_status(id, status, expires_s);
}
void Emulator::set_clock_offset_ms(std::int64_t offset) { impl_->core.account.set_clock_offset_ms(offset); }
std::vector<IssuedKeys> Emulator::issued() const { return impl_->core.account.issued(); }
Counters Emulator::counters() const { return impl_->core.counters(); }

}  // namespace ch::cos_emulator
