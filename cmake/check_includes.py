#!/usr/bin/env python3
"""check_includes.py TREE: holds the include rules of docs/architecture.md over a source tree, and that the host reads the wall
clock in one place; prints file:line: rule.
check_includes.py --self-test: proves on a tree of its own that each rule catches what breaks it."""

import os
import re
import sys
import tempfile

# What each room of the host may include beside itself, api/plugin and third-party headers: the rooms before it that are named.
# A folder of a room is a room of its own where it is listed; "rest" alone is then what lies in that folder itself.
BASICS = {"base", "config"}
DATA = BASICS | {"metrics", "plugins", "kafka", "ckafka", "store", "runner"}
TASKS = DATA | {"tasks", "tasks/offsets", "tasks/status", "tasks/bucket"}
REST = TASKS | {"rest", "rest/http", "rest/core", "rest/v1", "rest/connect", "rest/pages"}
ROOMS = {
    "base": set(),
    "config": {"base", "api/cloud"},
    "metrics": {"base"},
    "plugins": BASICS,
    "kafka": BASICS,
    "ckafka": BASICS | {"kafka", "api/cloud"},
    "store": BASICS,
    "store/sqlite": BASICS | {"store"},
    "runner": DATA - {"runner"},
    "tasks/offsets": DATA,
    "tasks/status": DATA | {"tasks/offsets"},
    "tasks/bucket": DATA | {"tasks/status"},
    "tasks": TASKS - {"tasks"},
    "rest/http": BASICS,
    "rest/core": BASICS | {"rest/http"},
    "rest/v1": TASKS | {"rest/http", "rest/core"},
    "rest/connect": TASKS | {"rest/http", "rest/core", "rest/v1"},
    "rest/pages": TASKS | {"rest/http", "rest/core", "rest/v1", "rest/connect"},
    "rest": REST - {"rest"},
    "cos_emulator": set(),
    "dev": BASICS | {"cos_emulator"},
    "app": REST | {"store/sqlite"},
    "cli": REST | {"dev", "app", "cli/commands"},
    "cli/commands": REST | {"dev", "app", "cli"},
    "main": {"cli"},  # main.cpp
}
# The same of a connector that is large enough to have rooms; a file that lies in its folder itself is a room of its own.
CONNECTOR_ROOMS = {
    "connectors/cos-sink": {
        "cos": set(),
        "credentials": {"cos"},
        "formats": {"cos"},
        "key_template": set(),
        "settings": {"cos", "credentials", "formats", "key_template"},
        "writer": {"cos", "formats", "key_template", "settings"},
        "bucket": {"cos", "formats", "key_template", "settings", "writer"},
        "sink": {"cos", "formats", "key_template", "settings", "writer"},
        "plugin": {"cos", "settings", "writer", "bucket", "sink"},
    }
}
# Third-party headers that are seen in some folders alone, so that the library can be replaced there.
CONFINED = [
    (re.compile(r"(cpprest|pplx)/"), ("connector-host/rest/",)),
    (re.compile(r"prometheus/"), ("connector-host/metrics/",)),
    (re.compile(r"librdkafka/"), ("connector-host/kafka/", "connector-host/dev/")),
    (re.compile(r"sqlite3\.h"), ("connector-host/store/sqlite/",)),
]
JSON = re.compile(r"nlohmann/(?!json_fwd)")
STANDARD = re.compile(r"[a-z_0-9]+(\.h)?$")  # <vector>, <stdint.h>

# What is due or measured goes by the steady clock: base/clock.hpp. So that nobody waits for a date by mistake:
WALL_CLOCK = re.compile(r"system_clock::now|CLOCK_REALTIME|gettimeofday|\btimespec_get\b|(std|[^\w.>:])::time\(|\btime\((nullptr|NULL)\)")
WALL_CLOCK_FILES = ("connector-host/base/clock.cpp", "connector-host/cos_emulator/text.cpp")

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCE = re.compile(r"\.(c|cc|cpp|h|hpp|inc|ipp)$")
CHECKED = ("api/plugin", "api/cloud", "connector-host", "connectors", "examples")


def area(path):
    """The part of the tree that a file belongs to: a room, a connector, api/plugin, api/cloud, a test helper."""
    parts = path.split("/")
    if parts[0] == "connector-host":
        within = "/".join(parts[1:3])
        return within if len(parts) > 3 and within in ROOMS else parts[1] if len(parts) > 2 else os.path.splitext(parts[1])[0]
    if parts[0] == "tests":
        return "/".join(parts[:3])
    return "/".join(parts[:2])


def connector_room(path):
    """The room of a connector that a file lies in: its folder, or its own name."""
    return os.path.splitext(path.split("/")[2])[0]


def resolve(tree, file, kind, name):
    """The file of the tree that is meant, or None for a third-party or generated one."""
    roots = ["connector-host", "api/plugin/include", "api", "tests/support", "tests", "."]
    if file.startswith("connectors/"):
        roots.insert(0, "/".join(file.split("/")[:2]))
    if kind == '"':
        roots.insert(0, os.path.dirname(file))
    for root in roots:
        path = os.path.normpath(os.path.join(root, name))
        if not path.startswith("..") and os.path.isfile(os.path.join(tree, path)):
            return path
    # Not written yet, or gone: its path still says whose it is.
    if name.startswith("../"):
        return os.path.normpath(os.path.join(os.path.dirname(file), name))
    first = name.split("/")[0]
    if first == "connector_host":
        return "api/plugin/include/" + name
    if first == "cloud":
        return "api/" + name
    return "connector-host/" + name if first in ROOMS and "/" in name else None


def rule_broken(file, kind, name, target):
    """What an include breaks, or None."""
    here = area(file)
    if file.startswith("api/plugin/"):
        standard = target is None and kind == "<" and STANDARD.match(name)
        if not standard and not (target or "").startswith("api/plugin/"):
            return "api/plugin includes the C and C++ standard libraries and itself only"
    elif here == "api/cloud":
        if target and area(target) != "api/cloud":
            return "api/cloud includes itself only"
    elif file.startswith("connectors/"):
        if target and area(target) not in (here, "api/plugin", "api/cloud"):
            return "a connector includes api/plugin, api/cloud and its own folder only"
        rooms = CONNECTOR_ROOMS.get(here)
        if rooms and target and area(target) == here:
            mine, its = connector_room(file), connector_room(target)
            if mine not in rooms:
                return f"{mine} is no room of {here} that cmake/check_includes.py knows: say there what it may include"
            if its not in rooms[mine] | {mine}:
                return f"{here}/{mine} may include {', '.join(sorted(rooms[mine])) or 'no other room'}, not {its}"
    elif file.startswith("examples/"):
        if target and not target.startswith(("api/plugin/", here + "/")):
            return "an example includes what is installed only: api/plugin"
    elif here not in ROOMS:
        return f"{here} is no room that cmake/check_includes.py knows: say there what it may include"
    elif target and target.startswith("connectors/"):
        return "the host includes no connector"
    elif target and area(target) not in ROOMS[here] | {here, "api/plugin"}:
        return f"{here} may include {', '.join(sorted(ROOMS[here])) or 'no other room'}, not {area(target)}"
    for header, folders in CONFINED:
        if header.match(name) and not file.startswith(folders):
            return f"{name.split('/')[0]} is seen in {' and '.join(folders)} only"
    public = file.startswith(("connector-host/", "api/plugin/")) and file.endswith((".h", ".hpp"))
    if JSON.match(name) and public and here != "cos_emulator":
        return "nlohmann's header is slow to compile: in .cpp files only"
    return None


def check(tree):
    """(file, line, include, rule) of every include that breaks one, and the number of files read."""
    broken, count = [], 0
    for top in CHECKED:
        for folder, folders, files in os.walk(os.path.join(tree, top)):
            folders[:] = sorted(f for f in folders if f not in ("build", ".cache"))
            for name in sorted(f for f in files if SOURCE.search(f)):
                file = os.path.relpath(os.path.join(folder, name), tree)
                count += 1
                with open(os.path.join(tree, file), encoding="utf-8", errors="replace") as lines:
                    for number, line in enumerate(lines, 1):
                        if top == "connector-host" and file not in WALL_CLOCK_FILES and WALL_CLOCK.search(line):
                            broken.append((file, number, line.strip(), "the wall clock is read by base/clock.hpp only"))
                        found = INCLUDE.match(line)
                        if not found:
                            continue
                        kind, included = found.groups()
                        rule = rule_broken(file, kind, included, resolve(tree, file, kind, included))
                        if rule:
                            broken.append((file, number, included, rule))
    return broken, count


def self_test():
    # file: lines, each an include with the word of the rule that must catch it, or with None.
    tree = {
        "api/plugin/include/connector_host/plugin.h": [("<stdint.h>", None), ('"base/log.hpp"', "api/plugin includes")],
        "api/plugin/include/connector_host/connector.hpp": [("<connector_host/plugin.h>", None), ("<fmt/format.h>", "api/plugin includes"),
                                                            ("<nlohmann/json.hpp>", "api/plugin includes")],
        "connectors/cos-sink/cos/client.hpp": [("<connector_host/connector.hpp>", None), ('"cos/signer.hpp"', None), ("<curl/curl.h>", None),
                                               ('"settings.hpp"', "cos may include no other room, not settings")],
        "connectors/cos-sink/settings.hpp": [('"cos/client.hpp"', None)],
        "connectors/cos-sink/novel.hpp": [('"cos/client.hpp"', "novel is no room of connectors/cos-sink")],
        "connectors/cos-sink/cos/signer.hpp": [('"../file-sink/sink.hpp"', "a connector includes"), ('"base/log.hpp"', "a connector includes"),
                                           ("<librdkafka/rdkafka.h>", "librdkafka is seen")],
        "api/cloud/http.hpp": [('"cloud/tc3.hpp"', None), ('"base/log.hpp"', "api/cloud includes itself"), ("<curl/curl.h>", None)],
        "connectors/cos-sink/credentials/sts.hpp": [('"cloud/api.hpp"', None)],
        "connector-host/ckafka/instance.hpp": [('"cloud/api.hpp"', None), ('"store/store.hpp"', "not store")],
        "connectors/file-sink/sink.hpp": [('"tasks/not_there_yet.hpp"', "a connector includes"), ("<embedded/file_sink_schema.hpp>", None)],
        "connector-host/main.cpp": [('"cli/cli.hpp"', None), ("auto now = std::chrono::system_clock::now();", "the wall clock"),
                                    ("auto now = ::time(nullptr);", "the wall clock"), ("auto now = std::chrono::steady_clock::now();", None)],
        "connector-host/base/clock.cpp": [("return std::chrono::system_clock::now();", None)],
        "connector-host/base/log.hpp": [("<fmt/format.h>", None), ('"config/definition.hpp"', "base may include no other room")],
        "connector-host/config/definition.hpp": [('"base/log.hpp"', None), ("<nlohmann/json.hpp>", "slow to compile"),
                                                 ("<nlohmann/json_fwd.hpp>", None)],
        "connector-host/plugins/registry.cpp": [('"kafka/consumer.hpp"', "not kafka"), ('"config/definition.hpp"', None),
                                                ("<nlohmann/json.hpp>", None), ('"../../connectors/file-sink/sink.hpp"', "includes no connector")],
        "connector-host/kafka/consumer.hpp": [("<librdkafka/rdkafka.h>", None), ('"store/store.hpp"', "not store"),
                                              ('"../plugins/registry.hpp"', "not plugins")],
        "connector-host/store/sqlite/sqlite.hpp": [("<sqlite3.h>", None)],
        "connector-host/store/store.hpp": [("<sqlite3.h>", "sqlite3.h is seen"), ("  # include <librdkafka/rdkafka.h>", "librdkafka is seen")],
        "connector-host/runner/runner.hpp": [('"kafka/consumer.hpp"', None), ('"tasks/service.hpp"', "not tasks")],
        "connector-host/tasks/service.hpp": [('"kafka/consumer.hpp"', None), ('"runner/runner.hpp"', None), ('"rest/v1/json.hpp"', "not rest/v1")],
        "connector-host/tasks/offsets/a.hpp": [('"tasks/service.hpp"', "tasks/offsets may include")],
        "connector-host/rest/v1/json.hpp": [("<nlohmann/json.hpp>", "slow to compile"), ("<cpprest/json.h>", None), ('"cli/cli.hpp"', "not cli")],
        "connector-host/rest/core/router.cpp": [('"rest/http/http.hpp"', None), ('"rest/v1/json.hpp"', "not rest/v1")],
        "connector-host/rest/server.cpp": [('"rest/v1/json.hpp"', None)],
        "connector-host/cli/cli.hpp": [('"rest/v1/json.hpp"', None), ("<cpprest/json.h>", "cpprest is seen"),
                                       ('"cos_emulator/emulator.hpp"', "not cos_emulator")],
        "connector-host/dev/dev.cpp": [('"cos_emulator/emulator.hpp"', None), ("<librdkafka/rdkafka_mock.h>", None), ('"tasks/service.hpp"', "not tasks")],
        "connector-host/cos_emulator/emulator.hpp": [("<nlohmann/json.hpp>", None), ('"base/log.hpp"', "no other room")],
        "connector-host/novel/a.cpp": [("<vector>", "novel is no room")],
        "tests/unit/base/log_test.cpp": [('"rest/v1/json.hpp"', None), ("<librdkafka/rdkafka.h>", None)],
        "examples/out-of-tree-plugin/a.cpp": [("<connector_host/connector.hpp>", None), ('"base/log.hpp"', "an example includes")],
    }
    expected = {}
    with tempfile.TemporaryDirectory() as root:
        for file, includes in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, file)), exist_ok=True)
            with open(os.path.join(root, file), "w", encoding="utf-8") as out:
                for number, (include, rule) in enumerate(includes, 1):
                    out.write(include + "\n" if "#" in include or "(" in include else f"#include {include}\n")
                    if rule:
                        expected[file, number] = rule
        found = {(file, number): rule for file, number, _, rule in check(root)[0]}
    wrong = [f"not caught: {place}" for place in expected if place not in found]
    wrong += [f"caught by mistake: {place}: {rule}" for place, rule in found.items() if place not in expected]
    wrong += [f"{place}: {rule!r} does not say {expected[place]!r}" for place, rule in found.items() if expected.get(place, "") not in rule]
    print("\n".join(wrong) or f"{len(expected)} violations, all caught, and nothing else")
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    broken, count = check(sys.argv[1])
    if count == 0:
        print(f"{sys.argv[1]} holds no sources: give the top of the tree", file=sys.stderr)
        return 2
    for file, number, included, rule in broken:
        print(f"{file}:{number}: {included}: {rule}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
