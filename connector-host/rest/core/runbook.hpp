// docs/runbook.md, which is part of the binary: what each interruption and alert means and what to do. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace ch::rest {

// The page's section on this reason, as an address below the host; empty if it has none.
std::string runbook_link(std::string_view reason);

std::string_view runbook_markdown();
const std::string& runbook_html();  // the same text, with a place to link to for each section

}  // namespace ch::rest
