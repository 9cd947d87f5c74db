#include "cli/shells.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace ch::cli {
namespace {

using Apps = std::vector<const CLI::App*>;
using Options = std::vector<const CLI::Option*>;

Apps commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

Options options_of(const CLI::App& app) {
  auto all = app.get_options();
  all.erase(std::remove_if(all.begin(), all.end(), [](const CLI::Option* option) { return !option->nonpositional(); }), all.end());
  return all;
}

// What stands for an argument tells what it is: FILE, NAME.
std::vector<std::string> arguments_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) out.push_back(option->get_type_name());
  }
  return out;
}

bool takes(const CLI::App& app, const std::string& what) {
  const auto all = arguments_of(app);
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return one.find(what) != std::string::npos; });
}

// The command itself first; `path` is its words behind the program's name.
template <class Visit>
void walk(const CLI::App& app, const std::string& path, Visit&& visit) {
  visit(app, path);
  for (const auto* command : commands_of(app)) walk(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), visit);
}

std::string words_of(const CLI::App& app) {
  std::string out;
  for (const auto* command : commands_of(app)) out += command->get_name() + " ";
  for (const auto* option : options_of(app)) out += "--" + (option->get_lnames().empty() ? "" : option->get_lnames().front()) + " ";
  if (!out.empty()) out.pop_back();
  return out;
}

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The names of tasks come from the host, which is asked only when they are wanted.
constexpr const char* kNames = R"x(connector-host task list --output json 2>/dev/null | sed -n 's/^      "name": "\(.*\)",$/\1/p')x";

// In bash as in zsh: what may follow the words given, into variables of the caller.
std::string at_function(const CLI::App& app) {
  std::string out = "_connector_host_at() {\n  found='' files='' names=''\n  case \"$1\" in\n";
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    const auto extra = takes(command, "FILE") ? " files=1" : path.rfind("task ", 0) == 0 && takes(command, "NAME") ? " names=1" : "";
    out += fmt::format("    {}) found={}{} ;;\n", in_quotes(path), in_quotes(words_of(command)), extra);
  });
  return out + "  esac\n}\n";
}

std::string roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') out += '\\';
    if (c == '-') out += '\\';
    out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string manual_options(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options()) {
    if (option->get_positional() || option->get_lnames().empty()) continue;
    const auto type = option->get_type_name();
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff("--" + option->get_lnames().front()),
                       type.empty() ? "" : " \\fI" + roff(type) + "\\fR", roff(option->get_description()));
  }
  return out;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  return fmt::format(R"x(# Completion of connector-host for bash: source it, or put it into /usr/share/bash-completion/completions.
{}_connector_host() {{
  local path='' word found files names i cur="${{COMP_WORDS[COMP_CWORD]}}"
  _connector_host_at ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    if [[ $word != -* && " $found " == *" $word "* ]]; then
      path="${{path:+$path }}$word"
      _connector_host_at "$path"
    fi
  done
  [[ -z $names || $cur == -* ]] || found+=" $({})"
  mapfile -t COMPREPLY < <(compgen -W "$found" -- "$cur")
  [[ -z $files || $cur == -* ]] || mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$cur")
}}
complete -o filenames -F _connector_host connector-host
)x",
                     at_function(app), kNames);
}

std::string zsh_completion(const CLI::App& app) {
  return fmt::format(R"x(#compdef connector-host
# Completion of connector-host for zsh: put it as _connector-host into a folder of $fpath.
{}_connector_host() {{
  local place='' word found files names i
  _connector_host_at ''
  for ((i = 2; i < CURRENT; i++)); do
    word="${{words[i]}}"
    if [[ $word != -* && " $found " == *" $word "* ]]; then
      place="${{place:+$place }}$word"
      _connector_host_at "$place"
    fi
  done
  compadd -- ${{=found}}
  [[ -n $names ]] && compadd -- ${{(f)"$({})"}}
  [[ -n $files ]] && _files
}}
_connector_host "$@"
)x",
                     at_function(app), kNames);
}

std::string fish_completion(const CLI::App& app) {
  std::string out =
      "# Completion of connector-host for fish: put it into ~/.config/fish/completions/connector-host.fish\ncomplete -c connector-host "
      "-f\n";
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    std::string seen;
    for (std::size_t begin = 0; begin < path.size();) {
      const auto end = std::min(path.find(' ', begin), path.size());
      seen += fmt::format("{}__fish_seen_subcommand_from {}", seen.empty() ? "" : "; and ", path.substr(begin, end - begin));
      begin = end + 1;
    }
    std::string names;
    for (const auto* below : commands_of(command)) names += (names.empty() ? "" : " ") + below->get_name();
    if (!names.empty()) seen += fmt::format("{}not __fish_seen_subcommand_from {}", seen.empty() ? "" : "; and ", names);
    for (const auto* below : commands_of(command))
      out += fmt::format("complete -c connector-host -n {} -a {} -d {}\n", in_quotes(seen), below->get_name(),
                         in_quotes(below->get_description()));
    for (const auto* option : options_of(command)) {
      if (option->get_lnames().empty()) continue;
      out += fmt::format("complete -c connector-host -n {} -l {}{} -d {}\n", in_quotes(seen), option->get_lnames().front(),
                         option->get_type_size() == 0 ? "" : " -r", in_quotes(option->get_description()));
    }
    if (takes(command, "FILE")) out += fmt::format("complete -c connector-host -n {} -F\n", in_quotes(seen));
    if (path.rfind("task ", 0) == 0 && takes(command, "NAME"))
      out += fmt::format("complete -c connector-host -n {} -a {}\n", in_quotes(seen), in_quotes(fmt::format("({})", kNames)));
  });
  return out;
}

std::string manual_page(const CLI::App& app, const std::string& version) {
  auto out = fmt::format(
      ".TH CONNECTOR\\-HOST 1 \"\" \"connector\\-host {}\"\n.SH NAME\nconnector\\-host \\- {}\n.SH SYNOPSIS\n"
      ".B connector\\-host\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.SH COMMANDS\n",
      roff(version), roff(app.get_description()));
  walk(app, "", [&](const CLI::App& command, const std::string& path) {
    if (path.empty() || !commands_of(command).empty()) return;
    std::string arguments;
    for (const auto& argument : arguments_of(command)) arguments += " \\fI" + roff(argument) + "\\fR";
    out += fmt::format(".SS \\fB{}\\fR{}\n{}.\n{}", roff(path), arguments, roff(command.get_description()), manual_options(command));
  });
  return out + fmt::format(".SH EXIT STATUS\n.nf\n{}\n.fi\n", roff(app.get_footer()));
}

}  // namespace ch::cli
