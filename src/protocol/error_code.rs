//! `update_engine`'s error codes.

use std::fmt;

use super::codes::named_numbers;

/// Why an update failed (`errorcode`), in the numbers of `update_engine`.
///
/// The number is a *base code*, which says what went wrong, and *flags* in its
/// four highest bits of 32, which say in what circumstances. It is kept as it
/// was read. With the highest flag set, `update_engine` writes a negative
/// number and other programs a large positive one; the two mean the same, but
/// are not equal.
///
/// `Display` writes the text, the base code, and the flags. A number that
/// does not fit in 32 bits has no flags.
///
/// The base codes are those of `ActionExitCode` in `action_processor.h` of
/// Flatcar's `update_engine`, and of `ExitCode` in go-omaha. Many are left
/// from Chrome OS and no longer sent.
///
/// ```
/// use omaha::protocol::{ErrorCode, ErrorFlag};
///
/// let code = ErrorCode::new(268_435_466);
/// assert_eq!(code.to_string(), "payload hash mismatch (10), test URL");
/// assert_eq!(code.base(), ErrorCode::PAYLOAD_HASH_MISMATCH);
/// assert_eq!(code, ErrorCode::PAYLOAD_HASH_MISMATCH.with_flag(ErrorFlag::TestUrl));
/// assert_eq!(ErrorCode::new(2404).to_string(), "HTTP status 404 (2404)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ErrorCode(i64);

named_numbers! { ErrorCode, "error code":
    /// Nothing went wrong.
    SUCCESS = 0, "success";
    /// A failure of no particular kind.
    ERROR = 1, "error";
    /// The update check could not be made.
    OMAHA_REQUEST_ERROR = 2, "omaha request error";
    /// The answer to the update check could not be acted upon.
    OMAHA_RESPONSE_HANDLER_ERROR = 3, "omaha response handler error";
    /// A partition could not be copied.
    FILESYSTEM_COPIER_ERROR = 4, "filesystem copier error";
    /// The postinstall step failed; on Flatcar it also fetches the extensions.
    POSTINSTALL_RUNNER_ERROR = 5, "postinstall runner error";
    /// The new partition could not be made the one to boot.
    SET_BOOTABLE_FLAG_ERROR = 6, "set bootable flag error";
    /// The partition to install to could not be opened.
    INSTALL_DEVICE_OPEN_ERROR = 7, "install device open error";
    /// The kernel's place could not be opened.
    KERNEL_DEVICE_OPEN_ERROR = 8, "kernel device open error";
    /// The payload could not be fetched.
    DOWNLOAD_TRANSFER_ERROR = 9, "download transfer error";
    /// The payload's SHA-256 is not the one in the answer's `postinstall` action.
    PAYLOAD_HASH_MISMATCH = 10, "payload hash mismatch";
    /// The payload's size is not the one in the answer.
    PAYLOAD_SIZE_MISMATCH = 11, "payload size mismatch";
    /// The payload as a whole could not be verified.
    DOWNLOAD_PAYLOAD_VERIFICATION_ERROR = 12, "download payload verification error";
    /// The state of the new partition could not be determined.
    DOWNLOAD_NEW_PARTITION_INFO_ERROR = 13, "download new partition info error";
    /// The partition could not be written to.
    DOWNLOAD_WRITE_ERROR = 14, "download write error";
    /// The new root file system is not what the payload says it should be.
    NEW_ROOTFS_VERIFICATION_ERROR = 15, "new rootfs verification error";
    /// The new kernel is not what the payload says it should be.
    NEW_KERNEL_VERIFICATION_ERROR = 16, "new kernel verification error";
    /// A delta payload carries no signature.
    SIGNED_DELTA_PAYLOAD_EXPECTED = 17, "signed delta payload expected";
    /// The payload's signature is not by the key that the machine trusts.
    DOWNLOAD_PAYLOAD_PUBLIC_KEY_VERIFICATION_ERROR = 18, "download payload public-key verification error";
    /// The firmware's second copy was booted (Chrome OS).
    POSTINSTALL_BOOTED_FROM_FIRMWARE_B = 19, "postinstall booted from firmware B";
    /// The state of an interrupted download could not be read or written.
    DOWNLOAD_STATE_INITIALIZATION_ERROR = 20, "download state initialization error";
    /// What was fetched is not a payload.
    DOWNLOAD_INVALID_METADATA_MAGIC_STRING = 21, "download invalid metadata magic string";
    /// The payload's manifest has no signature.
    DOWNLOAD_SIGNATURE_MISSING_IN_MANIFEST = 22, "download signature missing in manifest";
    /// The payload's manifest could not be read.
    DOWNLOAD_MANIFEST_PARSE_ERROR = 23, "download manifest parse error";
    /// The signature of the payload's metadata could not be decoded.
    DOWNLOAD_METADATA_SIGNATURE_ERROR = 24, "download metadata signature error";
    /// The payload's metadata could not be checked against its signature.
    DOWNLOAD_METADATA_SIGNATURE_VERIFICATION_ERROR = 25, "download metadata signature verification error";
    /// The signature of the payload's metadata is wrong.
    DOWNLOAD_METADATA_SIGNATURE_MISMATCH = 26, "download metadata signature mismatch";
    /// The digest of a part of the payload could not be computed.
    DOWNLOAD_OPERATION_HASH_VERIFICATION_ERROR = 27, "download operation hash verification error";
    /// A part of the payload could not be applied.
    DOWNLOAD_OPERATION_EXECUTION_ERROR = 28, "download operation execution error";
    /// A part of the payload has the wrong digest, as when a server answers a
    /// range with the whole file.
    DOWNLOAD_OPERATION_HASH_MISMATCH = 29, "download operation hash mismatch";
    /// The answer to the update check was empty.
    OMAHA_REQUEST_EMPTY_RESPONSE = 30, "omaha request empty response";
    /// The answer to the update check was not XML.
    OMAHA_REQUEST_XML_PARSE_ERROR = 31, "omaha request XML parse error";
    /// The size of the payload's metadata is not the one in the answer.
    DOWNLOAD_INVALID_METADATA_SIZE = 32, "download invalid metadata size";
    /// The metadata's signature in the answer is not valid.
    DOWNLOAD_INVALID_METADATA_SIGNATURE = 33, "download invalid metadata signature";
    /// The answer to the update check lacks something, or its status is an error.
    OMAHA_RESPONSE_INVALID = 34, "omaha response invalid";
    /// The machine's policy forbids the update.
    UPDATE_IGNORED_PER_POLICY = 35, "update ignored per policy";
    /// The machine's policy puts the update off.
    UPDATE_DEFERRED_PER_POLICY = 36, "update deferred per policy";
    /// The server answered the update check with an HTTP error.
    ERROR_IN_HTTP_RESPONSE = 37, "error in HTTP response";
    /// A part of the payload has no digest.
    DOWNLOAD_OPERATION_HASH_MISSING = 38, "download operation hash missing";
    /// The answer has no signature for the payload's metadata.
    DOWNLOAD_METADATA_SIGNATURE_MISSING = 39, "download metadata signature missing";
    /// The machine waits after repeated failures; `DisablePayloadBackoff` in
    /// the answer prevents this.
    UPDATE_DEFERRED_FOR_BACKOFF = 40, "update deferred for backoff";
    /// The machine could not be marked to erase its data (Chrome OS).
    POSTINSTALL_POWERWASH_ERROR = 41, "postinstall powerwash error";
    /// The new policy for the TPM's registers could not be verified (Container Linux).
    NEW_PCR_POLICY_VERIFICATION_ERROR = 42, "new PCR policy verification error";
    /// The new policy for the TPM's registers could not be sent (Container Linux).
    NEW_PCR_POLICY_HTTP_ERROR = 43, "new PCR policy HTTP error";
    /// After the reboot the old version runs, because the new one did not
    /// start well (Flatcar).
    ROLLBACK = 44, "rollback";
}

impl ErrorCode {
    /// What the server's HTTP status is added to. `update_engine` sends this
    /// very number when there was no HTTP answer at all.
    const HTTP_BASE: i64 = 2000;

    /// The bits of all flags.
    const FLAGS: u32 = 0xF000_0000;

    /// What went wrong: the code without its flags.
    pub fn base(self) -> Self {
        match self.bits() {
            Some(bits) => Self(i64::from(bits & !Self::FLAGS)),
            None => self,
        }
    }

    /// The circumstances, from the lowest bit to the highest.
    pub fn flags(self) -> impl Iterator<Item = ErrorFlag> {
        let bits = self.bits().unwrap_or(0);
        let is_set = move |flag: &ErrorFlag| bits & flag.bit() != 0;
        ErrorFlag::ALL.into_iter().filter(is_set)
    }

    /// The same code with one more flag, as the number that `update_engine`
    /// writes. A number that does not fit in 32 bits stays as it is.
    #[must_use]
    pub fn with_flag(self, flag: ErrorFlag) -> Self {
        match self.bits() {
            Some(bits) => Self(i64::from((bits | flag.bit()).cast_signed())),
            None => self,
        }
    }

    /// The code for an update check that the server answered with this HTTP
    /// status.
    pub const fn from_http_status(status: u16) -> Self {
        Self(Self::HTTP_BASE + status as i64)
    }

    /// The HTTP status, 1 to 999, with which the server answered the update
    /// check, where the code is about that. `update_engine` sends 999 for a
    /// status that is not one.
    pub fn http_status(self) -> Option<u16> {
        let status = self.base().0.checked_sub(Self::HTTP_BASE)?;
        u16::try_from(status).ok().filter(|status| (1..=999).contains(status))
    }

    /// The 32 bits of the number, signed or not, if it has no more.
    fn bits(self) -> Option<u32> {
        let unsigned = u32::try_from(self.0).ok();
        unsigned.or_else(|| i32::try_from(self.0).ok().map(i32::cast_unsigned))
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base();
        if let Some(text) = base.text() {
            write!(formatter, "{text} ({})", base.0)?;
        } else if let Some(status) = base.http_status() {
            write!(formatter, "HTTP status {status} ({})", base.0)?;
        } else if base.0 == Self::HTTP_BASE {
            write!(formatter, "no HTTP response ({})", base.0)?;
        } else {
            write!(formatter, "error code {}", base.0)?;
        }
        self.flags().try_for_each(|flag| write!(formatter, ", {flag}"))
    }
}

/// A circumstance of a failure, one bit of an [`ErrorCode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorFlag {
    /// Bit 28: the server is not the official one, so always set here.
    TestUrl,
    /// Bit 29: the machine runs a test image.
    TestImage,
    /// Bit 30: an interrupted download was resumed.
    Resumed,
    /// Bit 31: the machine is in developer mode.
    DeveloperMode,
}

impl ErrorFlag {
    /// Every flag, from the lowest bit to the highest.
    const ALL: [Self; 4] = [Self::TestUrl, Self::TestImage, Self::Resumed, Self::DeveloperMode];

    const fn bit(self) -> u32 {
        match self {
            Self::TestUrl => 1 << 28,
            Self::TestImage => 1 << 29,
            Self::Resumed => 1 << 30,
            Self::DeveloperMode => 1 << 31,
        }
    }
}

impl fmt::Display for ErrorFlag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::TestUrl => "test URL",
            Self::TestImage => "test image",
            Self::Resumed => "resumed download",
            Self::DeveloperMode => "developer mode",
        })
    }
}

#[cfg(test)]
mod tests;
