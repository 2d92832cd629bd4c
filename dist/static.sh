#!/bin/sh
# Builds the fully static serve-package with musl, and leaves it in dist/.
#
#   dist/static.sh [x86_64|aarch64]
#
# rustup's musl target is used where it is installed. Elsewhere Debian's packages do it: they hold a
# compiler together with the source of its standard library, which is then built for musl as well.
# With APT_INSTALL=1 missing packages are installed; without, the script says which they are.
set -eu

arch=${1:-x86_64}
case $arch in
    x86_64 | aarch64) ;;
    *) echo "static.sh: $arch: the architecture is x86_64 or aarch64" >&2; exit 2 ;;
esac
target=$arch-unknown-linux-musl

cd "$(dirname "$0")/.."
source=$(pwd -P)
# A folder of its own: the two compilers would throw away each other's work in target/release.
build=$source/target/static
tools=$build/tools/$arch
mkdir -p "$tools"

# What differs between two machines or two folders must not reach the binary.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# C that says when it was compiled. A constant, not the commit's time: cargo would keep what it built
# for an earlier commit.
export SOURCE_DATE_EPOCH=0
flags="--remap-path-prefix=$source=/omaha --remap-path-prefix=$cargo_home=/cargo"

under=$(echo "$target" | tr - _)

with_rustup() {
    libdir=$(rustc --print target-libdir --target "$target" 2>/dev/null) || return 1
    ls "$libdir"/libstd-*.rlib >/dev/null 2>&1
}

# musl's and LLVM's static libraries for the other architecture: unpacked, as they cannot be
# installed beside this machine's, with package lists of their own, so that apt stays as it is.
fetch_foreign() {
    [ -e "$tools/root/usr/lib/llvm-16/lib/libunwind.a" ] && return
    rm -rf "$tools/apt" "$tools/root"
    mkdir -p "$tools/apt/lists/partial" "$tools/apt/cache/archives/partial" "$tools/root"
    set -- -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o Dir::State::Lists="$tools/apt/lists" -o Dir::Cache="$tools/apt/cache"
    apt-get "$@" update
    (cd "$tools/apt" && apt-get "$@" -o APT::Sandbox::User=root download musl-dev libunwind-16-dev)
    for package in "$tools"/apt/*.deb; do dpkg -x "$package" "$tools/root"; done
    rm -rf "$tools/apt/lists" "$tools/apt/cache"
}

need() {
    missing=
    for package; do
        # shellcheck disable=SC2016 # the ${…} is dpkg-query's
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -z "$missing" ] && return
    if [ "${APT_INSTALL:-}" = 1 ]; then
        apt-get update -qq
        # shellcheck disable=SC2086 # a list
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >&2
    else
        {
            echo "static.sh: rustup's target $target is not installed, and neither are these packages of Debian 12:"
            echo "    apt-get install --no-install-recommends$missing"
            echo "Install them (APT_INSTALL=1 makes this script do so), or: rustup target add $target"
        } >&2
        exit 1
    fi
}

with_debian() {
    command -v dpkg-query >/dev/null || {
        echo "static.sh: rustup's target $target is not installed: rustup target add $target" >&2
        exit 1
    }
    if [ "$arch" = "$(uname -m)" ]; then
        need rustc-web cargo-web rust-web-src gcc lld-16 musl-dev libunwind-16-dev
        gcc=gcc lib=/usr/lib/$arch-linux-musl unwind=/usr/lib/llvm-16/lib/libunwind.a
    elif [ "$arch" = aarch64 ]; then
        need rustc-web cargo-web rust-web-src gcc-aarch64-linux-gnu lld-16
        fetch_foreign
        gcc=aarch64-linux-gnu-gcc
        lib=$tools/root/usr/lib/$arch-linux-musl unwind=$tools/root/usr/lib/llvm-16/lib/libunwind.a
    else
        echo "static.sh: on $(uname -m) only rustup's target $target can build for $arch" >&2
        exit 1
    fi

    # For the bill of materials: what is linked in and stands in no lock file.
    {
        echo "rust-std=$(/usr/bin/rustc --version | cut -d ' ' -f 2)"
        for package in musl-dev libunwind-16-dev; do
            # shellcheck disable=SC2016 # the ${…} is dpkg's
            if [ -e "$tools/root" ]; then
                dpkg-deb -W --showformat '${Package}=${Version}\n' "$tools/apt/$package"_*.deb
            else
                dpkg-query -W -f '${Package}=${Version}\n' "$package"
            fi
        done
    } >"$tools/linked"

    # GCC's unwinder needs glibc; LLVM's needs but one thing that musl has not. It says with it why it
    # aborts: the format is enough, and 12 KB less.
    mkdir -p "$tools/lib"
    cat >"$tools/chk.c" <<'END'
int fputs(const char *, void *);
int __fprintf_chk(void *stream, int flag, const char *format, ...)
{
    (void)flag;
    return fputs(format, stream);
}
END
    $gcc -O2 -c -o "$tools/chk.o" "$tools/chk.c"
    cp "$unwind" "$tools/lib/libunwind.a"
    ar rcsD "$tools/lib/libunwind.a" "$tools/chk.o"

    # Addresses that are relocated at start take 45 KB less in the packed form (DT_RELR), which musl
    # 1.2.3 does not know. So the program starts here.
    cat >"$tools/start.c" <<'END'
typedef unsigned long word;
enum { END_OF_LIST = 0, RELRSZ = 35, RELR = 36 };

extern __attribute__((visibility("hidden"))) char __ehdr_start[];
extern __attribute__((visibility("hidden"))) word _DYNAMIC[];

__attribute__((visibility("hidden"), used)) void relocate_packed(void)
{
    word base = (word)__ehdr_start, size = 0;
    const word *entry = 0;
    for (const word *tag = _DYNAMIC; *tag != END_OF_LIST; tag += 2) {
        if (*tag == RELR) entry = (const word *)(base + tag[1]);
        if (*tag == RELRSZ) size = tag[1];
    }
    word *where = 0;
    /* An even entry is an address; an odd one says which of the next 63 words to relocate as well. */
    for (const word *end = entry + size / sizeof *entry; entry < end; entry++) {
        if (*entry & 1) {
            word *next = where;
            for (word bits = *entry >> 1; bits; bits >>= 1, next++) if (bits & 1) *next += base;
            where += 63;
        } else {
            where = (word *)(base + *entry);
            *where++ += base;
        }
    }
}

#ifdef __x86_64__
__asm__(".globl packed_start\npacked_start:\n\txor %ebp, %ebp\n\tcall relocate_packed\n\tjmp _start\n");
#else
__asm__(".globl packed_start\npacked_start:\n\tmov x29, #0\n\tmov x30, #0\n\tbl relocate_packed\n\tb _start\n");
#endif
END
    $gcc -O2 -fPIE -ffreestanding -fno-stack-protector -c -o "$tools/start.o" "$tools/start.c"

    # For the C that crates bring along: gcc with musl's headers instead of glibc's.
    cat >"$tools/static-cc" <<END
#!/bin/sh
exec $gcc -nostdinc -isystem ${lib%/lib/*}/include/$arch-linux-musl -isystem "\$($gcc -print-file-name=include)" \\
    -ffile-prefix-map=$source=/omaha -ffile-prefix-map=$cargo_home=/cargo "\$@"
END
    chmod +x "$tools/static-cc"
    export "CC_$under=$tools/static-cc"

    # musl-gcc cannot link a static-pie (its start files do not fit), gcc told what to take can. rustc
    # goes by the name to know that this is a gcc; what it says about the kind of output is ours to say.
    cat >"$tools/static-gcc" <<END
#!/bin/sh
for argument; do
    shift
    case \$argument in
        -static | -static-pie | -pie | -no-pie | -nostartfiles) ;;
        *) set -- "\$@" "\$argument" ;;
    esac
done
exec $gcc -nostdlib -nostartfiles -static-pie \\
    -fuse-ld=lld -B/usr/lib/llvm-16/bin -Wl,-O2,--icf=all,--pack-dyn-relocs=relr,-e,packed_start \\
    $tools/start.o $lib/rcrt1.o $lib/crti.o "\$($gcc -print-file-name=crtbeginS.o)" -L $lib "\$@" \\
    -lgcc "\$($gcc -print-file-name=crtendS.o)" $lib/crtn.o
END
    chmod +x "$tools/static-gcc"

    # The standard library comes without its symbolizer: in a stripped binary it has nothing to read.
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    cargo=/usr/bin/cargo linker=$tools/static-gcc
    flags="$flags --remap-path-prefix=$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust=/rust"
    flags="$flags -C target-feature=+crt-static -C link-self-contained=no -C relocation-model=pic"
    flags="$flags -C link-arg=-Wl,--build-id=none -C link-arg=-Wl,-z,noseparate-code -L native=$tools/lib"
    # For size: panics unwind, but one in a destructor aborts (45 KB); the unwinder's tables are
    # shorter where each function has a frame pointer (41 KB, for 7 % more instructions a check);
    # derived Debug, which nothing prints here but a panic, names the type only (12 KB).
    flags="$flags -Zpanic-in-drop=abort -C force-frame-pointers=yes -Zinline-mir=no -Zfmt-debug=shallow"
    set_std="-Zbuild-std=std,panic_unwind -Zbuild-std-features=panic-unwind,optimize_for_size"
}

if with_rustup; then
    cargo=cargo set_std=
    # x86_64's own cc links what rustup ships; for the other architecture the lld beside rustc does.
    if [ "$arch" = "$(uname -m)" ]; then
        linker=cc flags="$flags -C link-arg=-Wl,--build-id=none -C link-arg=-Wl,-z,noseparate-code"
    else
        linker=rust-lld
    fi
    origin="rustup's $target"
    echo "rust-std=$(rustc --version | cut -d ' ' -f 2)" >"$tools/linked"
else
    with_debian
    origin="Debian's packages"
fi

# The folder of the registry has a long name, which stands in every path of a panic.
$cargo fetch --locked --quiet
for registry in "$cargo_home"/registry/src/*/; do
    flags="$flags --remap-path-prefix=${registry%/}=/cargo"
done

upper=$(echo "$target" | tr a-z- A-Z_)
export "CARGO_TARGET_${upper}_LINKER=$linker" "CARGO_TARGET_${upper}_RUSTFLAGS=$flags"
# shellcheck disable=SC2086 # a list
$cargo build --locked --profile static --bin serve-package --target "$target" --target-dir "$build" $set_std

out=dist/serve-package-$arch
cp "$build/$target/static/serve-package" "$out"
echo "$out: $(wc -c <"$out") bytes, with $origin"
