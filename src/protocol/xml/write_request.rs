//! Writing `<request>`.

use std::io;

use super::writer::Writer;
use crate::protocol::request::{App, Event, Request};

impl Request {
    /// The request as an XML document in UTF-8, indented.
    ///
    /// Whatever is in the texts, the document is well-formed, and reading it
    /// gives an equal request, except that the characters XML 1.0 cannot hold (most
    /// control characters, U+FFFE and U+FFFF) come back as U+FFFD. A reader
    /// of this crate refuses it if it is beyond one of the
    /// [limits](crate::protocol::limits).
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new();
        request(&mut writer, self);
        writer.finish()
    }

    /// Writes the request as an XML document, in one piece.
    ///
    /// # Errors
    ///
    /// When the sink fails.
    pub fn write(&self, mut sink: impl io::Write) -> io::Result<()> {
        sink.write_all(self.to_xml().as_bytes())
    }
}

fn request(writer: &mut Writer, request: &Request) {
    writer
        .element("request")
        .always("protocol", request.protocol.as_str())
        .text("version", &request.version)
        .text("updaterversion", &request.updater_version)
        .text("installsource", &request.install_source)
        .flag("ismachine", request.is_machine)
        .text("requestid", &request.request_id)
        .text("sessionid", &request.session_id)
        .text("userid", &request.user_id)
        .text("testsource", &request.test_source)
        .children(|writer| {
            if let Some(os) = &request.os {
                writer
                    .element("os")
                    .text("platform", &os.platform)
                    .text("version", &os.version)
                    .text("sp", &os.service_pack)
                    .text("arch", &os.arch)
                    .empty();
            }
            for one in &request.apps {
                app(writer, one);
            }
        });
}

fn app(writer: &mut Writer, app: &App) {
    writer
        .element("app")
        .always("appid", &app.id)
        .text("version", app.version.as_str())
        .text("nextversion", app.next_version.as_str())
        .text("lang", &app.lang)
        .text("client", &app.client)
        .value("installage", app.install_age)
        .text("track", &app.track)
        .text("from_track", &app.from_track)
        .text("board", &app.board)
        .text("hardware_class", &app.hardware_class)
        .boolean("delta_okay", app.delta_okay)
        .text("bootid", &app.boot_id)
        .text("machineid", &app.machine_id)
        .text("machinealias", &app.machine_alias)
        .text("oem", &app.oem)
        .text("oemversion", &app.oem_version)
        .text("alephversion", &app.aleph_version)
        .boolean("multi_manifest_ok", app.multi_manifest_ok)
        .children(|writer| {
            if let Some(ping) = &app.ping {
                writer
                    .element("ping")
                    .flag("active", ping.active)
                    .value("a", ping.last_active_report_days)
                    .value("r", ping.last_report_days)
                    .empty();
            }
            if let Some(check) = &app.update_check {
                writer
                    .element("updatecheck")
                    .text("targetversionprefix", &check.target_version_prefix)
                    .boolean("updatedisabled", check.update_disabled)
                    .empty();
            }
            for one in &app.events {
                event(writer, one);
            }
        });
}

fn event(writer: &mut Writer, event: &Event) {
    writer
        .element("event")
        .value("eventtype", Some(event.event_type.code()))
        .value("eventresult", Some(event.result.code()))
        .value("errorcode", event.error_code.map(|code| code.code()))
        .text("nextversion", event.next_version.as_str())
        .text("previousversion", event.previous_version.as_str())
        .empty();
}
