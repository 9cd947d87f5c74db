#!/usr/bin/env python3
"""The same requests to a real Kafka Connect worker and to the host; what differs must be one of DIFFERENCES, with its
reason, and each of these must really differ. The table in docs/kafka-connect-compatibility.md is made of them:
differences_test.py --write writes it."""

import contextlib
import http.client
import json
import pathlib
import re
import sys
import tempfile
import urllib.parse

from differences import DIFFERENCES
from processes import SOURCE, broker, connect_jars, connect_worker, host, produce, running, until
from requests_compared import CASES

PAGE = SOURCE / "docs/kafka-connect-compatibility.md"
BEGIN, END = "<!-- differences: begin -->", "<!-- differences: end -->"
TOPIC = "compared"
# What a worker says while it is busy with itself; clients ask again.
BUSY = re.compile(r"rebalance|stale configuration|conflicting operation|zombie sink task|Zombie sink task")
GROUP = "connect-c"
OWN_KEYS = {"file", "file.dir", "start.position", "connector.class", "task.class", "rotate.interval.ms"}


class Side:
    """A server under test, with the connector of its own that every case uses."""

    def __init__(self, name, url, plugin, config, address, busy):
        """busy: what an answer says that is not yet the one; None where no answer may say so."""
        self.name, self.plugin, self.config, self.broker, self.busy = name, plugin, config, address, busy
        self.address = urllib.parse.urlsplit(url).netloc

    def fill(self, value):
        """A case's text or body with this side's plugin and configuration."""
        if isinstance(value, str):
            return value.replace("{plugin}", self.plugin)
        if isinstance(value, dict):
            filled = {}
            for key, item in value.items():
                if key == "{config}":
                    filled.update(self.config)
                else:
                    filled[key] = self.fill(item)
            return {key: item for key, item in filled.items() if item != "{absent}"}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def ask(self, case):
        connection = http.client.HTTPConnection(self.address, timeout=100)
        body = self.fill(case.body)
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        headers = dict(case.headers)
        if text is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(case.method, self.fill(case.path), text and text.encode(), headers)
        response = connection.getresponse()
        raw = response.read().decode(errors="replace")
        connection.close()
        try:
            parsed = json.loads(raw) if raw else None
        except ValueError:
            parsed = raw
        return {"status": response.status, "type": (response.headers.get("Content-Type") or "").split(";")[0], "body": parsed,
                "location": response.headers.get("Location"), "allow": response.headers.get("Allow")}

    def answer(self, case):
        with member(self.broker) if case.joined else contextlib.nullcontext():
            return self.settled_answer(case)

    def settled_answer(self, case):
        """Asks until the answer is what the case waits for, and no longer one of a worker busy with itself."""

        def settled():
            got = self.ask(case)
            busy = self.busy and got["status"] in (409, 500) and self.busy.search(json.dumps(got["body"])) and not case.busy_is_fine
            if busy or (case.until and not case.until(got)):
                self.last = got
                return None
            return got

        try:
            return until(f"{case.name} at {self.name}", settled, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.last}") from None


@contextlib.contextmanager
def member(address):
    """Somebody else is in the connector's group, and owns its partition."""
    with tempfile.NamedTemporaryFile("r") as log, running(["kcat", "-b", address, "-G", GROUP, TOPIC], log.name):
        until("kcat has joined the group", lambda: f"{TOPIC} [0]" in pathlib.Path(log.name).read_text(errors="replace"))
        yield


def shape(value):
    """Names and types of a body, without its values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in OWN_KEYS}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return None if value is None else type(value).__name__


def alike(one, two):
    if one is None or two is None:
        return not isinstance(one or two, (dict, list))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(alike(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return not one or not two or alike(one[0], two[0])
    return one == two


def differences_of(case, theirs, ours):
    """What a client would notice, as text; empty if it would notice nothing."""
    found = []
    if theirs["status"] != ours["status"]:
        found.append(f"status {theirs['status']}, ours {ours['status']}")
    elif theirs["status"] < 300:
        if theirs["type"] != ours["type"]:
            found.append(f"Content-Type {theirs['type']!r}, ours {ours['type']!r}")
        if case.same and case.same(theirs["body"]) != case.same(ours["body"]):
            found.append(f"{case.same(theirs['body'])}, ours {case.same(ours['body'])}")
        if not case.same and not alike(shape(theirs["body"]), shape(ours["body"])):
            found.append(f"body {json.dumps(shape(theirs['body']))[:200]}, ours {json.dumps(shape(ours['body']))[:200]}")
    else:
        if isinstance(theirs["body"], dict) and not alike(shape(theirs["body"]), shape(ours["body"])):
            found.append("shape of the error")
        if case.text:
            for name, side in (("theirs", theirs), ("ours", ours)):
                if case.text not in str((side["body"] or {}).get("message")):
                    found.append(f"{name} does not say {case.text!r} but {side['body']}")
    if bool(theirs["location"]) != bool(ours["location"]):
        found.append(f"Location {theirs['location']}, ours {ours['location']}")
    if theirs["location"] and ours["location"]:
        paths = [re.sub(r"^http://[^/]+", "", side["location"]) for side in (theirs, ours)]
        if paths[0] != paths[1]:
            found.append(f"Location {paths[0]}, ours {paths[1]}")
    if case.exact and theirs["body"] != ours["body"]:
        found.append(f"body {theirs['body']}, ours {ours['body']}")
    return "; ".join(found)


def table():
    lines = ["| request | a real worker (4.3.0) | connector-host | why |", "|---|---|---|---|"]
    lines += [f"| {entry.request} | {entry.theirs} | {entry.ours} | {entry.why} |" for entry in DIFFERENCES]
    return "\n".join(lines)


def write_or_check(write):
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    made = f"{before}{BEGIN}\n{table()}\n{END}{after}"
    if write:
        PAGE.write_text(made, encoding="utf-8")
    return made == page


def compare(real, ours):
    names = [name for entry in DIFFERENCES for name in entry.cases]
    known, failures, differing = set(names), [], 0
    assert len(names) == len(known), "a case is in two differences"
    for case in CASES:
        difference = differences_of(case, real.answer(case), ours.answer(case))
        differing += bool(difference)
        if difference and case.name not in known:
            failures.append(f"{case.name}: {difference}")
        if not difference and case.name in known:
            failures.append(f"{case.name}: no longer differs; take it out of differences.py")
    unknown = known - {case.name for case in CASES}
    failures += [f"{name}: is in differences.py, and no case" for name in unknown]
    print(f"{len(CASES)} requests compared with Kafka Connect 4.3.0: {len(CASES) - differing} alike, "
          f"{differing} differ in the {len(DIFFERENCES)} ways that the compatibility page gives a reason for")
    return failures


def main():
    if "--write" in sys.argv:
        write_or_check(True)
        return 0
    jars = connect_jars()
    with tempfile.TemporaryDirectory(prefix="ch-connect-") as name:
        folder = pathlib.Path(name)
        # Two brokers: connectors of one name have one consumer group.
        with broker(folder / "theirs", jars) as address, broker(folder / "ours", jars) as second:
            for one in (address, second):
                produce(one, TOPIC, [f"record {number}" for number in range(20)])
            out = folder / "files"
            out.mkdir()
            with connect_worker(folder, jars, address) as theirs, host(folder / "host", second) as url:
                common = {"topics": TOPIC, "tasks.max": "1"}
                real = Side("the worker", theirs, "org.apache.kafka.connect.file.FileStreamSinkConnector",
                            {**common, "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "file": str(folder / "real.txt")},
                            address, BUSY)
                ours = Side("the host", url, "file-sink",
                            {**common, "connector.class": "file-sink", "file.dir": str(out), "start.position": "earliest"},
                            second, None)
                failures = compare(real, ours)
    if not write_or_check(False):
        failures.append(f"the table in {PAGE.name} is not that of differences.py: run {pathlib.Path(__file__).name} --write")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
