//! The system calls that no safe library has. All `unsafe` of the library is
//! here.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::fcntl_getfd;

/// Takes a descriptor that this process was started with. None if it was taken
/// before, or nothing is open there.
pub(super) fn adopt(number: RawFd) -> Option<OwnedFd> {
    static ADOPTED: AtomicBool = AtomicBool::new(false);
    // SAFETY: `borrow_raw` asks for a number that is not -1 and stays open for
    // the lifetime of the borrow. It is not -1. The borrow ends with this
    // statement, whose only use of it is one system call; if nothing is open
    // there, that call fails with EBADF and nothing else happens.
    let is_open = number >= 0 && fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) }).is_ok();
    if !is_open || ADOPTED.swap(true, Ordering::AcqRel) {
        return None;
    }
    // SAFETY: the descriptor is open. Whoever started the process passed it on
    // to be owned, and it is taken only once.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// How many bytes were given to a connection, and not acknowledged yet
/// (`SIOCOUTQ`).
pub(super) fn unacknowledged(socket: &TcpStream) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, because `socket` owns it. The request
    // writes one `c_int` (`tcp(7)`), which `bytes` is. On Linux, SIOCOUTQ and
    // TIOCOUTQ are one number.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 {
        u64::try_from(bytes).map_err(io::Error::other)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Gives memory that is free, but was not given back, to the system.
pub(super) fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number of bytes to keep, locks what it changes, and
    // may be called at any time by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn what_is_not_acknowledged_is_counted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(unacknowledged(&server).unwrap(), 0);
        server.set_nonblocking(true).unwrap();
        while server.write(&[7; 4096]).is_ok() {}
        assert!(unacknowledged(&server).unwrap() > 0);
        drop(client);
    }
}
