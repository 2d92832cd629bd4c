# What the scripts beside the tests have in common; they are in the project's folder, and have the binary
# as their argument.
# shellcheck shell=bash

[ -x "${1:-}" ] || { echo "usage: tests/${0##*/} BINARY" >&2; exit 2; }
# shellcheck disable=SC2034 # theirs
binary=$(realpath "$1")
PATH=$PATH:/usr/sbin
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null && return
    [ "${APT_INSTALL:-}" = 1 ] || { echo "${0##*/}: $1 is missing: apt-get install $2 (APT_INSTALL=1 does so)" >&2; exit 1; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >&2
}

passed=0 failed=0
report() { # STATUS DESCRIPTION
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok - $2"
    else
        failed=$((failed + 1))
        echo "not ok - $2"
    fi
}

folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$folder"' EXIT
# nginx's workers are another user where it is started by root.
chmod 755 "$folder"

# Ports that nothing listens on, below those of outgoing connections.
port=$((20000 + $$ % 11000))
free() { while curl -so /dev/null "telnet://127.0.0.1:$port" --max-time 1 </dev/null; do port=$((port + 1)); done; }
