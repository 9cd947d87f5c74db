#!/usr/bin/env python3
"""Writes docs/configuration.md from the JSON Schemas, or with --check tells whether it is what would be written.

usage: make_docs.py [--check] FILE
"""

import json
import pathlib
import sys

PARTS = [
    ("host", "The host"),
    ("task", "Every task"),
    ("cos-sink", "Connector `cos-sink`"),
    ("file-sink", "Connector `file-sink`"),
]

HEAD = """# Configuration

<!-- Made by schemas/make_docs.py from the files in schemas/: change those, and run it again. -->

Sizes are bytes, and may be written with `KiB`, `MiB` or `GiB`. Keys in `.ms` are whole milliseconds.
An unknown key is an error that names the nearest known one.
"""


def kind(key):
    return key["type"][0] if isinstance(key["type"], list) else key["type"]


def size(number):
    for name, bytes_ in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number and number % bytes_ == 0:
            return f"{number // bytes_}{name}"
    return str(number)


def limits(key):
    if kind(key) == "boolean":
        return "`true`, `false`"
    if kind(key) == "integer":
        write = size if key.get("x-unit") == "bytes" else str
        low, high = key.get("minimum"), key.get("maximum")
        if low is not None and high is not None:
            return f"{write(low)} to {write(high)}"
        return f"at least {write(low)}" if low is not None else f"at most {write(high)}" if high is not None else "a whole number"
    found = []
    if "enum" in key:
        found.append(", ".join(f"`{choice}`" for choice in key["enum"]))
    if key.get("x-list"):
        found.append("comma list")
    if key.get("x-password"):
        found.append("secret")
    if kind(key) == "object":
        found.append("JSON object")
    low, high = key.get("minLength", 0), key.get("maxLength")
    if high is not None:
        found.append(f"{low} to {high} bytes" if low > 1 else f"at most {high} bytes")
    return "; ".join(found)


def default(name, key, schema):
    if name in schema.get("required", []):
        return "required"
    if any(name in branch["required"] for branch in schema.get("oneOf", [])):
        return "one of them is required"
    value = key.get("default")
    if value is None:
        return "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else "empty"


def prose(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def table(schema, keys):
    yield "| key | default | limits | meaning |"
    yield "|---|---|---|---|"
    for name, key in sorted(keys, key=lambda item: item[1].get("x-order", 0)):
        cells = (f"`{name}`", default(name, key, schema), limits(key), prose(key.get("description", "")))
        yield "| " + " | ".join(cell(each) for each in cells) + " |"


def part(title, schema):
    yield f"\n## {title}\n"
    yield prose(schema.get("description", ""))
    groups = {}
    for name, key in schema["properties"].items():
        groups.setdefault(key.get("x-group", "Other"), []).append((name, key))
    for group, keys in groups.items():
        yield f"\n### {group}\n"
        yield from table(schema, keys)
    for pattern, key in schema.get("patternProperties", {}).items():
        yield f"\n### `{pattern[1:].replace(chr(92) + '.', '.').replace('.+', '*')}`\n"
        yield prose(key.get("description", ""))


def document(folder):
    lines = [HEAD.rstrip()]
    for name, title in PARTS:
        lines.extend(part(title, json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))))
    return "\n".join(lines) + "\n"


def main(arguments):
    check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + check or arguments[-1].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    target = pathlib.Path(arguments[-1])
    text = document(pathlib.Path(__file__).resolve().parent)
    if not check:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return 0
    print(f"{target} is not what the schemas say: run {sys.argv[0]} {target}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
