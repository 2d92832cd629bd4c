//! placeholder
use crate::args::CheckSettings;
use std::process::ExitCode;
pub fn run(_settings: &CheckSettings) -> ExitCode {
    ExitCode::SUCCESS
}
