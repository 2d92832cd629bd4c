//! `serve-package inspect`: says of files what they are.
//!
//! Each file becomes an [`inspection`], which is written for people ([`mod@format`]) or, with
//! `--json`, as an [`object`].

mod format;
mod inspection;
mod object;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::args::InspectSettings;
use crate::format::sentence;
use crate::key_file::{KeyFile, KeyFileError};
use crate::progress::ProgressDisplay;
use inspection::Inspection;

/// Inspects every file, and says what came of it.
pub fn run(settings: &InspectSettings) -> ExitCode {
    let key = match key(settings) {
        Ok(key) => key,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}", sentence(&error));
            return ExitCode::from(crate::FAILURE);
        }
    };
    let (mut is_right, mut progress) = (true, (!settings.json).then(ProgressDisplay::new));
    for file in &settings.files {
        let inspection = Inspection::of(file, key.as_ref(), |done, total| {
            if let Some(progress) = &mut progress {
                progress.show(&file.to_string_lossy(), done, total);
            }
        });
        if let Some(progress) = &mut progress {
            progress.end();
        }
        let text = match settings.json {
            true => object::of(&inspection) + "\n",
            false => format::of(&inspection),
        };
        is_right &= inspection.problems.is_empty();
        if crate::print(&text) != ExitCode::SUCCESS {
            return ExitCode::from(crate::FAILURE);
        }
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::from(crate::FAILURE) }
}

/// The key that was given, or else this machine's.
fn key(settings: &InspectSettings) -> Result<Option<KeyFile>, KeyFileError> {
    match &settings.key {
        Some(path) => KeyFile::read(path).map(Some),
        None => KeyFile::of_machine(),
    }
}
