#include "rest/core/runbook.hpp"

#include <embedded/ch_rest_openapi.hpp>

#include "rest/core/router.hpp"

namespace ch::rest {
namespace {

constexpr std::string_view kSection = "## ";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out.push_back(c);
    }
  }
}

std::string make_html() {
  std::string out =
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Runbook</title>"
      "<style>:root{color-scheme:light dark}body{font:1em/1.5 system-ui,sans-serif;max-width:60em;margin:1em auto;padding:0 1em}"
      "div{white-space:pre-wrap}h2:target{background:Mark;color:MarkText}</style><h1>Runbook</h1><div>";
  std::string_view rest = runbook_markdown();
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.substr(0, kSection.size()) == kSection) {
      const auto name = std::string(line.substr(kSection.size()));
      out += "</div><h2 id=\"" + percent_encode(name) + "\">";
      append_escaped(out, name);
      out += "</h2><div>";
    } else if (line.substr(0, 2) != "# " && line.substr(0, 3) != "```") {
      append_escaped(out, line);
      out += "\n";
    }
  }
  return out + "</div></html>\n";
}

}  // namespace

std::string runbook_link(std::string_view reason) {
  const auto heading = "\n" + std::string(kSection) + std::string(reason) + "\n";
  if (reason.empty() || runbook_markdown().find(heading) == std::string_view::npos) return {};
  return "/docs/runbook.md#" + percent_encode(reason);
}

std::string_view runbook_markdown() { return embedded::runbook_md; }

const std::string& runbook_html() {
  static const std::string made = make_html();
  return made;
}

}  // namespace ch::rest
