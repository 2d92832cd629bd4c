#!/bin/sh
# Proves that the release is reproducible: builds and packs it twice, in two folders, one after the
# other, the second time with another umask, time zone and home, and compares every byte.
#
#   dist/reproducible.sh [ARCH…]        x86_64 and aarch64 unless named
set -eu

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- x86_64 aarch64
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One copy first, so that work in this folder meanwhile is no difference.
mkdir "$work/source"
git ls-files -z | xargs -0 cp --parents -t "$work/source"

build() { # FOLDER ARCH…
    folder=$work/$1
    shift
    mkdir -p "$folder"
    cp -R "$work/source/." "$folder"
    for arch; do "$folder/dist/static.sh" "$arch"; done >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    "$folder/dist/archive.sh" >/dev/null
    for file in "$folder"/dist/serve-package-x86_64 "$folder"/dist/serve-package-aarch64 "$folder"/dist/*.tar.gz; do
        [ ! -e "$file" ] || (cd "$folder/dist" && sha256sum "${file##*/}")
    done
    rm -rf "$folder/target"
}

build first "$@" >"$work/first.sums"
cat "$work/first.sums"
# The crates lie elsewhere, too; a link saves fetching them again.
mkdir "$work/home"
ln -s "${CARGO_HOME:-$HOME/.cargo}/registry" "$work/home/registry"
(
    umask 077
    export TZ=Pacific/Auckland LANG=tr_TR.UTF-8 CARGO_HOME="$work/home"
    build a/second/folder "$@"
) >"$work/second.sums"
cat "$work/second.sums"
if cmp "$work/first.sums" "$work/second.sums"; then
    echo "reproducible: both builds are equal"
else
    echo "NOT reproducible: the builds differ"
    exit 1
fi
