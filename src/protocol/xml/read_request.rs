//! Reading `<request>`.

use std::io::Read;

use super::attributes::Element;
use super::error::ReadError;
use super::reader::Reader;
use super::source::BUFFER;
use crate::protocol::request::{App, Event, Os, Ping, Request, UpdateCheck};
use crate::protocol::{ErrorCode, EventResult, EventType, Protocol};

type Result<T> = std::result::Result<T, ReadError>;

impl Request {
    /// Reads a request document.
    ///
    /// Reading stops at the end of the root element; what follows is ignored.
    /// The source is asked for 2 KiB at a time and not again once that end was
    /// seen, so up to 2 KiB of what follows may have been taken from it.
    ///
    /// Elements and attributes that the protocol does not have are ignored,
    /// and so are namespaces. Where the protocol has one element and there are
    /// several, the last one counts.
    ///
    /// # Errors
    ///
    /// When the source fails, when the document is not well-formed XML in
    /// UTF-8, has a document type declaration, is not a `<request>` of
    /// protocol 3.0, has a number, truth value or digest that is none, or is
    /// beyond one of the [limits](crate::protocol::limits).
    pub fn read(mut source: impl Read) -> Result<Self> {
        let mut buffer = [0; BUFFER];
        let mut reader = Reader::new(&mut source, &mut buffer);
        let root = reader.root("request")?;
        request(&mut reader, root)
    }
}

fn request(reader: &mut Reader<'_>, element: Element) -> Result<Request> {
    let mut request = Request { protocol: Protocol::V3, ..Request::default() };
    element.attributes(|name, value| {
        match name {
            "version" => request.version = value.text(),
            "updaterversion" => request.updater_version = value.text(),
            "installsource" => request.install_source = value.text(),
            "ismachine" => request.is_machine = value.flag()?,
            "requestid" => request.request_id = value.text(),
            "sessionid" => request.session_id = value.text(),
            "userid" => request.user_id = value.text(),
            "testsource" => request.test_source = value.text(),
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "os" => request.os = Some(os(reader, child)?),
            "app" => request.apps.push(app(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(request)
}

fn os(reader: &mut Reader<'_>, element: Element) -> Result<Os> {
    let mut os = Os::default();
    element.attributes(|name, value| {
        match name {
            "platform" => os.platform = value.text(),
            "version" => os.version = value.text(),
            "sp" => os.service_pack = value.text(),
            "arch" => os.arch = value.text(),
            _ => {}
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(os)
}

fn app(reader: &mut Reader<'_>, element: Element) -> Result<App> {
    let mut app = App::default();
    element.attributes(|name, value| {
        match name {
            "appid" => app.id = value.text(),
            "version" => app.version = value.text().into(),
            "nextversion" => app.next_version = value.text().into(),
            "lang" => app.lang = value.text(),
            "client" => app.client = value.text(),
            "installage" => app.install_age = value.number()?,
            "track" => app.track = value.text(),
            "from_track" => app.from_track = value.text(),
            "board" => app.board = value.text(),
            "hardware_class" => app.hardware_class = value.text(),
            "delta_okay" => app.delta_okay = value.boolean()?,
            "bootid" => app.boot_id = value.text(),
            "machineid" => app.machine_id = value.text(),
            "machinealias" => app.machine_alias = value.text(),
            "oem" => app.oem = value.text(),
            "oemversion" => app.oem_version = value.text(),
            "alephversion" => app.aleph_version = value.text(),
            "multi_manifest_ok" => app.multi_manifest_ok = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "ping" => app.ping = Some(ping(reader, child)?),
            "updatecheck" => app.update_check = Some(update_check(reader, child)?),
            "event" => app.events.push(event(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(app)
}

fn ping(reader: &mut Reader<'_>, element: Element) -> Result<Ping> {
    let mut ping = Ping::default();
    element.attributes(|name, value| {
        match name {
            "active" => ping.active = value.flag()?,
            "a" => ping.last_active_report_days = value.number()?,
            "r" => ping.last_report_days = value.number()?,
            _ => {}
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(ping)
}

fn update_check(reader: &mut Reader<'_>, element: Element) -> Result<UpdateCheck> {
    let mut check = UpdateCheck::default();
    element.attributes(|name, value| {
        match name {
            "targetversionprefix" => check.target_version_prefix = value.text(),
            "updatedisabled" => check.update_disabled = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(check)
}

fn event(reader: &mut Reader<'_>, element: Element) -> Result<Event> {
    let mut event = Event::default();
    element.attributes(|name, value| {
        match name {
            "eventtype" => {
                event.event_type = value.number()?.map(EventType::new).unwrap_or_default();
            }
            "eventresult" => {
                event.result = value.number()?.map(EventResult::new).unwrap_or_default();
            }
            "errorcode" => event.error_code = value.number()?.map(ErrorCode::new),
            "nextversion" => event.next_version = value.text().into(),
            "previousversion" => event.previous_version = value.text().into(),
            _ => {}
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(event)
}
