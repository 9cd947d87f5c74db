// Text tables for people: columns aligned by what a terminal shows, fitted to its width. What a cell holds may come from
// anywhere: whatever could steer the terminal is escaped. Used by one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ch::cli {

struct Column {
  std::string title;
  enum class Align { left, right } align = Align::left;
  bool shrinks = false;   // may be cut (with an ellipsis) when the terminal is too narrow
  bool state = false;     // a state of a task: coloured, if anything is
  bool drops = false;     // may be left out then; the last of them goes first
  std::size_t least = 8;  // what shrinks is not cut below it
};

// Where tables go to.
struct Screen {
  std::size_t width = 0;  // 0: no bound
  bool colour = false;
};
// Standard output: no bound and no colour unless it is a terminal; NO_COLOR and TERM=dumb are respected.
Screen standard_output();
// Columns of the terminal that standard error is; nothing: it is none. 0: it does not say.
std::optional<std::size_t> error_terminal();

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);  // as many as there are columns
  bool empty() const { return rows_.empty(); }
  std::string render(const Screen& screen) const;

 private:
  std::vector<std::size_t> widths(const Screen& screen) const;  // 0: left out
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths, bool colour) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "name: value" lines, the values aligned.
class Facts {
 public:
  void add(std::string name, const std::string& value);
  std::string render() const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

// Columns that a terminal takes for it: East Asian wide characters take two, combining ones none.
std::size_t display_width(std::string_view text);

}  // namespace ch::cli
