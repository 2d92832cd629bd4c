#!/usr/bin/env python3
"""Many machines that update through one URL, and a server that dies meanwhile.

    machines.py URL NUMBER PID

Each machine has an address of its own (127.0.1.1 and on), asks, fetches,
verifies, reports, and comes back with the new version, as update_engine does;
what fails is tried again, and a download that was cut is continued. When every
machine has a part of the package, the process PID is killed.
"""

import base64
import hashlib
import http.client
import os
import random
import re
import signal
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

OLD, NEW = "4081.2.0", "4152.2.0"
APP = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}"
# To end a test that would hang.
DEADLINE = time.monotonic() + 300


class Machine(threading.Thread):
    def __init__(self, number, url, pause):
        super().__init__(daemon=True)
        self.number, self.pause = number, pause
        self.url = urlsplit(url)
        self.address = f"127.0.{1 + number // 250}.{1 + number % 250}"
        self.retries = self.cuts = 0
        self.is_paused = False
        self.error = "it did not end"

    def run(self):
        try:
            self.update()
            self.error = None
        except Exception as error:  # whatever it is, the machine is not updated
            self.error = f"{type(error).__name__}: {error}"

    def update(self):
        answer = self.say("<ping active=\"1\"/><updatecheck/>")
        codebase, name, size, digest = (
            re.search(pattern, answer)[1]
            for pattern in (r'<url codebase="([^"]*)"', r'<package [^>]*name="([^"]*)"',
                            r'<package [^>]*size="(\d+)"', r'<action [^>]*sha256="([^"]*)"')
        )
        self.report(13)
        if self.fetch(codebase + name, int(size)) != digest:
            raise ValueError("the digest is another")
        self.report(14)
        self.report(3)
        # After the reboot.
        answer = self.say('<updatecheck/><event eventtype="3" eventresult="2"/>', NEW)
        if 'status="noupdate"' not in answer:
            raise ValueError(f"with the new version: {answer}")

    def say(self, what, version=OLD):
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<request protocol="3.0" ismachine="1">'
            f'<app appid="{APP}" version="{version}" track="stable" board="amd64-usr" '
            f'machineid="{self.number:032x}" machinealias="node-{self.number:03}">'
            f"{what}</app></request>"
        )
        while True:
            try:
                with self.ask("POST", self.url, document.encode()) as answer:
                    return answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                self.wait(error)

    def report(self, kind):
        self.say(f'<event eventtype="{kind}" eventresult="1"/>')

    def fetch(self, url, size):
        """Fetches all, however often it is cut; and its SHA-256."""
        hashed, done = hashlib.sha256(), 0
        while done < size:
            try:
                headers = {"Range": f"bytes={done}-"} if done else {}
                with self.ask("GET", urlsplit(url), headers=headers) as answer:
                    expected = f"bytes {done}-{size - 1}/{size}" if done else None
                    if answer.getheader("Content-Range") != expected:
                        raise ValueError(f"the range is {answer.getheader('Content-Range')}")
                    while piece := answer.read1(1 << 16):
                        hashed.update(piece)
                        done += len(piece)
                        if done > size // 4 and not self.pause.is_set():
                            self.is_paused = True
                            self.pause.wait()
                if done < size:
                    raise ConnectionError("the download was cut")
            except (OSError, http.client.HTTPException) as error:
                self.cuts += 1
                self.wait(error)
        return base64.b64encode(hashed.digest()).decode()

    def ask(self, method, url, body=None, headers={}):
        connection = http.client.HTTPConnection(
            url.hostname, url.port, timeout=60, source_address=(self.address, 0)
        )
        connection.connect()
        # So that what was not read is not here yet.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        headers = {"Content-Type": "text/xml", "Connection": "close"} | headers
        connection.request(method, url.path, body, headers)
        answer = connection.getresponse()
        if answer.status not in (200, 206):
            raise ConnectionError(f"HTTP status {answer.status}")
        return answer

    def wait(self, error):
        self.retries += 1
        if time.monotonic() > DEADLINE:
            raise error
        time.sleep(random.uniform(0.2, 1.0))


def main():
    url, number, victim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pause = threading.Event()
    machines = [Machine(1 + index, url, pause) for index in range(number)]
    for machine in machines:
        machine.start()
    while not all(machine.is_paused or not machine.is_alive() for machine in machines):
        time.sleep(0.05)
    paused = sum(machine.is_paused for machine in machines)
    os.kill(victim, signal.SIGKILL)
    pause.set()
    for machine in machines:
        machine.join(max(0, DEADLINE + 30 - time.monotonic()))
    failed = [machine for machine in machines if machine.error]
    for machine in failed[:10]:
        print(f"node-{machine.number:03}: {machine.error}", file=sys.stderr)
    cut = sum(machine.cuts > 0 for machine in machines)
    retried = sum(machine.retries for machine in machines)
    print(f"{number - len(failed)} of {number} updated; {paused} were downloading when a server "
          f"died, {cut} were cut and went on elsewhere, {retried} requests were tried again")
    # Where nobody was cut nothing is shown.
    sys.exit(bool(failed) or paused < number or not 0 < cut < number)


if __name__ == "__main__":
    main()
