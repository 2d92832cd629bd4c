#!/usr/bin/env python3
"""Compares serve-package with other servers of the same command line.

Each round measures every server on one line before it goes on to the next
line, so that whatever else the machine does in between hits all of them. The
figures are medians over the rounds. Times depend on the machine; compare the
ratios.
"""

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import loads
from server import Failed, Nginx, ServePackage, post

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SCRATCH = TARGET / "bench"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ROUNDS = int(os.environ.get("ROUNDS", 2 if QUICK else 5))
# How long wrk asks, in whole seconds.
SECONDS = 1 if QUICK else 3
LARGE, SMALL = 500_000_000, 3_000_000
REQUEST = ROOT / "fixtures/requests/check-older.xml"
# Downloads at once, of which the machine reads nothing for now.
SLOW = 1000
# Go's server has no limit of connections; this is what a thousand downloads
# from one address take of ours (three quarters may be downloads, and when
# three quarters of those are under way no address may have more than a quarter).
ROOM = ["--max-connections=2500"]
MACHINES = 100_000


def payload(size):
    """What stands before and behind the data of a payload, and bytes of the data.

    One operation, a kernel, and one signature; the digests are 32 zeros."""

    def number(field, value):  # of five bytes, whatever it is
        return bytes([field << 3]) + bytes(value >> shift & 127 | 128 for shift in (0, 7, 14, 21)) \
            + bytes([value >> 28])

    def bytes_of(field, content):
        return bytes([field << 3 | 2, len(content)]) + content

    signatures = bytes_of(1, number(1, 2) + bytes_of(2, bytes(100)))

    def manifest(data):
        digest = bytes(32)
        operation = number(1, 0) + number(2, 0) + number(3, data) + bytes_of(8, digest)
        partition = bytes_of(9, bytes_of(2, digest))
        kernel = bytes_of(10, number(1, 0) + bytes_of(4, bytes_of(2, digest)))
        places = number(4, data) + number(5, len(signatures))
        return bytes_of(1, operation) + places + partition + kernel

    data = size - 20 - len(manifest(0)) - len(signatures)
    header = b"CrAU" + (1).to_bytes(8, "big") + len(manifest(0)).to_bytes(8, "big")
    return header + manifest(data), data, signatures


def package(size):
    """A payload of so many bytes, in the page cache. Its signature is nobody's."""
    path = SCRATCH / f"{size // 1_000_000}MB.gz"
    beginning, data, end = payload(size)
    is_made = path.exists() and path.stat().st_size == size
    if not is_made or not path.read_bytes().startswith(beginning):
        with open("/dev/urandom", "rb") as source, open(path, "wb") as sink:
            sink.write(beginning)
            while data > 0:
                sink.write(source.read(min(data, 1_000_000)))
                data -= 1_000_000
            sink.write(end)
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass
    return path


def servers():
    """Ours, and those to compare it with. The last with checks is the peer."""
    found = [ServePackage("ours", TARGET / "release/serve-package", ROOM)]
    static = Path(os.environ.get("STATIC", ROOT / f"dist/serve-package-{platform.machine()}"))
    if static.exists():
        found.append(ServePackage("static", static, ROOM))
    if os.environ.get("BASE"):
        found.append(ServePackage("base", os.environ["BASE"], ROOM))
    if os.environ.get("PEER"):
        found.append(ServePackage("peer", os.environ["PEER"]))
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx:
        found.append(Nginx(nginx, SCRATCH))
    return found


class Figures:
    """What was measured: line → server → one value for each round."""

    def __init__(self):
        self.lines = {}

    def add(self, line, unit, server, value, less_is_better=True):
        entry = self.lines.setdefault(
            line, {"unit": unit, "less_is_better": less_is_better, "values": {}}
        )
        entry["values"].setdefault(server.name, []).append(value)

    def median(self, line, name):
        values = self.lines[line]["values"].get(name)
        return statistics.median(values) if values else None


def boot(server, figures):
    request = post(REQUEST.read_bytes())
    for label, path in (("500 MB", package(LARGE)), ("3 MB", package(SMALL))):
        with server.start(path) as running:
            seconds = running.first_answer(request)
        figures.add(f"boot to first answer, {label}", "ms", server, seconds * 1e3)


def idle_memory(server, figures):
    with server.start(package(SMALL)) as running:
        running.ready()
        time.sleep(0.3)
        figures.add("memory, idle", "MB", server, running.memory() / 1e6)


def checks(server, figures):
    for connections in (1, 8, 64, 512):
        with server.start(package(SMALL)) as running:
            running.ready()
            result = loads.checks(running, REQUEST, connections, SECONDS)
            time.sleep(0.1)
            memory = running.memory()
        at = f"{connections} connection{'s' * (connections > 1)}"
        figures.add(f"checks/s, {at}", "/s", server, result["rate"], less_is_better=False)
        figures.add(f"p50, {at}", "ms", server, result["p50"] / 1e3)
        figures.add(f"p99, {at}", "ms", server, result["p99"] / 1e3)
        if connections == 64:
            figures.add("CPU per 100,000 checks", "s", server, result["cpu_per_check"] * 1e5)
            figures.add("memory, after 64 connections of checks", "MB", server, memory / 1e6)


def downloads(server, figures):
    with server.start(package(LARGE)) as running:
        running.ready()
        for clients, times in ((1, 4), (8, 1)):
            result = loads.downloads(running, clients, times if not QUICK else 1)
            at = f"{clients} client{'s' * (clients > 1)}"
            rate, cpu = result["rate"] / 1e9, result["cpu_per_byte"] * 1e10
            figures.add(f"download, {at}", "GB/s", server, rate, less_is_better=False)
            figures.add(f"CPU per 10 GB, {at}", "s", server, cpu)


def beside_downloads(server, figures):
    """Checks while others download as fast as they can."""
    with server.start(package(LARGE)) as running:
        running.ready()
        with loads.fetching(running, 8):
            result = loads.checks(running, REQUEST, 8, SECONDS)
    figures.add("checks/s, 8 clients download", "/s", server, result["rate"], less_is_better=False)
    figures.add("p99, 8 clients download", "ms", server, result["p99"] / 1e3)


def slow_disk(server, figures):
    """Checks while two clients download from a disk of 5 MB/s, and without."""
    if not server.is_preloadable():
        return
    library, control = SCRATCH / "slow_disk.so", SCRATCH / "slow_disk"
    source = ROOT / "tests/slow_disk/slow_disk.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    control.unlink(missing_ok=True)
    environment = {"LD_PRELOAD": str(library), "SLOW_DISK": str(control)}
    with server.start(package(LARGE), environment=environment) as running:
        running.ready()
        without = loads.checks(running, REQUEST, 8, SECONDS)
        control.write_text("5000000")
        with loads.fetching(running, 2):
            beside = loads.checks(running, REQUEST, 8, SECONDS)
    control.unlink()
    ratio = beside["rate"] / without["rate"]
    line = "two downloads from a disk of 5 MB/s"
    figures.add(f"checks/s, {line}, to those without", "", server, ratio, less_is_better=False)
    figures.add(f"p99, {line}", "ms", server, beside["p99"] / 1e3)


def slow_downloads(server, figures):
    with server.start(package(LARGE)) as running:
        running.ready()
        time.sleep(0.3)
        before = running.memory()
        with loads.slow_downloads(running, SLOW):
            memory = running.memory()
    figures.add(f"memory, {SLOW} slow downloads", "MB", server, memory / 1e6)
    figures.add("memory per slow download", "kB", server, (memory - before) / SLOW / 1e3)


def tracking(server, figures):
    """Checks of a thousand machines that are kept track of and written down, and of one that is not."""
    if not server.has_state():
        return
    with server.start(package(SMALL)) as running:
        running.ready()
        without = loads.checks(running, REQUEST, 8, SECONDS, 1000, untracked=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as state:
        with server.start(package(SMALL), ["--state-dir", state]) as running:
            running.ready()
            tracked = loads.checks(running, REQUEST, 8, SECONDS, 1000)
    ratio = tracked["rate"] / without["rate"]
    line = "checks/s, 1000 machines with --state-dir, to untracked ones"
    figures.add(line, "", server, ratio, less_is_better=False)


def growth(server, figures):
    """How the cost of a check grows with connections, and with machines."""
    for connections in (1, 8, 64, 512, 1000, 2000):
        with server.start(package(SMALL)) as running:
            running.ready()
            rate = loads.checks(running, REQUEST, connections, 2 - QUICK)["rate"]
        line = f"growth: checks/s, {connections} connections"
        figures.add(line, "/s", server, rate, less_is_better=False)
    with server.start(package(SMALL)) as running:
        running.ready()
        loads.checks(running, REQUEST, 8, 1)
        before, seen = running.memory(), 0
        for machines in (1, 1000, MACHINES):
            seconds = 2 if machines < MACHINES else 3 if QUICK else 6
            result = loads.checks(running, REQUEST, 8, seconds, machines)
            seen = min(machines, result["requests"])
            line = f"growth: checks/s, {machines} machines"
            figures.add(line, "/s", server, result["rate"], less_is_better=False)
        memory = (running.memory() - before) / seen
        figures.add("growth: memory per machine", "bytes", server, memory)


def measure(figures, found):
    """Round by round, line by line, server by server; every other round backwards."""
    failed = set()
    for number in range(ROUNDS):
        order = found if number % 2 == 0 else found[::-1]
        steps = [boot, idle_memory, checks, downloads, beside_downloads, slow_disk, slow_downloads]
        steps.append(tracking)
        if number < max(1, ROUNDS // 2):
            steps.append(growth)
        for step in steps:
            for server in order:
                if not server.answers_checks and step is not downloads:
                    continue
                print(f"round {number + 1} of {ROUNDS}: {step.__name__}, {server.name}",
                      file=sys.stderr)
                try:
                    step(server, figures)
                except Failed as error:
                    failed.add(f"{step.__name__}, {server.name}: {error}")
    for server in found:
        if server.answers_checks:
            figures.add("size of the binary", "MB", server, server.size() / 1e6)
    return sorted(failed)


def number(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def spread(values, median):
    return max(abs(value - median) for value in values) / median * 100 if median else 0


def show(figures, found):
    """The table, with ratios to the peer if there is one."""
    names = [server.name for server in found]
    peer = "peer" if "peer" in names else None
    compared = [name for name in names if peer and name not in ("peer", "nginx")]
    heads = ["line", *names, *(f"{name}/{peer}" for name in compared)]
    rows = []
    for line, entry in figures.lines.items():
        row = [f"{line} ({entry['unit']})"]
        for name in names:
            median = figures.median(line, name)
            values = entry["values"].get(name, [])
            row.append("" if median is None else f"{number(median)} ±{spread(values, median):.0f}%")
        for name in compared:
            ours, theirs = figures.median(line, name), figures.median(line, peer)
            row.append(f"{ours / theirs:.2f}" if ours is not None and theirs else "")
        rows.append(row)
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def save(figures, found, failed, began):
    medians = {
        line: {server.name: figures.median(line, server.name) for server in found}
        for line in figures.lines
    }
    report = {
        "began": began,
        "rounds": ROUNDS,
        "quick": QUICK,
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "kernel": platform.release(),
        "binaries": {server.name: str(server.binary) for server in found},
        "lines": figures.lines,
        "medians": medians,
        "failed": failed,
    }
    path = SCRATCH / "result.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    return path


def main():
    if not shutil.which("wrk"):
        sys.exit("bench: wrk is missing: apt-get install wrk")
    # A descriptor for each of many connections, here and in the servers.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    SCRATCH.mkdir(parents=True, exist_ok=True)
    found, figures = servers(), Figures()
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    failed = measure(figures, found)
    show(figures, found)
    for failure in failed:
        print(f"failed: {failure}")
    print(f"medians of {ROUNDS} rounds; ± is the farthest round; "
          f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"everything is in {save(figures, found, failed, began)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
