//! Machines that a directory of updates offers one version after the other.

use super::*;

/// A directory of updates, of which a machine is offered one after the other.
struct Folder(Script);

impl Folder {
    fn new() -> Self {
        let mut script = Script::new(Rules { at_once: Some(1), ..Rules::default() });
        script.tracker.set_offered(Offered::Updates("3.0.0 for amd64-usr".to_owned()));
        Self(script)
    }

    /// Asks with this version, where this one is offered next.
    fn check(
        &mut self,
        id: &str,
        version: &str,
        next: &str,
        reason: &Reason,
    ) -> Result<(), Reason> {
        let Script { tracker, now } = &mut self.0;
        let version = VersionText::from(version);
        let machine = machine(id, 1, &version);
        let next: omaha::Version = next.parse().unwrap();
        let package = omaha::protocol::response::Package::default();
        let update = Update::from_packages(next.clone(), omaha::Codebase::default(), [package]);
        tracker.arrive(&machine, false, *now);
        tracker.consider(&Arc::new(update));
        let answer = tracker.may_offer(&machine);
        let offered = answer.is_ok().then_some(&next);
        let reason = answer.as_ref().err().unwrap_or(reason);
        tracker.note(&Activity::checked(machine, offered, reason), *now);
        answer
    }

    fn complete(&mut self, id: &str) {
        for kind in [13, 14, 3] {
            self.0.report(id, 1, kind, 1, false);
        }
    }

    fn updated(&self) -> (usize, usize, usize) {
        let counts = self.0.tracker.counts();
        (counts.done(), counts.updated(), counts.busy())
    }
}

#[test]
fn a_floor_is_not_the_end() {
    let mut folder = Folder::new();
    assert_eq!(folder.check("a", "1.0.0", "2.0.0", &Reason::Floor), Ok(()));
    folder.complete("a");
    assert_eq!(folder.0.state_of("a"), State::WaitingForReboot);
    assert_eq!(folder.updated(), (0, 0, 1));
    // It keeps its place.
    assert_eq!(folder.check("b", "1.0.0", "2.0.0", &Reason::Floor), Err(Reason::Wait));
    assert_eq!(folder.check("a", "2.0.0", "3.0.0", &Reason::Older), Ok(()));
    assert_eq!(folder.0.state_of("a"), State::Offered);
    folder.complete("a");
    assert_eq!(folder.updated(), (1, 1, 0));
    assert!(!folder.0.said().contains("came back old"));
}

#[test]
fn who_came_back_old_may_have_another_version() {
    let mut folder = Folder::new();
    assert_eq!(folder.check("a", "1.0.0", "3.0.0", &Reason::Older), Ok(()));
    folder.complete("a");
    for _ in 0..2 {
        let answer = folder.check("a", "1.0.0", "3.0.0", &Reason::Older);
        assert_eq!(answer, Err(Reason::CameBackOld));
    }
    let said = folder.0.said();
    assert!(said.contains("update to 3.0.0 complete and has 1.0.0"), "{said}");
    assert_eq!(folder.check("a", "1.0.0", "3.0.1", &Reason::Older), Ok(()));
}

#[test]
fn the_extension_must_be_in_the_update_that_is_offered() {
    let mut folder = Folder::new();
    assert_eq!(folder.0.tracker.missing_extension("azure"), None);
    let _ = folder.check("a", "1.0.0", "3.0.0", &Reason::Older);
    assert_eq!(folder.0.tracker.missing_extension("azure").as_deref(), Some("oem-azure.gz"));
    let download = &Download::new(
        ([10, 0, 0, 1], 9).into(),
        "amd64-usr/3.0.0/flatcar_production_update.gz",
        200,
        0..200,
    );
    folder.0.tracker.note(&Activity::DownloadStarted(download), 1);
    folder.0.tracker.note(&Activity::download_progressed(download, 50), 1);
    assert_eq!(folder.0.tracker.get(&Key::Id("a".into())).unwrap().percent(), Some(25));
}
