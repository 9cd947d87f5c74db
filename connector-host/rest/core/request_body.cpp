#include "rest/core/request_body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_place.hpp"
#include "config/definition.hpp"
#include "rest/core/json.hpp"

namespace ch::rest {

namespace {

constexpr std::int64_t kMaxPage = 1000;
constexpr std::int64_t kDefaultPage = 100;

using nlohmann::json;

// Builds the document; stops at what parse_json refuses.
class Builder : public nlohmann::json_sax<json> {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t, const string_t& written) override { return put(json::binary({written.begin(), written.end()})); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return stop("the body is not JSON"); }
  bool start_object(std::size_t) override { return enter(json::object()); }
  bool start_array(std::size_t) override { return enter(json::array()); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& value) override {
    if (open_.back()->contains(value)) return stop("the key " + value + " is there twice");
    key_ = value;
    return true;
  }
  // The library's own message quotes the body, which may hold secrets.
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    return stop("the body is not JSON in UTF-8: see " + json_place(text_, position));
  }

  json root;
  std::string problem;

 private:
  bool stop(std::string why) {
    problem = std::move(why);
    return false;
  }
  json* insert(json value) {
    if (open_.empty()) return &(root = std::move(value));
    auto& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool put(json value) {
    insert(std::move(value));
    return true;
  }
  bool enter(json value) {
    if (open_.size() >= kMaxJsonDepth) return stop("the body is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    open_.push_back(insert(std::move(value)));
    return true;
  }
  bool leave() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  std::vector<json*> open_;  // pointers stay valid: only the innermost one grows
  std::string key_;
};

void read_config(const json& object, bool nulls, TaskBody& body) {
  if (!object.is_object()) {
    body.problems.push_back({"config", "", "must be an object of settings, such as {\"topics\": \"orders\"}"});
    return;
  }
  body.config.emplace();
  for (const auto& [key, value] : object.items()) {
    if (auto text = scalar_text(value)) {
      body.config->emplace_back(key, std::move(text));
    } else if (value.is_null() && nulls) {
      body.config->emplace_back(key, std::nullopt);
    } else if (value.is_null()) {
      body.problems.push_back({key, "", "must not be null; leave the key out to have its default"});
    } else if (value.is_array()) {
      body.problems.push_back({key, "", "must be a string, not an array; a list is written as one string with commas"});
    } else {
      body.problems.push_back({key, "", "must be a string, not an object; keys with dots are flat, such as {\"cos.bucket\": \"...\"}"});
    }
  }
}

void read_field(const std::string& field, const json& value, const std::vector<std::string>& fields, bool nulls, TaskBody& body) {
  if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
    const bool setting = field.find('.') != std::string::npos || field == "topics";
    body.problems.push_back(
        {field, "", setting ? "unknown field; settings of the task belong into \"config\"" : unknown_message("field", fields, field)});
  } else if (field == "config") {
    read_config(value, nulls, body);
  } else if (field == "name") {
    if (value.is_string())
      body.name = value.get<std::string>();
    else
      body.problems.push_back({field, "", "must be a string"});
  } else {
    if (value.is_boolean())
      body.enabled = value.get<bool>();
    else
      body.problems.push_back({field, "", "must be true or false"});
  }
}

}  // namespace

std::optional<std::string> scalar_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_binary()) return std::string(value.get_binary().begin(), value.get_binary().end());
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

Result<json> parse_json(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::invalid, "the body is empty; send a JSON object");
  // The library takes one for the end of the text.
  if (text.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid, "the body is not JSON: it holds a NUL byte");
  Builder builder(text);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return fail(ErrorCode::invalid, builder.problem);
  return std::move(builder.root);
}

Config TaskBody::values() const {
  Config out;
  for (const auto& [key, value] : config.value_or(Changes{})) {
    if (value) out.emplace(key, *value);
  }
  return out;
}

Result<TaskBody> read_task_body(std::string_view text, const std::vector<std::string>& fields, bool nulls) {
  auto parsed = parse_json(text);
  if (!parsed) return tl::unexpected(parsed.error());
  if (!parsed->is_object()) return fail(ErrorCode::invalid, "the body must be a JSON object");
  TaskBody body;
  for (const auto& [field, value] : parsed->items()) read_field(field, value, fields, nulls, body);
  return body;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto unit = text.find_first_not_of("0123456789");
  if (unit == std::string_view::npos || unit == 0) return std::nullopt;
  const auto count = config::parse_integer(text.substr(0, unit));
  const auto name = text.substr(unit);
  const std::int64_t factor = name == "ms" ? 1 : name == "s" ? 1000 : name == "m" ? 60000 : 0;
  if (!count || factor == 0 || *count > kMaxWait.count() / factor) return std::nullopt;
  return std::chrono::milliseconds(*count * factor);
}

std::optional<std::chrono::milliseconds> wait_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems) {
  const auto found = parameters.find("wait");
  if (found == parameters.end()) return std::nullopt;
  const auto wait = parse_duration(found->second);
  if (!wait) problems.push_back({"wait", found->second, "must be a duration such as 500ms, 30s or 2m, at most 10m"});
  return wait;
}

bool flag_parameter(const Parameters& parameters, const std::string& name, std::vector<KeyProblem>& problems) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || found->second == "false") return false;
  if (found->second != "true") problems.push_back({name, found->second, "must be true or false"});
  return true;
}

bool newest_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems) {
  const auto found = parameters.find("order");
  if (found == parameters.end() || found->second == "oldest") return false;
  if (found->second != "newest") problems.push_back({"order", found->second, "must be newest or oldest"});
  return true;
}

std::optional<std::int64_t> number_parameter(const Parameters& parameters, const std::string& name, std::int64_t least, std::int64_t most,
                                             std::vector<KeyProblem>& problems) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  const auto number = config::parse_integer(found->second);
  if (number && *number >= least && *number <= most) return number;
  problems.push_back({name, found->second, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most)});
  return std::nullopt;
}

std::uint32_t limit_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems) {
  return static_cast<std::uint32_t>(number_parameter(parameters, "limit", 1, kMaxPage, problems).value_or(kDefaultPage));
}

}  // namespace ch::rest
