"""A server under test: starts it, and reads what the kernel counts for it."""

import os
import socket
import subprocess
import time
from pathlib import Path

VERSION = "9999.0.0"
TICKS = os.sysconf("SC_CLK_TCK")
UPDATE = "/v1/update/"
PACKAGE = "/packages/update.gz"


class Failed(Exception):
    """The server did not do what is measured."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def post(body):
    """The request of a machine, as bytes."""
    head = f"POST {UPDATE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read_answer(connection):
    """One answer with a Content-Length: its head and its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            raise Failed("the connection was closed within an answer")
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = content_length(head)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            raise Failed("the connection was closed within an answer")
        body += piece
    return head, body


def content_length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise Failed(f"an answer without Content-Length: {head!r}")


class Server:
    """A process that serves a package on a port of its own."""

    def __init__(self, command, port, environment=None):
        self.port = port
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | (environment or {}),
        )

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def wait(self, limit=120):
        """Waits until it takes connections, and gives the first."""
        while time.perf_counter() - self.started < limit:
            if self.process.poll() is not None:
                raise Failed(f"it ended with status {self.process.returncode}")
            try:
                return self.connect()
            except OSError:
                time.sleep(0.0005)
        raise Failed(f"it takes no connections after {limit} s")

    def ready(self):
        """Waits until it answers: some take connections while they still hash."""
        with self.wait() as connection:
            connection.sendall(f"HEAD {PACKAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = connection.recv(65536)
        if not head.startswith(b"HTTP/1.1 200"):
            raise Failed(f"it does not serve the package: {head!r}")

    def first_answer(self, request):
        """Seconds from its start to the first answered check."""
        with self.wait() as connection:
            connection.sendall(request)
            head, body = read_answer(connection)
        seconds = time.perf_counter() - self.started
        if not head.startswith(b"HTTP/1.1 200") or b"<manifest" not in body:
            raise Failed(f"the answer offers no update: {head!r} {body!r}")
        return seconds

    def pids(self):
        """Its process, and those that it started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def cpu(self):
        """Processor seconds so far."""
        total = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self):
        """Resident bytes now."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ServePackage:
    """A program with go-omaha's three flags. `more` are flags of its own."""

    def __init__(self, name, binary, more=()):
        self.name = name
        self.binary = Path(binary)
        self.more = list(more)
        self.answers_checks = True

    def start(self, package, more=(), environment=None):
        port = free_port()
        flags = {
            "package-file": package,
            "package-version": VERSION,
            "listen-address": f"127.0.0.1:{port}",
        }
        command = [self.binary, *(f"--{flag}={value}" for flag, value in flags.items())]
        return Server([*command, *self.more, *more], port, environment)

    def is_preloadable(self):
        """Whether it reads its package through a library, which LD_PRELOAD can replace."""
        content = self.binary.read_bytes()
        return b"/ld-linux" in content and b"pread64" in content and b"Go build ID" not in content

    def has_state(self):
        """Whether it can keep what it knows of machines."""
        return b"--state-dir" in self.binary.read_bytes()

    def size(self):
        return self.binary.stat().st_size


class Nginx:
    """Debian's nginx with its usual settings, for the same file."""

    name = "nginx"
    answers_checks = False

    def __init__(self, binary, scratch):
        self.binary = binary
        self.scratch = scratch

    def start(self, package, more=()):
        port = free_port()
        root = self.scratch / "nginx"
        (root / "packages").mkdir(parents=True, exist_ok=True)
        link = root / "packages" / "update.gz"
        link.unlink(missing_ok=True)
        link.symlink_to(package)
        os.chmod(root, 0o755)
        config = root / "nginx.conf"
        config.write_text(f"""
            daemon off; pid {root}/pid; error_log /dev/null; worker_processes 1; user root;
            events {{ worker_connections 4096; }}
            http {{
                access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
                server {{ listen 127.0.0.1:{port}; root {root}; }}
            }}
        """)
        return Server([self.binary, "-p", root, "-c", config], port)
