//! What becomes of a machine by what it does.

use omaha::protocol::{ErrorCode, EventResult, EventType, request::Event};
use omaha::server::{Activity, Download, Machine};
use omaha::{Reason, Version, is_extension_name};

use super::record::{Key, Record};
use super::state::State;
use super::{MachineTracker, News, Offered, SAVED_EVERY, is_nobody};
use crate::log::Priority;

impl MachineTracker {
    /// Takes note of what happened.
    pub fn note(&mut self, activity: &Activity<'_>, now: u64) {
        match activity {
            Activity::Checked { machine, offered, reason, .. } => {
                self.checked(machine, *offered, reason, now);
            }
            Activity::Pinged { machine, .. }
            | Activity::CheckFailed { machine, .. }
            | Activity::AppRefused { machine, .. } => {
                self.hear(machine, now, |_| {});
            }
            Activity::Reported { machine, event, with_check, .. } => {
                self.reported(machine, event, *with_check, now);
            }
            Activity::DownloadStarted(download) => {
                self.counts.transfers += 1;
                self.addresses.begin_transfer(download.address.ip());
                self.downloaded(download, download.range.start, now);
            }
            Activity::DownloadProgressed { download, at, .. } => {
                self.downloaded(download, *at, now)
            }
            Activity::DownloadFinished { download, .. } => {
                self.counts.downloads_finished += 1;
                self.ended(download, download.range.end, now);
            }
            Activity::DownloadCut { download, at, .. } => {
                self.counts.downloads_cut += 1;
                self.ended(download, *at, now);
            }
            _ => {}
        }
        self.tell_stop();
    }

    fn checked(
        &mut self,
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
            self.counts.checks_offered += 1;
        } else {
            self.counts.checks_not_offered += 1;
        }
        let key = self.key(machine);
        let has_offered = self.offered.is(machine.version, self.get(&key));
        self.hear_as(&key, machine, now, |record| {
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
        if let Some(record) = self.machines.get_mut(&key) {
            let why_not = match offered {
                Some(offered) => {
                    self.texts.keep(offered.as_str(), &mut record.offered);
                    String::new()
                }
                None => reason.to_string(),
            };
            self.texts.keep(&why_not, &mut record.not_offered);
        }
        if is_offered || *reason == Reason::Wait {
            self.tell_oem(&key, machine);
        }
    }

    /// Tells once that a machine's OEM needs an extension that is not offered.
    fn tell_oem(&mut self, key: &Key, machine: &Machine<'_>) {
        if self.get(key).is_none_or(|record| record.is_oem_told) {
            return;
        }
        let Some(missing) = self.missing_extension(machine.oem) else { return };
        if let Some(record) = self.machines.get_mut(key) {
            record.is_oem_told = true;
        }
        let (who, oem) = (crate::report::Who(machine), crate::format::OneLine(machine.oem));
        let missing = crate::format::OneLine(&missing);
        let line = format!(
            "{who}, has the OEM {oem}, and no package ends in {missing}: its update will fail \
             unless it reaches the public server (or its OEM has no extension)"
        );
        self.news.push(News::Say(Priority::Warning, line));
    }

    fn reported(&mut self, machine: &Machine<'_>, event: &Event, with_check: bool, now: u64) {
        let failed = event.result == EventResult::ERROR;
        if failed && !is_nobody(machine.id) {
            self.counts.fail(event.error_code.unwrap_or(ErrorCode::ERROR).base().code());
            self.counts.failed_in_run += usize::from(!with_check);
        }
        self.hear(machine, now, |record| {
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
    fn downloaded(&mut self, download: &Download<'_>, at: u64, now: u64) {
        let address = download.address.ip();
        let Some(key) = self.addresses.only(address).cloned() else { return };
        let is_payload = match &self.offered {
            Offered::Version(_) => download.package == self.payload,
            Offered::Updates(_) => !is_extension_name(download.package),
        };
        self.change(&key, now, |record| {
            record.last_heard = now;
            if is_payload {
                if record.state == State::Offered {
                    record.state = State::Downloading;
                }
                (record.bytes, record.size) = (at, download.size);
            }
        });
    }

    fn ended(&mut self, download: &Download<'_>, at: u64, now: u64) {
        self.counts.transfers = self.counts.transfers.saturating_sub(1);
        self.counts.bytes_sent += at.saturating_sub(download.range.start);
        self.downloaded(download, at, now);
        self.addresses.end_transfer(download.address.ip());
    }

    /// A machine has said something.
    fn hear(&mut self, machine: &Machine<'_>, now: u64, change_record: impl FnOnce(&mut Record)) {
        if !is_nobody(machine.id) {
            let key = self.key(machine);
            self.hear_as(&key, machine, now, change_record);
        }
    }

    /// The machine with this key has said something.
    fn hear_as(
        &mut self,
        key: &Key,
        machine: &Machine<'_>,
        now: u64,
        change_record: impl FnOnce(&mut Record),
    ) {
        let address = machine.address.ip();
        let is_new = !self.machines.contains_key(key);
        if is_new {
            self.make_room();
            let record = Record::new(address, now);
            self.counts.add(&record);
            self.machines.insert(key.clone(), Box::new(record));
            self.addresses.enter(address, key);
            self.news.push(News::Changed(key.clone()));
        }
        self.addresses.speak(address, key);
        if let Some(record) = self.machines.get_mut(key) {
            if !is_new {
                self.expected.remove(key, record, &mut self.counts);
            }
            if record.address != address {
                self.addresses.leave(record.address);
                self.addresses.enter(address, key);
                record.previous_address = Some(record.address);
                record.address = address;
            }
            let texts = &mut self.texts;
            texts.keep(machine.alias, &mut record.alias);
            texts.keep(machine.board, &mut record.board);
            texts.keep(machine.oem, &mut record.oem);
            texts.keep(machine.oem_version, &mut record.oem_version);
            texts.keep(machine.track, &mut record.channel);
            texts.keep(machine.version.as_str(), &mut record.version);
            self.expected.add(key, record, &mut self.counts);
        }
        self.change(key, now, |record| {
            record.last_heard = now;
            change_record(record);
        });
    }

    /// Changes what is known of a machine, and tells if it has another state.
    fn change(&mut self, key: &Key, now: u64, change: impl FnOnce(&mut Record)) {
        let Some(record) = self.machines.get_mut(key) else { return };
        self.counts.remove(record);
        self.expected.remove(key, record, &mut self.counts);
        let before = record.shown();
        let error = record.error;
        record.is_silent = false;
        change(record);
        self.counts.add(record);
        self.expected.add(key, record, &mut self.counts);
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
        if self.news.last() != Some(&news) {
            self.news.push(news);
        }
    }
}
