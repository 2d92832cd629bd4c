//! What the manual shows is what is printed.

use std::fs;
use std::process::Command;

use crate::common::{EXTENSION, UPDATE};
use crate::machine::{Ended, Machine};

const MANUAL: &str = include_str!("../../dist/manual/update.md");

/// The block that begins with this fence, and what follows it.
fn block(text: &'static str, fence: &str) -> (&'static str, &'static str) {
    let (_, rest) = text.split_once(&format!("```{fence}\n")).unwrap();
    rest.split_once("```").unwrap()
}

#[test]
fn the_command_prints_what_is_shown() {
    let (commands, rest) = block(MANUAL, "sh update");
    let (shown, _) = block(rest, "text");
    let (update, reboot) = commands.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(reboot, "sudo systemctl reboot");

    let machine = Machine::new();
    machine.write("etc/oem-release", "ID=azure\n");
    machine.write("usr/share/flatcar/oems/azure", "");
    machine.write("etc/flatcar/enabled-sysext.conf", "podman\n");
    let folder = machine.path("home");
    fs::create_dir(&folder).unwrap();
    fs::copy(UPDATE, folder.join("flatcar_production_update.gz")).unwrap();
    for name in ["oem-azure.gz", "flatcar-podman.gz"] {
        fs::copy(EXTENSION, folder.join(name)).unwrap();
    }
    let run = machine.command(&[]);
    let update = update.replace("sudo ./serve-package", &run.get_program().to_string_lossy());
    let mut command = Command::new("bash");
    command.args(["-c", &update]).current_dir(&folder);
    for (name, value) in run.get_envs() {
        command.env(name, value.unwrap());
    }
    let ended = Ended::from(command.output().unwrap());
    assert_eq!((ended.status, &*ended.error), (Some(0), ""), "{ended:#?}");
    // How far the stand-in is when it is asked differs from one run to the next.
    let printed: String = ended
        .output
        .lines()
        .filter(|line| !line.starts_with("update_engine is ") && !line.starts_with("downloading "))
        .map(|line| format!("{line}\n"))
        .collect();
    let shown: String = shown
        .lines()
        .filter(|line| !line.starts_with("update_engine is ") && !line.starts_with("downloading "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(printed, shown);
}
