#!/usr/bin/env python3
"""Checks dist/kubernetes.yaml: tests/kubernetes.py BINARY

It must be what Kubernetes' published schema takes, ask for no privileges, and
its arguments and probes must be right: the binary is started with them, as the
user that the manifest names.

The schema comes with the package kubernetes-validate from PyPI. Where that is
missing, APT_INSTALL=1 installs it into a temporary folder. Exit status: 0 all
passed, 1 something failed.
"""

import http.client
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VALIDATOR = "kubernetes-validate==1.37.0"
passed = failed = 0


def report(is_right, what):
    global passed, failed
    passed, failed = passed + bool(is_right), failed + (not is_right)
    print(f"{'ok' if is_right else 'not ok'} - {what}")


def has(module):
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def install(folder):
    if not has("kubernetes_validate") and os.environ.get("APT_INSTALL") == "1":
        pip = [sys.executable, "-m", "pip"]
        if subprocess.run([*pip, "--version"], stdout=subprocess.DEVNULL).returncode:
            apt = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "python3-pip"]
            subprocess.run(["apt-get", "update", "-qq"], check=True)
            subprocess.run(apt, check=True)
        target = ["--target", folder, VALIDATOR]
        subprocess.run([*pip, "install", "-q", "--root-user-action=ignore", *target], check=True)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()


def read():
    yaml = has("yaml")
    if not yaml:
        sys.exit("kubernetes.py: no YAML parser: apt-get install python3-yaml")
    text = (ROOT / "dist/kubernetes.yaml").read_text()
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def validate(documents):
    validator = has("kubernetes_validate")
    if not validator:
        print(f"NOT SHOWN: the published schema needs: pip install {VALIDATOR}")
        if os.environ.get("CI") == "true":
            report(False, "in CI nothing is left out")
        return
    for version in ("1.29", validator.latest_version()):
        for kind, document in documents.items():
            try:
                validator.validate(document, version, strict=True)
                error = ""
            except validator.ValidationError as wrong:
                error = f": {wrong.message}"
            report(not error, f"the schema of Kubernetes {version} takes the {kind}{error}")
    broken = {**documents["Service"], "spec": {"ports": "8000"}}
    try:
        validator.validate(broken, validator.latest_version(), strict=True)
        report(False, "a broken one is noticed")
    except validator.ValidationError:
        report(True, "a broken one is noticed")


def look(documents):
    deployment, service = documents["Deployment"]["spec"], documents["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    budget = documents["PodDisruptionBudget"]["spec"]
    selectors = [deployment["selector"]["matchLabels"], service["selector"],
                 budget["selector"]["matchLabels"]]
    report(all(selector.items() <= labels.items() for selector in selectors),
           "all selectors select the pods")
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    names = [port["name"] for port in container["ports"]]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    report(all(probe["port"] in names for probe in probes)
           and service["ports"][0]["targetPort"] in names, "probes and service name the port")
    security = {**pod["securityContext"], **container["securityContext"]}
    report(security["runAsNonRoot"] and security["runAsUser"] > 0
           and security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
           and security["capabilities"] == {"drop": ["ALL"]}
           and security["seccompProfile"] == {"type": "RuntimeDefault"}
           and not security.get("privileged")
           and not any(pod.get(f"host{what}") for what in ("Network", "PID", "IPC"))
           and pod["automountServiceAccountToken"] is False, "no privileges, a read-only root")
    mounts = container["volumeMounts"]
    report(all(mount["readOnly"] for mount in mounts)
           and [mount["name"] for mount in mounts] == [volume["name"] for volume in pod["volumes"]],
           "volumes are there, and read-only")
    return pod, container, probes


def run(binary, folder, pod, container, probes):
    # What the kubelet would do, but for the root file system and the port.
    shutil.copy(binary, f"{folder}/serve-package")
    update = shutil.copy(ROOT / "fixtures/update.gz", f"{folder}/flatcar_production_update.gz")
    os.chmod(folder, 0o755)
    os.chmod(update, 0o644)
    (mount,) = container["volumeMounts"]
    arguments = [argument.replace(mount["mountPath"], folder) for argument in container["args"]]
    (port,) = (port["containerPort"] for port in container["ports"])
    report(f"--listen-address=:{port}" in arguments, "it listens where the port is")
    arguments.remove(f"--listen-address=:{port}")
    user = {"user": pod["securityContext"]["runAsUser"]} if os.getuid() == 0 else {}
    log = open(f"{folder}/log", "w+")
    server = subprocess.Popen(
        [f"{folder}/serve-package", *arguments, "--listen-address=127.0.0.1:0"],
        stderr=log, env={}, cwd="/", **user,
    )
    try:
        deadline, address = time.monotonic() + 60, None
        while not address and time.monotonic() < deadline and server.poll() is None:
            lines = Path(log.name).read_text().split("listening on ")
            address = lines[1].split()[0] if len(lines) > 1 and "\n" in lines[1] else None
            time.sleep(0.05)
        report(address, f"it starts with these arguments: {' '.join(arguments)}")
        if not address:
            print(Path(log.name).read_text())
            return
        for path in sorted({probe["path"] for probe in probes}):
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request("GET", path)
            report(connection.getresponse().status == 200, f"the probe {path} succeeds")
            connection.close()
        with open(update, "ab") as file:
            file.write(b"changed")
        statuses = {}
        for path in ("/health", "/"):
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request("GET", path)
            statuses[path] = connection.getresponse().status
            connection.close()
        report(statuses == {"/health": 503, "/": 200},
               "with a changed file it is not ready, and alive")
        server.send_signal(signal.SIGTERM)
        status = server.wait(pod["terminationGracePeriodSeconds"])
        report(status == 0, "it ends in time when told")
    finally:
        server.kill()
        server.wait()


def main():
    if len(sys.argv) != 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: tests/kubernetes.py BINARY")
    with tempfile.TemporaryDirectory() as packages, tempfile.TemporaryDirectory() as folder:
        install(packages)
        documents = read()
        validate(documents)
        run(sys.argv[1], folder, *look(documents))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
