#include "cli/commands/context_commands.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

int refused(const Error& error) {
  fmt::print(stderr, "{}", refusal(error.message, {}));
  return kRefused;
}

}  // namespace

int list_contexts(bool json) {
  const auto contexts = contexts_of(config::process_environment());
  if (!contexts) return refused(contexts.error());
  if (json) {
    auto all = nlohmann::json::array();
    for (const auto& [name, context] : contexts->all)
      all.push_back({{"name", name}, {"url", context.url}, {"current", name == contexts->current}});
    fmt::print("{}", json_view({{"contexts", all}}));
    return kDone;
  }
  Table table({{"CURRENT"}, {"NAME"}, {"URL"}});
  for (const auto& [name, context] : contexts->all) table.add({name == contexts->current ? "*" : "", name, context.url});
  fmt::print("{}", table.render(standard_output()));
  return kDone;
}

int use_context(const std::string& name) {
  if (const auto used = make_current(name, config::process_environment()); !used) return refused(used.error());
  fmt::print("{} is the current context\n", escaped(name, Escape::terminal));
  return kDone;
}

int set_context(const std::string& name, const Context& context) {
  if (const auto kept = keep_context(name, context, config::process_environment()); !kept) return refused(kept.error());
  fmt::print("{}: kept; connector-host context use {} makes it the current one\n", escaped(name, Escape::terminal),
             escaped(name, Escape::terminal));
  return kDone;
}

}  // namespace ch::cli
