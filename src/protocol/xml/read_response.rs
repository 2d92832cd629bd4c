//! Reading `<response>`.

use std::io::Read;

use super::attributes::Element;
use super::error::ReadError;
use super::reader::Reader;
use super::source::BUFFER;
use crate::protocol::response::{
    Action, App, DayStart, Manifest, Metadata, Package, Response, UpdateCheck, Url,
};
use crate::protocol::{AckStatus, Protocol};

type Result<T> = std::result::Result<T, ReadError>;

impl Response {
    /// Reads a response document, by the same rules as
    /// [`Request::read`](crate::protocol::Request::read), except that nothing
    /// may follow the root element but white space and comments: what a proxy
    /// appends there makes `update_engine` refuse the answer (its error 31).
    ///
    /// # Errors
    ///
    /// As for a request.
    pub fn read(mut source: impl Read) -> Result<Self> {
        let mut buffer = [0; BUFFER];
        let mut reader = Reader::new(&mut source, &mut buffer);
        let root = reader.root("response")?;
        let response = response(&mut reader, root)?;
        reader.end().map(|()| response)
    }
}

fn response(reader: &mut Reader<'_>, element: Element) -> Result<Response> {
    let mut response = Response { protocol: Protocol::V3, ..Response::default() };
    element.attributes(|name, value| {
        if name == "server" {
            response.server = value.text();
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "daystart" => response.day_start = Some(day_start(reader, child)?),
            "app" => response.apps.push(app(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(response)
}

fn day_start(reader: &mut Reader<'_>, element: Element) -> Result<DayStart> {
    let mut day_start = DayStart::default();
    element.attributes(|name, value| {
        if name == "elapsed_seconds" {
            day_start.elapsed_seconds = value.number()?.unwrap_or_default();
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(day_start)
}

fn app(reader: &mut Reader<'_>, element: Element) -> Result<App> {
    let mut app = App::default();
    element.attributes(|name, value| {
        match name {
            "appid" => app.id = value.text(),
            "status" => app.status = value.word(),
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "ping" => app.ping = Some(acknowledgement(reader, child)?),
            "updatecheck" => app.update_check = Some(update_check(reader, child)?),
            "event" => app.events.push(acknowledgement(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(app)
}

fn acknowledgement(reader: &mut Reader<'_>, element: Element) -> Result<AckStatus> {
    let mut status = AckStatus::default();
    element.attributes(|name, value| {
        if name == "status" {
            status = value.word();
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(status)
}

fn update_check(reader: &mut Reader<'_>, element: Element) -> Result<UpdateCheck> {
    let mut check = UpdateCheck::default();
    element.attributes(|name, value| {
        match name {
            "status" => check.status = value.word(),
            "PollInterval" => check.poll_interval = value.number()?,
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "urls" => list(reader, "url", &mut check.urls, url)?,
            "manifest" => check.manifests.push(manifest(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(check)
}

/// Reads the elements of one name within the present element, which exists
/// only to hold them. If there are several such, all of them count.
pub(super) fn list<T>(
    reader: &mut Reader<'_>,
    name: &str,
    into: &mut Vec<T>,
    read: impl Fn(&mut Reader<'_>, Element) -> Result<T>,
) -> Result<()> {
    while let Some(child) = reader.child()? {
        if child.name() == name {
            into.push(read(reader, child)?);
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}

pub(super) fn url(reader: &mut Reader<'_>, element: Element) -> Result<Url> {
    let mut url = Url::default();
    element.attributes(|name, value| {
        if name == "codebase" {
            url.codebase = value.text();
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(url)
}

pub(super) fn manifest(reader: &mut Reader<'_>, element: Element) -> Result<Manifest> {
    let mut manifest = Manifest::default();
    element.attributes(|name, value| {
        match name {
            "version" => manifest.version = value.text().into(),
            "is_floor" => manifest.is_floor = value.boolean()?,
            "floor_reason" => manifest.floor_reason = value.text(),
            "is_target" => manifest.is_target = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "packages" => list(reader, "package", &mut manifest.packages, package)?,
            "actions" => list(reader, "action", &mut manifest.actions, action)?,
            _ => reader.skip()?,
        }
    }
    Ok(manifest)
}

pub(super) fn package(reader: &mut Reader<'_>, element: Element) -> Result<Package> {
    let mut package = Package::default();
    element.attributes(|name, value| {
        match name {
            "name" => package.name = value.text(),
            "hash" => package.sha1 = value.sha1()?,
            "hash_sha256" => package.sha256 = value.sha256()?,
            "size" => package.size = value.number()?.unwrap_or_default(),
            "required" => package.required = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    while let Some(child) = reader.child()? {
        match child.name() {
            "metadata" => package.metadata = Some(metadata(reader, child)?),
            _ => reader.skip()?,
        }
    }
    Ok(package)
}

fn metadata(reader: &mut Reader<'_>, element: Element) -> Result<Metadata> {
    let mut metadata = Metadata::default();
    element.attributes(|name, value| {
        if name == "content-type" {
            metadata.content_type = value.text();
        }
        Ok(())
    })?;
    metadata.content = reader.text()?;
    Ok(metadata)
}

pub(super) fn action(reader: &mut Reader<'_>, element: Element) -> Result<Action> {
    let mut action = Action::default();
    element.attributes(|name, value| {
        match name {
            "event" => action.event = value.text(),
            "DisplayVersion" => action.display_version = value.text(),
            "sha256" => action.sha256 = value.sha256()?,
            "needsadmin" => action.needs_admin = value.boolean()?,
            "IsDeltaPayload" => action.is_delta_payload = value.boolean()?,
            "DisablePayloadBackoff" => action.disable_payload_backoff = value.boolean()?,
            "MaxFailureCountPerUrl" => action.max_failure_count_per_url = value.number()?,
            "MetadataSignatureRsa" => action.metadata_signature_rsa = value.text(),
            "MetadataSize" => action.metadata_size = value.number()?,
            "deadline" => action.deadline = value.text(),
            "MoreInfo" => action.more_info = value.text(),
            "Prompt" => action.prompt = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    reader.skip()?;
    Ok(action)
}
