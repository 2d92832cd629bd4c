//! The events that `update_engine` sends to mark the steps of an update.
//!
//! A good update is [`downloading`], [`downloaded`], [`installed`], and after
//! the reboot [`complete`], which goes along with every update check. A failed
//! one ends with [`failed`].
//!
//! ```
//! use omaha::client::events;
//! use omaha::protocol::ErrorCode;
//!
//! assert_eq!(events::downloading().to_string(), "update download started: success");
//! let failed = events::failed(ErrorCode::PAYLOAD_HASH_MISMATCH);
//! assert_eq!(failed.to_string(), "update complete: error: payload hash mismatch (10)");
//! ```

use crate::protocol::request::Event;
use crate::protocol::{ErrorCode, EventResult, EventType};

/// The operating system's package is being fetched (13, 1).
pub fn downloading() -> Event {
    event(EventType::UPDATE_DOWNLOAD_STARTED, EventResult::SUCCESS)
}

/// It was fetched and verified (14, 1).
pub fn downloaded() -> Event {
    event(EventType::UPDATE_DOWNLOAD_FINISHED, EventResult::SUCCESS)
}

/// The update is in place and waits for the reboot (3, 1).
pub fn installed() -> Event {
    event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS)
}

/// The machine runs what was installed (3, 2). Servers of CoreUpdate's kind
/// take the machine for one that is holding without it.
pub fn complete() -> Event {
    event(EventType::UPDATE_COMPLETE, EventResult::SUCCESS_REBOOT)
}

/// The update, or the check for it, failed (3, 0).
pub fn failed(code: ErrorCode) -> Event {
    Event { error_code: Some(code), ..event(EventType::UPDATE_COMPLETE, EventResult::ERROR) }
}

fn event(event_type: EventType, result: EventResult) -> Event {
    Event { event_type, result, ..Event::default() }
}
