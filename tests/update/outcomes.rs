//! How an update ends, and that everything is as before then.

use rustix::process::{Pid, Signal, kill_process};

use crate::common::payload::Directory;
use crate::common::{EXTENSION, UPDATE, until};
use crate::machine::{CONF, Ended, Machine, RELEASE};

const BEFORE: &str = "GROUP=stable\nREBOOT_STRATEGY=off";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write(CONF, BEFORE);
    machine
}

/// Expects that the settings are restored, and that nothing lies beside them.
#[track_caller]
fn expect_as_before(machine: &Machine) {
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    assert_eq!(names(machine), ["update.conf"]);
}

/// What is in the folder of the settings.
fn names(machine: &Machine) -> Vec<String> {
    let entries = std::fs::read_dir(machine.path("etc/flatcar")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn installed() {
    let machine = machine();
    let ended = machine.update(&[]);
    ended.expect(
        0,
        &["the machine has asked", "the machine downloads update.gz", "the settings are restored"],
    );
    // To type, or to be copied.
    let end = "the update is installed and waits for the reboot\nsystemctl reboot\n";
    assert!(ended.output.ends_with(end), "{ended:#?}");
    assert!(!ended.output.contains(['\r', '\x1b']), "{ended:#?}");
    expect_as_before(&machine);
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update"]);
    // The next one finds that it is done.
    machine.update(&[]).expect(0, &["version 4152.2.0 is installed already"]);
}

/// The machine has read its settings before it asks, and does not read them
/// again: it has its answer, and does nothing yet, when they are back.
#[test]
fn how_early_the_settings_are_back() {
    let machine = machine();
    machine.set("hold-check", "");
    machine.set("hold-answer", "");
    let child = machine.start(&[]);
    machine.await_operation("CHECKING");
    assert!(machine.read(CONF).unwrap().contains("SERVER=http://127.0.0.1:"));
    machine.unset("hold-check");
    machine.await_operation("UPDATE_AVAILABLE");
    until("the settings", || machine.read(CONF).filter(|text| text == BEFORE));
    // And nothing is left beside them that a reboot could find.
    until("the record's end", || (names(&machine) == ["update.conf"]).then_some(()));
    machine.unset("hold-answer");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &["the update is installed"]);
    expect_as_before(&machine);
}

#[test]
fn rebooted() {
    let machine = machine();
    machine.mask("masked");
    machine.update(&["--reboot"]).expect(0, &["rebooting"]);
    expect_as_before(&machine);
    assert_eq!(machine.calls().last().unwrap(), "systemctl reboot");
    // Everything was back before.
    assert_eq!(machine.state("at-reboot").unwrap(), format!("update.conf\n{BEFORE}"));
    assert_eq!(machine.unit(), "masked\nmasked\ninactive\n");
}

#[test]
fn a_reboot_that_fails() {
    let machine = machine();
    machine.set("systemctl-fails", "reboot");
    let ended = machine.update(&["--reboot"]);
    ended.expect(1, &["the update is installed", "error: `systemctl reboot` failed"]);
    expect_as_before(&machine);
}

#[test]
fn an_older_version() {
    let machine = machine();
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4230.2.0"));
    machine.update(&["--force"]).expect(0, &["the update is installed"]);
    expect_as_before(&machine);
}

#[test]
fn failed() {
    for (event, said) in [
        (
            "eventresult=\"0\" errorcode=\"268435461\"",
            ": postinstall runner error (5), test URL; usually an extension that",
        ),
        ("eventresult=\"0\" errorcode=\"9\"", " (9); the download broke off too often"),
        ("eventresult=\"0\" errorcode=\"12\"", " (12); the payload is not signed with the key"),
        ("eventresult=\"0\" errorcode=\"999\"", ": error code 999\n"),
        ("eventresult=\"0\"", "\n"),
    ] {
        let machine = machine();
        machine.set("mode", "error");
        machine.set("error", event);
        machine.set("journal", "I fine\nE ERROR: oem-fixture.gz: no space left\n");
        let ended = machine.update(&["--reboot"]);
        ended.expect(
            1,
            &["    E ERROR: oem-fixture.gz: no space left\n", "the settings are restored"],
        );
        let error = ended.error.lines().last().unwrap_or_default();
        let (_, reported) =
            error.split_once("error: the machine reports that the update failed").unwrap();
        assert!(format!("{reported}\n").contains(said), "{event}: {error}");
        expect_as_before(&machine);
        assert!(!machine.calls().contains(&"systemctl reboot".to_owned()));
    }
}

#[test]
fn journals() {
    for (mode, text, said) in [
        ("hang", "", "error: the machine reports"),
        ("fail", "", "error: the machine reports"),
        ("nonsense", "", "update_engine's journal says:"),
        ("well", "I one\nI two\n", "journal says:\n    I one\n    I two\n"),
    ] {
        let machine = machine();
        machine.set("mode", "error");
        machine.set("journal-mode", mode);
        machine.set("journal", text);
        let mut command = machine.command_all(&[]);
        let output = command.env("SERVE_PACKAGE_WAIT", "8s").output().unwrap();
        let ended = Ended::from(output);
        ended.expect(1, &[said, "error: the machine reports that the update failed"]);
        assert!(ended.error.len() < 10_000_000 && !ended.error.contains('\x1b'), "{mode}");
        expect_as_before(&machine);
    }
    let machine = machine();
    machine.set("mode", "error");
    let mut command = machine.command_all(&[]);
    let output = command.env("PATH", machine.path_without("journalctl")).output().unwrap();
    Ended::from(output).expect(1, &["error: the machine reports that the update failed"]);
    expect_as_before(&machine);
}

/// The program sees the progress of the update, even if it cannot ask the daemon.
#[track_caller]
fn expect_installed_without_status(how: &str) {
    let machine = machine();
    machine.set("status-later", how);
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "8s").output().unwrap();
    let said = "the machine reports that the update is installed";
    Ended::from(output).expect(0, &[said, "the update is installed and waits for the reboot"]);
    expect_as_before(&machine);
}

#[test]
fn a_client_that_hangs() {
    expect_installed_without_status("hang");
}

#[test]
fn a_client_that_fails() {
    expect_installed_without_status("fail");
}

#[test]
fn a_client_that_says_nonsense() {
    expect_installed_without_status("nonsense");
}

#[test]
fn a_daemon_that_is_gone() {
    let machine = machine();
    machine.set("mode", "stuck");
    machine.set("status-later", "fail");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "5s").output().unwrap();
    Ended::from(output).expect(
        1,
        &["did not finish: `update_engine_client -status` failed (exit status: 1): \"[ERROR] Giving up"],
    );
    expect_as_before(&machine);
}

/// It is started again, and does not know of the update any more.
#[test]
fn a_daemon_that_crashes_at_the_end() {
    let machine = machine();
    machine.set("mode", "crash");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "5s").output().unwrap();
    let said =
        "did not finish: the machine reported it as installed, and then update_engine is idle";
    Ended::from(output).expect(1, &[said]);
    expect_as_before(&machine);
}

#[test]
fn a_trigger_that_hangs() {
    let machine = machine();
    machine.set("mode", "hang");
    let mut command = machine.command_all(&[]);
    let output = command.env("SERVE_PACKAGE_WAIT", "5s").output().unwrap();
    Ended::from(output)
        .expect(1, &["`update_engine_client -check_for_update` did not end within 5 s"]);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_is_offered_nothing() {
    let machine = machine();
    machine.set("version", "9999.0.0");
    machine
        .update(&[])
        .expect(1, &["error: the update did not finish: the machine was offered nothing: "]);
    expect_as_before(&machine);
}

#[test]
fn a_payload_that_is_changed_meanwhile() {
    let machine = machine();
    let copy = machine.path("copy.gz");
    std::fs::copy(UPDATE, &copy).unwrap();
    machine.set("hold-check", "");
    let arguments = ["--package-file", copy.to_str().unwrap(), "--package-version", "4152.2.0"];
    let child =
        machine.command(&[&arguments[..], &["--extension", EXTENSION]].concat()).spawn().unwrap();
    machine.await_operation("CHECKING");
    let mut file = std::fs::File::options().append(true).open(&copy).unwrap();
    std::io::Write::write_all(&mut file, b"more").unwrap();
    machine.unset("hold-check");
    Ended::from(child.wait_with_output().unwrap())
        .expect(1, &["the machine was offered nothing: ", "changed"]);
    expect_as_before(&machine);
}

#[test]
fn what_goes_wrong_on_the_way() {
    let machine = machine();
    machine.set("mode", "rollback");
    machine.update(&[]).expect(0, &["warning: the machine rolled back an earlier update"]);
    machine.set("operation", "UPDATE_STATUS_IDLE");
    machine.set("mode", "refusal");
    machine
        .update(&[])
        .expect(0, &["warning: a request was refused (\"DELETE /packages/update.gz\")"]);
    expect_as_before(&machine);
}

/// What cannot be put back stays recorded.
#[test]
fn settings_that_cannot_be_put_back() {
    let machine = machine();
    machine.set("hold-check", "");
    let child = machine.start(&["--events", "json"]);
    machine.await_operation("CHECKING");
    let (conf, moved) = (machine.path(CONF), machine.path("etc/moved"));
    std::fs::rename(&conf, &moved).unwrap();
    std::fs::create_dir(&conf).unwrap();
    machine.unset("hold-check");
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(
        1,
        &[
            "warning: \"",
            "; trying again at the end",
            "cannot be changed: it is a folder; the settings are not restored: serve-package update --restore",
            "\"event\":\"update-ended\",\"outcome\":\"failed\"",
        ],
    );
    std::fs::remove_dir(&conf).unwrap();
    std::fs::rename(&moved, &conf).unwrap();
    machine.run(&["--restore"]).expect(0, &["/etc/flatcar/update.conf is restored"]);
    expect_as_before(&machine);
}

#[test]
fn a_unit_that_does_not_stop() {
    let machine = machine();
    machine.mask("masked-runtime");
    machine.set("systemctl-fails", "stop");
    machine.update(&[]).expect(
        1,
        &["`systemctl stop update-engine.service` failed", "serve-package update --restore"],
    );
    // The settings are back all the same.
    assert_eq!(machine.read(CONF).as_deref(), Some(BEFORE));
    machine.unset("systemctl-fails");
    machine.run(&["--restore"]).expect(0, &[]);
    expect_as_before(&machine);
    assert_eq!(machine.unit(), "masked\nmasked-runtime\ninactive\n");
}

/// On a terminal one line changes, and the others stay.
#[test]
fn on_a_terminal() {
    let machine = machine();
    let update = machine.command_all(&[]);
    let line = [update.get_program()].into_iter().chain(update.get_args());
    let line: Vec<_> = line.map(|word| word.to_str().unwrap()).collect();
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line.join(" "), "/dev/null"]).env("TERM", "xterm");
    for (name, value) in update.get_envs() {
        command.env(name, value.unwrap());
    }
    let ended = Ended::from(command.stdin(std::process::Stdio::null()).output().unwrap());
    // The terminal's own line ends are CR LF.
    let text = ended.output.replace("\r\n", "\n");
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    for part in [
        "\rdownloading update.gz: 0 of 0 MB, 100 %\x1b[K",
        "\r\x1b[Kthe settings are restored\n",
        "\nsystemctl reboot\n",
    ] {
        assert!(text.contains(part), "{part:?}: {text:?}");
    }
    expect_as_before(&machine);
}

#[test]
fn refused_by_the_daemon() {
    let machine = machine();
    machine.set("mode", "refused");
    machine.update(&[]).expect(1, &[
        "`update_engine_client -check_for_update` failed (exit status: 1): \"[ERROR] the daemon is busy\"",
    ]);
    expect_as_before(&machine);
}

/// A daemon that is asking another server ignores the trigger.
#[test]
fn a_trigger_that_is_lost() {
    let machine = machine();
    machine.set("mode", "deaf");
    let output = machine.command_all(&[]).env("SERVE_PACKAGE_WAIT", "12s").output().unwrap();
    Ended::from(output).expect(0, &["the check is triggered again", "the update is installed"]);
    let trigger = "update_engine_client -check_for_update";
    assert_eq!(machine.calls(), [trigger, trigger]);
    expect_as_before(&machine);
}

/// What is said of a machine that does not ask, after something was done to it
/// meanwhile.
#[track_caller]
fn expect_not_asked(machine: &Machine, meanwhile: impl FnOnce(), said: &str) {
    machine.set("mode", "silent");
    let mut command = machine.command_all(&[]);
    let child = command.env("SERVE_PACKAGE_WAIT", "5s").spawn().unwrap();
    until("a change of the settings", || {
        machine.read(CONF).filter(|text| text.contains("127.0.0.1"))
    });
    meanwhile();
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(1, &[&format!("error: the machine did not ask for the update: {said}\n")]);
}

#[test]
fn a_machine_that_does_not_ask() {
    let machine = machine();
    expect_not_asked(&machine, || {}, "update_engine is idle");
    expect_as_before(&machine);
}

#[test]
fn a_machine_whose_unit_ends() {
    let machine = machine();
    let end = || machine.set("update-engine.service.active", "failed");
    expect_not_asked(
        &machine,
        end,
        "update-engine.service does not run any more; update_engine is idle",
    );
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_does_not_say() {
    let machine = machine();
    let end = || {
        machine.set("status", "fail");
        machine.set("systemctl-nonsense", "show");
    };
    let said = "`systemctl show` says \"bananas\\n\", which is not understood; `update_engine_client \
                -status` failed (exit status: 1): \"[ERROR] Giving up -- unable to get dbus proxy\"";
    expect_not_asked(&machine, end, said);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_asks_a_proxy() {
    let machine = machine();
    machine.mask("masked");
    let start = || {
        machine.set("update-engine.service.process", "7");
        machine.write("proc/7/environ", "http_proxy=http://proxy:3128\0");
        machine.set("operation", "UPDATE_STATUS_CHECKING_FOR_UPDATE");
    };
    let said = "update_engine runs with http_proxy, so it asks a proxy instead of this program; set \
                NO_PROXY=127.0.0.1 beside it (systemctl edit update-engine), and restart \
                update-engine; update_engine is asking";
    expect_not_asked(&machine, start, said);
    expect_as_before(&machine);
}

#[test]
fn a_machine_that_asks_somebody_else() {
    let machine = machine();
    let change = || machine.write(CONF, "SERVER=http://other/\n");
    let said = "update_engine is idle; somebody else has set SERVER=http://other/ in /etc/flatcar/update.conf";
    expect_not_asked(&machine, change, said);
    assert_eq!(machine.read(CONF).unwrap(), "SERVER=http://other/\n");
    assert_eq!(names(&machine), ["update.conf"]);
}

#[test]
fn a_machine_whose_settings_are_gone() {
    let machine = machine();
    std::fs::remove_file(machine.path("usr/share/flatcar/update.conf")).unwrap();
    let change = || machine.write(CONF, "GROUP=stable\n");
    let said = "update_engine is idle; somebody else has removed SERVER= from the settings";
    expect_not_asked(&machine, change, said);
}

#[test]
fn a_machine_that_does_nothing_with_the_answer() {
    let machine = machine();
    machine.set("mode", "idle");
    machine.update(&[]).expect(1, &["did not finish: update_engine is idle again"]);
    expect_as_before(&machine);
}

#[test]
fn the_deadline() {
    let machine = machine();
    machine.set("mode", "stuck");
    let ended = machine.update(&["--deadline", "2s"]);
    ended.expect(3, &["error: the update took longer than 2s", "the settings are restored"]);
    expect_as_before(&machine);
}

#[test]
fn interrupted() {
    for signal in [Signal::INT, Signal::TERM, Signal::QUIT] {
        let machine = machine();
        machine.set("hold-download", "");
        let child = machine.start(&[]);
        machine.await_operation("DOWNLOADING");
        // A connection to the machine that breaks is no reason to end.
        for signal in [Signal::HUP, signal] {
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
        }
        let ended = Ended::from(child.wait_with_output().unwrap());
        ended.expect(130, &["the settings are restored", "error: interrupted"]);
        expect_as_before(&machine);
        machine.unset("hold-download");
    }
}

#[test]
fn one_at_a_time() {
    let machine = machine();
    machine.set("hold-download", "");
    let child = machine.start(&[]);
    machine.await_operation("DOWNLOADING");
    machine.update(&[]).expect(1, &["error: another `serve-package update` runs"]);
    machine.run(&["--restore"]).expect(1, &["error: another `serve-package update` runs"]);
    machine.unset("hold-download");
    Ended::from(child.wait_with_output().unwrap()).expect(0, &[]);
    expect_as_before(&machine);
}

#[test]
fn a_masked_unit_is_masked_again_and_stopped() {
    let machine = machine();
    machine.mask("masked");
    machine.update(&[]).expect(0, &["update-engine.service is masked", "the update is installed"]);
    let unit = |verb| format!("systemctl {verb} update-engine.service");
    // Before the check it is masked again already.
    assert_eq!(
        machine.calls(),
        [
            unit("unmask"),
            unit("start"),
            unit("mask"),
            "update_engine_client -check_for_update".to_owned(),
            unit("mask"),
            unit("stop"),
        ]
    );
    expect_as_before(&machine);
}

/// Somebody has masked it, and it runs until the next boot.
#[test]
fn a_masked_unit_that_runs() {
    let machine = machine();
    machine.mask("masked");
    machine.set("update-engine.service.active", "active\n");
    machine.update(&[]).expect(0, &["the update is installed"]);
    assert_eq!(machine.calls(), ["update_engine_client -check_for_update"]);
    assert_eq!(machine.unit(), "masked\nmasked\nactive\n");
    expect_as_before(&machine);
}

#[test]
fn a_unit_that_does_not_start() {
    let machine = machine();
    machine.set("update-engine.service.active", "inactive");
    machine.set("systemctl-fails", "start");
    machine.update(&[]).expect(1, &["`systemctl start update-engine.service` failed"]);
    assert_eq!(machine.calls().last().unwrap(), "systemctl stop update-engine.service");
    expect_as_before(&machine);
}

#[test]
fn events() {
    let machine = machine();
    let ended = machine.update(&["--events", "json"]);
    ended.expect(0, &[]);
    assert!(ended.output.lines().all(|line| line.starts_with("{\"time\":")), "{ended:#?}");
    for event in [
        "\"event\":\"check\"",
        "\"event\":\"download-finished\"",
        "\"event\":\"update-ended\",\"outcome\":\"installed\",\"text\":",
    ] {
        assert!(ended.output.contains(event), "{event}: {ended:#?}");
    }
    assert!(ended.error.contains("the settings are restored"), "{ended:#?}");

    // Whatever becomes of it, there is an end.
    for (mode, outcome) in [("error", "failed"), ("refused", "failed")] {
        machine.set("mode", mode);
        machine.set("operation", "UPDATE_STATUS_IDLE");
        let ended = machine.update(&["--events", "json"]);
        let end = format!("\"event\":\"update-ended\",\"outcome\":\"{outcome}\",");
        assert!(
            ended.output.lines().last().unwrap_or_default().contains(&end),
            "{mode}: {ended:#?}"
        );
    }
    let ended = machine.update(&["--events", "json", "--dry-run", "--no-oem"]);
    assert_eq!(ended.output, "", "{ended:#?}");
    machine.write("usr/share/flatcar/release", &RELEASE.replace("4081.2.0", "4152.2.0"));
    let ended = machine.update(&["--events", "json"]);
    assert!(ended.output.contains("\"outcome\":\"current\""), "{ended:#?}");
}

/// The program says what it says to a terminal that is not read.
#[test]
fn nobody_reads() {
    let machine = machine();
    let directory = Directory::new();
    let closed = std::fs::File::open(directory.write("x", b"")).unwrap();
    let status = machine.command_all(&[]).stdout(closed).status().unwrap();
    assert_eq!(status.code(), Some(0));
    expect_as_before(&machine);
}
