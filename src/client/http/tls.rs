//! TLS: the machine's own certificates say whom to trust.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::transport::TransportError;

/// A connection with TLS.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Reads the certificates when the first connection needs them.
#[derive(Default)]
pub struct Connector {
    config: OnceLock<Arc<ClientConfig>>,
}

impl Connector {
    /// Begins TLS on a connection, and ends when the other side is trusted.
    pub fn connect(&self, host: &str, mut socket: TcpStream) -> Result<Stream, TransportError> {
        let config = match self.config.get() {
            Some(config) => Arc::clone(config),
            None => {
                let config = config()?;
                Arc::clone(self.config.get_or_init(|| config))
            }
        };
        let name = host.to_owned().try_into();
        let name = name.map_err(|error| TransportError::Tls(Box::new(error)))?;
        let mut connection = ClientConnection::new(config, name).map_err(refuse)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket).map_err(explain)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }
}

fn config() -> Result<Arc<ClientConfig>, TransportError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = match found.errors.into_iter().next() {
            Some(error) => format!("this machine trusts no certificates: {error}"),
            None => "this machine trusts no certificates; set SSL_CERT_FILE".to_owned(),
        };
        return Err(TransportError::Tls(reason.into()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refuse)?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn refuse(error: rustls::Error) -> TransportError {
    TransportError::Tls(error.into())
}

/// TLS's own errors come as invalid data.
fn explain(source: io::Error) -> TransportError {
    if source.kind() == io::ErrorKind::InvalidData {
        TransportError::Tls(source.into())
    } else {
        TransportError::Io { doing: "beginning TLS", source }
    }
}
