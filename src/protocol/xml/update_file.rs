//! `<update>`: go-omaha's file for an update, with a manifest's content.

use std::io::Read;

use super::attributes::Element;
use super::error::ReadError;
use super::read_response::{action, list, manifest, package, url};
use super::reader::Reader;
use super::source::BUFFER;
use super::write_response;
use super::writer::Writer;
use crate::protocol::VersionText;
use crate::protocol::response::Manifest;

/// What is in such a file.
#[derive(Debug, Default)]
pub(crate) struct UpdateFile {
    pub(crate) app_id: String,
    pub(crate) previous_version: VersionText,
    pub(crate) codebase: String,
    pub(crate) respect_delta_okay: bool,
    pub(crate) manifest: Manifest,
}

impl UpdateFile {
    pub(crate) fn read(mut source: impl Read) -> Result<Self, ReadError> {
        let mut buffer = [0; BUFFER];
        let mut reader = Reader::new(&mut source, &mut buffer);
        let root = reader.root_of_any_protocol("update")?;
        let file = read(&mut reader, root)?;
        reader.end().map(|()| file)
    }

    pub(crate) fn to_xml(&self) -> String {
        let mut writer = Writer::new();
        writer
            .element("update")
            .always("appid", &self.app_id)
            .text("previousversion", self.previous_version.as_str())
            .always("version", self.manifest.version.as_str())
            .boolean("is_floor", self.manifest.is_floor)
            .text("floor_reason", &self.manifest.floor_reason)
            .boolean("is_target", self.manifest.is_target)
            .boolean("respect_delta_okay", self.respect_delta_okay)
            .children(|writer| {
                writer.element("urls").children(|writer| {
                    writer.element("url").always("codebase", &self.codebase).empty();
                });
                write_response::content(writer, &self.manifest);
            });
        writer.finish()
    }
}

fn read(reader: &mut Reader<'_>, element: Element) -> Result<UpdateFile, ReadError> {
    let mut file = UpdateFile::default();
    element.attributes(|name, value| {
        match name {
            "appid" => file.app_id = value.text(),
            "previousversion" => file.previous_version = value.text().into(),
            "respect_delta_okay" => file.respect_delta_okay = value.boolean()?,
            "version" => file.manifest.version = value.text().into(),
            "is_floor" => file.manifest.is_floor = value.boolean()?,
            "floor_reason" => file.manifest.floor_reason = value.text(),
            "is_target" => file.manifest.is_target = value.boolean()?,
            _ => {}
        }
        Ok(())
    })?;
    let mut urls = Vec::new();
    while let Some(child) = reader.child()? {
        match child.name() {
            "urls" => list(reader, "url", &mut urls, url)?,
            "packages" => list(reader, "package", &mut file.manifest.packages, package)?,
            "actions" => list(reader, "action", &mut file.manifest.actions, action)?,
            // As the sample in go-omaha's tests has it, which its own type does
            // not read.
            "manifest" => {
                let within = manifest(reader, child)?;
                let version = std::mem::take(&mut file.manifest.version);
                file.manifest = within;
                if version != VersionText::Empty {
                    file.manifest.version = version;
                }
            }
            _ => reader.skip()?,
        }
    }
    // Go keeps the last of several.
    file.codebase = urls.pop().map(|url| url.codebase).unwrap_or_default();
    Ok(file)
}
