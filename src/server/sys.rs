//! The system calls that no safe library has. All `unsafe` of the library is
//! here.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, fcntl_dupfd_cloexec, fcntl_getfd};
use rustix::net::{SendFlags, send};

/// The lowest descriptor that is free: the one that the next call which opens
/// something in this process will get (POSIX, "File Descriptor Allocation").
pub(super) fn lowest_free_descriptor(any: impl AsFd) -> io::Result<RawFd> {
    Ok(fcntl_dupfd_cloexec(any, 0)?.as_raw_fd())
}

/// A descriptor of our own for the socket that another part of the process
/// holds under this number.
///
/// # Errors
///
/// When nothing is open there, or something that is not a TCP socket.
pub(super) fn duplicate_socket(number: RawFd) -> io::Result<TcpStream> {
    if number < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `borrow_raw` asks for a number that is not -1 and stays open for
    // the lifetime of the borrow. It is not -1. The borrow ends with this
    // statement, whose only use of it is one system call; if the number is
    // closed by then, that call fails with EBADF and nothing else happens. What
    // it yields is a new descriptor, owned here alone.
    let duplicate: OwnedFd = fcntl_dupfd_cloexec(unsafe { BorrowedFd::borrow_raw(number) }, 3)?;
    let socket = TcpStream::from(duplicate);
    socket.local_addr()?;
    Ok(socket)
}

/// Takes a descriptor that this process was started with. None if it was taken
/// before, or nothing is open there.
pub(super) fn adopt(number: RawFd) -> Option<OwnedFd> {
    static ADOPTED: AtomicBool = AtomicBool::new(false);
    // SAFETY: as in `duplicate_socket`; this only asks whether it is open.
    let is_open = number >= 0 && fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) }).is_ok();
    if !is_open || ADOPTED.swap(true, Ordering::AcqRel) {
        return None;
    }
    // SAFETY: the descriptor is open. Whoever started the process passed it on
    // to be owned, and it is taken only once.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// How many bytes have gone over a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// Bytes that were received (`tcpi_bytes_received`).
    pub received: u64,
    /// Bytes that were sent and acknowledged (`tcpi_bytes_acked`).
    pub acknowledged: u64,
}

/// Where the two counters lie in `struct tcp_info` (`linux/tcp.h`), since
/// Linux 4.1. The structure only ever grows at its end.
const ACKNOWLEDGED: usize = 120;
const RECEIVED: usize = 128;

/// Reads the counters of a connection (`TCP_INFO`).
pub(super) fn traffic(socket: &TcpStream) -> io::Result<Traffic> {
    let mut info = [0_u8; RECEIVED + size_of::<u64>()];
    let mut length = libc::socklen_t::try_from(info.len()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open, because `socket` owns it. `info` and
    // `length` are valid for writing for the whole call, and the kernel writes
    // no more than `length` bytes, which is the size of `info`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let counter = |offset: usize| {
        let bytes = info.get(offset..)?.first_chunk().copied()?;
        Some(u64::from_ne_bytes(bytes))
    };
    // An older kernel leaves them zero, and the rules that count bytes rest.
    Ok(Traffic {
        received: counter(RECEIVED).unwrap_or(0),
        acknowledged: counter(ACKNOWLEDGED).unwrap_or(0),
    })
}

/// Sends what there is room for now, without waiting. How many bytes that was.
pub(super) fn send_now(socket: &TcpStream, bytes: &[u8], flags: SendFlags) -> io::Result<usize> {
    match send(socket, bytes, flags | SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        result => Ok(result?),
    }
}

/// How many bytes were given to a connection, and not acknowledged yet
/// (`SIOCOUTQ`).
pub(super) fn unacknowledged(socket: &TcpStream) -> io::Result<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, because `socket` owns it. The request
    // writes one `c_int` (`tcp(7)`), which `bytes` is. On Linux, SIOCOUTQ and
    // TIOCOUTQ are one number.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 {
        usize::try_from(bytes).map_err(io::Error::other)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Has `epoll(7)` wait until at least so many bytes can be read, and reading
/// calls wait for as many (`SO_RCVLOWAT`).
pub(super) fn set_receive_low_water(socket: &TcpStream, bytes: usize) -> io::Result<()> {
    let bytes = libc::c_int::try_from(bytes).map_err(io::Error::other)?;
    let length = libc::socklen_t::try_from(size_of_val(&bytes)).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open, because `socket` owns it. The value is a
    // `c_int`, as the option asks for, and `length` is its size; the kernel
    // only reads it, during the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            (&raw const bytes).cast(),
            length,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives memory that is free, but was not given back, to the system: glibc's of
/// all threads, mimalloc's of the calling one and of those that have ended.
pub(super) fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number of bytes to keep, locks what it changes, and
    // may be called at any time by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
    #[cfg(all(target_os = "linux", feature = "command"))]
    // SAFETY: it takes whether to do so at once, and may be called at any time
    // by any thread, whether or not mimalloc is the program's allocator.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn traffic_is_counted() {
        let (mut client, mut server) = pair();
        client.write_all(&[7; 1000]).unwrap();
        server.read_exact(&mut [0; 1000]).unwrap();
        assert_eq!(traffic(&server).unwrap().received, 1000);
        server.write_all(&[7; 10]).unwrap();
        client.read_exact(&mut [0; 10]).unwrap();
        // The acknowledgement may be on its way still.
        while traffic(&server).unwrap().acknowledged < 10 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_is_not_acknowledged_is_counted() {
        let (client, mut server) = pair();
        assert_eq!(unacknowledged(&server).unwrap(), 0);
        server.set_nonblocking(true).unwrap();
        while server.write(&[7; 4096]).is_ok() {}
        assert!(unacknowledged(&server).unwrap() > 0);
        drop(client);
    }

    #[test]
    fn only_sockets_are_duplicated() {
        let (client, server) = pair();
        let duplicate = duplicate_socket(server.as_raw_fd()).unwrap();
        assert_eq!(duplicate.peer_addr().unwrap(), client.local_addr().unwrap());
        assert!(duplicate_socket(-1).is_err());
        assert!(duplicate_socket(RawFd::MAX).is_err());
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(duplicate_socket(file.as_raw_fd()).is_err());
    }
}
