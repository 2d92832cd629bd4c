//! The lines of the state file.
//!
//! A line is fields between tabs, the last of them a checksum of what is before
//! it (XXH3): one that was torn by a crash is known. The first field says what it is:
//! `v` the version that is offered from there on, `m` a machine as it is now,
//! `g` a machine that is known by this key no more.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use omaha::protocol::ErrorCode;
use xxhash_rust::xxh3::xxh3_64;

use crate::machine_tracker::{Key, Record, State};

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Offered(String),
    Machine(Key, Box<Record>),
    Gone(Key),
}

/// The line for the version that is offered.
pub fn offered(version: &str) -> String {
    finish(format!("v\t{}", escape(version)))
}

/// The line for a machine.
pub fn machine(key: &Key, record: &Record) -> String {
    let mut line = format!("m\t{}", key_fields(key, record.address));
    let texts = [
        &record.alias,
        &record.board,
        &record.oem,
        &record.oem_version,
        &record.channel,
        &record.version,
        &record.not_offered,
    ];
    for text in texts {
        let _ = write!(line, "\t{}", escape(text));
    }
    let previous = record.previous_address.map(|address| address.to_string()).unwrap_or_default();
    let error = record.error.map(|error| error.code().to_string()).unwrap_or_default();
    let _ = write!(
        line,
        "\t{previous}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{error}\t{}\t{}\t{}\t{}\t{}",
        record.first_heard,
        record.last_heard,
        record.state.as_str(),
        record.since,
        u8::from(record.is_silent),
        u8::from(record.has_failed),
        u8::from(record.has_completed),
        record.attempts,
        record.bytes,
        record.size,
        escape(&record.offered),
        u8::from(record.is_step),
    );
    finish(line)
}

/// The line for a machine that is known no more.
pub fn gone(key: &Key) -> String {
    let address = match key {
        Key::Address(address) | Key::Clone(_, address) => *address,
        Key::Id(_) => IpAddr::from([0, 0, 0, 0]),
    };
    finish(format!("g\t{}", key_fields(key, address)))
}

fn key_fields(key: &Key, address: IpAddr) -> String {
    let kind = match key {
        Key::Id(_) => 'i',
        Key::Address(_) => 'a',
        Key::Clone(..) => 'c',
    };
    format!("{kind}\t{}\t{address}", escape(key.id()))
}

fn finish(mut line: String) -> String {
    let checksum = xxh3_64(line.as_bytes());
    let _ = writeln!(line, "\t{checksum:016x}");
    line
}

/// Reads a line without its end. None if it is torn, or from a program that
/// writes others.
pub fn read(line: &str) -> Option<Line> {
    let (content, checksum) = line.rsplit_once('\t')?;
    if checksum != format!("{:016x}", xxh3_64(content.as_bytes())) {
        return None;
    }
    let mut fields = content.split('\t');
    match fields.next()? {
        "v" => Some(Line::Offered(unescape(fields.next()?))),
        "g" => Some(Line::Gone(read_key(&mut fields)?.0)),
        "m" => {
            let (key, address) = read_key(&mut fields)?;
            read_machine(&mut fields, address).map(|record| Line::Machine(key, Box::new(record)))
        }
        _ => None,
    }
}

fn read_key<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<(Key, IpAddr)> {
    let (kind, id) = (fields.next()?, Arc::from(unescape(fields.next()?)));
    let address = fields.next()?.parse().ok()?;
    let key = match kind {
        "i" => Key::Id(id),
        "a" => Key::Address(address),
        "c" => Key::Clone(id, address),
        _ => return None,
    };
    Some((key, address))
}

fn read_machine<'a>(fields: &mut impl Iterator<Item = &'a str>, address: IpAddr) -> Option<Record> {
    let mut record = Record::new(address, 0);
    for place in [
        &mut record.alias,
        &mut record.board,
        &mut record.oem,
        &mut record.oem_version,
        &mut record.channel,
        &mut record.version,
        &mut record.not_offered,
    ] {
        *place = (&*unescape(fields.next()?)).into();
    }
    record.previous_address = optional(fields.next()?)?;
    record.first_heard = fields.next()?.parse().ok()?;
    record.last_heard = fields.next()?.parse().ok()?;
    record.state = State::from_name(fields.next()?)?;
    record.since = fields.next()?.parse().ok()?;
    record.is_silent = fields.next()? == "1";
    record.has_failed = fields.next()? == "1";
    record.has_completed = fields.next()? == "1";
    record.error = optional(fields.next()?)?.map(ErrorCode::new);
    record.attempts = fields.next()?.parse().ok()?;
    record.bytes = fields.next()?.parse().ok()?;
    record.size = fields.next()?.parse().ok()?;
    // A program before this one did not write these.
    record.offered = (&*unescape(fields.next().unwrap_or_default())).into();
    record.is_step = fields.next() == Some("1");
    record.saved = record.last_heard;
    Some(record)
}

/// A value or nothing; none if it is neither.
fn optional<T: std::str::FromStr>(field: &str) -> Option<Option<T>> {
    if field.is_empty() { Some(None) } else { field.parse().ok().map(Some) }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let address = IpAddr::from([10, 0, 0, 7]);
        let mut record = Record::new(address, 5);
        record.alias = "a\tb\nc\\d\r<img onerror>é".into();
        record.not_offered = "its version is newer".into();
        record.previous_address = "::1".parse().ok();
        record.state = State::Downloading;
        (record.since, record.last_heard, record.saved) = (6, 7, 7);
        (record.is_silent, record.has_failed, record.has_completed) = (true, true, true);
        record.error = Some(ErrorCode::new(-5));
        (record.attempts, record.bytes, record.size) = (1, 2, 3);
        (record.offered, record.is_step) = ("4152.2.0".into(), true);
        record
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        for key in [
            Key::Id("a b\t".into()),
            Key::Address(record.address),
            Key::Clone("c".into(), record.address),
        ] {
            let line = machine(&key, &record);
            assert_eq!(line.matches('\n').count(), 1);
            let expected = Line::Machine(key.clone(), Box::new(record.clone()));
            assert_eq!(read(line.trim_end()), Some(expected));
            assert_eq!(read(gone(&key).trim_end()), Some(Line::Gone(key)));
        }
        assert_eq!(read(offered("1.2.3").trim_end()), Some(Line::Offered("1.2.3".to_owned())));
    }

    #[test]
    fn a_torn_line_is_none() {
        let line = machine(&Key::Id("a".into()), &record());
        let line = line.trim_end();
        for end in 0..line.len() {
            if line.is_char_boundary(end) {
                assert_eq!(read(&line[..end]), None, "{}", &line[..end]);
            }
        }
        assert_eq!(read("x\t00000000"), None);
    }
}
