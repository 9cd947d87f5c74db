#!/usr/bin/env python3
"""read_formats.py [--each] EXPECTED OBJECT...: reads objects that cos-sink wrote, by nothing but public readers of each format
(json, csv, struct, fastavro; gzip and zstd by their own programs), and holds them against what was produced.

EXPECTED: a JSON list of records in order: {"topic","partition","offset","timestamp","key","value","headers":[[name,value]...]};
bytes are base64, null is none. OBJECT: PATH, or PATH=FIELDS for jsonl and csv with other fields than the defaults. Its name
says format and compression. The objects of one format (same suffix and fields) must hold exactly the
expected records; with --each every object by itself.
"""

import base64
import csv
import io
import json
import struct
import subprocess
import sys

import fastavro

REFUSED = object()  # cannot be written in the format
CSV_FIELDS = "partition,offset,timestamp,key,value"


def content(path):
    if path.endswith(".gz"):
        return subprocess.run(["gzip", "-dc", path], check=True, stdout=subprocess.PIPE).stdout
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-q", "-dc", path], check=True, stdout=subprocess.PIPE).stdout
    with open(path, "rb") as file:
        return file.read()


def utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


# What each format can show of a record: a function of the record as it was produced, and a reader of objects.


def json_member(name, data):
    """A key, or a header's part, as jsonl writes it."""
    if data is None:
        return {name: None}
    text = utf8(data)
    return {name: text} if text is not None else {name + "_base64": base64.b64encode(data).decode()}


def no_constant(name):
    raise ValueError(name)


def finite(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def json_value(data):
    if data is None:
        return {"value": None}
    try:
        return {"value": json.loads(data.decode("utf-8"), parse_constant=no_constant, parse_float=finite)}
    except ValueError:
        return json_member("value", data)


def json_headers(record):
    return [{**json_member("name", name), **json_member("value", value)} for name, value in record["headers"]]


def expect_jsonl(record, fields):
    made = json_value(record["value"])
    if fields == ["value"]:
        return made["value"] if "value" in made else made
    parts = {
        "key": json_member("key", record["key"]),
        "value": made,
        "headers": {"headers": json_headers(record)},
    }
    out = {}
    for field in fields:
        out.update(parts.get(field, {field: record.get(field)}))
    return out


def read_jsonl(data, fields):
    assert data == b"" or data.endswith(b"\n"), "no line feed at the end"
    return [json.loads(line) for line in data.decode("utf-8").split("\n")[:-1]]


def expect_csv(record, fields):
    row = []
    for field in fields:
        if field in ("key", "value"):
            data = record[field]
            text = "" if data is None else utf8(data)
            if text is None or "\0" in text:
                return REFUSED
            row.append(text)
        elif field == "headers":
            row.append(json.dumps(json_headers(record), separators=(",", ":"), ensure_ascii=False))
        else:
            row.append(str(record[field]))
    return row


def read_csv(data, fields):
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert rows[0] == fields, f"the header line is {rows[0]}"
    return rows[1:]


def expect_raw(record, fields):
    return {name: record[name] for name in ("offset", "timestamp", "key", "value", "headers")}


def read_raw(data, fields):
    file, records = io.BytesIO(data), []

    def number(form):
        return struct.unpack(form, file.read(struct.calcsize(form)))[0]

    def some():
        size = number(">i")
        return None if size < 0 else file.read(size)

    while file.tell() < len(data):
        size = number(">I")
        begin = file.tell()
        assert number(">B") == 1, "version"
        record = {"offset": number(">q"), "timestamp": number(">q"), "key": some(), "value": some(), "headers": []}
        for _ in range(number(">I")):
            name = file.read(number(">I"))
            record["headers"].append((name, some()))
        assert file.tell() - begin == size, f"{file.tell() - begin} bytes instead of {size}"
        records.append(record)
    return records


def expect_avro(record, fields):
    headers = [{"name": utf8(name), "value": value} for name, value in record["headers"]]
    if any(header["name"] is None for header in headers):
        return REFUSED
    return {**{name: record[name] for name in ("topic", "partition", "offset", "timestamp", "key", "value")}, "headers": headers}


def read_avro(data, fields):
    records = []
    for record in fastavro.reader(io.BytesIO(data)):
        date, beyond = record["timestamp"], record.pop("timestamp_out_of_range")
        assert date is None or beyond is None, "a date, and one that is none"
        record["timestamp"] = beyond if date is None else round(date.timestamp() * 1000)
        records.append(record)
    return records


def expect_txt(record, fields):
    return (record["value"] or b"") + b"\n"


def read_txt(data, fields):
    return [data]


FORMATS = {
    "jsonl": (expect_jsonl, read_jsonl, "value"),
    "csv": (expect_csv, read_csv, CSV_FIELDS),
    "raw": (expect_raw, read_raw, ""),
    "avro": (expect_avro, read_avro, ""),
    "txt": (expect_txt, read_txt, ""),
}


def unpacked(text):
    return None if text is None else base64.b64decode(text)


def main():
    arguments = sys.argv[1:]
    each = arguments[0] == "--each"
    if each:
        arguments.pop(0)
    with open(arguments[0], encoding="utf-8") as file:
        produced = json.load(file)
    for record in produced:
        record["key"], record["value"] = unpacked(record["key"]), unpacked(record["value"])
        record["headers"] = [(unpacked(name), unpacked(value)) for name, value in record["headers"]]
    groups = {}
    for argument in arguments[1:]:
        path, _, fields = argument.partition("=")
        suffix = path[path.rindex("/") + 1 :].split(".", 1)[1]
        groups.setdefault((suffix, fields, path if each else ""), []).append(path)
    failed = not groups
    for (suffix, given, _), paths in sorted(groups.items()):
        expect, read, default = FORMATS[suffix.split(".")[0]]
        fields = (given or default).split(",")
        wanted = [made for made in (expect(record, fields) for record in produced) if made is not REFUSED]
        found = [record for path in paths for record in read(content(path), fields)]
        if suffix.startswith("txt"):
            wanted, found = [b"".join(wanted)], [b"".join(found)]
        same = found == wanted
        print(f"{suffix:12} {given:50} {len(paths)} objects, {len(found)} records: {'as produced' if same else 'WRONG'}")
        if not same:
            failed = True
            wrong = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
            print(f"  of {len(wanted)}, first difference at {wrong}:\n  {str(found[wrong:][:1])[:500]}\n  {str(wanted[wrong:][:1])[:500]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
