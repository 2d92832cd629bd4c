#!/bin/sh
# Packs each static binary that dist/static.sh left in dist/ for release:
#
#   dist/archive.sh [FOLDER]     FOLDER/serve-package-VERSION-ARCH.tar.gz and FOLDER/SHA256SUMS
#
# The folder is dist/ unless named.
#
# The same commit and the same compiler give the same bytes, whenever and wherever: names are sorted,
# owners and modes set, and every time is the commit's (or SOURCE_DATE_EPOCH).
set -eu
export LC_ALL=C TZ=UTC
umask 022

to=$(cd "${1:-$(dirname "$0")}" && pwd)
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
version=$(cargo metadata --locked --no-deps --format-version=1 | sed 's/.*"name":"omaha","version":"\([^"]*\)".*/\1/')
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

rm -f "$to"/serve-package-*.tar.gz "$to/SHA256SUMS"
for arch in x86_64 aarch64; do
    [ -e "dist/serve-package-$arch" ] || continue
    name=serve-package-$version-$arch
    mkdir "$stage/$name"
    cp "dist/serve-package-$arch" "$stage/$name/serve-package"
    cp dist/serve-package.service dist/serve-package.socket dist/serve-package-socket-only.conf \
        dist/serve-package-updates.conf dist/serve-package.env dist/serve-package.bu dist/haproxy.cfg \
        dist/nginx-cache.conf dist/kubernetes.yaml LICENSE NOTICE "$stage/$name"
    cp -R dist/manual dist/completions "$stage/$name"
    mkdir "$stage/$name/man"
    cp dist/*.8 "$stage/$name/man"
    # Here the manual stands beside the README, and not in dist/.
    sed 's|dist/manual/|manual/|g' README.md >"$stage/$name/README.md"
    sed -i 's|\.\./\.\./README\.md|../README.md|g' "$stage/$name"/manual/*.md
    # shellcheck disable=SC2046 # a list
    python3 dist/sbom.py "$arch" $(cat "target/static/tools/$arch/linked") >"$stage/$name/sbom.cdx.json"
    chmod -R u=rwX,go=rX "$stage/$name"
    chmod 755 "$stage/$name/serve-package"
    tar -C "$stage" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        -cf - "$name" | gzip -9n >"$to/$name.tar.gz"
done
cd "$to"
set -- serve-package-*.tar.gz
[ -e "$1" ] || { echo "archive.sh: there is no binary in dist/: build one with dist/static.sh" >&2; exit 1; }
sha256sum "$@" | tee SHA256SUMS
