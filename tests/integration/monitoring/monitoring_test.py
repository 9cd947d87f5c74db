"""What an operator sees of a running host: /metrics against its table and against examples/monitoring, the runbook, the streams
of events. One `connector-host dev` serves all cases."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import yaml
from prometheus_client.parser import text_string_to_metric_families

SOURCE = pathlib.Path(os.environ["CH_SOURCE_DIR"])
BIN = pathlib.Path(os.environ["CH_BIN_DIR"])
EXAMPLES = SOURCE / "examples/monitoring"
ALERT_TESTS = SOURCE / "tests/integration/monitoring/alerts_test.yml"
DEADLINE = 60  # seconds
HOSTILE = 'x"\\<b>\u8ba2\u5355'  # a task's name


class Host:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+b")
        self.process = subprocess.Popen(
            [BIN / "connector-host", "dev", "--listen", "http://127.0.0.1:0", "--dir", pathlib.Path(self.folder.name) / "dev"],
            stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, "CONNECTOR_HOST_LOG_FORMAT": "json"})
        for line in self.process.stdout:
            if found := re.search(rb"REST API:\s+(http://\S+)", line):
                self.url = found[1].decode()
            if b"In another terminal:" in line:
                break

    def get(self, path, accept="*/*"):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers={"Accept": accept}), timeout=DEADLINE) as answer:
            return answer.headers, answer.read().decode()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return json.loads(answer.read() or b"null")

    def families(self):
        """By name as the table has it: the parser takes _total off."""
        out = {}
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            out[family.name + ("_total" if family.type == "counter" else "")] = family
        return out

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE)
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()


class Stream:
    """Server-sent events, one at a time: (event, data)."""

    def __init__(self, host, path):
        request = urllib.request.Request(host.url + path, headers={"Accept": "text/event-stream"})
        self.answer = urllib.request.urlopen(request, timeout=DEADLINE)

    def until(self, wanted):
        event, data = None, None
        for line in self.answer:
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line == "" and event is not None:
                if wanted(event, data):
                    return data
                event = None
        raise AssertionError("the stream ended")

    def close(self):
        self.answer.close()


def sample(families, name, **labels):
    for one in families[name].samples:
        if one.name == name and all(one.labels.get(key) == value for key, value in labels.items()):
            return one.value
    raise AssertionError(f"no {name} with {labels}")


def eventually(check):
    end = time.monotonic() + DEADLINE
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def tables(name):
    """Names and labels of each metric in a page of docs/."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (SOURCE / "docs" / name).read_text(), re.M)
    return {row[0]: (row[1], set(re.findall(r"`(\w+)`", row[2]))) for row in rows}


def used_metrics():
    """Every metric that alerts and board name, with where."""
    board = json.loads((EXAMPLES / "grafana.json").read_text())
    expressions = {f"panel {panel['title']}": target["expr"] for panel in board["panels"] for target in panel["targets"]}
    expressions["variable"] = board["templating"]["list"][1]["query"]
    for rule in alerts():
        expressions[f"alert {rule['alert']}"] = rule["expr"]
    for where, expression in expressions.items():
        for name in re.findall(r"\b(?:connector_host|process|kafka_connect)_\w+", expression):
            yield where, name


def alerts():
    return yaml.safe_load((EXAMPLES / "alerts.yml").read_text())["groups"][0]["rules"]


def find_promtool():
    own = SOURCE / ".deps/promtool/usr/bin/promtool"  # cmake/install_packages.sh
    return os.environ.get("CH_PROMTOOL") or (own if own.exists() else shutil.which("promtool"))


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host()
        cls.addClassCleanup(cls.host.stop)

    def test_metrics_are_those_of_the_table(self):
        headers, text = self.host.get("/metrics")
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        shown = self.host.families()
        documented = tables("metrics.md")
        self.assertEqual(set(shown), set(documented))
        for name, family in shown.items():
            kind, labels = documented[name]
            self.assertEqual(family.type, kind, name)
            for one in family.samples:
                self.assertEqual(set(one.labels) - {"le"}, labels, name)

    def test_what_is_stored_is_counted(self):
        def check():
            families = self.host.families()
            task = {"task": "orders-to-cos"}
            self.assertGreater(sample(families, "connector_host_objects_stored_total", **task), 0)
            self.assertGreaterEqual(sample(families, "connector_host_records_read_total", **task),
                                    sample(families, "connector_host_records_stored_total", **task))
            self.assertGreater(sample(families, "connector_host_rotations_total", reason="granularity", **task), 0)
            self.assertGreater(sample(families, "connector_host_commits_total", **task), 0)
            self.assertEqual(sample(families, "connector_host_task_state", state="RUNNING", **task), 1)
            self.assertGreater(sample(families, "connector_host_task_last_object_timestamp_seconds", **task), time.time() - 3600)
            stored = {one.name: one.value for one in families["connector_host_object_store_seconds"].samples if "le" not in one.labels}
            self.assertGreater(stored["connector_host_object_store_seconds_count"], 0)
            self.assertEqual(sample(families, "kafka_connect_connector_task_status", connector="orders-to-cos", task="0"), 1)
            self.assertGreater(sample(families, "kafka_connect_sink_task_sink_record_read_total", connector="orders-to-cos"), 0)
            self.assertGreater(sample(families, "process_resident_memory_bytes"), 1 << 20)
        eventually(check)

    def test_alerts_and_board_name_metrics_that_there_are(self):
        known = set(tables("metrics.md"))
        names = list(used_metrics())
        self.assertGreater(len(names), 30)
        for where, name in names:
            with self.subTest(where):
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name, known)

    def test_alerts_are_well_formed(self):
        config = yaml.safe_load((EXAMPLES / "prometheus.yml").read_text())
        self.assertEqual(config["rule_files"], ["alerts.yml"])
        self.assertEqual(config["scrape_configs"][0]["job_name"], "connector-host")
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertLessEqual(set(rule), {"alert", "expr", "for", "labels", "annotations"})
                self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
                self.assertRegex(rule.get("for", "1m"), r"^\d+[smh]$")
                for opening, closing in ("()", "[]", "{}"):
                    self.assertEqual(rule["expr"].count(opening), rule["expr"].count(closing))
                self.assertRegex(rule["annotations"]["runbook_url"], r"/docs/runbook\.md#(\w+|\{\{ \$labels\.reason \}\})$")

    def test_each_alert_fires(self):
        tests = yaml.safe_load(ALERT_TESTS.read_text())["tests"]
        fires = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one["exp_alerts"]}
        self.assertEqual(fires, {rule["alert"] for rule in alerts()})
        known = set(tables("metrics.md")) | {"up"}  # what makes them fire is what a host shows
        for test in tests:
            for series in test["input_series"]:
                self.assertIn(series["series"].split("{")[0], known, test["name"])
        promtool = find_promtool()
        self.assertIsNotNone(promtool, "promtool is not here: cmake/install_packages.sh test")
        with tempfile.TemporaryDirectory() as folder:
            for rule in (rules := yaml.safe_load((EXAMPLES / "alerts.yml").read_text()))["groups"][0]["rules"]:
                rule.pop("annotations")  # the tests name what an alert is, not its text
            (pathlib.Path(folder) / "alerts.yml").write_text(yaml.safe_dump(rules))
            (pathlib.Path(folder) / "test.yml").write_text(ALERT_TESTS.read_text())
            for words in (["check", "rules", EXAMPLES / "alerts.yml"], ["test", "rules", "test.yml"]):
                done = subprocess.run([promtool, *words], cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_host_serves_the_runbook(self):
        headers, text = self.host.get("/docs/runbook.md")
        self.assertEqual(headers["Content-Type"], "text/markdown; charset=utf-8")
        self.assertEqual(text, (SOURCE / "docs/runbook.md").read_text())
        headers, page = self.host.get("/docs/runbook.md", "text/html,*/*")
        self.assertIn("text/html", headers["Content-Type"])
        self.assertEqual(re.findall(r'<h2 id="(.*?)">', page), re.findall(r"^## (.+)$", text, re.M))

    def test_streams_show_a_task_from_creation_to_deletion(self):
        address = "/v1/tasks/" + urllib.parse.quote(HOSTILE, safe="")
        config = {**self.host.call("GET", "/v1/tasks/orders-to-cos")["config"], "topics": "not-there"}
        config = {key: value for key, value in config.items() if "secret" not in key}
        config.update({"cos.secret.id": "x", "cos.secret.key": "y"})
        everything = Stream(self.host, "/v1/events")
        self.addCleanup(everything.close)
        first = everything.until(lambda event, data: event == "tasks")
        self.assertTrue(first["full"])
        self.assertIn("orders-to-cos", [task["name"] for task in first["tasks"]])
        self.host.call("POST", "/v1/tasks", {"name": HOSTILE, "config": config})
        interrupted = everything.until(lambda event, data: event == "change" and data["kind"] == "interrupted")
        self.assertEqual((interrupted["task"], interrupted["reason"]), (HOSTILE, "topic_missing"))
        own = Stream(self.host, address + "/events")
        self.addCleanup(own.close)
        status = own.until(lambda event, data: event == "status" and data["state"] == "INTERRUPTED")
        self.assertEqual(status["interruption"]["runbook"], "/docs/runbook.md#topic_missing")
        families = self.host.families()
        self.assertEqual(sample(families, "connector_host_task_interrupted", task=HOSTILE, reason="topic_missing"), 1)
        self.assertEqual(sample(families, "connector_host_interruptions_total", task=HOSTILE, reason="topic_missing"), 1)
        self.host.call("DELETE", address)
        self.assertEqual(own.until(lambda event, data: event == "gone"), {"name": HOSTILE})
        everything.until(lambda event, data: event == "tasks" and HOSTILE in data["removed"])

        def forgotten():  # once nothing holds the task any more
            for family in self.host.families().values():
                for one in family.samples:
                    self.assertNotIn(HOSTILE, one.labels.values())
        eventually(forgotten)


if __name__ == "__main__":
    unittest.main(verbosity=2)
