//! `/status.json`, as a server sends it. `pages/json.rs` writes it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use omaha::protocol::ErrorCode;

use crate::json::{Reader, Unreadable, read};
use crate::machine_tracker::{MAX_MACHINES, Record, SharedText, State};

/// What a server says of its machines. Times are by the server's clock, in
/// seconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub time: u64,
    pub uptime: u64,
    pub offered: String,
    pub is_changed: bool,
    pub is_stopped: bool,
    pub downloads: u64,
    /// How many machines are in each state, also of those that are not listed.
    pub states: [u64; State::ALL.len()],
    /// Expected machines that were never heard.
    pub missing: Vec<String>,
    /// Each with its id, which may be empty.
    pub machines: Vec<(Arc<str>, Record)>,
    /// How many machines more there are.
    pub omitted: u64,
}

impl Document {
    /// Reads a document. Members that are not known are for newer programs.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut document = Self::default();
        let (mut has_time, mut has_machines) = (false, false);
        read(text, |reader| {
            reader.object(&mut |reader, name| {
                match name {
                    "time" => (document.time, has_time) = (time(reader)?, true),
                    "uptime_seconds" => document.uptime = reader.count()?,
                    "offered" => document.offered = reader.text()?.into_owned(),
                    "package_changed" => document.is_changed = reader.boolean()?,
                    "rollout_stopped" => document.is_stopped = reader.boolean()?,
                    "downloads_running" => document.downloads = reader.count()?,
                    "states" => states(reader, &mut document.states)?,
                    "missing" => reader.list(&mut |reader| {
                        document.missing.push(reader.text()?.into_owned());
                        at_most(MAX_MACHINES, document.missing.len(), reader)
                    })?,
                    "machines" => {
                        has_machines = true;
                        reader.list(&mut |reader| {
                            document.machines.push(machine(reader)?);
                            at_most(MAX_MACHINES, document.machines.len(), reader)
                        })?;
                    }
                    "omitted" => document.omitted = reader.count()?,
                    _ => reader.skip()?,
                }
                Ok(())
            })?;
            match has_time && has_machines {
                true => Ok(()),
                false => reader.refuse("there is no time, or no list of machines"),
            }
        })?;
        Ok(document)
    }
}

/// No server knows more, and each takes memory here.
fn at_most(most: usize, number: usize, reader: &Reader<'_>) -> Result<(), Unreadable> {
    if number > most { reader.refuse("it lists too many machines") } else { Ok(()) }
}

fn states(reader: &mut Reader<'_>, states: &mut [u64; State::ALL.len()]) -> Result<(), Unreadable> {
    reader.object(&mut |reader, name| {
        match State::from_name(&name.replace('_', "-")) {
            Some(state) => states[state as usize] = reader.count()?,
            None => reader.skip()?,
        }
        Ok(())
    })
}

fn machine(reader: &mut Reader<'_>) -> Result<(Arc<str>, Record), Unreadable> {
    let mut id = Arc::from("");
    let mut record = Record::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let (mut has_address, mut state, mut last_state) = (false, None, None);
    reader.object(&mut |reader, name| {
        match name {
            "machine" => id = Arc::from(&*reader.text()?),
            "alias" => record.alias = shared_text(reader)?,
            "address" => (record.address, has_address) = (address(reader)?, true),
            "board" => record.board = shared_text(reader)?,
            "oem" => record.oem = shared_text(reader)?,
            "oem_version" => record.oem_version = shared_text(reader)?,
            "channel" => record.channel = shared_text(reader)?,
            "version" => record.version = shared_text(reader)?,
            "offered" => record.offered = shared_text(reader)?,
            "state" => state = Some(known_state(reader)?),
            "last_state" => last_state = Some(known_state(reader)?),
            "step" => record.is_step = reader.boolean()?,
            "since" => record.since = time(reader)?,
            "first_heard" => record.first_heard = time(reader)?,
            "last_heard" => record.last_heard = time(reader)?,
            "attempts" => record.attempts = u32::try_from(reader.count()?).unwrap_or(u32::MAX),
            "bytes" => record.bytes = reader.count()?,
            "size" => record.size = reader.count()?,
            "not_offered" => record.not_offered = shared_text(reader)?,
            "error" => record.error = Some(ErrorCode::new(reader.integer()?)),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    record.is_silent = state == Some(State::Silent);
    let state = if record.is_silent { last_state.or(Some(State::Seen)) } else { state };
    match state {
        Some(state) if has_address => record.state = state,
        _ => return reader.refuse("a machine has no address, or no state"),
    }
    Ok((id, record))
}

fn shared_text(reader: &mut Reader<'_>) -> Result<SharedText, Unreadable> {
    Ok((&*reader.text()?).into())
}

fn address(reader: &mut Reader<'_>) -> Result<IpAddr, Unreadable> {
    match reader.text()?.parse() {
        Ok(address) => Ok(address),
        Err(_) => reader.refuse("expected an IP address before this"),
    }
}

fn known_state(reader: &mut Reader<'_>) -> Result<State, Unreadable> {
    match State::from_name(&reader.text()?) {
        Some(state) => Ok(state),
        None => reader.refuse("the state before this is not known: is the server a newer one?"),
    }
}

fn time(reader: &mut Reader<'_>) -> Result<u64, Unreadable> {
    let time = humantime::parse_rfc3339(&reader.text()?).ok();
    match time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
        Some(time) => Ok(time.as_secs()),
        None => reader.refuse("expected a time, such as 2024-11-05T06:07:08Z, before this"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine_tracker::{Counts, Key};
    use crate::pages::json::{Status, object};

    #[test]
    fn what_a_server_writes_is_read() {
        let mut record = Record::new([10, 0, 0, 7].into(), 1_730_786_828);
        record.alias = "rack \"1\"\n".into();
        record.version = "4081.2.0".into();
        (record.state, record.is_silent) = (State::Downloading, true);
        record.error = Some(ErrorCode::new(-2_147_483_638));
        (record.attempts, record.bytes, record.size) = (3, 1 << 40, 1 << 41);
        record.not_offered = "wait".into();
        (record.offered, record.is_step) = ("4152.2.0".into(), true);
        let other = Record::new("fe80::1".parse().unwrap(), 1);
        let mut counts = Counts::default();
        counts.transfers = 2;
        for record in [&record, &other] {
            counts.add(record);
        }
        counts.add_unknown(State::UpToDate, 5);
        let keys = [Key::Id("c0ffee".into()), Key::Address(other.address)];
        let machines = [(&keys[0], &record), (&keys[1], &other)];
        let text = object(&Status {
            uptime: 9,
            offered: "4152.2.0",
            is_changed: true,
            is_stopped: false,
            counts: &counts,
            missing: &["a", "b"],
            machines: &machines,
            omitted: 5,
        });
        let document = Document::read(&text.finish()).unwrap();
        assert!(document.time > 1_730_786_828);
        assert_eq!((document.uptime, document.offered.as_str()), (9, "4152.2.0"));
        assert_eq!((document.is_changed, document.is_stopped), (true, false));
        assert_eq!((document.downloads, document.omitted), (2, 5));
        assert_eq!(document.missing, ["a", "b"]);
        assert_eq!(document.states.iter().sum::<u64>(), 7);
        assert_eq!(document.states[State::Silent as usize], 1);
        assert_eq!(&*document.machines[0].0, "c0ffee");
        // When it was last saved is not told.
        let read = Record { saved: record.saved, ..document.machines[0].1.clone() };
        assert_eq!(read, record);
        assert_eq!((&*document.machines[1].0, document.machines[1].1.address), ("", other.address));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        let machine = |machine: &str| {
            format!("{{\"time\":\"2024-11-05T06:07:08Z\",\"machines\":[{machine}]}}")
        };
        assert!(Document::read(&machine("")).is_ok());
        assert!(Document::read(&machine(r#"{"address":"::1","state":"seen","new":{}}"#)).is_ok());
        let listed =
            |number| format!("[{}]", vec![r#"{"address":"::1","state":"seen"}"#; number].join(","));
        assert!(Document::read(&machine("").replace("[]", &listed(100_000))).is_ok());
        let names = format!("[{}]", vec!["\"\""; 100_001].join(","));
        for (text, why) in [
            ("{}".to_owned(), "there is no time, or no list of machines"),
            ("ok\n".to_owned(), "byte 0: expected an object"),
            (machine("7"), "expected an object"),
            (machine("{}"), "a machine has no address, or no state"),
            (machine(r#"{"state":"seen"}"#), "a machine has no address, or no state"),
            (machine(r#"{"address":"::1"}"#), "a machine has no address, or no state"),
            (machine(r#"{"address":"rack-1"}"#), "expected an IP address"),
            (machine(r#"{"address":"::1","state":"on-fire"}"#), "is not known"),
            (machine(r#"{"since":"yesterday"}"#), "expected a time"),
            (machine(r#"{"since":"1969-12-31T23:59:59Z"}"#), "expected a time"),
            (machine(r#"{"bytes":-1}"#), "expected a whole number"),
            (machine("").replace("[]", &listed(100_001)), "it lists too many machines"),
            (machine("").replace("machines", "missing").replace("[]", &names), "too many machines"),
        ] {
            let error = Document::read(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
