#!/usr/bin/env python3
"""references.py TREE: each file of ours that a document or a comment names in backquotes must be there; prints file:line: name."""

import os
import re
import sys

# `tasks/ends`, `cos-sink/cos/client.hpp`, `docs/delivery.md`, `cmake/`: what begins with a folder of ours.
NAME = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
ROOTS = ("", "connector-host", "connectors", "api", "tests", "tests/support", "docs")
READ = re.compile(r"\.(md|cpp|hpp|h|py|sh|txt|cmake)$")
SUFFIXES = ("", ".hpp", ".cpp", ".js", ".md", ".py")


def exists(tree, name):
    return any(os.path.exists(os.path.join(tree, root, name + suffix)) for root in ROOTS for suffix in SUFFIXES)


def main():
    tree = sys.argv[1]
    folders = {entry for root in ROOTS for entry in os.listdir(os.path.join(tree, root)) if os.path.isdir(os.path.join(tree, root, entry))}
    folders -= {"build", ".git", ".deps"}
    count, missing = 0, []
    for folder, inner, files in os.walk(tree):
        inner[:] = sorted(set(inner) - {"build", ".git", ".deps", ".cache", "vendor"})
        for file in sorted(f for f in files if READ.search(f)):
            path = os.path.join(folder, file)
            with open(path, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    for name in NAME.findall(line):
                        if name.split("/")[0] not in folders:
                            continue
                        count += 1
                        if not exists(tree, name):
                            missing.append(f"{os.path.relpath(path, tree)}:{number}: {name} is not there")
    print("\n".join(missing) or f"{count} names of files, all of them there")
    return 1 if missing or count == 0 else 0


sys.exit(main())
