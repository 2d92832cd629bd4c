//! Many connections at once, without a thread for each.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::common::PATIENCE;

/// Connections to one server.
pub struct Crowd {
    server: SocketAddr,
    members: Vec<TcpStream>,
}

impl Crowd {
    pub fn new(server: SocketAddr) -> Self {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
        Self { server, members: Vec::new() }
    }

    /// So many connections, each of which says something by its number.
    pub fn of(server: SocketAddr, number: usize, opening: impl Fn(usize) -> Vec<u8>) -> Self {
        let mut crowd = Self::new(server);
        for member in 0..number {
            crowd.join(&opening(member));
        }
        crowd
    }

    /// One more, which says something as far as the server lets it.
    pub fn join(&mut self, opening: &[u8]) {
        // The server's system may refuse or reset what the server sheds.
        let Ok(mut stream) = TcpStream::connect_timeout(&self.server, PATIENCE) else { return };
        stream.set_nonblocking(true).unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 16 * 1024).unwrap();
        let _ = stream.write(opening);
        self.members.push(stream);
    }

    /// How many the server has not ended. The others leave.
    pub fn open(&mut self) -> usize {
        let over = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        let mut events: Vec<_> =
            self.members.iter().map(|member| PollFd::new(member, PollFlags::RDHUP)).collect();
        poll(&mut events, Some(&Timespec::default())).unwrap();
        let is_open: Vec<_> =
            events.iter().map(|event| !event.revents().intersects(over)).collect();
        let mut is_open = is_open.into_iter();
        self.members.retain(|_| is_open.next().unwrap());
        self.members.len()
    }

    /// Each says something, as far as the server lets it, without waiting.
    pub fn say(&mut self, words: &[u8]) {
        for member in &mut self.members {
            let _ = member.write(words);
        }
    }

    /// For so long, brings the crowd back to so many whenever the server has
    /// ended some.
    pub fn keep_up(&mut self, number: usize, time: Duration, opening: impl Fn(usize) -> Vec<u8>) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            for member in self.open()..number {
                self.join(&opening(member));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the server has ended all of them, while each says something
    /// every second.
    pub fn linger(&mut self, patience: Duration, words: &[u8]) {
        let deadline = Instant::now() + patience;
        let mut next = Instant::now();
        loop {
            let open = self.open();
            if open == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{open} connections are still there");
            if Instant::now() >= next {
                next += Duration::from_secs(1);
                self.say(words);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
