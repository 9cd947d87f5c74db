#!/usr/bin/env python3
"""The bill of materials of this build: CycloneDX's own schema, and whether it says what the programs are made of."""

import json
import os
import re
import subprocess
import sys
import tempfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

SOURCE = os.environ["CH_SOURCE_DIR"]
BIN = os.environ["CH_BIN_DIR"]
SBOM = os.path.join(SOURCE, "packaging", "sbom.py")


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def make(*arguments, given=None):
    return subprocess.run([SBOM, *arguments], input=given, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000")).stdout


def check(text):
    if trouble := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"not CycloneDX 1.6: {trouble}")
    document = json.loads(text)
    references = [component["bom-ref"] for component in document["components"]]
    expect("references that stand twice", len(references), len(set(references)))
    expect("what the program depends on", set(document["dependencies"][0]["dependsOn"]), set(references))
    return document, {component["name"]: component for component in document["components"]}


text = make("build", os.path.dirname(BIN))
expect("a second run", make("build", os.path.dirname(BIN)), text)
document, components = check(text)
expect("the date", document["metadata"]["timestamp"], "2023-11-14T22:13:20Z")
if JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"library"', '"book"')) is None:
    sys.exit("the schema takes what is wrong")

# Every library that a program names is in a package that is listed.
needed = set()
for program in ("connector-host", "cos-sink.connector.so", "file-sink.connector.so"):
    dynamic = subprocess.run(["readelf", "-d", os.path.join(BIN, program)], check=True, stdout=subprocess.PIPE, text=True).stdout
    needed.update(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
names = set(components)
packages = [name for name, component in components.items() if "arch=source" not in component["purl"] and component["purl"].startswith("pkg:deb/")]
brought = subprocess.run(["dpkg-query", "--listfiles", *packages], check=True, stdout=subprocess.PIPE, text=True).stdout
expect("libraries that are not listed", needed - set(map(os.path.basename, brought.splitlines())) - {"librdkafka.so.1"}, set())
for name in ("libc6", "libgcc-s1", "nlohmann-json3-dev", "zlib1g"):
    if name not in names:
        sys.exit(f"{name} is not listed")

mark = os.path.join(SOURCE, ".deps", "librdkafka", "complete")
if os.path.exists(mark):  # else the system's own is used, which is among the libraries
    with open(mark, encoding="utf-8") as file:
        expect("librdkafka", components["librdkafka"]["version"], file.read().strip())
    if "\n+++ " not in components["librdkafka"]["pedigree"]["patches"][0]["diff"]["text"]["content"]:
        sys.exit("the patch of librdkafka is not in it")

vendor = os.path.join(SOURCE, "connector-host", "dashboard", "vendor")
listed = {os.path.basename(file["name"]) for component in components.values() for file in component.get("components", [])}
expect("the dashboard's files", listed, {name for name in os.listdir(vendor) if name.endswith((".js", ".css"))})

# With what an image has beside it.
with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
    file.write(text)
    file.flush()
    zlib = components["zlib1g"]
    given = f"connector-host 0.1.0-1~deb12 amd64 connector-host\ndpkg 1.21.22 amd64 dpkg\nzlib1g {zlib['version']} {re.search('arch=([a-z0-9]+)', zlib['purl']).group(1)} zlib\n"
    _, of_image = check(make("image", file.name, given=given))
expect("what the image adds", set(of_image) - names, {"dpkg"})
print(f"{len(components)} components of the build, valid as CycloneDX 1.6")
