#!/usr/bin/env python3
"""make_reasons.py REASONS.json HEADER: writes the C++ header with one constant for each reason of schemas/reasons.json.
A header that is right already is not touched, so that nothing is compiled again."""

import json
import pathlib
import sys

HEAD = """// Why a task or a partition is interrupted: made from schemas/reasons.json by schemas/make_reasons.py. A connector uses the
// reason that fits, and one of its own, words of a-z joined by _, where none does. What to do about each: docs/runbook.md.
#pragma once

namespace ch::reasons {

"""


def constant(reason):
    """topic_missing -> kTopicMissing"""
    return "k" + "".join(word.capitalize() for word in reason.split("_"))


def header(reasons):
    lines = [f'// {one["means"]}\ninline constexpr const char* {constant(one["reason"])} = "{one["reason"]}";\n' for one in reasons]
    return HEAD + "".join(lines) + "\n}  // namespace ch::reasons\n"


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    text = header(json.loads(source.read_text(encoding="utf-8")))
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
