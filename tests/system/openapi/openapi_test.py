#!/usr/bin/env python3
"""schemathesis walks through api/rest/openapi.yaml, as the running host serves it: whatever it sends, each answer must be one
that the document describes, by status, headers and schema; none may be a defect (500), and the host must go on.

The host is `connector-host dev`: its tasks read from a broker and write to a COS. CH_TEST_EXAMPLES: how many examples an
operation gets; CH_TEST_SEED: another seed."""

import contextlib
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

from processes import BIN, figure, get_json, produce, request, running, until

HERE = pathlib.Path(__file__).resolve().parent
TASKS = ["orders", "a/b c", "archiv-ü", "busy"]  # as in schemathesis.toml
EVERYWHERE = ["400", "401", "403", "404", "405", "406", "413", "415", "417", "422", "431", "503"]
WANTED = 5000
STRANGERS = 12  # tasks that schemathesis has made and that stay for a while
TIME_LIMIT = 400  # s


@contextlib.contextmanager
def sandbox(folder):
    """URL of a `connector-host dev`, and the settings of a task that stores what lies in its topic. The document's own
    examples name another topic and a bucket that is not there: such tasks are interrupted, and hold nothing."""
    log = folder / "dev.log"
    environment = {**os.environ, "TMPDIR": str(folder), "CONNECTOR_HOST_LOG_LEVEL": "info"}
    with running([BIN / "connector-host", "dev", "--no-sample", "--listen", "http://127.0.0.1:0"], log, env=environment) as process:

        def said(what):
            def look():
                assert process.poll() is None, "the host has ended"
                return re.search(rf"{what}: +(.+)", log.read_text(errors="replace"))

            return until(f"{what} in the host's output", look).group(1)

        produce(said("Kafka broker"), "records", [f"record {number}" for number in range(100)])
        key, secret = said("COS key").split()[0:3:2]
        yield said("REST API"), {
            "topics": "records", "start.position": "earliest", "object.key.template": "{task}/{topic}-{partition}-{start_offset}{ext}",
            "cos.bucket": said("COS bucket"), "cos.endpoint": said("COS endpoint"), "cos.secret.id": key, "cos.secret.key": secret,
        }
        assert process.poll() is None, "the host has ended"


def as_strict(document):
    """The document, with the statuses that its introduction allows everywhere instead of `default`. Waits are short."""
    for path in document["paths"].values():
        for method, operation in path.items():
            if method != "parameters" and "default" in operation["responses"]:
                error = operation["responses"].pop("default")
                operation["responses"] = {**{status: error for status in EVERYWHERE}, **operation["responses"]}
    document["components"]["parameters"]["Wait"]["schema"]["pattern"] = "^[0-9]{1,2}ms$"
    return document


def with_real_settings(document, config):
    """The document, with configurations that mean something to the host: of any others hardly one would be more than refused.
    Nothing of what it says of answers changes."""
    text = {"type": "string"}
    settings = {key: {**text, "enum": [value]} for key, value in config.items()}
    settings.update({
        "rotate.interval.ms": {"type": "integer", "minimum": 1000, "maximum": 100000},
        "rotate.bytes": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 1 << 30}, {**text, "enum": ["64KiB", "1MiB", "1 KiB"]}]},
        "format": {**text, "enum": ["string", "jsonl", "csv", "raw", "avro", "xml"]},
        "compression": {**text, "enum": ["none", "gzip", "zstd"]},
        "start.position": {**text, "enum": ["latest", "earliest", "committed", "2026-01-01T00:00:00Z", "yesterday"]},
        "tasks.max": {"type": "integer", "minimum": 1, "maximum": 2},
        "no.such.key": text,
    })
    for name in ("TaskDefinition", "TaskReplacement", "TaskChange"):
        document["components"]["schemas"][name]["properties"]["config"] = {
            "type": "object", "properties": settings, "additionalProperties": False, "required": [] if name == "TaskChange" else list(config),
        }
    return document


class Gardener(threading.Thread):
    """Makes the tasks anew that were deleted, and deletes those that were made, after a while."""

    def __init__(self, url, config):
        super().__init__(daemon=True)
        self._url, self._config, self._over, self._seen = url, config, threading.Event(), {}

    def _task(self, name):
        return f"{self._url}/v1/tasks/{urllib.parse.quote(name, safe='')}"

    def tend(self):
        there = {task["name"] for task in (get_json(f"{self._url}/v1/tasks") or {"tasks": []})["tasks"]}
        for name in TASKS:
            if name not in there:
                request("PUT", self._task(name), {"config": self._config, "enabled": name == "busy"})
        strangers = there - set(TASKS)
        self._seen = {name: self._seen.get(name, time.monotonic()) for name in strangers}
        for name in sorted(strangers, key=self._seen.get)[: max(len(strangers) - STRANGERS, 0)]:
            request("DELETE", self._task(name) + "?discard=true&wait=0ms")

    def run(self):
        while not self._over.wait(0.2):
            self.tend()

    def stop(self):
        self._over.set()
        self.join()


class Walk:
    """One run of schemathesis."""

    def __init__(self, name, document, url, folder, *options):
        self.name = name
        self._report, self._output = folder / f"{name}.json", folder / f"{name}.log"
        file = folder / f"{name}.openapi.json"
        file.write_text(json.dumps(document))
        command = [
            pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run", file, "--url", url,
            "--max-examples", os.environ.get("CH_TEST_EXAMPLES", "60"), "--seed", os.environ.get("CH_TEST_SEED", "1"), "--continue-on-failure", "--no-shrink",
            "--request-timeout", "60", "--generation-database", "none", "--no-color", "--report", "json", "--report-json-path", self._report, *options,
        ]
        with open(self._output, "wb") as out:
            self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, "NO_PROXY": "*"})

    def finish(self):
        """How many examples it has tried."""
        try:
            status = self._process.wait(TIME_LIMIT)
        finally:
            self._process.kill()
        report = json.loads(self._report.read_text()) if self._report.exists() else {}
        if status != 0:
            print("\n".join(line[:300] for line in self._output.read_text(errors="replace").splitlines()[-300:]))
        assert status == 0, f"schemathesis has found something ({self.name})"
        assert report["operations"]["tested"] == report["operations"]["total"], report["operations"]
        assert not report["warnings"]["missing_test_data"], f"{self.name}: never got behind a 404: {report['warnings']['missing_test_data']}"
        return report["test_cases"]["generated"]


def walk(url, config, folder):
    document = yaml.safe_load(request("GET", f"{url}/openapi.yaml")[1])
    begin = time.monotonic()
    walks = [
        Walk("as-it-is", as_strict(copy.deepcopy(document)), url, folder),
        # What contradicts the narrower document need not be wrong.
        Walk("with-real-settings", as_strict(with_real_settings(document, config)), url, folder, "--exclude-checks", "negative_data_rejection"),
    ]
    examples = {one.name: one.finish() for one in walks}
    figure(f"schemathesis over all of openapi.yaml: {sum(examples.values())} examples {examples}, 0 failures, in {time.monotonic() - begin:.0f} s")
    assert sum(examples.values()) >= WANTED, examples


def main():
    with tempfile.TemporaryDirectory(prefix="ch-openapi-") as name:
        folder = pathlib.Path(name)
        with sandbox(folder) as (url, config):
            gardener = Gardener(url, config)
            gardener.tend()
            gardener.start()
            try:
                walk(url, config, folder)
            finally:
                gardener.stop()
            assert get_json(f"{url}/health")["status"] == "healthy"
        defects = [line for line in (folder / "dev.log").read_text(errors="replace").splitlines() if " failed, id " in line]
        assert not defects, defects[:5]
    return 0


if __name__ == "__main__":
    sys.exit(main())
