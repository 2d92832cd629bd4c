#!/bin/bash
# Runs serve-package behind nginx with tests/nginx/serve-package.conf, as it
# stands there but for ports and folders:
#
#   tests/nginx.sh BINARY
#
# Exit status: 0 all passed, 1 something failed. APT_INSTALL=1 installs Debian's
# nginx, curl and openssl where they are missing.
set -u
cd "$(dirname "$0")/.." || exit 1

. tests/common/setup.sh
need nginx nginx-light
need curl curl
need openssl openssl

free
host=localhost:$port

mkdir -p "$folder/update/packages" "$folder/temporary"
head -c 3000000 /dev/urandom >"$folder/update/packages/update.gz"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null

"$binary" --skip-payload-check \
    --package-file "$folder/update/packages/update.gz" --package-version 4152.2.0 \
    --package-url "https://$host/packages/" --listen-address 127.0.0.1:0 \
    --ready-file "$folder/ready" 2>"$folder/log" &
pids+=($!)
for _ in $(seq 300); do [ -e "$folder/ready" ] && break; sleep 0.1; done
server=$(cat "$folder/ready") || { cat "$folder/log"; exit 1; }

{
    echo "daemon off; pid $folder/nginx.pid; error_log $folder/nginx.log; events {} http { access_log off;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $folder/temporary/$kind;"; done
    sed -e "s/listen 443 ssl/listen 127.0.0.1:$port ssl/" -e '/listen \[::\]/d' \
        -e "s/update\.example\.com;/localhost;/" \
        -e "s|ssl_certificate  .*|ssl_certificate $folder/certificate.pem;|" \
        -e "s|ssl_certificate_key .*|ssl_certificate_key $folder/key.pem;|" \
        -e "s|http://127.0.0.1:8000|http://$server|" -e "s|root /srv/update|root $folder/update|" \
        tests/nginx/serve-package.conf
    echo "}"
} >"$folder/nginx.conf"
nginx -p "$folder" -c "$folder/nginx.conf" 2>"$folder/nginx.start" &
pids+=($!)

fetch() { curl -sS --max-time 60 --cacert "$folder/certificate.pem" "$@"; }
status() { fetch -o "$folder/body" -w '%{http_code}' "$@"; }
for _ in $(seq 300); do fetch -o /dev/null "https://$host/" 2>/dev/null && break; sleep 0.1; done

check() { # REQUEST OPTION...
    fetch -H 'Content-Type: text/xml' --data-binary "@fixtures/requests/$1.xml" "${@:2}"
}
answer=$(check check-older "https://$host/v1/update/")
grep -q '<updatecheck status="ok">' <<<"$answer"
report $? 'an update check is answered'
grep -q "<url codebase=\"https://$host/packages/\"" <<<"$answer"
report $? 'the packages are offered over https'
[ "$(check truncated -o /dev/null -w '%{http_code}' "https://$host/v1/update")" = 400 ]
report $? 'what is not a request is 400, through nginx too'

package=https://$host/packages/update.gz
fetch -o "$folder/whole" "$package"
cmp -s "$folder/whole" "$folder/update/packages/update.gz"
report $? 'a download is whole'
sha256=$(sed -n 's/.*sha256="\([^"]*\)".*/\1/p' <<<"$answer")
[ "$sha256" = "$(openssl dgst -sha256 -binary "$folder/whole" | base64)" ]
report $? 'it has the digest that was offered'
[ "$(status -r 1000000-1000999 "$package")" = 206 ] &&
    cmp -s "$folder/body" <(tail -c +1000001 "$folder/whole" | head -c 1000)
report $? 'a range is what was asked for'
head -c 1234567 "$folder/whole" >"$folder/part"
fetch -C - -o "$folder/part" "$package" && cmp -s "$folder/part" "$folder/whole"
report $? 'a download that was cut is continued'
[ "$(status "https://$host/packages/nothing")" = 404 ] && [ "$(status "https://$host/elsewhere")" = 404 ]
report $? 'anything else is 404'

if ((failed)); then cat "$folder"/log "$folder"/nginx.*; fi
echo "$passed passed, $failed failed"
((failed == 0))
