//! The table of connections, and who goes when there are too many.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use super::connection::Connection;
use super::limits::{Judged, Phase};
use super::poller::Token;

/// For how long a connection is new. A client sends its request as soon as it
/// is connected.
const NEW: Duration = Duration::from_millis(500);

/// The connections of an event loop.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: BTreeMap<Token, Box<Connection>>,
    /// How many there were.
    count: u64,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes a connection, which is known by the token from now on. No other one
    /// gets this token: events of a connection that was closed may be on their way
    /// still.
    pub fn insert(&mut self, connection: Box<Connection>) -> Token {
        let token = Token::connection(self.count);
        self.count += 1;
        self.all.insert(token, connection);
        token
    }

    /// The connection of a token, unless it was closed.
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Connection> {
        self.all.get_mut(&token).map(Box::as_mut)
    }

    pub fn remove(&mut self, token: Token) -> Option<Box<Connection>> {
        self.all.remove(&token)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Token, &Connection)> {
        self.all.iter().map(|(token, connection)| (*token, &**connection))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Token, &mut Connection)> {
        self.all.iter_mut().map(|(token, connection)| (*token, &mut **connection))
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
}
