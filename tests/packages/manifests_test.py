#!/usr/bin/env python3
"""The manifests of packaging/kubernetes against Kubernetes' own schemas, against each other, the image and the host. Where there is
kubectl, what kustomize makes of them, each component by itself and all together.

What is not shown: that a cluster runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

SOURCE = os.environ["CH_SOURCE_DIR"]
FOLDER = os.path.join(SOURCE, "packaging", "kubernetes")
VERSIONS = ("1.30", "1.33", "1.36")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


kustomization = yaml.safe_load(read(FOLDER, "kustomization.yaml"))
listed = set(kustomization["resources"]) | {"kustomization.yaml", "host.json", "components"}
expect("what the folder holds", set(os.listdir(FOLDER)), listed)
manifests = {}
for name in kustomization["resources"]:
    manifest = yaml.safe_load(read(FOLDER, name))
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)
    expect(f"{name}: its name", manifest["metadata"]["name"], "connector-host")
    manifests[manifest["kind"]] = manifest
broken = dict(manifests["Service"], spec={"ports": [{"prot": 8083}]})
try:
    kubernetes_validate.validate(broken, VERSIONS[0], strict=True)
    sys.exit("the schemas take what is wrong")
except kubernetes_validate.ValidationError:
    pass

labels = manifests["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
expect("the Service's selector", manifests["Service"]["spec"]["selector"], labels)
for kind, key in (("StatefulSet", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
    expect(f"the {kind}'s selector", manifests[kind]["spec"][key], {"matchLabels": labels})

pod = manifests["StatefulSet"]["spec"]["template"]["spec"]
(container,) = pod["containers"]
expect("the image's name", container["image"], kustomization["images"][0]["name"])
containerfile = read(SOURCE, "packaging", "Containerfile")
expect("the image's user", re.search(r"^USER (\d+):(\d+)$", containerfile, re.M).groups(), (str(pod["securityContext"]["runAsUser"]), str(pod["securityContext"]["runAsGroup"])))
port = container["ports"][0]["containerPort"]
expect("the image's port", re.search(r"^EXPOSE (\d+)$", containerfile, re.M).group(1), str(port))
expect("the image's command", json.loads(re.search(r"^CMD (\[.*\])$", containerfile, re.M).group(1)), container["args"])
expect("the root", container["securityContext"]["readOnlyRootFilesystem"], True)
expect("the capabilities", container["securityContext"]["capabilities"], {"drop": ["ALL"]})
routes = read(SOURCE, "api", "rest", "openapi.yaml")
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    path = container[probe]["httpGet"]["path"]
    if f"\n  {path}:\n" not in routes:
        sys.exit(f"{probe} asks {path}, which is no route")
unit = read(SOURCE, "packaging", "connector-host.service.in")
expect("the time to stop", str(pod["terminationGracePeriodSeconds"]), re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M).group(1))

mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
config = read(FOLDER, "host.json")
expect("the state's folder", json.loads(config)["state.dir"], mounts["state"])
expect("the listener's port", json.loads(config)["listeners"].rpartition(":")[2], str(port))
volumes = {volume["name"] for volume in pod["volumes"]} | {claim["metadata"]["name"] for claim in manifests["StatefulSet"]["spec"]["volumeClaimTemplates"]}
expect("the volumes", volumes, set(mounts))

# The host takes its configuration, with secrets as the Secret brings them.
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "api-token"), "w", encoding="utf-8") as file:
        file.write("0123456789abcdef")
    file = os.path.join(folder, "host.json")
    with open(file, "w", encoding="utf-8") as out:
        out.write(config.replace(mounts["secrets"], folder).replace(f":{port}", ":0").replace("10.0.0.5", "127.0.0.1"))
    subprocess.run([os.path.join(os.environ["CH_BIN_DIR"], "connector-host"), "check", "--config", file], check=True)


def check_tasks(folder, names):
    """The host takes the tasks; secrets and the pod's identity are those of the example."""
    cli = os.path.join(os.environ["CH_BIN_DIR"], "connector-host")
    for name in names:
        task = json.loads(read(folder, name))
        expect(f"{name}: its name", task["name"] + ".json", name)
        with tempfile.TemporaryDirectory() as scratch:
            file = os.path.join(scratch, name)
            with open(file, "w", encoding="utf-8") as out:
                json.dump({**task, "config": {key: re.sub(r"^\$\{.*\}$", "a-secret", value) for key, value in task["config"].items()}}, out)
            environment = dict(os.environ, TKE_ROLE_ARN="qcs::cam::uin/1:roleName/x", TKE_PROVIDER_ID="x", TKE_WEB_IDENTITY_TOKEN_FILE=os.path.join(scratch, "token"))
            with open(environment["TKE_WEB_IDENTITY_TOKEN_FILE"], "w", encoding="utf-8") as out:
                out.write("token")
            host = os.path.join(scratch, "host.json")
            with open(host, "w", encoding="utf-8") as out:
                json.dump({"state.dir": scratch, "instances": {"test": {"bootstrap.servers": "127.0.0.1:9092", "region": "ap-guangzhou"}}}, out)
            subprocess.run([cli, "check", "--config", host, file], check=True, env=environment)


components = os.path.join(FOLDER, "components")
expect("the components", set(os.listdir(components)), {"monitoring", "tasks", "web-identity"})
for name in os.listdir(components):
    if f"components/{name}" not in read(FOLDER, "kustomization.yaml"):
        sys.exit(f"kustomization.yaml does not say that there is components/{name}")
    expect(f"{name}: its kind", yaml.safe_load(read(components, name, "kustomization.yaml"))["kind"], "Component")

tasks = os.path.join(components, "tasks")
job = yaml.safe_load(read(tasks, "job.yaml"))
for version in VERSIONS:
    kubernetes_validate.validate(job, version, strict=True)
runs = job["spec"]["template"]["spec"]
(apply,) = runs["containers"]
expect("the Job's image", apply["image"], container["image"])
expect("the Job's user", runs["securityContext"]["runAsUser"], pod["securityContext"]["runAsUser"])
expect("the Job's root", apply["securityContext"], container["securityContext"])
expect("the Job's folder", apply["args"][2], apply["volumeMounts"][0]["mountPath"])
variables = {variable["name"]: variable for variable in apply["env"]}
service = manifests["Service"]
expect("the Job's address", variables["CONNECTOR_HOST_URL"]["value"], f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}")
secret = next(volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume)
token = {"name": secret, "key": "api-token"}
expect("the Job's token", variables["CONNECTOR_HOST_TOKEN"]["valueFrom"]["secretKeyRef"], token)
if job["spec"]["template"]["metadata"]["labels"].items() & labels.items():
    sys.exit("the Service would send requests to the Job")
(generated,) = yaml.safe_load(read(tasks, "kustomization.yaml"))["configMapGenerator"]
expect("the Job's ConfigMap", runs["volumes"][0]["configMap"]["name"], generated["name"])
expect("the files of the ConfigMap", set(generated["files"]), {name for name in os.listdir(tasks) if name.endswith(".json")})
check_tasks(tasks, generated["files"])
for key, value in json.loads(read(tasks, "orders.json"))["config"].items():
    if value.startswith("$") and not value.startswith("${dir:" + mounts["secrets"] + ":"):
        sys.exit(f"{key} is not from the Secret")

# The operator's kinds have no schema here: what is named is held against what there is.
monitor = yaml.safe_load(read(components, "monitoring", "podmonitor.yaml"))
expect("the PodMonitor", (monitor["apiVersion"], monitor["kind"]), ("monitoring.coreos.com/v1", "PodMonitor"))
expect("the PodMonitor's selector", monitor["spec"]["selector"], {"matchLabels": labels})
(endpoint,) = monitor["spec"]["podMetricsEndpoints"]
expect("the PodMonitor's port", endpoint["port"], container["ports"][0]["name"])
expect("the PodMonitor's token", endpoint["authorization"], {"type": "Bearer", "credentials": token})
if f"\n  {endpoint['path']}:\n" not in routes:
    sys.exit(f"the PodMonitor asks {endpoint['path']}, which is no route")

identity = os.path.join(components, "web-identity")
for name in (patch["path"] for patch in yaml.safe_load(read(identity, "kustomization.yaml"))["patches"]):
    patch = yaml.safe_load(read(identity, name))
    expect(f"{name}: what it patches", patch["metadata"]["name"], manifests[patch["kind"]]["metadata"]["name"])
(patched,) = patch["spec"]["template"]["spec"]["containers"]
key = patched["env"][0]["name"].removeprefix("CONNECTOR_HOST_").lower().replace("_", ".")
if f'"{key}"' not in read(SOURCE, "schemas", "host.schema.json"):
    sys.exit(f"{key} is no key of the host")
check_tasks(identity, ["orders.json"])

rendered = "no kubectl: what kustomize makes of them was not looked at"
if kubectl := shutil.which("kubectl"):
    for chosen in ([], ["monitoring"], ["tasks"], ["web-identity"], ["monitoring", "tasks", "web-identity"]):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
            with open(os.path.join(folder, "kustomization.yaml"), "a", encoding="utf-8") as out:
                out.write("components: " + json.dumps([f"components/{name}" for name in chosen]) + "\n")
            made = subprocess.run([kubectl, "kustomize", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        for manifest in yaml.safe_load_all(made):
            if manifest["kind"] != "PodMonitor":
                kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
        if "image: connector-host" in made:
            sys.exit(f"an image without a registry, with {chosen}")
    rendered = "as kustomize makes them, too"
print(f"{len(manifests)} manifests and {len(os.listdir(components))} components, {rendered}; valid for Kubernetes {', '.join(VERSIONS)}, and in step with image, unit and host")
