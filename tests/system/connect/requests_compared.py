"""The requests that differences_test.py sends to a real worker and to the host, in this order. `c` is a connector of each
side's own kind; "{plugin}" and "{config}" stand for its class and configuration."""

import dataclasses
import typing


@dataclasses.dataclass
class Case:
    name: str
    method: str
    path: str
    body: typing.Any = None
    headers: dict = dataclasses.field(default_factory=dict)
    until: typing.Callable = None  # asked again until it holds for the answer
    text: str = ""  # that both errors must contain
    exact: bool = False  # the bodies must be equal
    busy_is_fine: bool = False  # a 409 is what is asked for
    same: typing.Callable = None  # what it makes of both bodies must be equal; it alone, not their shapes
    joined: bool = False  # while somebody else is a member of the connector's group


def state(connector, task=None):
    def reached(got):
        body = got["body"]
        if got["status"] != 200 or body["connector"]["state"] != connector:
            return False
        states = [one["state"] for one in body["tasks"]]
        return states == ([] if task is None else [task])

    return reached


def present(got):
    return got["status"] == 200 and bool(got["body"])


def has_offsets(got):
    return got["status"] == 200 and bool(got["body"]["offsets"])


def task_states(body):
    return [one["state"] for one in body["tasks"]]


def wrong_keys(body):
    return sorted(one["value"]["name"] for one in body["configs"] if one["value"]["errors"])


def without_definition(body):
    return sorted(one["value"]["name"] for one in body["configs"] if one["definition"] is None)


def verdict(body):
    return wrong_keys(body), without_definition(body)


def gone(got):
    return got["status"] == 404


CONFIG = {"{config}": ""}
STOPPED_TEXT = "Connectors must be in the STOPPED state before their offsets can be modified"


def offset(value, topic="compared", partition=0):
    return {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": partition}, "offset": value}]}


def create(name, config=None, **more):
    return {"name": name, "config": config if config is not None else CONFIG, **more}


WORKER = [
    Case("root", "GET", "/"),
    Case("health", "GET", "/health"),
    Case("list", "GET", "/connectors", exact=True),
    Case("list, slash", "GET", "/connectors/", exact=True),
    Case("list, expand", "GET", "/connectors?expand=status&expand=info", exact=True),
    Case("list, other parameter", "GET", "/connectors?x=y", exact=True),
    Case("HEAD", "HEAD", "/connectors"),
    Case("OPTIONS", "OPTIONS", "/connectors"),
    Case("unknown path", "GET", "/nothing-here"),
    Case("wrong method", "DELETE", "/connectors", text="HTTP 405 Method Not Allowed"),
    Case("wrong accept", "GET", "/connectors", headers={"Accept": "text/html"}, text="HTTP 406 Not Acceptable"),
    Case("wrong content type", "POST", "/connectors", "a=b", {"Content-Type": "text/plain"}, text="HTTP 415 Unsupported Media Type"),
    Case("empty body of another type", "PUT", "/connectors/c/pause", "", {"Content-Type": "text/plain"}, text="HTTP 415"),
]
REFUSED = [
    Case("create, no JSON", "POST", "/connectors", "{"),
    Case("create, empty body", "POST", "/connectors", ""),
    Case("create, null", "POST", "/connectors", "null"),
    Case("create, a list", "POST", "/connectors", "[]"),
    Case("create, trailing text", "POST", "/connectors", '{"name":"c","config":{}} x'),
    Case("create, unknown field", "POST", "/connectors", {**create("c"), "surprise": 1}),
    Case("create, no config", "POST", "/connectors", {"name": "c"}),
    Case("create, nested value", "POST", "/connectors", create("c", {"{config}": "", "topics": {"a": 1}})),
    Case("create, null for an unknown key", "POST", "/connectors", create("c-null", {"{config}": "", "surprise": None}, initial_state="STOPPED")),
    Case("delete what has a null", "DELETE", "/connectors/c-null"),
    Case("create, null for a known key", "POST", "/connectors", create("c-null", {"{config}": "", "topics": None})),
    Case("create, blank name", "POST", "/connectors", create(" ")),
    Case("create, another name within", "POST", "/connectors", create("c", {"{config}": "", "name": "d"}),
         text="Connector name configuration (d) doesn't match connector name in the URL (c)"),
    Case("create, unknown class", "POST", "/connectors", create("c", {"connector.class": "NoSuch", "topics": "compared"}),
         text="Failed to find any class that implements Connector and which name matches NoSuch"),
    Case("create, tasks.max=dog", "POST", "/connectors", create("c", {"{config}": "", "tasks.max": "dog"}),
         text="Connector configuration is invalid and contains the following"),
    Case("create, topics and topics.regex", "POST", "/connectors", create("c", {"{config}": "", "topics.regex": "a.*"}),
         text="Connector configuration is invalid and contains the following"),
    Case("create, no topics", "POST", "/connectors", create("c", {"{config}": "", "topics": "{absent}"}),
         text="Connector configuration is invalid and contains the following"),
    Case("create, unknown key", "PUT", "/connectors/c-unknown-key/config", {"{config}": "", "surprise": "x"}),
    Case("delete it again", "DELETE", "/connectors/c-unknown-key"),
    Case("it is gone", "GET", "/connectors", until=lambda got: got["body"] == [], exact=True),
    Case("create, unknown initial_state", "POST", "/connectors", create("c", initial_state="GONE")),
    Case("create, no class", "POST", "/connectors", create("c", {"topics": "compared"})),
]
UNKNOWN = [
    Case(f"unknown: {method} {path}", method, f"/connectors/nobody{path}", body, text=text)
    for method, path, body, text in [
        ("GET", "", None, "Connector nobody not found"), ("GET", "/config", None, "Connector nobody not found"),
        ("GET", "/status", None, "No status found for connector nobody"), ("GET", "/tasks", None, "Connector nobody not found"),
        ("GET", "/tasks/0/status", None, "No status found for task nobody-0"), ("GET", "/topics", None, ""),
        ("PUT", "/topics/reset", None, ""), ("GET", "/offsets", None, "Connector nobody not found"),
        ("DELETE", "/offsets", None, "Connector nobody not found"), ("PATCH", "/offsets", offset({"kafka_offset": 1}), "Connector nobody not found"),
        ("PATCH", "/config", {"a": "b"}, ""), ("PUT", "/pause", None, "Unknown connector nobody"),
        ("PUT", "/resume", None, "Unknown connector nobody"), ("PUT", "/stop", None, "Unknown connector nobody"),
        ("POST", "/restart", None, "Unknown connector: nobody"), ("POST", "/restart?includeTasks=true", None, "Unknown connector: nobody"),
        ("POST", "/tasks/0/restart", None, "Unknown connector: nobody"), ("DELETE", "", None, "Connector nobody not found"),
    ]
]
LIFE = [
    Case("create", "POST", "/connectors", create("c")),
    Case("create again", "POST", "/connectors", create("c"), text="Connector c already exists", busy_is_fine=True),
    Case("status", "GET", "/connectors/c/status", until=state("RUNNING", "RUNNING")),
    Case("list of one", "GET", "/connectors", exact=True),
    Case("expanded", "GET", "/connectors?expand=info&expand=status", until=lambda got: got["body"].get("c", {}).get("info", {}).get("tasks")),
    Case("expanded, status alone", "GET", "/connectors?expand=status"),
    Case("expanded, unknown", "GET", "/connectors?expand=STATUS", exact=True),
    Case("get", "GET", "/connectors/c"),
    Case("config", "GET", "/connectors/c/config"),
    Case("tasks", "GET", "/connectors/c/tasks", until=present),
    Case("tasks-config", "GET", "/connectors/c/tasks-config"),
    Case("task status", "GET", "/connectors/c/tasks/0/status"),
    Case("task status, unknown", "GET", "/connectors/c/tasks/9/status", text="No status found for task c-9"),
    Case("task status, no number", "GET", "/connectors/c/tasks/x/status", text="HTTP 404 Not Found"),
    Case("topics", "GET", "/connectors/c/topics", until=lambda got: got["body"]["c"]["topics"], exact=True),
    Case("topics reset", "PUT", "/connectors/c/topics/reset"),
    Case("put, the same", "PUT", "/connectors/c/config", CONFIG),
    Case("put, a number", "PUT", "/connectors/c/config", {"{config}": "", "tasks.max": 1}),
    Case("put, another name", "PUT", "/connectors/c/config", {"{config}": "", "name": "d"}, text="doesn't match connector name in the URL (c)"),
    Case("put, bad", "PUT", "/connectors/c/config", {"{config}": "", "tasks.max": "0"}, text="Connector configuration is invalid"),
    Case("put, null body", "PUT", "/connectors/c/config", "null"),
    Case("patch", "PATCH", "/connectors/c/config", {"tasks.max": "2"}),
    Case("patch, remove", "PATCH", "/connectors/c/config", {"tasks.max": None}),
    Case("patch, another name", "PATCH", "/connectors/c/config", {"name": "d"}),
    Case("patch, name again", "PATCH", "/connectors/c/config", {"name": "c"}),
    Case("pause", "PUT", "/connectors/c/pause"),
    Case("pause again", "PUT", "/connectors/c/pause"),
    Case("paused", "GET", "/connectors/c/status", until=state("PAUSED", "PAUSED")),
    Case("put keeps a pause", "PUT", "/connectors/c/config", {"{config}": "", "tasks.max": "1"}),
    Case("still paused", "GET", "/connectors/c/status", until=state("PAUSED", "PAUSED")),
    Case("resume", "PUT", "/connectors/c/resume"),
    Case("resumed", "GET", "/connectors/c/status", until=state("RUNNING", "RUNNING")),
    Case("restart", "POST", "/connectors/c/restart"),
    Case("restart, flags", "POST", "/connectors/c/restart?includeTasks=true&onlyFailed=false", same=task_states),
    Case("running after restart", "GET", "/connectors/c/status", until=state("RUNNING", "RUNNING")),
    Case("restart, Python's words", "POST", "/connectors/c/restart?includeTasks=False&onlyFailed=False"),
    Case("restart, onlyFailed", "POST", "/connectors/c/restart?onlyFailed=true"),
    Case("restart, failed tasks", "POST", "/connectors/c/restart?includeTasks=true&onlyFailed=true", same=lambda body: body["connector"]["state"]),
    Case("restart a task", "POST", "/connectors/c/tasks/0/restart"),
    Case("restart a task, unknown", "POST", "/connectors/c/tasks/9/restart", text="Unknown task: c-9"),
    Case("running again", "GET", "/connectors/c/status", until=state("RUNNING", "RUNNING")),
]
OFFSETS = [
    Case("offsets", "GET", "/connectors/c/offsets", until=has_offsets, exact=True),
    Case("alter while running", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 1}), text=STOPPED_TEXT),
    Case("reset while running", "DELETE", "/connectors/c/offsets", text=STOPPED_TEXT),
    Case("alter nothing", "PATCH", "/connectors/c/offsets", {"offsets": []}, text="Partitions / offsets need to be provided"),
    Case("alter, no list", "PATCH", "/connectors/c/offsets", {}, text="Partitions / offsets need to be provided"),
    Case("stop", "PUT", "/connectors/c/stop"),
    Case("stopped", "GET", "/connectors/c/status", until=state("STOPPED")),
    Case("no tasks", "GET", "/connectors/c/tasks", until=lambda got: got["body"] == [], exact=True),
    Case("stop again", "PUT", "/connectors/c/stop"),
    Case("alter", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 5}), exact=True),
    Case("altered", "GET", "/connectors/c/offsets", exact=True),
    Case("alter, text as number", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": "6"}, partition="0"), exact=True),
    Case("alter, negative", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": -3})),
    Case("alter, past the end", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 1000})),
    Case("alter, unknown partition", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 1}, partition=99)),
    Case("alter, more within a partition and an offset", "PATCH", "/connectors/c/offsets",
         {"offsets": [{"partition": {"kafka_topic": "compared", "kafka_partition": 0, "x": 1}, "offset": {"kafka_offset": 7, "x": 1}}]}, exact=True),
    Case("alter, more beside them", "PATCH", "/connectors/c/offsets",
         {"offsets": [{"partition": {"kafka_topic": "compared", "kafka_partition": 0}, "offset": {"kafka_offset": 7}, "x": 1}]}),
    Case("altered again", "GET", "/connectors/c/offsets", exact=True),
    Case("alter, bad shape", "PATCH", "/connectors/c/offsets", {"offsets": [{"partition": {"x": 1}, "offset": {"kafka_offset": 1}}]}),
    Case("alter, unknown field", "PATCH", "/connectors/c/offsets", {"offset": []}),
    Case("forget one", "PATCH", "/connectors/c/offsets", offset(None), exact=True),
    Case("forgotten", "GET", "/connectors/c/offsets", exact=True),
    Case("alter once more", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 5}), exact=True),
    Case("forget one by no offset", "PATCH", "/connectors/c/offsets",
         {"offsets": [{"partition": {"kafka_topic": "compared", "kafka_partition": 0}}]}, exact=True),
    Case("forgotten again", "GET", "/connectors/c/offsets", exact=True),
    Case("alter while others are in the group", "PATCH", "/connectors/c/offsets", offset({"kafka_offset": 1}), text="zombie sink task",
         busy_is_fine=True, joined=True),
    Case("reset while others are in the group", "DELETE", "/connectors/c/offsets", text="zombie sink task", busy_is_fine=True, joined=True),
    Case("reset", "DELETE", "/connectors/c/offsets", exact=True),
    Case("reset again", "DELETE", "/connectors/c/offsets", exact=True),
    Case("none", "GET", "/connectors/c/offsets", exact=True),
    Case("resume a stopped one", "PUT", "/connectors/c/resume"),
    Case("it runs", "GET", "/connectors/c/status", until=state("RUNNING", "RUNNING")),
]
PLUGINS = [
    Case("plugins", "GET", "/connector-plugins"),
    Case("plugins, all", "GET", "/connector-plugins?connectorsOnly=false"),
    Case("plugin's keys", "GET", "/connector-plugins/{plugin}/config"),
    Case("plugin's keys, unknown", "GET", "/connector-plugins/NoSuch/config", text="Unknown plugin NoSuch."),
    Case("validate", "PUT", "/connector-plugins/{plugin}/config/validate", {"{config}": "", "name": "v"}),
    Case("validate, no name", "PUT", "/connector-plugins/{plugin}/config/validate", CONFIG),
    Case("validate, bad values", "PUT", "/connector-plugins/{plugin}/config/validate", {"{config}": "", "name": "v", "tasks.max": "dog"}),
    Case("validate, required keys missing", "PUT", "/connector-plugins/{plugin}/config/validate", {"connector.class": "{plugin}", "topics": "x"}),
    Case("validate, null for a known key", "PUT", "/connector-plugins/{plugin}/config/validate",
         {"{config}": "", "name": "v", "errors.tolerance": None}, same=verdict),
    Case("validate, null for an unknown key", "PUT", "/connector-plugins/{plugin}/config/validate",
         {"{config}": "", "name": "v", "surprise": None}, same=verdict),
    Case("validate, unknown key", "PUT", "/connector-plugins/{plugin}/config/validate", {"{config}": "", "name": "v", "surprise": "x"}, same=verdict),
    Case("validate, override", "PUT", "/connector-plugins/{plugin}/config/validate",
         {"{config}": "", "name": "v", "consumer.override.fetch.max.bytes": "1048576"}, same=verdict),
    Case("validate, topics and topics.regex", "PUT", "/connector-plugins/{plugin}/config/validate",
         {"{config}": "", "name": "v", "topics.regex": "a.*"}, same=wrong_keys),
    Case("validate, no topics", "PUT", "/connector-plugins/{plugin}/config/validate", {"{config}": "", "name": "v", "topics": "{absent}"},
         same=wrong_keys),
    Case("validate, no class", "PUT", "/connector-plugins/{plugin}/config/validate", {"name": "v"}),
    Case("validate, unknown class", "PUT", "/connector-plugins/NoSuch/config/validate", {"connector.class": "NoSuch", "name": "v"}),
    Case("validate, another class", "PUT", "/connector-plugins/Other/config/validate", {"{config}": "", "name": "v"},
         text="does not match request type Other"),
    Case("validate, no JSON", "PUT", "/connector-plugins/{plugin}/config/validate", "{"),
]
# Of a worker that logs by slf4j-simple: it has no loggers to list.
LOGGERS = [
    Case("logger, unknown", "GET", "/admin/loggers/no.such", text="Logger no.such not found."),
    Case("set a bad level", "PUT", "/admin/loggers/root", {"level": "LOUD"}, text="invalid log level 'LOUD'."),
    Case("set no level", "PUT", "/admin/loggers/root", {}, text="Desired 'level' parameter was not specified in request."),
    Case("set for the cluster", "PUT", "/admin/loggers/root?scope=cluster", {"level": "WARN"}),
]


def name_cases(label, name, quoted):
    return [
        Case(f"name {label}: create", "POST", "/connectors", create(name, initial_state="stopped")),
        Case(f"name {label}: read", "GET", f"/connectors/{quoted}/config"),
        Case(f"name {label}: delete", "DELETE", f"/connectors/{quoted}"),
    ]


NAMES = (
    name_cases("with blanks", "a b", "a%20b")
    + name_cases("with umlauts", "ü-名", "%C3%BC-%E5%90%8D")
    + name_cases("with + : ; @", "a+b:c;d@e", "a+b:c;d@e")
    + name_cases("with a slash", "a/b", "a%2Fb")
    + name_cases("with a percent sign", "a%b", "a%25b")
    + name_cases("with braces", "a{x}b", "a%7Bx%7Db")
    + [Case("name with a control character", "POST", "/connectors", create("a\u0001b"))]
)
END = [
    Case("create paused", "POST", "/connectors", create("p", initial_state="PAUSED")),
    Case("created paused", "GET", "/connectors/p/status", until=lambda got: got["status"] == 200 and got["body"]["connector"]["state"] == "PAUSED",
         same=task_states),
    Case("delete paused", "DELETE", "/connectors/p"),
    Case("put creates", "PUT", "/connectors/n/config", CONFIG),
    Case("delete it", "DELETE", "/connectors/n"),
    Case("delete", "DELETE", "/connectors/c"),
    Case("gone", "GET", "/connectors/c", until=gone, text="Connector c not found"),
    Case("status gone", "GET", "/connectors/c/status", until=gone),
    Case("delete again", "DELETE", "/connectors/c", text="Connector c not found"),
]
CASES = WORKER + REFUSED + UNKNOWN + LIFE + OFFSETS + PLUGINS + LOGGERS + NAMES + END
