//! The table of connections, and who goes when there are too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::connection::Connection;
use super::limits::{Limits, Phase};
use super::poller::Token;

/// For how long a connection is new. A client sends its request as soon as it
/// is connected.
const NEW: Duration = Duration::from_millis(500);

/// The connections of an event loop.
#[derive(Debug, Default)]
pub(super) struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    connection: Option<Box<Connection>>,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a connection, which is known by the token from now on.
    pub fn insert(&mut self, connection: Box<Connection>) -> Token {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, connection: None });
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = &mut self.slots[index as usize];
        slot.connection = Some(connection);
        Token::connection(index, slot.generation)
    }

    /// The connection of a token, unless it was closed.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Connection> {
        let (index, generation) = token.parts();
        let slot = self.slots.get_mut(index).filter(|slot| slot.generation == generation)?;
        slot.connection.as_deref_mut()
    }

    pub fn remove(&mut self, token: Token) -> Option<Box<Connection>> {
        let (index, generation) = token.parts();
        let slot = self.slots.get_mut(index).filter(|slot| slot.generation == generation)?;
        let connection = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(u32::try_from(index).unwrap_or(u32::MAX));
        Some(connection)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Token, &Connection)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            Some((Token::connection(index, slot.generation), slot.connection.as_deref()?))
        })
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Token, &mut Connection)> {
        (0..).zip(&mut self.slots).filter_map(|(index, slot)| {
            Some((Token::connection(index, slot.generation), slot.connection.as_deref_mut()?))
        })
    }

    /// How many requests are under way whose head is complete.
    pub fn under_way(&self) -> usize {
        self.iter().filter(|(_, connection)| connection.is_under_way()).count()
    }

    /// Whether the first request of a connection may arrive any moment.
    pub fn any_new(&self, now: Duration) -> bool {
        self.iter()
            .any(|(_, connection)| connection.phase() == Phase::New && is_new(connection, now))
    }

    /// Up to `number` connections that would be missed least, all of the
    /// address that has most of them: those that are idle or slow for longest.
    /// Where each of them is about to have its response, one.
    pub fn most_dispensable(&self, number: usize, now: Duration) -> Vec<Token> {
        let mut crowds: HashMap<IpAddr, Vec<(Token, &Connection)>> = HashMap::new();
        for (token, connection) in self.iter() {
            if connection.phase() != Phase::Downloading {
                crowds.entry(connection.address()).or_default().push((token, connection));
            }
        }
        let Some(mut crowd) = crowds.into_values().max_by_key(Vec::len) else { return Vec::new() };
        crowd.sort_by_key(|(_, connection)| {
            (Worth::of(connection, now), std::cmp::Reverse(connection.age(now)))
        });
        let silent = crowd.iter().filter(|(_, connection)| !connection.is_busy());
        let mut dispensable: Vec<_> = silent.take(number).map(|(token, _)| *token).collect();
        if dispensable.is_empty() {
            dispensable.extend(crowd.first().map(|(token, _)| *token));
        }
        dispensable
    }
}

fn is_new(connection: &Connection, now: Duration) -> bool {
    connection.age(now) < NEW
}

/// How much a connection would be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// It waits, and nothing comes.
    Idle,
    /// A request that does not come, or a response that is not taken.
    Slow,
    /// It began a moment ago.
    New,
}

impl Worth {
    fn of(connection: &Connection, now: Duration) -> Self {
        match connection.phase() {
            Phase::Closing => Self::Idle,
            _ if is_new(connection, now) => Self::New,
            Phase::New | Phase::Waiting => Self::Idle,
            Phase::Body | Phase::Answering | Phase::Downloading => Self::Slow,
        }
    }
}

/// The connections that the other thread sends packages on, by their address.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    by_address: HashMap<IpAddr, usize>,
    total: usize,
}

impl Downloads {
    pub fn total(&self) -> usize {
        self.total
    }

    pub fn begin(&mut self, address: IpAddr) {
        self.total += 1;
        *self.by_address.entry(address).or_default() += 1;
    }

    pub fn end(&mut self, address: IpAddr) {
        if let Some(number) = self.by_address.get_mut(&address) {
            *number -= 1;
            self.total -= 1;
            if *number == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// Whether one more may begin. When a quarter of the places is left, no
    /// address may have more than a quarter of them.
    pub fn may_begin(&self, address: IpAddr, limits: &Limits) -> bool {
        let places = limits.max_downloads();
        let here = self.by_address.get(&address).copied().unwrap_or(0);
        self.total < places && (self.total < places * 3 / 4 || here < (places / 4).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    const SECOND: Duration = Duration::from_secs(1);

    /// A connection that claims to be from an address, and its client.
    fn connection(last: u8, now: Duration) -> (Box<Connection>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let peer = ([10, 0, 0, last], 1).into();
        (Box::new(Connection::new(socket, peer, now)), client)
    }

    #[test]
    fn a_slot_that_is_used_again_is_another_connection() {
        let mut connections = Connections::default();
        let (first, _client) = connection(1, SECOND);
        let (second, _other) = connection(2, SECOND);
        let token = connections.insert(first);
        assert!(connections.remove(token).is_some());
        let other = connections.insert(second);
        assert_ne!(token, other);
        assert!(connections.get_mut(token).is_none() && connections.remove(token).is_none());
        assert_eq!(connections.get_mut(other).unwrap().address(), IpAddr::from([10, 0, 0, 2]));
        assert_eq!(connections.len(), 1);
    }

    #[test]
    fn the_largest_crowd_gives_way_and_the_longest_silent_first() {
        let mut connections = Connections::default();
        let mut clients = Vec::new();
        let mut tokens = Vec::new();
        for (last, second) in [(1, 1), (2, 5), (2, 2), (2, 9), (1, 3)] {
            let (connection, client) = connection(last, SECOND * second);
            tokens.push(connections.insert(connection));
            clients.push(client);
        }
        let now = SECOND * 9;
        assert_eq!(connections.most_dispensable(2, now), [tokens[2], tokens[1]]);
        assert_eq!(connections.most_dispensable(9, now), [tokens[2], tokens[1], tokens[3]]);
        assert!(connections.any_new(now) && !connections.any_new(now + SECOND));
    }

    #[test]
    fn who_is_about_to_have_a_response_goes_last() {
        let mut connections = Connections::default();
        let mut tokens = Vec::new();
        let mut clients = Vec::new();
        for second in 1..3 {
            let (connection, client) = connection(1, SECOND * second);
            tokens.push(connections.insert(connection));
            clients.push(client);
        }
        let say = |client: &mut TcpStream, token| {
            std::io::Write::write_all(client, b"x").unwrap();
            let mut all = connections.iter();
            let (_, connection) = all.find(|(found, _)| *found == token).unwrap();
            while !connection.is_busy() {
                std::thread::yield_now();
            }
        };
        say(&mut clients[0], tokens[0]);
        assert_eq!(connections.most_dispensable(9, SECOND * 9), [tokens[1]]);
        say(&mut clients[1], tokens[1]);
        assert_eq!(connections.most_dispensable(9, SECOND * 9), [tokens[0]]);
    }

    #[test]
    fn downloads_are_shared_fairly() {
        let limits = Limits::default().with_max_connections(16);
        let (greedy, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut downloads = Downloads::default();
        while downloads.may_begin(greedy, &limits) {
            downloads.begin(greedy);
        }
        // Twelve places, of which the last three are for those that have few.
        assert_eq!(downloads.total(), 9);
        while downloads.may_begin(other, &limits) {
            downloads.begin(other);
        }
        assert_eq!(downloads.total(), 12);
        downloads.end(greedy);
        assert!(downloads.may_begin(IpAddr::from([10, 0, 0, 3]), &limits));
        assert!(!downloads.may_begin(greedy, &limits));
        for _ in 0..9 {
            downloads.end(greedy);
        }
        assert_eq!(downloads.total(), 3);
    }
}
