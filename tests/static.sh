#!/bin/bash
# Checks that a binary of dist/static.sh is what an operator may copy to any machine:
#
#   tests/static.sh BINARY
#
# It must have no dependencies, and serve from a root that contains only itself and a payload.
# A binary for arm64 runs under qemu-user on other machines. Exit status: 0 all passed, 1 something
# failed. APT_INSTALL=1 installs qemu-user-static and binutils where they are missing and needed.
set -u

. "$(dirname "$0")/common/checks.sh"

need readelf binutils
need curl curl
headers=$(readelf -hW "$binary")
case $headers in
    *X86-64*) arch=x86_64 objdump=objdump instructions='sha1rnds4 sha256rnds2' limit=1500000 ;;
    *AArch64*) arch=aarch64 objdump=aarch64-linux-gnu-objdump instructions='sha1c sha256h' limit=1500000 ;;
    *) echo "static.sh: $binary is for neither x86_64 nor aarch64" >&2; exit 2 ;;
esac
emulator=
if [ $arch != "$(uname -m)" ]; then
    emulator=qemu-$arch-static
    need "$emulator" qemu-user-static
else
    objdump=objdump
fi

# ------------------------------------------------------------------------------------ facts

size=$(stat -c %s "$binary")
[ "$size" -le $limit ]
report $? "$arch: $size bytes are at most $limit"
[[ $(readelf -lW "$binary") != *INTERP* ]]
report $? "no interpreter"
[[ $(readelf -dW "$binary") != *NEEDED* ]]
report $? "no shared libraries"
[[ $(readelf -SW "$binary") != *.symtab* ]]
report $? "stripped"
if [ $arch = x86_64 ]; then
    [[ $headers == *"DYN ("* && $(readelf -dW "$binary") == *PIE* ]]
    report $? "position independent"
fi
# Built to abort, it would hold no tables that say what to do in each function when it is unwound.
sections=$(readelf -SW "$binary")
[[ $sections == *.eh_frame_hdr* && $sections == *.gcc_except_table* ]]
report $? "panics unwind"
! grep -qaF -e "$HOME/" -e "$(cd "$(dirname "$0")/.." && pwd)/" "$binary"
report $? "no path of the machine that built it"
if command -v $objdump >/dev/null; then
    code=$($objdump -d --no-show-raw-insn "$binary")
    for instruction in $instructions; do
        [[ $code == *$instruction* ]]
        report $? "hashes with the processor's $instruction"
    done
fi

# ------------------------------------------------------------------- in a root of its own

root=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
clean() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    rm -rf "$root"
}
trap clean EXIT
mkdir "$root/root"
install -m 0755 "$binary" "$root/root/serve-package"
cp "$(dirname "$0")/../fixtures/update.gz" "$root/root/update.gz"
enter=()
[ "$(id -u)" = 0 ] || enter=(unshare --user --map-root-user)
# qemu-user is the machine here, not part of the root.
if [ -n "$emulator" ]; then
    install -m 0755 "$(command -v "$emulator")" "$root/root/qemu"
    inside=(/qemu /serve-package)
else
    inside=(/serve-package)
fi

env -i "${enter[@]}" /usr/sbin/chroot "$root/root" "${inside[@]}" \
    --package-file /update.gz --package-version 9.9.9 --listen-address localhost:0 2>"$root/log" &
server=$!
for _ in {1..100}; do
    address=$(grep -oE '(127\.0\.0\.1|\[::1\]|localhost):[1-9][0-9]*' "$root/log" | head -n 1)
    [ -z "$address" ] || break
    sleep 0.1
done
[ -n "$address" ]
report $? "it starts in an empty root, on localhost: $address"

curl -sS --fail --max-time 10 -H 'Content-Type: text/xml' -o "$root/response" "http://$address/v1/update/" -d '<?xml version="1.0"?>
<request protocol="3.0"><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="1.0.0"><updatecheck/></app></request>'
# shellcheck disable=SC2059 # the bytes of the digest are the format
digest=$(printf "$(sha256sum "$root/root/update.gz" | cut -c 1-64 | sed 's/../\\x&/g')" | base64)
[[ $(cat "$root/response") == *'manifest version="9.9.9"'* && $(cat "$root/response") == *"sha256=\"$digest\""* ]]
report $? "it offers the update, with the right digest"
curl -sS --fail --max-time 10 -o "$root/got" "http://$address/packages/update.gz"
cmp -s "$root/got" "$root/root/update.gz"
report $? "the download is the payload"
! grep -qi 'proc\|error' "$root/log"
report $? "it misses nothing there: neither /proc nor /etc nor /dev"

kill -TERM $server
for _ in {1..50}; do kill -0 $server 2>/dev/null || break; sleep 0.1; done
kill -KILL $server 2>/dev/null && echo "it does not stop" >>"$root/log"
wait $server
report $? "it stops when told, with success"
server=

[ $failed = 0 ] || sed 's/^/    /' "$root/log"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
