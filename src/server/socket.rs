//! Receiving and sending without waiting.

use std::io;
use std::net::TcpStream;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags};

/// What there was to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The client sends nothing more.
    End,
}

/// Receives what is there.
pub(super) fn receive(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<Received> {
    match retry_on_intr(|| rustix::net::recv(socket, &mut *buffer, RecvFlags::DONTWAIT)) {
        Ok((_, 0)) => Ok(Received::End),
        Ok((_, length)) => Ok(Received::Bytes(length)),
        Err(Errno::AGAIN) => Ok(Received::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Sends what there is room for. How many bytes that was.
pub(super) fn send(socket: &TcpStream, bytes: &[u8], flags: SendFlags) -> io::Result<usize> {
    let flags = flags | SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    match retry_on_intr(|| rustix::net::send(socket, bytes, flags)) {
        Err(Errno::AGAIN) => Ok(0),
        result => Ok(result?),
    }
}
