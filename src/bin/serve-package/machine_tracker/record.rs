//! What is known of a machine.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use omaha::protocol::ErrorCode;

use super::state::State;
use super::texts::SharedText;

/// What tells machines apart: the id; the address, where there is none; both,
/// where several addresses share an id (clones).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Id(Arc<str>),
    Address(IpAddr),
    Clone(Arc<str>, IpAddr),
}

impl Key {
    /// The id, if several machines have it.
    pub fn shared_id(&self) -> Option<Arc<str>> {
        match self {
            Self::Clone(id, _) => Some(Arc::clone(id)),
            Self::Id(_) | Self::Address(_) => None,
        }
    }

    /// The machine's id, or nothing.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Clone(id, _) => id,
            Self::Address(_) => "",
        }
    }
}

/// What is known of a machine. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub alias: SharedText,
    pub board: SharedText,
    pub oem: SharedText,
    pub oem_version: SharedText,
    pub channel: SharedText,
    pub version: SharedText,
    /// Why it was offered nothing, the last time that it asked; or nothing.
    pub not_offered: SharedText,
    pub address: IpAddr,
    /// Where it was before, if it was elsewhere.
    pub previous_address: Option<IpAddr>,
    pub first_heard: u64,
    pub last_heard: u64,
    /// The state without silence.
    pub state: State,
    /// Since when.
    pub since: u64,
    /// When it was last written to the state file that it was heard.
    pub saved: u64,
    pub is_silent: bool,
    /// Whether it has failed or come back old, now or once.
    pub has_failed: bool,
    /// Whether it has reported this update complete.
    pub has_completed: bool,
    /// The version that it was offered last, or nothing.
    pub offered: SharedText,
    /// Whether that is a floor on its way to a newer one.
    pub is_step: bool,
    /// Whether it is offered nothing more: it came back old in this run.
    pub is_held: bool,
    /// Whether a missing OEM extension was reported.
    pub is_oem_told: bool,
    /// The last failure that it reported.
    pub error: Option<ErrorCode>,
    /// How often it was offered the update.
    pub attempts: u32,
    /// How much of the payload it has, and how much there is.
    pub bytes: u64,
    pub size: u64,
}

impl Record {
    pub fn new(address: IpAddr, now: u64) -> Self {
        Self {
            alias: SharedText::default(),
            board: SharedText::default(),
            oem: SharedText::default(),
            oem_version: SharedText::default(),
            channel: SharedText::default(),
            version: SharedText::default(),
            not_offered: SharedText::default(),
            offered: SharedText::default(),
            is_step: false,
            address,
            previous_address: None,
            first_heard: now,
            last_heard: now,
            state: State::Seen,
            since: now,
            saved: now,
            is_silent: false,
            has_failed: false,
            has_completed: false,
            is_held: false,
            is_oem_told: false,
            error: None,
            attempts: 0,
            bytes: 0,
            size: 0,
        }
    }

    /// The texts that many machines have in common.
    pub fn common_texts(&mut self) -> [&mut SharedText; 7] {
        let Self { board, oem, oem_version, channel, version, not_offered, offered, .. } = self;
        [board, oem, oem_version, channel, version, not_offered, offered]
    }

    /// The state, which is silence where nothing was heard for too long.
    pub fn shown(&self) -> State {
        if self.is_silent { State::Silent } else { self.state }
    }

    /// Whether it has reported a floor complete: its next update follows.
    pub fn is_between_updates(&self) -> bool {
        self.is_step && self.state == State::WaitingForReboot
    }

    /// Whether it counts for `--until-updated`.
    pub fn is_done(&self) -> bool {
        self.state.is_done() && !self.is_between_updates()
    }

    /// How much of the payload it has, in per cent, while it downloads.
    pub fn percent(&self) -> Option<u64> {
        (self.state == State::Downloading && self.size > 0)
            .then(|| self.bytes.saturating_mul(100) / self.size)
    }

    /// Its last failure, or else why it was offered nothing, in words.
    pub fn why(&self) -> String {
        match self.error {
            _ if self.state.is_done() => String::new(),
            Some(error) => error.to_string(),
            None if self.state == State::Seen => self.not_offered.to_string(),
            None => String::new(),
        }
    }

    /// Whether another machine with this id has spoken, and not this one from
    /// another address. Addresses change; but no machine is in two places by
    /// turns, or has an older version than it just had.
    pub fn is_other(&self, address: IpAddr, has_offered: impl FnOnce() -> bool) -> bool {
        self.address != address
            && (self.previous_address == Some(address)
                || matches!(self.state, State::WaitingForReboot | State::Updated) && !has_offered())
    }
}

/// A machine by its alias, or else its id, or else its address.
pub struct Name<'a>(pub &'a Key, pub &'a Record);

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.1.alias, self.0.id()) {
            ("", "") => write!(formatter, "{}", self.1.address),
            ("", id) => formatter.write_str(id),
            (alias, _) => formatter.write_str(alias),
        }
    }
}
