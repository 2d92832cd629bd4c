#!/usr/bin/env python3
"""Writes a software bill of materials (CycloneDX 1.5, JSON) of the static binary to standard output.

    dist/sbom.py ARCH NAME=VERSION...

Every crate that is linked in, as Cargo.lock pins it, and what the NAME=VERSION arguments add: the
parts that no lock file knows. The same input gives the same bytes.
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone

arch, *parts = sys.argv[1:]
metadata = json.loads(
    subprocess.check_output(
        ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={arch}-unknown-linux-musl"]
    )
)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
root = metadata["resolve"]["root"]


def needs(node):
    """What is linked: neither build scripts' nor tests' dependencies."""
    return sorted({d["pkg"] for d in node["deps"] if any(k["kind"] is None for k in d["dep_kinds"])})


linked, todo = set(), [root]
while todo:
    if (current := todo.pop()) not in linked:
        linked.add(current)
        todo += needs(nodes[current])


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, kind="library"):
    entry = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return entry


crates = sorted((packages[i] for i in linked - {root}), key=purl)
added = [dict(zip(("name", "version"), part.split("=", 1))) for part in parts]
for part in added:
    part |= {"type": "library", "bom-ref": f"{part['name']}@{part['version']}"}

bom = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {
        "timestamp": datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc).isoformat(),
        "component": component(packages[root], "application"),
    },
    "components": [component(package) for package in crates] + added,
    "dependencies": [
        {
            "ref": purl(packages[i]),
            "dependsOn": [purl(packages[j]) for j in needs(nodes[i])] + [p["bom-ref"] for p in added if i == root],
        }
        for i in sorted(linked, key=lambda i: purl(packages[i]))
    ],
}
json.dump(bom, sys.stdout, indent=2, ensure_ascii=False)
print()
