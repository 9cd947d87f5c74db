#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cos_emulator/service.hpp"

namespace ch::cos_emulator {
namespace {

using nlohmann::json;

template <class Value>
Value one_of(const std::string& text, const std::map<std::string, Value>& names) {
  const auto found = names.find(text);
  if (found != names.end()) return found->second;
  std::string all;
  for (const auto& [name, value] : names) all += (all.empty() ? "" : ", ") + name;
  throw std::runtime_error(fmt::format("\"{}\" is not one of {}", text, all));
}

void only_keys(const json& value, const std::vector<std::string>& known) {
  for (const auto& [key, ignored] : value.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw std::runtime_error(fmt::format("\"{}\" is not known here; known: {}", key, fmt::join(known, ", ")));
  }
}

Fault read_fault(const json& value) {
  only_keys(value, {"method", "operation", "key_contains", "times", "skip", "when", "kind", "status", "code", "stall_ms", "body",
                    "with_request_id"});
  Fault fault;
  fault.method = value.value("method", fault.method);
  fault.operation = value.value("operation", fault.operation);
  fault.key_contains = value.value("key_contains", fault.key_contains);
  fault.times = value.value("times", fault.times);
  fault.skip = value.value("skip", fault.skip);
  fault.when = one_of<Fault::When>(value.value("when", "before"), {{"before", Fault::When::before}, {"after", Fault::When::after}});
  fault.kind = one_of<Fault::Kind>(value.value("kind", "error"), {{"error", Fault::Kind::error},
                                                                  {"reset", Fault::Kind::reset},
                                                                  {"stall", Fault::Kind::stall},
                                                                  {"error_in_200", Fault::Kind::error_in_200},
                                                                  {"wrong_crc", Fault::Kind::wrong_crc},
                                                                  {"somebody_else", Fault::Kind::somebody_else}});
  fault.status = value.value("status", fault.status);
  fault.code = value.value("code", fault.code);
  fault.stall_ms = value.value("stall_ms", fault.stall_ms);
  fault.body = value.value("body", fault.body);
  fault.with_request_id = value.value("with_request_id", fault.with_request_id);
  if (fault.status < 200 || fault.status > 599) throw std::runtime_error("status must be from 200 to 599");
  return fault;
}

std::map<std::string, Access> read_access(const json& value) {
  std::map<std::string, Access> out;
  for (const auto& [id, entry] : value.items()) {
    only_keys(entry, {"secret_key", "token", "expires_s"});
    Access access{entry.at("secret_key").get<std::string>(), entry.value("token", ""), std::nullopt};
    if (entry.contains("expires_s")) access.expires_s = entry.at("expires_s").get<std::int64_t>();
    out[id] = access;
  }
  return out;
}

void obey(Core& core, const json& command) {
  only_keys(command, {"fault", "clear_faults", "access", "deny", "allow", "remove_bucket", "add_bucket", "add_role", "remove_role",
                      "bind_role", "web_identity", "clock_offset_ms", "ckafka"});
  if (command.value("clear_faults", false)) core.faults.clear();
  if (command.contains("fault")) core.faults.add(read_fault(command.at("fault")));
  if (command.contains("access")) core.account.set_permanent(read_access(command.at("access")));
  if (command.contains("deny")) core.set_denied(command.at("deny"), true);
  if (command.contains("allow")) core.set_denied(command.at("allow"), false);
  if (command.contains("remove_bucket")) core.storage.remove(command.at("remove_bucket"));
  if (command.contains("add_bucket")) core.storage.add(command.at("add_bucket"));
  if (command.contains("add_role")) {
    const auto& role = command.at("add_role");
    only_keys(role, {"name", "life_s"});
    core.account.add_role(role.at("name"), role.value("life_s", std::int64_t{0}));
  }
  if (command.contains("remove_role")) {
    const auto& role = command.at("remove_role");
    only_keys(role, {"name", "revoke"});
    core.account.remove_role(role.at("name"), role.value("revoke", false));
  }
  if (command.contains("bind_role")) core.account.bind_role(command.at("bind_role"));
  if (command.contains("web_identity")) {
    const auto& identity = command.at("web_identity");
    only_keys(identity, {"provider", "token"});
    core.account.set_web_identity(identity.at("provider"), identity.at("token"));
  }
  if (command.contains("ckafka")) {
    const auto& instance = command.at("ckafka");
    only_keys(instance, {"instance", "status", "expires_s", "topics"});
    core.ckafka.add(instance.at("instance"), instance.value("topics", std::map<std::string, std::string>()));
    if (instance.contains("status"))
      core.ckafka.set_status(instance.at("instance"), instance.at("status"), instance.value("expires_s", std::int64_t{0}));
  }
  if (command.contains("clock_offset_ms")) core.account.set_clock_offset_ms(command.at("clock_offset_ms"));
}

json counters_json(const Counters& counters) {
  json statuses = json::object();
  for (const auto& [status, count] : counters.statuses) statuses[std::to_string(status)] = count;
  return {{"requests", counters.requests},
          {"statuses", statuses},
          {"codes", counters.codes},
          {"bytes_in", counters.bytes_in},
          {"connections", counters.connections},
          {"unfinished_uploads", counters.unfinished_uploads}};
}

}  // namespace

Response answer_admin(Core& core, const std::string& method, const std::string& text) {
  Response response;
  response.headers.emplace_back("Content-Type", "application/json");
  json answer = json::object();
  try {
    if (method == "POST") {
      obey(core, json::parse(text));
    } else if (method != "GET") {
      throw std::runtime_error("GET or POST, not " + method);
    }
    answer = counters_json(core.counters());
  } catch (const std::exception& error) {
    response.status = 400;
    answer = {{"message", error.what()}};
  }
  response.body.push_back(answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  return response;
}

}  // namespace ch::cos_emulator
