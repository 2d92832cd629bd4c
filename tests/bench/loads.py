"""What is done to a server: checks through wrk, and downloads."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from server import PACKAGE, UPDATE, Failed, content_length

HERE = Path(__file__).parent
GET = f"GET {PACKAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def checks(server, request, connections, seconds, machines=0, untracked=False):
    """Checks over so many connections: what wrk says, and the server's processor time."""
    before = server.cpu()
    environment = os.environ | {"REQUEST": str(request), "MACHINES": str(machines)}
    environment["UNTRACKED"] = str(int(untracked))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout=10", "-s"]
    url = f"http://127.0.0.1:{server.port}{UPDATE}"
    done = subprocess.run(
        [*command, HERE / "check.lua", url],
        env=environment, stdout=subprocess.PIPE, text=True, timeout=seconds + 60, check=True,
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise Failed(f"wrk said: {done.stdout}")
    result = json.loads(line.removeprefix("RESULT "))
    if result["errors"] or not result["requests"]:
        raise Failed(f"{result['errors']} errors in {result['requests']} checks")
    result["rate"] = result["requests"] / result["seconds"]
    result["cpu_per_check"] = (server.cpu() - before) / result["requests"]
    return result


def fetch(port, times):
    """Fetches the package again and again over one connection. How many bytes came."""
    buffer = memoryview(bytearray(256 * 1024))
    total = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for _ in range(times):
            connection.sendall(GET)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1)
            left = length = content_length(head)
            while left:
                received = connection.recv_into(buffer, min(left, len(buffer)))
                if not received:
                    raise Failed("a download was cut")
                left -= received
            total += length
    return total


def downloads(server, clients, times):
    """Downloads by so many clients at once: bytes a second, and processor seconds a byte."""
    before, began = server.cpu(), time.perf_counter()
    pipes = []
    for _ in range(clients):
        reading, writing = os.pipe()
        if os.fork() == 0:
            # A process each: threads of Python would wait for one another.
            status = 1
            try:
                os.write(writing, str(fetch(server.port, times)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        pipes.append(reading)
    total = 0
    for reading in pipes:
        with open(reading, "rb") as pipe:
            total += int(pipe.read() or 0)
    seconds = time.perf_counter() - began
    if any(os.wait()[1] for _ in range(clients)):
        raise Failed("a download failed")
    return {"rate": total / seconds, "cpu_per_byte": (server.cpu() - before) / total}


@contextmanager
def fetching(server, clients):
    """So many clients that download again and again."""
    children = []
    for _ in range(clients):
        child = os.fork()
        if child == 0:
            try:
                fetch(server.port, sys.maxsize)
            finally:
                os._exit(1)
        children.append(child)
    try:
        # Until all have begun.
        time.sleep(0.5)
        yield
        if any(os.waitpid(child, os.WNOHANG) != (0, 0) for child in children):
            raise Failed("a download ended")
    finally:
        for child in children:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


@contextmanager
def slow_downloads(server, number):
    """Downloads that have begun, and of which nothing is read for now."""
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(GET)
            if not connection.recv(64).startswith(b"HTTP/1.1 200"):
                raise Failed("a slow download was refused")
        # Until the servers have filled what the kernel takes.
        time.sleep(0.5)
        yield
