//! Requests of every kind.

use proptest::array::{uniform4, uniform8, uniform10};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Text, version};
use crate::protocol::request::{self, Request};
use crate::protocol::{ErrorCode, EventResult, EventType, Protocol};

/// A request with such texts in it.
pub fn request(text: &Text) -> impl Strategy<Value = Request> + use<> {
    let os = uniform4(text.clone()).prop_map(|[platform, version, service_pack, arch]| {
        request::Os { platform, version, service_pack, arch }
    });
    (uniform8(text.clone()), any::<bool>(), option::of(os), vec(request_app(text), 0..3)).prop_map(
        |(
            [
                version,
                updater_version,
                install_source,
                request_id,
                session_id,
                user_id,
                test_source,
                _,
            ],
            is_machine,
            os,
            apps,
        )| {
            Request {
                protocol: Protocol::V3,
                version,
                updater_version,
                install_source,
                is_machine,
                request_id,
                session_id,
                user_id,
                test_source,
                os,
                apps,
            }
        },
    )
}

fn request_app(text: &Text) -> impl Strategy<Value = request::App> + use<> {
    let ping = any::<(bool, Option<i64>, Option<i64>)>().prop_map(|(active, a, r)| request::Ping {
        active,
        last_active_report_days: a,
        last_report_days: r,
    });
    let check =
        (text.clone(), any::<bool>()).prop_map(|(target_version_prefix, update_disabled)| {
            request::UpdateCheck { target_version_prefix, update_disabled }
        });
    let event = (any::<(i64, i64, Option<i64>)>(), version(text), version(text)).prop_map(
        |((event_type, result, error_code), next_version, previous_version)| request::Event {
            event_type: EventType::new(event_type),
            result: EventResult::new(result),
            error_code: error_code.map(ErrorCode::new),
            next_version,
            previous_version,
        },
    );
    (
        uniform10(text.clone()),
        uniform4(text.clone()),
        version(text),
        version(text),
        any::<(Option<i64>, bool, bool)>(),
        option::of(ping),
        option::of(check),
        vec(event, 0..3),
    )
        .prop_map(
            |(first, second, version, next_version, rest, ping, update_check, events)| {
                let [
                    id,
                    lang,
                    client,
                    track,
                    from_track,
                    board,
                    hardware_class,
                    boot_id,
                    machine_id,
                    machine_alias,
                ] = first;
                let [oem, oem_version, aleph_version, _] = second;
                let (install_age, delta_okay, multi_manifest_ok) = rest;
                request::App {
                    id,
                    version,
                    next_version,
                    lang,
                    client,
                    install_age,
                    track,
                    from_track,
                    board,
                    hardware_class,
                    delta_okay,
                    boot_id,
                    machine_id,
                    machine_alias,
                    oem,
                    oem_version,
                    aleph_version,
                    multi_manifest_ok,
                    ping,
                    update_check,
                    events,
                }
            },
        )
}
