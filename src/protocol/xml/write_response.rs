//! Writing `<response>`.

use std::io;

use super::writer::Writer;
use crate::protocol::response::{Action, App, Manifest, Package, Response, UpdateCheck};

impl Response {
    /// The response as an XML document in UTF-8, indented, in the order of
    /// go-omaha.
    ///
    /// Whatever is in the texts, the document is well-formed, and reading it
    /// gives an equal response, except that the characters XML 1.0 cannot hold (most
    /// control characters, U+FFFE and U+FFFF) come back as U+FFFD. A reader
    /// of this crate refuses it if it is beyond one of the
    /// [limits](crate::protocol::limits).
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new();
        response(&mut writer, self);
        writer.finish()
    }

    /// Writes the response as an XML document, in one piece.
    ///
    /// # Errors
    ///
    /// When the sink fails.
    pub fn write(&self, mut sink: impl io::Write) -> io::Result<()> {
        sink.write_all(self.to_xml().as_bytes())
    }
}

fn response(writer: &mut Writer, response: &Response) {
    writer
        .element("response")
        .always("protocol", response.protocol.as_str())
        .text("server", &response.server)
        .children(|writer| {
            if let Some(day_start) = response.day_start {
                writer
                    .element("daystart")
                    .value("elapsed_seconds", Some(day_start.elapsed_seconds))
                    .empty();
            }
            for one in &response.apps {
                app(writer, one);
            }
        });
}

fn app(writer: &mut Writer, app: &App) {
    writer.element("app").always("appid", &app.id).always("status", app.status.as_str()).children(
        |writer| {
            if let Some(status) = &app.ping {
                writer.element("ping").always("status", status.as_str()).empty();
            }
            if let Some(check) = &app.update_check {
                update_check(writer, check);
            }
            for status in &app.events {
                writer.element("event").always("status", status.as_str()).empty();
            }
        },
    );
}

fn update_check(writer: &mut Writer, check: &UpdateCheck) {
    writer
        .element("updatecheck")
        .always("status", check.status.as_str())
        .value("PollInterval", check.poll_interval)
        .children(|writer| {
            // There even if it is empty, as go-omaha writes it.
            writer.element("urls").children(|writer| {
                for url in &check.urls {
                    writer.element("url").always("codebase", &url.codebase).empty();
                }
            });
            for one in &check.manifests {
                manifest(writer, one);
            }
        });
}

fn manifest(writer: &mut Writer, manifest: &Manifest) {
    writer
        .element("manifest")
        .always("version", manifest.version.as_str())
        .boolean("is_floor", manifest.is_floor)
        .text("floor_reason", &manifest.floor_reason)
        .boolean("is_target", manifest.is_target)
        .children(|writer| content(writer, manifest));
}

/// What a manifest holds. Both lists are there even if they are empty: Flatcar's
/// `download_sysext` rejects a response that lacks one.
pub(super) fn content(writer: &mut Writer, manifest: &Manifest) {
    writer.element("packages").children(|writer| {
        for one in &manifest.packages {
            package(writer, one);
        }
    });
    writer.element("actions").children(|writer| {
        for one in &manifest.actions {
            action(writer, one);
        }
    });
}

fn package(writer: &mut Writer, package: &Package) {
    let tag = writer
        .element("package")
        .always("name", &package.name)
        .value("hash", package.sha1.as_ref().map(|digest| digest.to_base64()))
        .value("hash_sha256", package.sha256)
        .value("size", Some(package.size))
        .value("required", Some(package.required));
    match &package.metadata {
        None => tag.empty(),
        Some(metadata) => tag.children(|writer| {
            writer
                .element("metadata")
                .text("content-type", &metadata.content_type)
                .content(&metadata.content);
        }),
    }
}

fn action(writer: &mut Writer, action: &Action) {
    writer
        .element("action")
        .always("event", &action.event)
        .text("DisplayVersion", &action.display_version)
        .value("sha256", action.sha256.as_ref().map(|digest| digest.to_base64()))
        .boolean("needsadmin", action.needs_admin)
        .boolean("IsDeltaPayload", action.is_delta_payload)
        .boolean("DisablePayloadBackoff", action.disable_payload_backoff)
        .value("MaxFailureCountPerUrl", action.max_failure_count_per_url)
        .text("MetadataSignatureRsa", &action.metadata_signature_rsa)
        .value("MetadataSize", action.metadata_size)
        .text("deadline", &action.deadline)
        .text("MoreInfo", &action.more_info)
        .boolean("Prompt", action.prompt)
        .empty();
}
