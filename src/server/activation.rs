//! Socket activation: a listening socket that systemd opened and passes on
//! (`sd_listen_fds(3)`).

use std::fmt;
use std::io;
use std::net::TcpListener;

use rustix::net::{SocketType, sockopt};

use super::sys;

/// The socket that systemd passed to this process, if it did. To be called
/// once: the second caller gets none.
///
/// # Errors
///
/// When there are several, or one that is not a listening TCP socket.
pub fn passed_listener() -> Result<Option<TcpListener>, ActivationError> {
    let descriptors = sd_notify::listen_fds().map_err(ActivationError::Environment)?;
    let number = descriptors.len();
    let Some(descriptor) = descriptors.into_iter().next() else { return Ok(None) };
    if number > 1 {
        return Err(ActivationError::Several(number));
    }
    let Some(socket) = sys::adopt(descriptor) else { return Ok(None) };
    let is_stream = sockopt::socket_type(&socket).is_ok_and(|kind| kind == SocketType::STREAM);
    let is_listening = sockopt::socket_acceptconn(&socket).unwrap_or(false);
    let listener = TcpListener::from(socket);
    // A Unix socket has no such address.
    if !(is_stream && is_listening && listener.local_addr().is_ok()) {
        return Err(ActivationError::NotListening);
    }
    Ok(Some(listener))
}

/// What is wrong with what systemd passed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ActivationError {
    /// `$LISTEN_FDS` or `$LISTEN_PID` is not a number, or nothing is open there.
    Environment(io::Error),
    /// So many sockets.
    Several(usize),
    /// Something that is not a listening TCP socket.
    NotListening,
}

impl fmt::Display for ActivationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(_) => {
                formatter.write_str("the sockets passed by systemd cannot be taken")
            }
            Self::Several(number) => write!(
                formatter,
                "systemd passed {number} sockets, and only one can be served; \
                 keep one ListenStream= in the socket unit"
            ),
            Self::NotListening => formatter.write_str(
                "what systemd passed is not a listening TCP socket; \
                 the socket unit needs ListenStream= with a port, and Accept=no",
            ),
        }
    }
}

impl std::error::Error for ActivationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Environment(error) => Some(error),
            Self::Several(_) | Self::NotListening => None,
        }
    }
}
