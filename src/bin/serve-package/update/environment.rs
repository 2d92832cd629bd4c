//! The environment of a process of the machine.

use std::fs;

use super::root::Root;
use super::unit::Unit;

/// The variables, as the process was started with them.
#[derive(Debug)]
pub struct Environment(String);

impl Environment {
    /// That of a unit's process, if it runs.
    pub fn of(root: &Root, unit: &Unit) -> Option<Self> {
        let bytes = fs::read(root.path(&format!("/proc/{}/environ", unit.process))).ok()?;
        Some(Self(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A variable, unless it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut variables = self.0.split('\0');
        let value = variables.find_map(|text| text.strip_prefix(key)?.strip_prefix('='));
        value.filter(|value| !value.is_empty())
    }

    /// One for a unit test.
    #[cfg(test)]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }
}
