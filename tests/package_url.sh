#!/bin/bash
# Has the packages on another web server (--package-url): nginx, and an
# S3-compatible object store.
#
#   tests/package_url.sh BINARY
#
# Exit status: 0 all passed, 1 something failed. APT_INSTALL=1 installs Debian's
# nginx and curl where they are missing. The object store is s3s-fs, from $PATH
# or $S3S_FS:
#
#   cargo install s3s-fs --version 0.14.1 --features binary
set -u
cd "$(dirname "$0")/.." || exit 1

. tests/common/setup.sh
need nginx nginx-light
need curl curl

wait_for() { for _ in $(seq 300); do "$@" && return; sleep 0.1; done; echo "waited too long: $*"; cat "$folder"/log*; exit 1; }
listens() { curl -so /dev/null --max-time 5 "http://$1/"; }
fetch() { curl -sS --max-time 60 "$@"; }

# Sound payloads, so that check --download has all to say of them.
update=fixtures/update.gz extension=fixtures/oem-fixture.gz
size=$(stat -c %s $update)

try() { # NAME URL, with put FILE NAME and take NAME
    local name=$1 url=$2 server
    put $update update.gz && put $extension oem-fixture.gz
    report $? "$name: the packages are there"
    rm -f "$folder/ready"
    "$binary" --package-file $update --extension $extension --package-version 4152.2.0 \
        --package-url "$url" --listen-address 127.0.0.1:0 --ready-file "$folder/ready" 2>"$folder/log" &
    pids+=($!)
    wait_for test -e "$folder/ready"
    server=http://$(cat "$folder/ready")

    check() { "$binary" check "$server/v1/update/" --download "$folder/downloads" "$@" >"$folder/check" 2>&1; }
    check --strict && grep -qF "fetching ${url}update.gz" "$folder/check" &&
        grep -qF "fetching ${url}oem-fixture.gz" "$folder/check"
    report $? "$name: check --download fetches them there, verifies them, and finds nothing to warn of"
    [ "$(fetch -o /dev/null -w '%{http_code}' "$server/packages/update.gz")" = 404 ]
    report $? "$name: the server itself serves none"
    head=$(fetch -I "${url}update.gz" | tr -d '\r')
    grep -q '^HTTP/1.1 200' <<<"$head" && grep -qix "content-length: $size" <<<"$head" && grep -qi '^etag: ' <<<"$head"
    report $? "$name: HEAD has the length and an ETag"
    [ "$(fetch -r 100-299 -o "$folder/part" -w '%{http_code}' "${url}update.gz")" = 206 ] &&
        cmp -s "$folder/part" <(tail -c +101 $update | head -c 200)
    report $? "$name: a range is what was asked for"
    head -c 77 $update >"$folder/part"
    fetch -C - -o "$folder/part" "${url}update.gz" && cmp -s "$folder/part" $update
    report $? "$name: a download that was cut is continued"

    # What goes wrong when people copy files.
    head -c "$size" /dev/urandom >"$folder/wrong"
    put "$folder/wrong" update.gz
    ! check && grep -q '^error.*the SHA-1 is' "$folder/check"
    report $? "$name: a wrong object is found: $(grep -m1 '^error' "$folder/check" | cut -c 1-150)"
    head -c $((size - 1)) $update >"$folder/wrong"
    put "$folder/wrong" update.gz
    ! check && grep -q "^error.*the size is $((size - 1)) bytes" "$folder/check"
    report $? "$name: one of another length is found: $(grep -m1 '^error' "$folder/check" | cut -c 1-150)"
    put $update update.gz
    take oem-fixture.gz
    ! check && grep -q '^error.*oem-fixture.gz.*404' "$folder/check"
    report $? "$name: a missing one is found: $(grep -m1 '^error' "$folder/check" | cut -c 1-150)"
}

# ------------------------------------------------------------------------- a web server

free
mkdir -p "$folder/web/packages" "$folder/temporary"
{
    echo "daemon off; pid $folder/nginx.pid; error_log $folder/log-nginx; events {} http { access_log off;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $folder/temporary/$kind;"; done
    echo "server { listen 127.0.0.1:$port; root $folder/web; default_type application/octet-stream; } }"
} >"$folder/nginx.conf"
nginx -p "$folder" -c "$folder/nginx.conf" 2>"$folder/log-start" &
pids+=($!)
wait_for listens "127.0.0.1:$port"
put() { install -m 644 "$1" "$folder/web/packages/$2"; }
take() { rm "$folder/web/packages/$1"; }
try nginx "http://127.0.0.1:$port/packages/"

# ---------------------------------------------------------------------- an object store

store=${S3S_FS:-$(command -v s3s-fs)}
if [ -x "$store" ]; then
    port=$((port + 1))
    free
    mkdir "$folder/store"
    "$store" --host 127.0.0.1 --port "$port" "$folder/store" >"$folder/log-store" 2>&1 &
    pids+=($!)
    wait_for listens "127.0.0.1:$port"
    # Objects that everybody may read, and here write too.
    bucket=http://127.0.0.1:$port/updates
    fetch -f -X PUT "$bucket" || { cat "$folder/log-store"; exit 1; }
    put() { fetch -f -T "$1" -H "x-amz-content-sha256: $(sha256sum "$1" | cut -d ' ' -f 1)" "$bucket/$2"; }
    take() { fetch -f -X DELETE "$bucket/$1"; }
    try s3s-fs "$bucket/"
else
    echo 'NOT SHOWN: an S3-compatible object store needs s3s-fs: cargo install s3s-fs --version 0.14.1 --features binary'
    [ "${CI:-}" != true ] || failed=$((failed + 1))
fi

if ((failed)); then cat "$folder/check" "$folder"/log*; fi
echo "$passed passed, $failed failed"
((failed == 0))
