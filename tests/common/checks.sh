# What the scripts that check a binary have in common: it is their argument, they say what is missing, and
# count what has passed.
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
