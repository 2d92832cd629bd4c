#!/bin/bash
# Runs three serve-package behind HAProxy with dist/haproxy.cfg, as it stands
# there but for addresses, and updates 200 machines through it, while one server
# is killed:
#
#   tests/haproxy.sh BINARY
#
# Exit status: 0 all passed, 1 something failed. APT_INSTALL=1 installs Debian's
# haproxy, curl and python3 where they are missing.
set -u
cd "$(dirname "$0")/.." || exit 1

. tests/common/setup.sh
need haproxy haproxy
need curl curl
need python3 python3

free
balancer=127.0.0.1:$port

# More than what lies in the buffers between a server and a machine that does
# not read.
head -c 16000000 /dev/urandom >"$folder/payload"
servers=() server_pids=()
for number in 1 2 3; do
    cp "$folder/payload" "$folder/update-$number.gz"
    "$binary" --skip-payload-check --package-file "$folder/update-$number.gz" \
        --package-version 4152.2.0 --listen-address 127.0.0.1:0 --status \
        --ready-file "$folder/ready-$number" 2>"$folder/log-$number" &
    pids+=($!) server_pids+=($!)
done
for number in 1 2 3; do
    for _ in $(seq 600); do [ -e "$folder/ready-$number" ] && break; sleep 0.1; done
    servers+=("$(cat "$folder/ready-$number")") || { cat "$folder"/log-*; exit 1; }
done

haproxy -c -q -f dist/haproxy.cfg
report $? 'HAProxy accepts dist/haproxy.cfg'
sed -e "s/bind :8000/bind $balancer/" \
    -e "s/192\.0\.2\.11:8000/${servers[0]}/" -e "s/192\.0\.2\.12:8000/${servers[1]}/" \
    -e "s/192\.0\.2\.13:8000/${servers[2]}/" dist/haproxy.cfg >"$folder/haproxy.cfg"
! grep -qF 192.0.2. "$folder/haproxy.cfg" || exit 1
haproxy -db -f "$folder/haproxy.cfg" >"$folder/log-haproxy" 2>&1 &
pids+=($!)
up() { [ "$(curl -so /dev/null -w '%{http_code}' --max-time 5 "http://$balancer/health")" = 200 ]; }
for _ in $(seq 300); do up && break; sleep 0.1; done
up || { cat "$folder/log-haproxy"; exit 1; }

python3 tests/haproxy/machines.py "http://$balancer/v1/update/" 200 "${server_pids[1]}" >"$folder/machines"
report $? "one of three servers is killed, and every machine is updated: $(cat "$folder/machines")"
for number in 1 2 3; do
    grep -q 'download of update.gz' "$folder/log-$number" && grep -q 'update check' "$folder/log-$number"
    report $? "server $number had machines: $(grep -c 'update check: 4152' "$folder/log-$number") were offered the update, $(grep -c 'download of update.gz.* started' "$folder/log-$number") downloads began"
done

# The picture of those that are left is whole: who was updated came back.
seq -f 'node-%03g' 1 200 >"$folder/expected"
status() { "$binary" status "$@" >"$folder/status" 2>"$folder/status-errors"; }
status "http://${servers[0]}" "http://${servers[2]}" --expect "$folder/expected"
report $? "the status of both: $(tail -n 1 "$folder/status")"
[ "$(grep -c '^node-' "$folder/status")" = 200 ]
report $? 'each machine is in it once'
status "http://${servers[0]}" "http://${servers[1]}" "http://${servers[2]}" --expect "$folder/expected"
[ $? = 1 ] && grep -qF "http://${servers[1]}/status.json: cannot connect" "$folder/status-errors"
report $? 'the one that was killed is named'

# The one that was killed is started again.
"$binary" --skip-payload-check --package-file "$folder/update-2.gz" --package-version 4152.2.0 \
    --listen-address "${servers[1]}" 2>"$folder/log-again" &
pids+=($!)
ask() { # ADDRESS
    curl -sS --max-time 10 --interface "$1" -H 'Content-Type: text/xml' \
        --data-binary @fixtures/requests/check-older.xml "http://$balancer/v1/update/"
}
is_back() {
    for number in $(seq 1 20); do ask "127.0.3.$number" >/dev/null; done
    grep -q 'update check' "$folder/log-again"
}
for _ in $(seq 60); do is_back && break; sleep 0.5; done
is_back
report $? 'a server that is there again is asked again'
kill "${pids[-1]}" && wait "${pids[-1]}"

[ "$(curl -so /dev/null -w '%{http_code}' "http://$balancer/status.json")" = 404 ]
report $? 'the picture of one server is not taken for that of all'

# A server that cannot offer the update any more is asked no more.
echo changed >>"$folder/update-3.gz"
[ "$(curl -so /dev/null -w '%{http_code}' "http://${servers[2]}/health")" = 503 ]
report $? 'a server whose file was changed is not healthy'
all_offered() {
    for number in $(seq 1 20); do
        ask "127.0.3.$number" | grep -q '<updatecheck status="ok">' || return 1
    done
}
for _ in $(seq 60); do all_offered && break; sleep 0.5; done
all_offered
report $? 'and every machine is offered the update by the last one'

if ((failed)); then tail -n 30 "$folder"/log-* "$folder"/status*; fi
echo "$passed passed, $failed failed"
((failed == 0))
