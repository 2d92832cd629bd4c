//! Responses of every kind.

use proptest::array::{uniform3, uniform5};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Text, status, version};
use crate::digest::{Sha1, Sha256};
use crate::protocol::response::{self, Response};
use crate::protocol::{AckStatus, AppStatus, Protocol, UpdateStatus};

/// A response with such texts in it.
pub fn response(text: &Text) -> impl Strategy<Value = Response> + use<> {
    let day_start = any::<u32>().prop_map(|elapsed_seconds| response::DayStart { elapsed_seconds });
    (text.clone(), option::of(day_start), vec(response_app(text), 0..3)).prop_map(
        |(server, day_start, apps)| Response { protocol: Protocol::V3, server, day_start, apps },
    )
}

fn response_app(text: &Text) -> impl Strategy<Value = response::App> + use<> {
    let check = (
        status::<UpdateStatus>("noupdate", text),
        any::<Option<u64>>(),
        vec(text.clone(), 0..3),
        vec(manifest(text), 0..3),
    )
        .prop_map(|(status, poll_interval, urls, manifests)| response::UpdateCheck {
            status,
            poll_interval,
            urls: urls.into_iter().map(|codebase| response::Url { codebase }).collect(),
            manifests,
        });
    (
        text.clone(),
        status::<AppStatus>("ok", text),
        option::of(status::<AckStatus>("ok", text)),
        option::of(check),
        vec(status::<AckStatus>("ok", text), 0..3),
    )
        .prop_map(|(id, status, ping, update_check, events)| response::App {
            id,
            status,
            ping,
            update_check,
            events,
        })
}

fn manifest(text: &Text) -> impl Strategy<Value = response::Manifest> + use<> {
    (
        version(text),
        any::<(bool, bool)>(),
        text.clone(),
        vec(package(text), 0..3),
        vec(action(text), 0..3),
    )
        .prop_map(|(version, (is_floor, is_target), floor_reason, packages, actions)| {
            response::Manifest { version, packages, actions, is_floor, floor_reason, is_target }
        })
}

fn package(text: &Text) -> impl Strategy<Value = response::Package> + use<> {
    let metadata = uniform3(text.clone()).prop_map(|[content_type, before, after]| {
        response::Metadata { content_type, content: before + &after }
    });
    (text.clone(), any::<(Option<[u8; 20]>, Option<[u8; 32]>, u64, bool)>(), option::of(metadata))
        .prop_map(|(name, (sha1, sha256, size, required), metadata)| response::Package {
            name,
            sha1: sha1.map(Sha1::from_bytes),
            sha256: sha256.map(Sha256::from_bytes),
            size,
            required,
            metadata,
        })
}

fn action(text: &Text) -> impl Strategy<Value = response::Action> + use<> {
    let truths = any::<(bool, bool, bool, bool)>();
    let numbers = any::<(Option<u64>, Option<u64>, Option<[u8; 32]>)>();
    (uniform5(text.clone()), truths, numbers).prop_map(|(texts, truths, numbers)| {
        let [event, display_version, metadata_signature_rsa, deadline, more_info] = texts;
        response::Action {
            event,
            display_version,
            sha256: numbers.2.map(Sha256::from_bytes),
            needs_admin: truths.0,
            is_delta_payload: truths.1,
            disable_payload_backoff: truths.2,
            max_failure_count_per_url: numbers.0,
            metadata_signature_rsa,
            metadata_size: numbers.1,
            deadline,
            more_info,
            prompt: truths.3,
        }
    })
}
