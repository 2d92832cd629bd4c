//! Why a machine does not ask.

use super::configuration::Configuration;
use super::engine::Status;
use super::error::UpdateError;
use super::proxy;
use super::root::Root;
use super::system::System;
use super::unit::{self, Unit};

/// Looks for the usual causes.
pub fn causes(
    root: &Root,
    system: System,
    server: &str,
    status: Option<&Result<Status, UpdateError>>,
) -> Vec<String> {
    let mut causes = Vec::new();
    let engine = unit::UPDATE_ENGINE;
    match Unit::query(engine) {
        Ok(unit) if !unit.is_active => causes.push(format!("{engine} does not run any more")),
        Ok(unit) => causes.extend(proxy::problem(root, &unit, false)),
        Err(error) => causes.push(error.to_string()),
    }
    match status {
        Some(Ok(status)) => causes.push(format!("update_engine is {}", status.operation)),
        Some(Err(error)) => causes.push(error.to_string()),
        None => causes.push("update_engine has not answered `update_engine_client -status`".into()),
    }
    let configuration = Configuration::read(root, system, None);
    match configuration.get("SERVER") {
        Some(setting) if setting.value == server => {}
        Some(setting) => causes
            .push(format!("somebody else has set SERVER={} in {}", setting.value, setting.file)),
        None => causes.push("somebody else has removed SERVER= from the settings".to_owned()),
    }
    causes
}
