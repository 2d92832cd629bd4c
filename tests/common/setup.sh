# What the scripts with servers beside the tests have in common; they are in the project's folder.
# shellcheck shell=bash

. tests/common/checks.sh

folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$folder"' EXIT
# nginx's workers are another user where it is started by root.
chmod 755 "$folder"

# Ports that nothing listens on, below those of outgoing connections.
port=$((20000 + $$ % 11000))
free() { while curl -so /dev/null "telnet://127.0.0.1:$port" --max-time 1 </dev/null; do port=$((port + 1)); done; }
