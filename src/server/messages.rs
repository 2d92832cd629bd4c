//! What the threads of a server tell each other.

use std::net::IpAddr;
use std::time::Duration;

use super::connection::Connection;

/// A message to the thread that answers.
#[derive(Debug)]
pub(super) enum ToAnswering {
    /// To end when nothing is under way, or after so long.
    Stop(Duration),
    /// To go on with a connection, whose download was sent.
    Sent(Box<Connection>),
    /// That a connection is closed whose download was under way, from this
    /// address.
    Closed(IpAddr),
    /// That the thread that sends packages has ended.
    SendingEnded,
}

/// A message to the thread that sends packages.
#[derive(Debug)]
pub(super) enum ToSending {
    /// To send the download of a connection.
    Download(Box<Connection>),
    /// To end now.
    End,
}
