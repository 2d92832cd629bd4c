#!/bin/bash
# Runs two serve-package behind nginx with dist/nginx-cache.conf, as it stands
# there but for addresses and folders:
#
#   tests/nginx_cache.sh BINARY
#
# Exit status: 0 all passed, 1 something failed. APT_INSTALL=1 installs Debian's
# nginx and curl where they are missing.
set -u
cd "$(dirname "$0")/.." || exit 1

. tests/common/setup.sh
need nginx nginx-light
need curl curl

free
cache=127.0.0.1:$port
first=$((port + 1))

package=update-4152.2.0.gz
serve() { # NUMBER FILE: at the port that the server has
    port=$((first + $1))
    free
    rm -f "$folder/ready-$1"
    "$binary" --skip-payload-check --package-file "$2" --package-version 4152.2.0 \
        --package-name "$package" --listen-address "${servers[$1]:-127.0.0.1:$port}" --status \
        --ready-file "$folder/ready-$1" 2>>"$folder/log-$1" &
    pids+=($!) server_pids[$1]=$!
    for _ in $(seq 600); do [ -e "$folder/ready-$1" ] && break; sleep 0.1; done
    servers[$1]=$(cat "$folder/ready-$1") || { cat "$folder"/log-*; exit 1; }
}
stop() { kill "${server_pids[$1]}" && wait "${server_pids[$1]}"; }
# Four pieces, and a bit.
head -c 35000000 /dev/urandom >"$folder/payload"
head -c 35000000 /dev/urandom >"$folder/other"
servers=() server_pids=()
serve 0 "$folder/payload"
serve 1 "$folder/payload"

mkdir "$folder/temporary"
sed -e "s|/var/cache/nginx/packages|$folder/cache|" -e "s/listen 80/listen $cache/" \
    -e '/listen \[::\]/d' -e "s/192\.0\.2\.11:8000/${servers[0]}/" \
    -e "s/192\.0\.2\.12:8000/${servers[1]}/" dist/nginx-cache.conf >"$folder/site.conf"
{
    echo "daemon off; pid $folder/nginx.pid; error_log $folder/nginx.log; events {} http { access_log off;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $folder/temporary/$kind;"; done
    cat "$folder/site.conf"
    echo "}"
} >"$folder/nginx.conf"
nginx -p "$folder" -c "$folder/nginx.conf" 2>"$folder/nginx.start" &
pids+=($!)
up() { [ "$(curl -so /dev/null -w '%{http_code}' --max-time 5 "http://$cache/health")" = 200 ]; }
for _ in $(seq 300); do up && break; sleep 0.1; done
up || { cat "$folder"/nginx.*; exit 1; }

fetch() { curl -sS --max-time 60 "$@"; }
status() { fetch -o "$folder/body" -w '%{http_code}' "$@"; }
url=http://$cache/packages/$package
check() { fetch -H 'Content-Type: text/xml' --data-binary @fixtures/requests/check-older.xml "http://$cache/v1/update/"; }
# What the servers have sent of their packages, in bytes.
sent() {
    local sum=0
    for server in "${servers[@]}"; do
        sum=$((sum + $(curl -sS "http://$server/metrics" | awk '/^serve_package_sent_bytes_total /{print $2}')))
    done
    echo $sum
}

check | grep -qF "<url codebase=\"http://$cache/packages/\""
report $? 'machines are told to fetch the package through the cache'
[ "$(status -r 20000000-20000999 "$url")" = 206 ] &&
    cmp -s "$folder/body" <(tail -c +20000001 "$folder/payload" | head -c 1000)
report $? 'a range of what is not cached is what was asked for'
sent=$(sent)
[ "$sent" -le 8388608 ]
report $? "the servers sent a piece for it: $sent bytes"

machines=()
for number in $(seq 40); do
    { fetch "$url" | cmp -s - "$folder/payload" || touch "$folder/wrong-$number"; } &
    machines+=($!)
done
wait "${machines[@]}"
! ls "$folder"/wrong-* 2>/dev/null
report $? '40 machines at once have the whole package'
sent=$(sent)
[ "$sent" -le 40000000 ]
report $? "the servers sent it once: $sent bytes, and nginx 1.4 GB"

[ "$(status "http://$cache/status.json")" = 404 ] && [ "$(status "http://${servers[0]}/status.json")" = 200 ]
report $? 'the picture of one server is not taken for that of all'
head=$(fetch -I "$url")
[[ $head == *'200 OK'* && $head == *'Content-Length: 35000000'* && $head == *'ETag: "'* ]]
report $? 'HEAD has the length and the ETag'
head -c 12345678 "$folder/payload" >"$folder/part"
fetch -C - -o "$folder/part" "$url" && cmp -s "$folder/part" "$folder/payload"
report $? 'a download that was cut is continued'
[ "$(sent)" = "$sent" ]
report $? 'of which the servers sent nothing'

# Without one server, and without any.
stop 0
check | grep -q '<updatecheck status="ok">' && check | grep -q '<updatecheck status="ok">'
report $? 'with one server less, update checks are answered'
stop 1
# What is cached is soon too old to be sent without having asked a server.
is_old() { fetch -r 0-0 -D - -o /dev/null "$url" | grep -qi '^x-cache-status: stale'; }
for _ in $(seq 120); do is_old && break; sleep 0.5; done
is_old
report $? 'what is cached gets too old'
fetch "$url" | cmp -s - "$folder/payload"
report $? 'without any server, what is cached is sent'
[ "$(status "http://$cache/v1/update/" -d x)" = 502 ]
report $? 'and update checks are told so (502)'

# The name is used again for another file, which should not be done.
serve 0 "$folder/other"
serve 1 "$folder/other"
is_other() { fetch "$url" 2>>"$folder/errors" | cmp -s - "$folder/other"; }
for _ in $(seq 60); do is_other && break; sleep 1; done
is_other
report $? 'another file under the same name is noticed'

if ((failed)); then tail -n 20 "$folder"/log-* "$folder"/nginx.*; fi
echo "$passed passed, $failed failed"
((failed == 0))
