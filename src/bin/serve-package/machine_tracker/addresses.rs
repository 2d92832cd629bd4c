//! Which machines are at an address. A download does not say whose it is.

use std::collections::HashMap;
use std::net::IpAddr;

use super::record::Key;

/// The machines and the downloads at each address.
#[derive(Debug, Default)]
pub struct Addresses(HashMap<IpAddr, Clients>);

/// What is at one address.
#[derive(Debug, Default)]
struct Clients {
    machines: usize,
    /// The last of them that spoke.
    key: Option<Key>,
    transfers: usize,
}

impl Addresses {
    /// A machine is there that was not.
    pub fn enter(&mut self, address: IpAddr, key: &Key) {
        let clients = self.0.entry(address).or_default();
        clients.machines += 1;
        clients.key = Some(key.clone());
    }

    /// A machine is there no more.
    pub fn leave(&mut self, address: IpAddr) {
        if let Some(clients) = self.0.get_mut(&address) {
            clients.machines = clients.machines.saturating_sub(1);
            // If one is left, it is not known which until it speaks.
            clients.key = None;
        }
        self.forget(address);
    }

    /// A machine that is there has spoken.
    pub fn speak(&mut self, address: IpAddr, key: &Key) {
        if let Some(clients) = self.0.get_mut(&address)
            && clients.key.is_none()
        {
            clients.key = Some(key.clone());
        }
    }

    /// The only machine that is there.
    pub fn only(&self, address: IpAddr) -> Option<&Key> {
        self.0.get(&address).filter(|clients| clients.machines == 1)?.key.as_ref()
    }

    pub fn begin_transfer(&mut self, address: IpAddr) {
        self.0.entry(address).or_default().transfers += 1;
    }

    pub fn end_transfer(&mut self, address: IpAddr) {
        if let Some(clients) = self.0.get_mut(&address) {
            clients.transfers = clients.transfers.saturating_sub(1);
        }
        self.forget(address);
    }

    /// How many downloads are running to it.
    pub fn transfers(&self, address: IpAddr) -> usize {
        self.0.get(&address).map_or(0, |clients| clients.transfers)
    }

    fn forget(&mut self, address: IpAddr) {
        if self.0.get(&address).is_some_and(|r| r.machines == 0 && r.transfers == 0) {
            self.0.remove(&address);
        }
    }
}
