//! How many downloads there are, and for whom there is a place.

use std::collections::HashMap;
use std::net::IpAddr;

use super::limits::Limits;

/// The downloads that the thread for packages sends, by the clients' addresses.
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
