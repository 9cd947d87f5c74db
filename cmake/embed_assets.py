#!/usr/bin/env python3
"""embed_assets.py TARGET NAMESPACE FOLDER FILE...: writes TARGET.cpp, in the current folder, with the table `assets` that
cmake/embed.cmake describes. The same files give the same bytes, on every machine and at any time."""

import gzip
import hashlib
import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
LINE = 60


def literal(data):
    """A C++ expression for a string_view of these bytes."""
    lines = ['"' + "".join(f"\\{byte:03o}" for byte in data[at : at + LINE]) + '"' for at in range(0, len(data), LINE)]
    return "std::string_view(\n" + "\n".join(lines or ['""']) + f", {len(data)})"


def main():
    target, namespace, folder, *files = sys.argv[1:]
    out = [f"#include <embedded/{target}.hpp>", f"namespace {namespace} {{", "namespace {", "constexpr Asset kAssets[] = {"]
    for file in files:
        with open(os.path.join(folder, file), "rb") as stream:
            data = stream.read()
        kind = TYPES[os.path.splitext(file)[1]]
        tag = hashlib.sha256(data).hexdigest()[:16]
        out.append(f'{{"{file}", "{kind}", "{tag}", {literal(data)}, {literal(gzip.compress(data, 9, mtime=0))}}},')
    out += ["};", "}  // namespace", "const std::span<const Asset> assets{kAssets};", f"}}  // namespace {namespace}", ""]
    with open(f"{target}.cpp", "w", encoding="ascii") as stream:
        stream.write("\n".join(out))


if __name__ == "__main__":
    main()
