#include "cli/commands/task_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/json_place.hpp"

namespace ch::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kMaxNodes = 10000;  // with each use of an alias: few lines could stand for billions

// Why and where a document is no task file.
struct Refused {
  std::string why;
  YAML::Mark at;
};

class Reader {
 public:
  OrderedJson read(const YAML::Node& node, int depth = 0) {
    if (depth > kMaxTaskDepth) throw Refused{"it is nested too deeply", node.Mark()};
    if (++nodes_ > kMaxNodes) throw Refused{"it holds too much", node.Mark()};
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return node.Scalar();
      case YAML::NodeType::Sequence:
        return list(node, depth);
      case YAML::NodeType::Map:
        return map(node, depth);
      default:
        return nullptr;
    }
  }

 private:
  OrderedJson list(const YAML::Node& node, int depth) {
    auto out = OrderedJson::array();
    for (const auto& item : node) out.push_back(read(item, depth + 1));
    return out;
  }

  OrderedJson map(const YAML::Node& node, int depth) {
    auto out = OrderedJson::object();
    for (const auto& item : node) {
      const auto &key = item.first, &value = item.second;
      if (!key.IsScalar()) throw Refused{"a key is no text", key.Mark()};
      if (out.contains(key.Scalar())) throw Refused{"a key is there twice", key.Mark()};
      const bool truth = depth == 0 && key.Scalar() == "enabled" && value.IsScalar() && value.Tag() == "?";
      const bool on = truth && value.Scalar() == "true";
      out[key.Scalar()] = on || (truth && value.Scalar() == "false") ? OrderedJson(on) : read(value, depth + 1);
    }
    return out;
  }

  std::size_t nodes_ = 0;
};

std::string_view line_at(std::string_view text, std::size_t number) {
  for (; number > 0; --number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find_first_of("\r\n"));
}

// How much of a line is a key with its colon; everything else may be a secret.
std::size_t key_part(std::string_view line) {
  const auto begin = line.find_first_not_of(" -");
  const auto end =
      line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", std::min(begin, line.size()));
  const bool key = end != std::string_view::npos && line[end] == ':' && (end + 1 == line.size() || line[end + 1] == ' ');
  return key ? end + 1 : 0;
}

std::string masked(std::string_view line) {
  std::string out(line);
  for (auto at = key_part(line); at < out.size(); ++at) {
    if (out[at] == '\t') out[at] = ' ';
    const bool structure = std::string_view(" -:{}[],\"'&*|>").find(out[at]) != std::string_view::npos;
    const bool continues = (static_cast<unsigned char>(out[at]) & 0xc0) == 0x80;
    if (!structure && !continues) out[at] = '*';
  }
  std::erase_if(out, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });  // the rest of what became one star
  return out;
}

// Without quotes a star begins the name of an anchor.
bool stands_for_mask(std::string_view text, const YAML::Mark& mark) {
  const auto line = mark.is_null() ? std::string_view() : line_at(text, static_cast<std::size_t>(mark.line));
  const auto column = static_cast<std::size_t>(mark.column);
  return column < line.size() && line.substr(column).starts_with("**");
}

tl::unexpected<Error> refused(const std::string& where, std::string_view text, const std::string& what, const YAML::Mark& mark) {
  if (mark.is_null()) return fail(ErrorCode::invalid, fmt::format("{} {}", where, what));
  const auto line = static_cast<std::size_t>(mark.line), column = static_cast<std::size_t>(mark.column);
  return fail(ErrorCode::invalid, fmt::format("{} {}: line {}, column {}\n{}", where, what, line + 1, column + 1,
                                              with_caret(masked(line_at(text, line)), column)));
}

}  // namespace

Result<std::vector<std::string>> json_of_yaml(const std::string& where, std::string_view text) {
  std::vector<std::string> out;
  try {
    for (const auto& document : YAML::LoadAll(std::string(text))) {
      if (document.IsNull()) continue;  // nothing but comments
      out.push_back(Reader().read(document).dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
    }
  } catch (const YAML::Exception& error) {
    // Behind a colon the library names what it has read, which may be a secret.
    auto why = "is not YAML: " + error.msg.substr(0, error.msg.find(':'));
    if (stands_for_mask(text, error.mark)) why += R"( (the mask is written in quotes, "********"))";
    return refused(where, text, why, error.mark);
  } catch (const Refused& error) {
    return refused(where, text, "is refused: " + error.why, error.at);
  }
  return out;
}

}  // namespace ch::cli
