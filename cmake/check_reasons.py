#!/usr/bin/env python3
"""check_reasons.py TREE: schemas/reasons.json is the one list of reasons of interruptions. No source spells one of them: it takes
the constant of <connector_host/reasons.hpp>. Each reason is used by those that raise it, as the list says, and by nobody else.
Prints file:line: what is wrong.
check_reasons.py --self-test: proves on a tree of its own that each rule catches what breaks it."""

import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../schemas"))
from make_reasons import constant

SIDES = {"host": "connector-host", "connector": "connectors"}
RAISED_BY = {"host": {"host"}, "connector": {"connector"}, "both": {"host", "connector"}}
LIST = "schemas/reasons.json"
NAME = re.compile(r"[a-z]+(_[a-z]+)*")
SENTENCE = re.compile(r"[A-Z].*\.")
SOURCE = re.compile(r"\.(c|cc|cpp|h|hpp|inc|ipp)$")
COMMENT = re.compile(r"(^|\s)//.*")
LITERAL = re.compile(r'"(?:[a-z]+/)?([a-z_]+)"')  # "throttled", "retries/throttled"
CONSTANT = re.compile(r"\breasons::(k\w+)")


def check_list(reasons):
    names = [one.get("reason", "") for one in reasons]
    for number, one in enumerate(reasons, 1):
        name = one.get("reason", "")
        if set(one) != {"reason", "raised_by", "means"} or not NAME.fullmatch(name):
            yield LIST, number, f"entry {name!r} needs reason, raised_by and means, and no more; a reason is words of a-z, joined by _"
        elif one["raised_by"] not in RAISED_BY:
            yield LIST, number, f"{name} is raised_by one of {', '.join(RAISED_BY)}"
        elif not SENTENCE.fullmatch(one["means"]):
            yield LIST, number, f"what {name} means is a sentence"
        elif names.index(name) != number - 1:
            yield LIST, number, f"{name} is there already"


def check_source(lines, side, raised, used):
    for number, line in enumerate(lines, 1):
        code = COMMENT.sub("", line)
        for name in LITERAL.findall(code):
            if name in raised:
                yield number, f'"{name}" is a reason: write reasons::{constant(name)} of <connector_host/reasons.hpp>'
        for found in CONSTANT.findall(code):
            for name in (name for name in raised if constant(name) == found):
                used.add((name, side))
                if side not in raised[name]:
                    yield number, f"{LIST} does not say that {name} is raised by a {side}"


def check(tree):
    """(file, line or entry, what is wrong) of all, and the number of sources read."""
    with open(os.path.join(tree, LIST), encoding="utf-8") as stream:
        reasons = json.load(stream)
    wrong, count, used = list(check_list(reasons)), 0, set()
    if wrong:
        return wrong, 1
    raised = {one["reason"]: RAISED_BY[one["raised_by"]] for one in reasons}
    for side, top in SIDES.items():
        for folder, _, files in os.walk(os.path.join(tree, top)):
            for name in sorted(f for f in files if SOURCE.search(f)):
                file = os.path.relpath(os.path.join(folder, name), tree)
                count += 1
                with open(os.path.join(tree, file), encoding="utf-8", errors="replace") as lines:
                    wrong += [(file, number, what) for number, what in check_source(lines, side, raised, used)]
    for number, (name, sides) in enumerate(raised.items(), 1):
        wrong += [(LIST, number, f"no {side} uses {name}") for side in sorted(sides) if (name, side) not in used]
    return wrong, count


def self_test():
    def entry(reason, raised_by="host", means="It is gone."):
        return {"reason": reason, "raised_by": raised_by, "means": means}

    right = [entry("topic_missing"), entry("throttled", "connector"), entry("offset_lost", "both")]
    host, connector = "connector-host/kafka/errors.cpp", "connectors/cos-sink/cos/errors.hpp"
    sources = {
        host: "return {reasons::kTopicMissing}; return reasons::kOffsetLost;",
        connector: "reasons::kThrottled, ch::reasons::kOffsetLost  // said of \"throttled\" and reasons::kTopicMissing",
    }
    # reasons, files that are otherwise, what must be said.
    cases = [
        (right, {}, []),
        (right, {host: sources[host] + ' return {"topic_missing"};'}, [(host, 1, '"topic_missing" is a reason')]),
        (right, {connector: sources[connector] + '\ncount("retries/throttled");'}, [(connector, 2, "write reasons::kThrottled")]),
        (right, {host: sources[host] + ' name = "throttled by a quota";'}, []),
        (right, {host: sources[host] + "\nreturn reasons::kThrottled;"}, [(host, 2, "throttled is raised by a host")]),
        (right, {connector: "reasons::kThrottled"}, [(LIST, 3, "no connector uses offset_lost")]),
        (right + [entry("file_limit")], {}, [(LIST, 4, "no host uses file_limit")]),
        ([entry("topic_missing"), entry("topic_missing")], {}, [(LIST, 2, "there already")]),
        ([entry("Topic missing")], {}, [(LIST, 1, "a reason is words")]),
        ([entry("topic_missing", "nobody")], {}, [(LIST, 1, "raised_by one of")]),
        ([entry("topic_missing", means="gone")], {}, [(LIST, 1, "is a sentence")]),
        ([{"reason": "topic_missing"}], {}, [(LIST, 1, "needs reason")]),
    ]
    failures = []
    for number, (reasons, others, expected) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory() as root:
            for file, text in {**sources, **others, LIST: json.dumps(reasons)}.items():
                os.makedirs(os.path.dirname(os.path.join(root, file)), exist_ok=True)
                with open(os.path.join(root, file), "w", encoding="utf-8") as out:
                    out.write(text)
            found = check(root)[0]
        if len(found) != len(expected) or any(f[:2] != e[:2] or e[2] not in f[2] for f, e in zip(found, expected)):
            failures.append(f"case {number}: found {found}, expected {expected}")
    print("\n".join(failures) or f"{len(cases)} trees, each judged rightly")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    wrong, count = check(sys.argv[1])
    if count == 0:
        print(f"{sys.argv[1]} holds no sources: give the top of the tree", file=sys.stderr)
        return 2
    for file, number, what in wrong:
        print(f"{file}:{number}: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
