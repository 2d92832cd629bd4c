//! What becomes of a machine by what it does.

use omaha::protocol::{ErrorCode, EventResult, EventType, request::Event};
use omaha::server::{Activity, Download, Machine};
use omaha::{Reason, Version, is_extension_name};

use super::record::{Key, Record};
use super::state::State;
use super::{MachineTracker, News, Offered, SAVED_EVERY, is_nobody};
use crate::log::Priority;

/// Takes note of what happened.
pub(super) fn note(tracker: &mut MachineTracker, activity: &Activity<'_>, now: u64) {
    match activity {
        Activity::Checked { machine, offered, reason, .. } => {
            checked(tracker, machine, *offered, reason, now);
        }
        Activity::Pinged { machine, .. }
        | Activity::CheckFailed { machine, .. }
        | Activity::AppRefused { machine, .. } => {
            hear(tracker, machine, now, |_| {});
        }
        Activity::Reported { machine, event, with_check, .. } => {
            reported(tracker, machine, event, *with_check, now);
        }
        Activity::DownloadStarted(download) => {
            tracker.counts.transfers += 1;
            tracker.addresses.begin_transfer(download.address.ip());
            downloaded(tracker, download, download.range.start, now);
        }
        Activity::DownloadProgressed { download, at, .. } => {
            downloaded(tracker, download, *at, now)
        }
        Activity::DownloadFinished { download, .. } => {
            tracker.counts.downloads_finished += 1;
            ended(tracker, download, download.range.end, now);
        }
        Activity::DownloadCut { download, at, .. } => {
            tracker.counts.downloads_cut += 1;
            ended(tracker, download, *at, now);
        }
        _ => {}
    }
}

fn checked(
    tracker: &mut MachineTracker,
    machine: &Machine<'_>,
    offered: Option<&Version>,
    reason: &Reason,
    now: u64,
) {
    if is_nobody(machine.id) {
        return;
    }
    let is_offered = offered.is_some();
    if is_offered {
        tracker.counts.checks_offered += 1;
    } else {
        tracker.counts.checks_not_offered += 1;
    }
    let key = tracker.key(machine);
    let has_offered = tracker.offered.is(machine.version, tracker.get(&key));
    hear_as(tracker, &key, machine, now, |record| {
        record.state = match record.state {
            _ if is_offered => State::Offered,
            State::Updated => State::Updated,
            state if *reason == Reason::UpToDate => {
                let was_offered = record.attempts > 0 || state == State::WaitingForReboot;
                if was_offered { State::Updated } else { State::UpToDate }
            }
            // The next one is not its yet.
            State::WaitingForReboot if has_offered => State::Seen,
            state @ (State::Failed | State::CameBackOld | State::WaitingForReboot) => state,
            _ => State::Seen,
        };
        if *reason == Reason::UpToDate {
            record.is_held = false;
        }
        if is_offered {
            record.attempts = record.attempts.saturating_add(1);
            (record.bytes, record.size) = (0, 0);
            record.is_step = *reason == Reason::Floor;
        }
    });
    if let Some(record) = tracker.machines.get_mut(&key) {
        let mut note = String::new();
        match offered {
            Some(offered) => tracker.texts.keep(offered.as_str(), &mut record.offered),
            None => note = reason.to_string(),
        }
        if *record.note != *note {
            record.note = note.as_str().into();
        }
    }
    if is_offered || *reason == Reason::Wait {
        tell_oem(tracker, machine);
    }
}

/// Tells once that a machine's OEM needs an extension that is not offered.
fn tell_oem(tracker: &mut MachineTracker, machine: &Machine<'_>) {
    let Some(missing) = tracker.missing_extension(machine.oem) else { return };
    let Some(record) = tracker.record_of(machine) else { return };
    if std::mem::replace(&mut record.is_oem_told, true) {
        return;
    }
    let (who, oem) = (crate::report::Who(machine), crate::format::Quoted(machine.oem));
    let missing = crate::format::Quoted(&missing);
    let line = format!(
        "{who}, has the OEM {oem}, and no package ends in {missing}: its update will fail unless \
         it reaches the public server (or its OEM has no extension)"
    );
    tracker.news.push(News::Say(Priority::Warning, line));
}

fn reported(
    tracker: &mut MachineTracker,
    machine: &Machine<'_>,
    event: &Event,
    with_check: bool,
    now: u64,
) {
    let failed = event.result == EventResult::ERROR;
    if failed && !is_nobody(machine.id) {
        let code = event.error_code.map_or(0, |code| code.base().code());
        tracker.counts.fail(code);
    }
    hear(tracker, machine, now, |record| {
        if failed {
            record.error = Some(event.error_code.unwrap_or(ErrorCode::ERROR));
            if !with_check {
                record.state = State::Failed;
                record.has_failed = true;
            }
            return;
        }
        if event.result == EventResult::UPDATE_DEFERRED {
            record.error = event.error_code;
            return;
        }
        if event.result != EventResult::SUCCESS {
            return;
        }
        record.state = match event.event_type {
            EventType::UPDATE_DOWNLOAD_STARTED => State::Downloading,
            EventType::UPDATE_DOWNLOAD_FINISHED => State::Installing,
            EventType::UPDATE_COMPLETE => State::WaitingForReboot,
            _ => return,
        };
        if record.state == State::WaitingForReboot {
            record.has_completed = true;
            record.error = None;
        }
    });
}

/// A download is so far. It is the payload of the only machine at its address.
fn downloaded(tracker: &mut MachineTracker, download: &Download<'_>, at: u64, now: u64) {
    let address = download.address.ip();
    let Some(key) = tracker.addresses.only(address).cloned() else { return };
    let is_payload = match &tracker.offered {
        Offered::Version(_) => download.package == tracker.payload,
        Offered::Updates(_) => !is_extension_name(download.package),
    };
    change(tracker, &key, now, |record| {
        record.last_heard = now;
        if is_payload {
            if record.state == State::Offered {
                record.state = State::Downloading;
            }
            (record.bytes, record.size) = (at, download.size);
        }
    });
}

fn ended(tracker: &mut MachineTracker, download: &Download<'_>, at: u64, now: u64) {
    tracker.counts.transfers = tracker.counts.transfers.saturating_sub(1);
    tracker.counts.bytes_sent += at.saturating_sub(download.range.start);
    downloaded(tracker, download, at, now);
    tracker.addresses.end_transfer(download.address.ip());
}

/// A machine has said something.
fn hear(
    tracker: &mut MachineTracker,
    machine: &Machine<'_>,
    now: u64,
    change_record: impl FnOnce(&mut Record),
) {
    if !is_nobody(machine.id) {
        let key = tracker.key(machine);
        hear_as(tracker, &key, machine, now, change_record);
    }
}

/// The machine with this key has said something.
fn hear_as(
    tracker: &mut MachineTracker,
    key: &Key,
    machine: &Machine<'_>,
    now: u64,
    change_record: impl FnOnce(&mut Record),
) {
    let address = machine.address.ip();
    let is_new = !tracker.machines.contains_key(key);
    if is_new {
        tracker.make_room();
        let record = Record::new(address, now);
        tracker.counts.add(&record);
        tracker.machines.insert(key.clone(), Box::new(record));
        tracker.addresses.enter(address, key);
        tracker.news.push(News::Changed(key.clone()));
    }
    tracker.addresses.speak(address, key);
    if let Some(record) = tracker.machines.get_mut(key) {
        if record.address != address {
            tracker.addresses.leave(record.address);
            tracker.addresses.enter(address, key);
            record.previous_address = Some(record.address);
            record.address = address;
        }
        let texts = &mut tracker.texts;
        texts.keep(machine.alias, &mut record.alias);
        texts.keep(machine.board, &mut record.board);
        texts.keep(machine.oem, &mut record.oem);
        texts.keep(machine.oem_version, &mut record.oem_version);
        texts.keep(machine.track, &mut record.channel);
        texts.keep(machine.version.as_str(), &mut record.version);
    }
    change(tracker, key, now, |record| {
        record.last_heard = now;
        change_record(record);
    });
}

/// Changes what is known of a machine, and tells if it has another state.
fn change(tracker: &mut MachineTracker, key: &Key, now: u64, change: impl FnOnce(&mut Record)) {
    let Some(record) = tracker.machines.get_mut(key) else { return };
    tracker.counts.remove(record);
    let before = record.shown();
    let error = record.error;
    record.is_silent = false;
    change(record);
    tracker.counts.add(record);
    tracker.expected.note(key, record, &mut tracker.counts);
    if record.shown() != before {
        record.since = now;
    }
    let is_news = record.shown() != before || record.error != error;
    if !is_news && now.saturating_sub(record.saved) < SAVED_EVERY {
        return;
    }
    record.saved = now;
    let key = key.clone();
    let news = if is_news { News::Changed(key) } else { News::Heard(key) };
    if tracker.news.last() != Some(&news) {
        tracker.news.push(news);
    }
}

impl MachineTracker {
    /// What is known of a machine that was heard just now.
    fn record_of(&mut self, machine: &Machine<'_>) -> Option<&mut Record> {
        let key = self.key(machine);
        self.machines.get_mut(&key).map(Box::as_mut)
    }
}
