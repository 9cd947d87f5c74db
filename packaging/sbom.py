#!/usr/bin/env python3
"""Says what a built connector-host is made of, as a bill of materials in CycloneDX 1.6:

  packaging/sbom.py build BUILD_FOLDER >connector-host.cdx.json
  packaging/sbom.py image connector-host.cdx.json <PACKAGES >image.cdx.json

build: the libraries that the programs load, those whose headers are compiled in, librdkafka, and the dashboard's JavaScript. On the
Debian that they were built on: dpkg knows the packages. Times come from SOURCE_DATE_EPOCH, so that two builds say the same.
image: the same with all packages of an image, which `dpkg-query -W -f '${Package} ${Version} ${Architecture} ${source:Package}\\n'` tells there.
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = ("connector-host", "cos-sink.connector.so", "file-sink.connector.so")
VENDOR = "connector-host/dashboard/vendor"
ORIGIN = uuid.UUID("5a1c7f0e-6f0e-5a55-9a8e-2a4b6d6f3c11")  # of serial numbers that follow from the content


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def distribution():
    facts = dict(line.split("=", 1) for line in run("cat", "/etc/os-release").splitlines() if "=" in line)
    return f'{facts["ID"]}-{facts.get("VERSION_ID", "").strip(chr(34))}'


def libraries(programs):
    """Path -> whether a program itself names it, of all that the loader would load."""
    direct = set()
    found = {}
    for program in programs:
        direct.update(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", program)))
        for name, path in re.findall(r"^\s*(?:(\S+) => )?(/\S+) \(0x", run("ldd", program), re.M):
            found[os.path.realpath(path)] = name or os.path.basename(path)
    return {path: name in direct for path, name in found.items()}


def headers(build):
    """All files of the system that the programs' sources include, as the compiler told ninja."""
    lines = run("ninja", "-C", build, "-t", "deps").splitlines()
    return {os.path.realpath(line.strip()) for line in lines if line.startswith("    /usr/")}


def owners(paths):
    """Path -> the Debian package that brought it."""
    asked = sorted(paths)
    known = {}
    for begin in range(0, len(asked), 500):
        names = asked[begin : begin + 500]
        names += [name.removeprefix("/usr") for name in names]  # before /usr was merged, /lib is what dpkg knows
        answer = subprocess.run(["dpkg-query", "--search", *names], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        for package, path in re.findall(r"^([^\s,:]+)(?::\S+)?(?:, \S+)*: (/.*)$", answer, re.M):
            known[path if path in paths else "/usr" + path] = package
    nobody = sorted(path for path in paths if path not in known)
    if nobody:
        sys.exit("no Debian package has " + ", ".join(nobody[:5]) + (f" and {len(nobody) - 5} others" if len(nobody) > 5 else ""))
    return known


def debian(name, version, architecture, source, distro, uses):
    reference = f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={architecture}&distro={distro}"
    properties = [{"name": "connector-host:use", "value": use} for use in uses]
    properties.append({"name": "debian:source", "value": source})
    return {"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference, "properties": properties}


def installed(uses, distro):
    lines = run("dpkg-query", "--show", "--showformat=${Package} ${Version} ${Architecture} ${source:Package}\n", *sorted(uses)).splitlines()
    return [debian(*line.split(), distro, sorted(uses[line.split()[0]])) for line in lines]


def librdkafka():
    """Debian's source package, patched (decision 10); none if the system's own is used."""
    mark = os.path.join(".deps", "librdkafka", "complete")
    if not os.path.exists(os.path.join(ROOT, mark)):
        return []
    version = read(mark).strip()
    reference = f"pkg:deb/debian/librdkafka@{version}?arch=source"
    patch = {"type": "unofficial", "diff": {"text": {"content": read("cmake", "librdkafka-topic-id.patch"), "contentType": "text/x-diff"}}}
    return [{"type": "library", "bom-ref": reference, "name": "librdkafka", "version": version, "purl": reference,
             "licenses": [{"license": {"id": "BSD-2-Clause"}}], "pedigree": {"patches": [patch]},
             "properties": [{"name": "connector-host:use", "value": "built from source, with a patch"}]}]


def dashboard():
    """What vendor/LICENSES.txt lists in its first lines, each file with its hash."""
    files = dict(re.findall(r"^(\S+\.(?:js|css))\s+(.*)$", read(VENDOR, "LICENSES.txt"), re.M))
    there = {name for name in os.listdir(os.path.join(ROOT, VENDOR)) if name.endswith((".js", ".css"))}
    if set(files) != there:
        sys.exit(f"{VENDOR}/LICENSES.txt lists {sorted(files)}, but there are {sorted(there)}")
    found = {}
    for file, text in sorted(files.items()):
        with open(os.path.join(ROOT, VENDOR, file), "rb") as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        for name, version in re.findall(r"\b(htm|Preact|uPlot) (\d[\d.]*\d)", text):
            exact = version.count(".") == 2
            purl = f"pkg:npm/{name.lower()}" + (f"@{version}" if exact else "")
            component = found.setdefault(name, {
                "type": "library", "bom-ref": purl, "name": name.lower(), "version": version, "purl": purl,
                "licenses": [{"license": {"id": "Apache-2.0" if name == "htm" else "MIT"}}], "components": [],
                "properties": [{"name": "connector-host:use", "value": "served to browsers, embedded in the program"}]})
            component["components"].append({"type": "file", "bom-ref": f"{purl}#{file}", "name": f"{VENDOR}/{file}",
                                            "hashes": [{"alg": "SHA-256", "content": digest}]})
    return list(found.values())


def document(name, version, components, licenses=()):
    components = sorted(components, key=lambda component: component["bom-ref"])
    root = {"type": "application", "bom-ref": f"pkg:generic/{name}@{version}", "name": name, "version": version,
            "purl": f"pkg:generic/{name}@{version}"}
    if licenses:
        root["licenses"] = [{"license": {"id": license}} for license in licenses]
    serial = uuid.uuid5(ORIGIN, json.dumps([root, components], sort_keys=True))
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")) or datetime.datetime.now().timestamp(), datetime.timezone.utc)
    return {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}", "version": 1,
            "metadata": {"timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": root,
                         "tools": {"components": [{"type": "application", "name": "packaging/sbom.py", "version": version}]}},
            "components": components,
            "dependencies": [{"ref": root["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]}]}


def of_build(build):
    programs = [os.path.join(build, "bin", program) for program in PROGRAMS]
    missing = [program for program in programs if not os.path.exists(program)]
    if missing:
        sys.exit("not built yet: " + ", ".join(missing))
    # A development build loads librdkafka from .deps, of this checkout or of the one that lent it.
    loaded = {path: direct for path, direct in libraries(programs).items() if "/.deps/librdkafka/" not in path}
    included = headers(build)
    known = owners(set(loaded) | included)
    uses = {}
    for path, direct in loaded.items():
        uses.setdefault(known[path], set()).add("loaded by the programs" if direct else "loaded by these libraries")
    for path in included:
        uses.setdefault(known[path], set()).add("headers compiled in")
    version = re.search(r"^project\(connector-host VERSION ([0-9.]+)", read("CMakeLists.txt"), re.M).group(1)
    return document("connector-host", version, installed(uses, distribution()) + librdkafka() + dashboard(), ["Apache-2.0"])


def of_image(file):
    with open(file, encoding="utf-8") as content:
        base = json.load(content)
    root = base["metadata"]["component"]
    distro = next(match.group(1) for component in base["components"] if (match := re.search(r"&distro=(.*)", component["purl"])))
    components = {component["bom-ref"]: component for component in base["components"]}
    for line in filter(None, map(str.strip, sys.stdin)):
        package = debian(*line.split(), distro, ["in the image"])
        if package["name"] not in ("connector-host", "connector-host-dev"):
            components.setdefault(package["bom-ref"], package)
    return document(root["name"] + "-image", root["version"], components.values())


def main():
    jobs = {"build": of_build, "image": of_image}
    if len(sys.argv) != 3 or sys.argv[1] not in jobs:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    json.dump(jobs[sys.argv[1]](sys.argv[2]), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
