//! The machines that were heard, and how far each has come.
//!
//! What happens comes in as [`Activity`](omaha::server::Activity), a line of news for each change goes
//! out. Bounded: of more than [`MAX_MACHINES`] the longest silent ones go.

mod addresses;
mod counts;
mod expected;
mod oem;
mod offered;
mod record;
mod rollout;
mod state;
mod texts;
mod tracking;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use omaha::Update;
use omaha::server::Machine;

pub use counts::Counts;
pub use expected::Expected;
pub use offered::Offered;
pub use record::{Key, Name, Record};
pub use rollout::Rules;
pub use state::State;
pub use texts::{SharedText, cut};

use crate::log::Priority;
use addresses::Addresses;
use texts::Texts;

/// Maximum number of machines that are distinguished. Ids are the clients' word, so somebody
/// could invent them without end; this many take about 35 MB (`make bench`).
pub const MAX_MACHINES: usize = 100_000;

/// Of how many machines one goes when there are too many: to look for the
/// longest silent ones takes a look at all of them.
const EVICTED: usize = 64;

/// What has changed, for the log, the events and the state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A machine has another state.
    Changed(Key),
    /// A machine was heard again after a while, and nothing else is new.
    Heard(Key),
    /// A machine is no longer known by this key.
    Gone(Key),
    /// Something to tell the operator.
    Say(Priority, String),
    /// The same, however much there is to tell.
    Alarm(String),
}

/// The machines that were heard.
#[derive(Debug)]
pub struct MachineTracker {
    offered: Offered,
    /// The name of the operating system's package, if there is one update only.
    payload: String,
    /// The names of the packages beside it.
    extensions: Vec<String>,
    /// What the machine that asks may be offered, if anything.
    candidate: Option<Arc<Update>>,
    rules: Rules,
    /// Boxed, because a table of them has up to half of its places empty.
    machines: HashMap<Key, Box<Record>>,
    /// Ids that several machines have.
    shared: HashSet<Arc<str>>,
    addresses: Addresses,
    expected: Expected,
    texts: Texts,
    counts: Counts,
    news: Vec<News>,
    is_stop_told: bool,
    /// Silence before that is not the machines'.
    started: u64,
}

/// After how many seconds it is written again when a machine was last heard.
const SAVED_EVERY: u64 = 600;

impl MachineTracker {
    pub fn new(
        offered: Offered,
        packages: impl IntoIterator<Item = String>,
        rules: Rules,
        expected: Expected,
        started: u64,
    ) -> Self {
        let mut packages = packages.into_iter();
        let counts = Counts::expecting(expected.len());
        Self {
            offered,
            payload: packages.next().unwrap_or_default(),
            extensions: packages.collect(),
            candidate: None,
            rules,
            machines: HashMap::new(),
            shared: HashSet::new(),
            addresses: Addresses::default(),
            expected,
            texts: Texts::default(),
            counts,
            news: Vec::new(),
            is_stop_told: false,
            started,
        }
    }

    pub fn offered(&self) -> &Offered {
        &self.offered
    }

    /// The folder of updates holds other ones.
    pub fn set_offered(&mut self, offered: Offered) {
        self.offered = offered;
    }

    /// This is what the machine that asks may be offered.
    pub fn consider(&mut self, update: &Arc<Update>) {
        self.candidate = Some(Arc::clone(update));
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Every machine, in no order.
    pub fn machines(&self) -> impl Iterator<Item = (&Key, &Record)> {
        self.machines.iter().map(|(key, record)| (key, &**record))
    }

    pub fn get(&self, key: &Key) -> Option<&Record> {
        self.machines.get(key).map(Box::as_ref)
    }

    /// Those that were expected and never heard.
    pub fn missing(&self) -> Vec<&str> {
        self.expected.missing()
    }

    /// The machines in the order in which an operator looks at them: first
    /// those that failed, and those that are done last.
    pub fn sorted(&self) -> Vec<(&Key, &Record)> {
        sorted(self.machines())
    }

    /// The extension that a machine with this OEM needs and is not offered.
    pub fn missing_extension(&self, oem: &str) -> Option<String> {
        if matches!(self.offered, Offered::Version(_)) {
            return oem::missing_extension(oem, self.extensions.iter().map(String::as_str));
        }
        let packages = &self.candidate.as_ref()?.manifest.packages;
        oem::missing_extension(oem, packages.iter().map(|package| &*package.name))
    }

    /// What has changed since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Takes over what was known of a machine before a restart.
    pub fn restore(&mut self, key: Key, mut record: Record) {
        for text in record.common_texts() {
            let read = std::mem::take(text);
            self.texts.keep(&read, text);
        }
        if let Key::Clone(id, _) = &key {
            self.shared.insert(Arc::clone(id));
        }
        self.addresses.enter(record.address, &key);
        self.counts.add(&record);
        self.expected.add(&key, &record, &mut self.counts);
        self.machines.insert(key, Box::new(record));
    }

    /// Marks machines as silent that were not heard for too long.
    pub fn sweep(&mut self, now: u64) {
        let silent_after = self.rules.silent_after.as_secs().max(1);
        for (key, record) in &mut self.machines {
            if !record.is_silent
                && record.state.may_fall_silent()
                && now.saturating_sub(record.last_heard.max(self.started)) >= silent_after
                && self.addresses.transfers(record.address) == 0
            {
                self.counts.remove(record);
                (record.is_silent, record.since) = (true, now);
                self.counts.add(record);
                self.news.push(News::Changed(key.clone()));
            }
        }
    }

    /// The key of a machine. Tells apart machines that share an id.
    fn key(&mut self, machine: &Machine<'_>) -> Key {
        let address = machine.address.ip();
        let id = cut(machine.id);
        if id.is_empty() {
            return Key::Address(address);
        }
        if let Some(id) = self.shared.get(id) {
            return Key::Clone(Arc::clone(id), address);
        }
        let key = Key::Id(Arc::from(id));
        let record = self.get(&key);
        let has_offered = || self.offered.is(machine.version, record);
        match record {
            Some(record) if record.is_other(address, has_offered) => {
                self.split(&key);
                Key::Clone(Arc::from(id), address)
            }
            _ => key,
        }
    }

    /// From now on the machines with this id are distinguished by their addresses.
    fn split(&mut self, key: &Key) {
        let Some(record) = self.machines.remove(key) else { return };
        let id: Arc<str> = Arc::from(key.id());
        let address = record.address;
        let other = Key::Clone(Arc::clone(&id), address);
        self.addresses.leave(address);
        self.addresses.enter(address, &other);
        self.machines.insert(other.clone(), record);
        self.news.push(News::Say(
            Priority::Warning,
            format!(
                "several machines have the id {}: they are told apart by their addresses. Clones? \
                 Remove /etc/machine-id from the image",
                crate::format::OneLine(&id)
            ),
        ));
        self.shared.insert(id);
        self.news.extend([News::Gone(key.clone()), News::Changed(other)]);
    }

    /// Has machines go that were silent for longest, if there are too many.
    fn make_room(&mut self) {
        if self.machines.len() < MAX_MACHINES {
            return;
        }
        let mut ages: Vec<_> = self.machines.values().map(|record| record.last_heard).collect();
        let number = (ages.len() / EVICTED).max(1);
        let (_, limit, _) = ages.select_nth_unstable(number - 1);
        let limit = *limit;
        let gone: Vec<Key> = self
            .machines
            .iter()
            .filter(|(_, record)| record.last_heard <= limit)
            .map(|(key, _)| key.clone())
            .take(number)
            .collect();
        for key in gone {
            if let Some(record) = self.machines.remove(&key) {
                self.counts.remove(&record);
                self.expected.remove(&key, &record, &mut self.counts);
                self.addresses.leave(record.address);
                self.news.push(News::Gone(key));
            }
        }
        // Those of machines that are gone are told apart again when they are back.
        self.shared = self.machines.keys().filter_map(Key::shared_id).collect();
    }
}

/// Machines in the order in which an operator looks at them.
pub fn sorted<'a>(
    machines: impl Iterator<Item = (&'a Key, &'a Record)>,
) -> Vec<(&'a Key, &'a Record)> {
    let mut machines: Vec<_> = machines.collect();
    machines.sort_by_cached_key(|(key, record)| {
        (record.shown() as usize, Name(key, record).to_string(), record.address)
    });
    machines
}

/// Whether this is the machine id that `serve-package check` has by default: it
/// asks as a machine would, but is none.
pub fn is_nobody(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte == b'0')
}
