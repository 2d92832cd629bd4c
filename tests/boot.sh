#!/bin/bash
# Boots a real systemd, installs the release archive with the given binary as the manual says, and drives
# the units as operators and clients do:
#
#   tests/boot.sh BINARY        one of dist/static.sh's, in dist/
#   tests/boot.sh --list        the places in README.md and the manual of the blocks of commands run here
#
# Those are the blocks marked `sh service`: on one machine, one after the other, each as a script that
# stops at the first failure, in the home folder. With `sh service follow` the commands go on until they
# are stopped. A block `text` that follows is what they print; `…` stands for any text, and alone in its
# line for any lines.
#
# The machine is a container on this one's /usr, with everything else in memory and a network of its
# own, so that nothing stays behind. Exit status: 0 all passed, 1 something failed, 77 cannot be run
# here. APT_INSTALL=1 installs systemd-container where it is missing.
set -u

# ---------------------------------------------------------------------------------- inside

unit=serve-package.service
socket=serve-package.socket
lib=/var/lib/serve-package
home=/home/core
# With the id of no machine, which the server does not count: it asks again and again.
request='<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0"><app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="1.0.0" track="stable" board="amd64-usr" machineid="00000000000000000000000000000000"><updatecheck/></app></request>'

passed=0 failed=0
report() { # STATUS DESCRIPTION
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok - $2"
    else
        failed=$((failed + 1))
        echo "not ok - $2"
        # What the server and systemd said last, for whoever has to find out why.
        journalctl -q --no-pager -n 10 -u $unit -u $socket | sed 's/^/    /'
    fi
}

show() { systemctl show --value -p "$1" $unit; }
# Where and what it serves; the version is a pattern.
url=http://localhost:8000
version='9\.9\.9'
update_check() { curl -sS --fail --max-time "${1:-20}" -H 'Content-Type: text/xml' -d "$request" "$url/v1/update/"; }
offered() { update_check "$@" | grep -q "manifest version=\"$version\""; }
sum() { sha256sum "$1" | cut -d ' ' -f 1; }
same() { [ "$(sum "$1")" = "$(sum "$2")" ]; }
between() { [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }
now() { date +%s%3N; }

within() { # SECONDS COMMAND…
    local end=$(($(now) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(now)" -lt $end ] || return 1
        sleep 0.05
    done
}
active() { [ "$(show ActiveState)" = active ]; }
restarted() { [ "$(show NRestarts)" != 0 ]; }
is_failed() { [ "$(show ActiveState)" = failed ]; }
says() { show StatusText | grep -qiE "$1"; }
journal() { journalctl -q --no-pager -o cat -u $unit "${@:2}" | grep -qE -- "$1"; }

serve() { # FILE: sets what is served, as an operator does, from the sample; it may hold anything
    sed "s|^PACKAGE_FILE=.*|PACKAGE_FILE=$1|; s|^PACKAGE_VERSION=.*|PACKAGE_VERSION=9.9.9|
        s|^#OPTIONS=.*|OPTIONS=--skip-payload-check|" \
        /release/serve-package.env >/etc/serve-package.env
}

all_off() {
    systemctl stop $socket $unit 2>/dev/null
    systemctl reset-failed $socket $unit 2>/dev/null
}

override() { # UNIT: a drop-in from standard input; without any input, it goes
    local folder=/run/systemd/system/$1.d text
    text=$(cat)
    rm -rf "$folder"
    [ -z "$text" ] || { mkdir -p "$folder" && echo "$text" >"$folder/test.conf"; }
    systemctl daemon-reload
}

# One client that checks for updates all the time: a line for each request, ok or why not.
traffic() {
    while [ -e /tmp/traffic ]; do
        if offered 20 2>/tmp/traffic.error; then echo ok; else tr '\n' ' ' </tmp/traffic.error; echo lost; fi
    done >/tmp/traffic.log
}
traffic_begin() { touch /tmp/traffic; traffic & traffic_pid=$!; sleep 0.3; }
traffic_end() { sleep 0.5; rm /tmp/traffic; wait "$traffic_pid"; }
lost() { grep -c lost /tmp/traffic.log; }

# Blocks of the documents that are run here: for each its document, line and further words; in FOLDER the
# commands as N.sh, N being 1, 2 and so on, and what they print as N.txt.
documents=(README.md manual/service.md)
readme_blocks() { # FOLDER DOCUMENT…
    local folder=$1
    shift
    awk -v folder="$folder" '
        FNR == 1 { inside = 0; name = file = "" }
        /^```/ && inside { inside = 0; file = ""; next }
        inside { if (file != "") print > file; next }
        /^```/ {
            inside = 1
            if (/^```sh service/) {
                name = folder "/" (++number)
                file = name ".sh"
                shown = FILENAME
                sub(/^.*\/release\//, "", shown)
                print shown ":" FNR substr($0, 14)
            } else if (/^```text$/ && name != "") {
                file = name ".txt"
            }
            if (!/^```text/ && !/^```sh service/) name = ""
            if (folder == "/dev/null") file = ""
        }' "$@"
}

readme_run() { # N [WORDS]: runs one of them; whoever is root needs no sudo, and here it has no settings
    local limit=()
    [ "${2:-}" != follow ] || limit=(timeout 3)
    (
        cd $home || exit
        # shellcheck disable=SC2016 # expanded there
        HOME=$home LC_ALL=C.UTF-8 "${limit[@]}" bash -e -c 'sudo() { "$@"; }; . "$0"' "/release/readme/$1.sh" 2>&1
    )
}

# As Butane is no package of Debian's: takes the manual's arguments, and looks whether the files that it
# would embed are in the folder, and whether they come to lie where the manual installs them by hand.
butane() {
    [ "$1 $2" = "--strict --files-dir" ] || return
    local key value
    while read -r key value; do
        case $key in
            local: | contents_local:) [ -f "$3/$value" ] || { echo "$value is not in the archive" >&2; return 1; } ;;
            path:) [ -e "$value" ] || { echo "$value is not where the manual puts it" >&2; return 1; } ;;
        esac
    done < <(sed 's/^[ -]*//' "$4")
    echo "{}"
}
export -f butane

# Whether a text is what the documents show.
shown() { # FILE-SHOWN FILE-PRINTED
    local pattern line any=0
    while IFS= read -r pattern; do
        [ "$pattern" != … ] || { any=1; continue; }
        pattern=$(sed 's/[][\\*?()|+@!]/\\&/g; s/…/*/g' <<<"$pattern")
        while :; do
            IFS= read -r line <&3 || return 1
            # shellcheck disable=SC2053 # a pattern
            [[ $line != $pattern ]] || break
            [ $any = 1 ] || return 1
        done
        any=0
    done <"$1" 3<"$2"
}

# A machine that is updated, in short.
update() {
    local request=${request/00000000000000000000000000000000/boot}
    update_check >/dev/null && curl -s --max-time 30 -o /tmp/got "$url/packages/update.gz" &&
        curl -sS --fail --max-time 20 -o /dev/null -H 'Content-Type: text/xml' "$url/v1/update/" \
            -d "${request/<updatecheck\/>/<event eventtype=\"3\" eventresult=\"1\"/>}"
}

# What is served, and where, as the settings have it.
follow_settings() {
    version=$(sed -n 's/^PACKAGE_VERSION=//p' /etc/serve-package.env)
    local port
    port=$(systemctl show --value -p Listen $socket | sed 's/ .*//; s/.*://')
    url=http://localhost:${port:-8000}
}

# As after a first boot with the Butane file: units and settings are there, a payload is not.
first_boot() {
    all_off
    rm $lib/*
    install -m 0644 /release/serve-package.env /etc
    systemctl start $socket
    systemctl start $unit 2>/dev/null
    within 30 is_failed && [ "$(systemctl is-failed $socket)" = failed ]
    report $? "without a payload, the service and the socket fail: $(show StatusText)"
    # A copy of the payload takes longer than the start limit's interval.
    systemctl reset-failed $unit $socket
}

# What operators do, as the manual says it.
test_readme() {
    local number=0 line words text first status lives=no busy
    mkdir -p $home
    cp /release/*.tar.gz $home
    cp /release/update.gz $home/flatcar_production_update.gz
    for name in oem-azure flatcar-podman; do cp /release/oem-fixture.gz $home/$name.gz; done

    while read -r line words; do
        number=$((number + 1)) busy=no
        text=$(cat /release/readme/$number.sh)
        case $text in
            *update.gz*"systemctl restart $socket"*) first_boot ;;
            *"systemctl stop"*) ;;
            *"systemctl restart $unit"*) busy=yes version='[0-9.]*' && traffic_begin ;;
            "systemctl status"*) update && within 5 says '1 updated' ;;
        esac

        readme_run $number "$words" >/tmp/printed
        status=$?
        case $words:$status in
            :0 | follow:124) status=0 ;;
            *) status=1 ;;
        esac
        [ ! -e /release/readme/$number.txt ] || shown /release/readme/$number.txt /tmp/printed || status=1
        [ $busy = no ] || traffic_end

        # It serves from the first start on until it is stopped for good, and after each command between.
        case $text in
            *"enable --now"*) lives=yes ;;
            *"disable --now"*) lives=stopped ;;
        esac
        case $lives in
            yes) follow_settings && offered || status=1 ;;
            stopped) ! offered 2 2>/dev/null || status=1 ;;
        esac
        first=${text%%$'\n'*}
        report $status "$line: $first"
        [ $status = 0 ] || sed 's/^/    printed: /' /tmp/printed
        if [ $busy = yes ]; then
            [ "$(lost)" = 0 ]
            report $? "meanwhile, $(lost) of $(wc -l </tmp/traffic.log) requests are lost"
        fi
    done </release/readme/list

    [ $number -gt 10 ]
    report $? "the documents have $number blocks for operators"
    [ -z "$(find /etc /opt /var/lib /run/systemd/system -name '*serve-package*')" ]
    report $? "what the manual removes is gone"
    sed -n '/^## What is in the archive/,/^## /s/^| \(`[^|]*\) |.*/\1/p' /release/manual/service.md | grep -o '[^`, /]*' | sort >/tmp/told
    tar -tzf /release/*.tar.gz | cut -d / -f 2 | grep . | sort -u | cmp - /tmp/told
    report $? "what is in the archive is what the manual tells"
    url=http://localhost:8000 version='9\.9\.9'
}

test_units() {
    [ -z "$(systemd-analyze verify --man=no $unit $socket 2>&1)" ]
    report $? "systemd-analyze verify says nothing"
    local exposure
    exposure=$(systemd-analyze security --offline=true --no-pager $unit 2>&1 | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
    between 0 "${exposure/./}" 15
    report $? "the exposure is 1.5 at most: $exposure"
}

test_ready() {
    serve $lib/big.gz
    systemctl start --no-block $unit
    local early=0 hashing=0 state
    while state=$(show ActiveState); [ "$state" = activating ]; do
        curl -s -o /dev/null --max-time 1 "$url/" && early=$((early + 1))
        # Asked again, as READY may have come in between.
        says 'reading the packages' && [ "$(show ActiveState)" = activating ] && hashing=$((hashing + 1))
    done
    [ "$state" = active ] && offered 2
    report $? "active only after the package is hashed, and the port answers then"
    [ $hashing -gt 0 ]
    report $? "while it hashes, the status line says so ($hashing times seen)"
    # One answer may come between the port's opening and READY.
    [ $early -le 1 ]
    report $? "no answer before it is ready"
    within 3 says '9\.9\.9'
    report $? "the status line names the served version"

    local process
    process=$(tr '\t\n' '  ' <"/proc/$(show MainPID)/status")
    [[ $process != *"Uid: 0 "* && $process == *"CapPrm: 0000000000000000 "* &&
        $process == *"CapBnd: 0000000000000000 "* && $process == *"NoNewPrivs: 1 "* && $process == *"Seccomp: 2 "* ]]
    report $? "no root, no capabilities, no new privileges, system calls filtered"
    systemctl stop $unit
    [ "$(show ActiveState) $(show Result) $(show ExecMainStatus)" = "inactive success 0" ]
    report $? "a stop is a success"
}

test_socket() {
    systemctl start $socket
    local clients=() wrong=0 start response codebase name digest
    start=$(now)
    for _ in {1..20}; do offered 60 & clients+=($!); done
    for client in "${clients[@]}"; do wait "$client" || wrong=$((wrong + 1)); done
    [ $wrong = 0 ]
    report $? "20 clients at the socket start the server and wait while it hashes ($(($(now) - start)) ms)"

    serve $lib/update.gz
    systemctl restart $unit
    response=$(update_check)
    codebase=$(sed -n 's/.*codebase="\([^"]*\)".*/\1/p' <<<"$response")
    name=$(sed -n 's/.*<package [^>]*name="\([^"]*\)".*/\1/p' <<<"$response" | head -n 1)
    curl -s --max-time 30 -o /tmp/got "$codebase$name"
    # shellcheck disable=SC2059 # the bytes of the digest are the format
    digest=$(printf "$(sum /tmp/got | sed 's/../\\x&/g')" | base64)
    same /tmp/got $lib/update.gz && [[ $response == *"sha256=\"$digest\""* ]]
    report $? "a client gets its update through the socket, with the digest that was announced"
}

test_restart() {
    traffic_begin
    for _ in 1 2 3; do systemctl restart $unit; sleep 0.3; done
    traffic_end
    [ "$(lost)" = 0 ]
    report $? "3 restarts in the middle of traffic: $(lost) of $(wc -l </tmp/traffic.log) requests lost"
}

test_kill() {
    local before download cut
    # The restarts of this test were more than an operator's: the start limit forgets them.
    systemctl reset-failed $unit
    before=$(show MainPID)
    traffic_begin
    curl -s --max-time 30 --limit-rate 8M -o /tmp/got "$url/packages/update.gz" &
    download=$!
    sleep 1
    systemctl kill -s KILL $unit
    offered 20
    report $? "kill -9 in the middle of traffic: the next request succeeds"
    traffic_end
    [ "$(lost)" -le 1 ]
    report $? "no more than the request under way is lost: $(lost) of $(wc -l </tmp/traffic.log)"
    within 5 active && [ "$(show MainPID)" != "$before" ]
    report $? "the server was started again"
    wait $download
    cut=$?
    curl -s --max-time 30 -C - -o /tmp/got "$url/packages/update.gz"
    [ $cut != 0 ] && same /tmp/got $lib/update.gz
    report $? "the download that was cut (curl's exit status $cut) is resumed"
}

test_stop() {
    local download start took
    rm -f /tmp/got
    curl -s --max-time 30 --limit-rate 8M -o /tmp/got "$url/packages/update.gz" &
    download=$!
    sleep 1
    start=$(now)
    systemctl stop $unit 2>/dev/null
    took=$(($(now) - start))
    wait $download && same /tmp/got $lib/update.gz
    report $? "a stop lets a slow download finish"
    between 500 $took 9500 && [ "$(show Result)" = success ]
    report $? "it waits for the download and no longer ($took ms), and is a success"
    offered
    report $? "after a stop, the next client at the socket starts it"
}

test_socket_only() {
    all_off
    override $unit </release/serve-package-socket-only.conf
    systemctl start $socket
    offered
    report $? "without a network, it serves the clients of the socket"
    [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$(show MainPID)/ns/net")" ]
    report $? "it is without a network"
    all_off
    override $unit </dev/null
}

test_wrong_sockets() {
    local lines
    for lines in ListenStream=8001 'ListenStream=\nListenDatagram=8000'; do
        printf '[Socket]\n%b\n' "$lines" | override $socket
        systemctl start $socket
        systemctl start $unit 2>/dev/null
        within 20 is_failed && says socket
        report $? "a socket unit with $lines: failed, and the status line says: $(show StatusText)"
        all_off
    done
    override $socket </dev/null
}

test_watchdog() {
    printf '[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n' | override $unit
    systemctl start $unit
    sleep 2.5
    active && [ "$(show NRestarts)" = 0 ]
    report $? "the watchdog is fed"
    systemctl kill -s STOP $unit
    within 15 restarted && within 5 active && offered
    report $? "a server that is stuck is started again"
    all_off
    override $unit </dev/null
}

test_updates() {
    local folder=$lib/updates/amd64-usr pid
    override $unit </release/serve-package-updates.conf
    mkdir -p $folder/9.9.9 $folder/9.9.10
    cp /release/update.gz $folder/9.9.9/flatcar_production_update.gz
    sed -i '/^OPTIONS/d' /etc/serve-package.env
    systemctl start $unit && offered 2
    report $? "with the drop-in it offers the updates of a folder"
    pid=$(show MainPID)
    cp /release/update.gz $folder/9.9.10/flatcar_production_update.gz
    systemctl reload $unit
    report $? "it can be reloaded"
    version='9\.9\.10' within 5 offered 2 && within 5 active && [ "$(show MainPID)" = "$pid" ]
    report $? "a reload offers what is new in the folder, without a restart: $(show StatusText)"
    systemctl restart $unit && journal '2 files have not changed since they were hashed'
    report $? "after a restart it knows the files that it has hashed"
    all_off
    override $unit </dev/null
    rm -r $lib/updates
    serve $lib/update.gz
}

test_mistakes() {
    serve $lib/no-such-file.gz
    systemctl start $unit 2>/dev/null
    within 20 is_failed
    report $? "a wrong package path gives a failed unit"
    systemctl status --no-pager $unit | grep -q 'Status: .*no-such-file\.gz.*no such file'
    report $? "its status line says why: $(show StatusText)"
    journal 'no-such-file\.gz.*no such file' -p err
    report $? "so does the journal, as an error"
    all_off
    rm /etc/serve-package.env
    systemctl start $unit 2>/dev/null
    is_failed && [ "$(show NRestarts)" = 0 ] && journal --package-file -p err
    report $? "without settings it fails at once, and the journal names the flag"
    all_off
    serve $lib/update.gz
    systemctl start $unit && offered 2
    report $? "once the mistake is put right, it starts"
    systemctl stop $unit
}

# A machine with update_engine on the bus, which is played: its files, its unit, and its programs.
update_begin() {
    # What is read-only here, with more in it.
    mkdir /run/share
    mount --bind --make-private /usr/share /run/share && mount -t tmpfs tmpfs /usr/share && mount -t tmpfs tmpfs /usr/local || return
    ln -s /run/share/* /usr/share/
    mkdir -p /usr/share/{flatcar/oems/fixture,update_engine} /usr/local/{bin,sbin,lib/systemd/system} /etc/{flatcar,dbus-1/system.d}
    printf 'FLATCAR_RELEASE_VERSION=1.0.0\nFLATCAR_RELEASE_BOARD=amd64-usr\n' >/usr/share/flatcar/release
    printf 'GROUP=stable\n' >/usr/share/flatcar/update.conf
    echo ID=fixture >/etc/oem-release
    cp /release/key.pem /usr/share/update_engine/update-payload-key.pub.pem
    cp /release/bus/update_engine /usr/local/sbin
    cp /release/bus/update_engine_client /usr/local/bin
    cp /release/bus/update-engine.service /usr/local/lib/systemd/system
    cp /release/bus/com.coreos.update1.conf /etc/dbus-1/system.d
    printf '# ours\nSERVER=disabled\nREBOOT_STRATEGY=off' >/etc/flatcar/update.conf
    chmod 0640 /etc/flatcar/update.conf
    chown 1234:5678 /etc/flatcar/update.conf
    systemctl daemon-reload
    systemctl reload-or-restart dbus
    PATH=/usr/local/bin:$PATH
}

updating=(/release/serve-package update --package-file /release/system.gz --package-version 9.9.9 --extension /release/oem-fixture.gz)
update_machine() { # [OPTION…]: what it prints is in /tmp/updated
    timeout 120 "${updating[@]}" "$@" >/tmp/updated 2>&1
}
update_says() { grep -q -- "$1" /tmp/updated; }
update_settings() { (cd /etc/flatcar && stat -c '%n %a %u %g' -- *&& cat update.conf); }
update_unit() { systemctl is-enabled update-engine; systemctl is-active update-engine; }
update_state() { update_settings; update_unit; }
update_report() { # STATUS DESCRIPTION
    report "$1" "$2"
    [ "$1" = 0 ] || { sed 's/^/    /' /tmp/updated; update_state; systemctl status --no-pager -n 20 update-engine; } 2>&1 | sed 's/^/    /'
}

test_update() {
    local before status option
    if ! /usr/bin/python3 -c 'import dbus, gi' 2>/dev/null; then
        echo "NOT SHOWN: an update of this machine, for want of the packages python3-dbus and python3-gi"
        return
    fi
    update_begin
    report $? "there is a machine with update_engine on the bus"
    before=$(update_settings)

    for option in '' --runtime; do
        systemctl mask $option update-engine 2>/dev/null
        update_machine
        status=$?
        [ $status = 0 ] && [ "$(tail -n 1 /tmp/updated)" = "systemctl reboot" ] && update_says 'is masked, which is undone'
        update_report $? "a machine whose unit is masked $option is updated (exit status $status)"
        [ "$(update_settings)" = "$before" ]
        update_report $? "its settings are as before, and nothing lies beside them"
        [ "$(update_unit)" = "masked${option:+-runtime}"$'\n'inactive ]
        update_report $? "its unit is masked again, and stopped: $(update_unit | tr '\n' ' ')"
        systemctl unmask $option update-engine 2>/dev/null
    done

    systemctl mask update-engine 2>/dev/null
    touch /run/update-engine-waits
    "${updating[@]}" >/tmp/updated 2>&1 &
    within 30 grep -qs 'the update is offered' /tmp/updated
    kill -KILL $!
    wait $! 2>/dev/null
    rm /run/update-engine-waits
    systemctl -q is-active update-engine && [ -e /etc/flatcar/update.conf.serve-package-record ]
    update_report $? "an update that is killed leaves a record"
    /release/serve-package update --restore >/tmp/updated 2>&1 && [ "$(update_settings)" = "$before" ] &&
        [ "$(update_unit)" = masked$'\n'inactive ]
    update_report $? "--restore puts back what it has left"
    systemctl unmask update-engine 2>/dev/null

    systemctl start update-engine
    update_machine
    [ $? = 1 ] && update_says 'the running system may not be marked good yet'
    update_report $? "a machine that was just started is not updated"
    touch /run/update-engine-fails
    update_machine --force
    status=$?
    [ $status = 1 ] && update_says 'the update failed: postinstall runner error (5)' && update_says '^    Postinst command failed with code: 7'
    update_report $? "a failure is told, with the lines of the journal that tell why (exit status $status)"
    [ "$(update_settings)" = "$before" ] && systemctl -q is-active update-engine
    update_report $? "the settings are as before, and the unit runs"
    rm /run/update-engine-fails
    systemctl stop update-engine
    update_machine
    status=$?
    [ $status = 0 ] && [ "$(update_settings)" = "$before" ] && [ "$(systemctl is-active update-engine)" = inactive ]
    update_report $? "a machine whose unit does not run is updated, and the unit is stopped again"
}

inside() {
    test_readme
    # For the rest, installed as it was before the manual removed it, with the socket.
    local install
    install=$(grep -l 'serve-package.{service,socket}$' /release/readme/*.sh | head -n 1)
    cd $home && readme_run "$(basename "$install" .sh)" >/dev/null && cd /
    mkdir -p $lib
    head -c 48M /dev/urandom >$lib/update.gz
    truncate -s 2G $lib/big.gz
    systemctl daemon-reload

    test_units
    test_ready
    test_socket
    test_restart
    test_kill
    test_stop
    test_socket_only
    test_wrong_sockets
    test_watchdog
    test_updates
    test_mistakes
    test_update
    ! journal 'Operation not permitted|Permission denied|panicked'
    report $? "the sandbox denied nothing, and nothing panicked"
    journal . -p info && ! journal '^<[0-7]>'
    report $? "the journal's lines have their priorities"
    echo "$passed passed, $failed failed"
}

# ---------------------------------------------------------------------------------- outside

skip() {
    echo "SKIPPED: the boot test, because $*"
    exit 77
}

outside() {
    [ -x "${1:-}" ] || { echo "usage: tests/boot.sh BINARY" >&2; exit 2; }
    [ "$(id -u)" = 0 ] || skip "it needs root"
    # The last three are for a played update_engine.
    local packages=(systemd systemd-container dbus python3-dbus python3-gi)
    if ! dpkg -s "${packages[@]}" >/dev/null 2>&1 && [ "${APT_INSTALL:-}" = 1 ]; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2
    fi
    for tool in systemd-nspawn curl; do
        command -v $tool >/dev/null || skip "$tool is missing (systemd-nspawn is in the package systemd-container)"
    done

    local here
    here=$(cd "$(dirname "$0")/.." && pwd)
    stage=$(mktemp -d)
    # nspawn itself leaves empty folders and control groups behind.
    leftovers=()
    for folder in /run/systemd/nspawn /sys/fs/cgroup/{,*/}{payload,supervisor}; do
        [ -e "$folder" ] || leftovers+=("$folder")
    done
    trap 'rm -rf "$stage"; find "${leftovers[@]}" -depth -type d -exec rmdir {} + 2>/dev/null' EXIT
    mkdir "$stage/release" "$stage/results"
    # The archive, and unpacked what is in it.
    mkdir "$stage/archives" "$stage/release/readme"
    "$here/dist/archive.sh" "$stage/archives" >/dev/null || exit 1
    for archive in "$stage"/archives/*.tar.gz; do
        tar -C "$stage/release" --strip-components=1 -xzf "$archive"
        ! cmp -s "$1" "$stage/release/serve-package" || break
    done
    cmp "$1" "$stage/release/serve-package" || { echo "boot.sh: dist/archive.sh packs other binaries than $1" >&2; exit 2; }
    install -m 0644 "$archive" "$here"/fixtures/{update,oem-fixture}.gz "$stage/release/"
    cp "$here/fixtures/update.gz" "$stage/release/system.gz"
    cp -r "$here/tests/update/bus" "$here/fixtures/payloads/key.pem" "$stage/release/"
    install -m 0755 "$0" "$stage/release/boot.sh"
    readme_blocks "$stage/release/readme" "${documents[@]/#/$stage/release/}" >"$stage/release/readme/list"

    timeout -k 10 420 systemd-nspawn --quiet --register=no --keep-unit --volatile=yes -D / \
        --machine="serve-package-test-$$" --private-network --console=pipe \
        --bind-ro="$stage/release:/release" --bind="$stage/results:/results" \
        --boot systemd.firstboot=no systemd.run='"/bin/bash /release/boot.sh --inside"' \
        </dev/null >"$stage/boot.log" 2>&1 &
    local booted=$!
    # Lines as they come; tail ends with the machine.
    touch "$stage/results/report"
    tail -q -n +1 -f --pid=$booted "$stage/results/report"
    wait $booted
    local status=$?

    if [ ! -s "$stage/results/report" ]; then
        tail -n 20 "$stage/boot.log"
        skip "no systemd could be booted here (systemd-nspawn's exit status $status; its last lines stand above)"
    fi
    if ! tail -n 1 "$stage/results/report" | grep -q ' passed, '; then
        echo "not ok - the boot test ended early (exit status $status)"
        tail -n 20 "$stage/boot.log"
        exit 1
    fi
    tail -n 1 "$stage/results/report" | grep -q ' 0 failed$'
}

case ${1:-} in
    --inside) inside >/results/report 2>&1 ;;
    --list) cd "$(dirname "$0")/.." && readme_blocks /dev/null README.md dist/manual/service.md ;;
    *) outside "$@" ;;
esac
