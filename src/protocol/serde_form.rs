//! What the codes, versions and digests of a document are in other forms than
//! XML: numbers and texts.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AckStatus, AppStatus, ErrorCode, EventResult, EventType, Protocol, UpdateStatus, VersionText,
};
use crate::digest::{Sha1, Sha256};
use crate::version::Version;

/// A type that any text makes.
macro_rules! open_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    )+};
}

/// A type that some texts make.
macro_rules! strict_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

/// A type that any number makes.
macro_rules! open_number {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                i64::deserialize(deserializer).map(Self::new)
            }
        }
    )+};
}

open_text!(AppStatus, UpdateStatus, AckStatus, VersionText);
strict_text!(Version, Sha1, Sha256);
open_number!(EventType, EventResult, ErrorCode);

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == Self::V3.as_str() {
            Ok(Self::V3)
        } else {
            Err(D::Error::custom(format_args!(
                "the protocol is {text:?}, but only \"3.0\" is supported"
            )))
        }
    }
}
