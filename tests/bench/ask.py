#!/usr/bin/env python3
"""Sends so many checks over one connection: ask.py PORT NUMBER."""

import socket
import sys
from pathlib import Path

from server import post, read_answer

REQUEST = Path(__file__).resolve().parents[2] / "fixtures/requests/check-older.xml"


def main():
    port, number = map(int, sys.argv[1:])
    request = post(REQUEST.read_bytes())
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        for _ in range(number):
            connection.sendall(request)
            head, _ = read_answer(connection)
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"ask: {head!r}")


if __name__ == "__main__":
    main()
