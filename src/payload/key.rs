//! Public keys, and whether a signature was made with the private half of one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use num_bigint::BigUint;

use super::der::{BIT_STRING, Der, NULL, OBJECT_IDENTIFIER};
use crate::digest::Sha256;

/// An RSA public key, as machines have one in
/// `/usr/share/update_engine/update-payload-key.pub.pem`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    /// Bytes of the modulus, and so of every signature.
    length: usize,
}

/// 1.2.840.113549.1.1.1, `rsaEncryption` (RFC 8017, appendix A.1).
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// What stands before a SHA-256 in the `DigestInfo` of a signature (RFC 8017,
/// section 9.2, note 1).
const SHA256_PREFIX: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

impl PublicKey {
    /// The least bits that a modulus has. `update_engine` can use 2048 only.
    pub const MIN_BITS: u64 = 2048;

    /// The most bits that a modulus may have, which bounds the time of a check.
    pub const MAX_BITS: u64 = 8192;

    /// Reads a key in PEM (RFC 7468) with the label `PUBLIC KEY`, which holds a
    /// `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7). Text before and after
    /// it is ignored.
    ///
    /// # Errors
    ///
    /// When it is anything else, or the key is not RSA or too short or too long.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        const BEGIN: &str = "-----BEGIN ";
        let label = text.lines().find_map(|line| line.trim_end().strip_prefix(BEGIN));
        let label = label.and_then(|label| label.split_once("-----"));
        let (label, rest) = label.ok_or(KeyError::NotPem)?;
        if !rest.is_empty() {
            return Err(KeyError::LineBreaks);
        }
        if label != "PUBLIC KEY" {
            return Err(KeyError::Label(label.chars().take(40).collect()));
        }
        let lines = text.lines().map(str::trim_end).skip_while(|line| !line.starts_with(BEGIN));
        let mut base64 = String::new();
        for line in lines.skip(1) {
            if line == "-----END PUBLIC KEY-----" {
                let der = BASE64.decode(base64).map_err(|_| KeyError::NotPem)?;
                return Self::from_der(&der);
            }
            base64.push_str(line);
        }
        Err(KeyError::NotPem)
    }

    /// Reads a key in DER: a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// When it is anything else, or the key is not RSA or too short or too long.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (algorithm, key) = subject_public_key_info(der).ok_or(KeyError::NotAKey)?;
        if algorithm != RSA {
            return Err(KeyError::NotRsa);
        }
        let (modulus, exponent) = rsa_public_key(key).ok_or(KeyError::NotAKey)?;
        let (modulus, exponent) =
            (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
        let bits = modulus.bits();
        if !(Self::MIN_BITS..=Self::MAX_BITS).contains(&bits) {
            return Err(KeyError::Bits(bits));
        }
        // An even one belongs to no key, and a larger one only costs time.
        let is_usable = modulus.bit(0) && exponent.bit(0) && (2..=64).contains(&exponent.bits());
        if !is_usable {
            return Err(KeyError::NotAKey);
        }
        let length = usize::try_from(bits.div_ceil(8)).map_err(|_| KeyError::Bits(bits))?;
        Ok(Self { modulus, exponent, length })
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> u64 {
        self.modulus.bits()
    }

    /// Whether this is the signature of content that has this digest:
    /// `RSASSA-PKCS1-v1_5` with SHA-256 (RFC 8017, section 8.2.2). What the
    /// signature holds is compared with what it must hold, byte by byte, and not
    /// taken apart. Nothing here is secret, so the time may tell of it.
    pub fn verify(&self, digest: &Sha256, signature: &[u8]) -> bool {
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != self.length || number >= self.modulus {
            return false;
        }
        number.modpow(&self.exponent, &self.modulus) == self.encode(digest)
    }

    /// The only number that a signature may hold: 00 01 FF … FF 00, what the
    /// digest is, and the digest (`EMSA-PKCS1-v1_5`, RFC 8017, section 9.2).
    fn encode(&self, digest: &Sha256) -> BigUint {
        let mut encoded = vec![0xff; self.length];
        let end = [&[0], SHA256_PREFIX, digest.as_bytes()].concat();
        encoded[..2].copy_from_slice(&[0, 1]);
        encoded[self.length - end.len()..].copy_from_slice(&end);
        BigUint::from_bytes_be(&encoded)
    }
}

/// The algorithm's identifier and the key.
fn subject_public_key_info(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Der(der);
    let mut info = outer.sequence()?;
    outer.end()?;
    let mut algorithm = info.sequence()?;
    let identifier = algorithm.next(OBJECT_IDENTIFIER)?;
    if identifier == RSA {
        algorithm.next(NULL)?;
        algorithm.end()?;
    }
    let (&unused_bits, key) = info.next(BIT_STRING)?.split_first()?;
    info.end()?;
    (unused_bits == 0).then_some((identifier, key))
}

/// The modulus and the public exponent.
fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Der(der);
    let mut key = outer.sequence()?;
    outer.end()?;
    let numbers = (key.unsigned()?, key.unsigned()?);
    key.end()?;
    Some(numbers)
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey(RSA, {} bits)", self.bits())
    }
}

/// Why something is not a key that can verify a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not PEM.
    NotPem,
    /// It would be PEM, but for the line breaks.
    LineBreaks,
    /// It is PEM with this label.
    Label(String),
    /// It is not a `SubjectPublicKeyInfo`, or what it holds is no key.
    NotAKey,
    /// It is a key for something else than RSA.
    NotRsa,
    /// It is an RSA key of this many bits.
    Bits(u64),
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXPECTED: &str = "expected an RSA public key in PEM (-----BEGIN PUBLIC KEY-----)";
        match self {
            Self::NotPem => write!(formatter, "it is not PEM; {EXPECTED}"),
            Self::LineBreaks => formatter.write_str("it is not PEM: line breaks are missing"),
            Self::Label(label) => write!(
                formatter,
                "it is a {label:?}; {EXPECTED}, as `openssl pkey -pubout` (for a public key, with \
                 -pubin) or `openssl x509 -pubkey -noout` make one of a key or a certificate"
            ),
            Self::NotAKey => write!(formatter, "it holds no public key; {EXPECTED}"),
            Self::NotRsa => write!(formatter, "it is a key for another algorithm; {EXPECTED}"),
            Self::Bits(bits) => write!(
                formatter,
                "it is an RSA key of {bits} bits; expected {} to {}",
                PublicKey::MIN_BITS,
                PublicKey::MAX_BITS
            ),
        }
    }
}

impl std::error::Error for KeyError {}
