#include "cli/contexts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_place.hpp"
#include "cli/commands/task_file.hpp"

namespace ch::cli {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;  // the user's order stays
using Environment = std::map<std::string, std::string>;

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

fs::path file_of(const Environment& environment) {
  if (const auto named = value_of(environment, "CONNECTOR_HOST_CONFIG_FILE"); !named.empty()) return named;
  const auto folder = value_of(environment, "XDG_CONFIG_HOME");
  const auto home = value_of(environment, "HOME");
  if (folder.empty() && home.empty()) return {};
  return (folder.empty() ? fs::path(home) / ".config" : fs::path(folder)) / "connector-host" / "config.json";
}

tl::unexpected<Error> wrong(const fs::path& file, const std::string& why) {
  return fail(ErrorCode::invalid, fmt::format("the file of contexts {} {}", file.string(), why));
}

Result<OrderedJson> read_contexts(const fs::path& file) {
  std::error_code error;
  if (file.empty() || !fs::exists(file, error)) return OrderedJson::object();
  const auto text = read_input(file.string());
  if (!text) return tl::unexpected(text.error());
  OrderedJson json;
  try {
    json = OrderedJson::parse(*text);
  } catch (const OrderedJson::parse_error& broken) {
    // The library's text quotes the file, which may hold tokens.
    return wrong(file, "is not JSON: " + json_place_shown(*text, broken.byte));
  }
  const bool fine = json.is_object() && (!json.contains("contexts") || json["contexts"].is_object()) &&
                    (!json.contains("current") || json["current"].is_string());
  if (!fine)
    return wrong(
        file, R"(must hold {"current": "NAME", "contexts": {"NAME": {"url": "...", "token": "..." or "token.file": "...", "ca": "..."}}})");
  return json;
}

Result<std::string> token_in(const fs::path& file) {
  const auto text = read_input(file.string());
  if (!text) return tl::unexpected(text.error());
  return text->substr(0, text->find_first_of("\r\n"));
}

Status fill(ClientOptions& options, const OrderedJson& context, const fs::path& file, const std::string& name) {
  for (const auto& [key, value] : context.items()) {
    if (!value.is_string()) return wrong(file, fmt::format("has a value that is no string: {} of {}", key, name));
    const auto text = value.get<std::string>();
    if (key == "url") {
      if (options.url.empty()) options.url = text;
    } else if (key == "token") {
      if (options.token.empty()) options.token = text;
    } else if (key == "token.file") {
      auto token = options.token.empty() ? token_in(text) : Result<std::string>(options.token);
      if (!token) return tl::unexpected(token.error());
      options.token = std::move(*token);
    } else if (key == "ca") {
      if (options.ca.empty()) options.ca = text;
    } else {
      return wrong(file, fmt::format("has an unknown key: {} of {}; there are url, token, token.file and ca", key, name));
    }
  }
  return {};
}

// By another name first, so that whoever reads it meanwhile finds it whole.
Status write_contexts(const fs::path& file, const OrderedJson& contexts) {
  const auto refuse = [&](const std::string& why) { return wrong(file, "cannot be written: " + why); };
  if (file.empty())
    return fail(ErrorCode::invalid, "there is no place for contexts: set HOME, XDG_CONFIG_HOME or CONNECTOR_HOST_CONFIG_FILE");
  std::error_code error;
  const auto place = fs::exists(file, error) ? fs::canonical(file, error) : file;  // a link stays one
  if (place.has_parent_path()) fs::create_directories(place.parent_path(), error);
  if (error) return refuse(error.message());
  auto next = place;
  next += ".new";
  fs::remove(next, error);
  const int opened = ::open(next.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (opened < 0) return refuse(std::generic_category().message(errno));
  const auto text = contexts.dump(2) + "\n";
  const bool whole = ::write(opened, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(opened) != 0 || !whole) return refuse("the disk may be full");
  fs::rename(next, place, error);
  return error ? Status(refuse(error.message())) : Status();
}

}  // namespace

Result<ClientOptions> with_context(ClientOptions options, const Environment& environment) {
  const bool named = !options.context.empty();
  if (named || options.url.empty()) {
    const auto file = file_of(environment);
    const auto contexts = read_contexts(file);
    if (!contexts) return tl::unexpected(contexts.error());
    const auto name = named ? options.context : contexts->value("current", std::string());
    if (!name.empty()) {
      const auto list = contexts->value("contexts", OrderedJson::object());
      if (!list.contains(name) || !list[name].is_object()) return wrong(file, fmt::format("has no context {}", name));
      if (auto filled = fill(options, list[name], file, name); !filled) return tl::unexpected(filled.error());
    }
  }
  if (options.url.empty()) options.url = kDefaultUrl;
  return options;
}

Result<Contexts> contexts_of(const Environment& environment) {
  const auto json = read_contexts(file_of(environment));
  if (!json) return tl::unexpected(json.error());
  Contexts out;
  out.current = json->value("current", std::string());
  const auto list = json->value("contexts", OrderedJson::object());
  for (const auto& [name, context] : list.items()) {
    const auto text = [&, &values = context](const char* key) {
      return values.is_object() && values.contains(key) && values.at(key).is_string() ? values.at(key).template get<std::string>() : "";
    };
    out.all[name] = {text("url"), text("token.file"), text("ca")};
  }
  return out;
}

Status make_current(const std::string& name, const Environment& environment) {
  const auto file = file_of(environment);
  auto json = read_contexts(file);
  if (!json) return tl::unexpected(json.error());
  if (!json->contains("contexts") || !json->at("contexts").contains(name))
    return wrong(file, fmt::format("has no context {}; connector-host context list names those that there are", name));
  (*json)["current"] = name;
  return write_contexts(file, *json);
}

Status keep_context(const std::string& name, const Context& context, const Environment& environment) {
  const auto file = file_of(environment);
  auto json = read_contexts(file);
  if (!json) return tl::unexpected(json.error());
  auto& kept = (*json)["contexts"][name];
  const std::pair<const char*, const std::string*> given[] = {
      {"url", &context.url}, {"token.file", &context.token_file}, {"ca", &context.ca}};
  for (const auto& [key, value] : given) {
    if (!value->empty()) kept[key] = *value;
  }
  if (!kept.is_object() || !kept.contains("url")) return fail(ErrorCode::invalid, fmt::format("the context {} needs --url", name));
  return write_contexts(file, *json);
}

}  // namespace ch::cli
