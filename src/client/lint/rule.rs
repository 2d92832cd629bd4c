//! What is looked for, and what comes of it.

/// How bad a [`Rule`]'s violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Some clients fail, or some things do not work.
    Warning,
    /// `update_engine` fails: no machine will be updated.
    Error,
}

impl Severity {
    /// The severity as a word: `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! rules {
    ($($severity:ident $(#[doc = $doc:literal])+ $rule:ident = $code:literal, $consequence:literal;)+) => {
        /// Something that an answer to an update check should be, because real
        /// clients depend on it: `update_engine` of Flatcar 0.4.10 and of
        /// CoreOS in 2019, Flatcar's `download_sysext` (`ue-rs`), and clients
        /// made with go-omaha.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// A short name that does not change between versions, for programs.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$rule => $code,)+
                }
            }

            /// What happens otherwise, in words.
            pub fn consequence(self) -> &'static str {
                match self {
                    $(Self::$rule => $consequence,)+
                }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$rule => Severity::$severity,)+
                }
            }
        }
    };
}

rules! {
    Warning
    /// The URL that was given has no path.
    ServerPath = "server-path",
        "machines use SERVER= as it is written, and get 404; its path must be /v1/update/";
    Warning
    /// The request was redirected with 307 or 308.
    Redirected = "redirected", "every request is made twice; set SERVER= to where it leads";
    Warning
    /// The content type is not that of an XML document in UTF-8.
    ContentType = "content-type", "clients made with go-omaha reject the answer";
    Warning
    /// The answer names another application than the request.
    AppId = "app-id", "clients made with go-omaha reject the answer";
    Warning
    /// The protocol is not `3.0`.
    Protocol = "protocol", "clients made with go-omaha reject the answer";
    Warning
    /// A number or a truth that is none.
    ValueForm = "value-form",
        "clients made with go-omaha and download_sysext reject the answer";
    Warning
    /// The status of the application is not `ok`.
    AppStatus = "app-status", "clients made with go-omaha reject the answer";
    Warning
    /// The application's id is not a UUID in braces.
    AppIdForm = "app-id-form", "download_sysext rejects the whole answer";
    Warning
    /// An application without `<updatecheck>`, `<urls>`, `<manifest>`,
    /// `<packages>` or `<actions>` beside one with an update.
    AppIncomplete = "app-incomplete", "download_sysext rejects the whole answer";
    Error
    /// An element belongs to an XML namespace.
    Namespace = "namespace", "update_engine ignores it";
    Error
    /// A name with wrong upper or lower case.
    NameCase = "name-case", "names are case-sensitive: clients ignore it";
    Warning
    /// More than one update check, of one application or of several
    /// (`ParseResponse` in `omaha_request_action.cc` of `update_engine`).
    UpdateChecks = "several-update-checks",
        "update_engine takes the first one, and the <url>s of all";
    Error
    /// The update check has no status.
    StatusMissing = "status-missing", "update_engine reports error 34, response invalid";
    Error
    /// No URL to fetch from, or one that is empty.
    Codebase = "codebase-missing", "update_engine reports error 34, response invalid";
    Error
    /// A codebase that is not an http or https URL.
    CodebaseUrl = "codebase-url", "packages cannot be fetched from there";
    Warning
    /// A codebase that names a user.
    CodebaseUser = "codebase-user", "whoever sees an answer or a log can read the password";
    Warning
    /// A codebase without `http://` or `https://`.
    CodebaseScheme = "codebase-scheme",
        "update_engine takes it for http, and download_sysext rejects the whole answer";
    Warning
    /// A codebase that does not end in a slash.
    CodebaseSlash = "codebase-slash",
        "CoreOS's update_engine and download_sysext append the package's name without a slash";
    Warning
    /// The operating system's package cannot be fetched from a codebase, but from
    /// a later one (`UpdateFailed` in `payload_state.cc` of `update_engine`).
    CodebaseFails = "codebase-fails",
        "update_engine fails, up to 10 times, before it takes the next codebase";
    Error
    /// No manifest, or no package in it.
    Package = "package-missing", "update_engine reports error 34, response invalid";
    Warning
    /// More than one manifest.
    Manifests = "several-manifests",
        "update_engine takes the first and download_sysext the last one";
    Warning
    /// The manifest names no version.
    ManifestVersion = "version-missing", "download_sysext rejects the whole answer";
    Error
    /// The first package is an extension.
    ExtensionFirst = "extension-first",
        "update_engine installs the first package as the operating system";
    Error
    /// The first package has no name.
    PackageName = "package-name", "update_engine reports error 34, response invalid";
    Warning
    /// A package's name that is not allowed in a URL or as a file name.
    PackageNameForm = "package-name-form", "clients cannot fetch or store it";
    Warning
    /// Two packages of one name.
    PackageTwice = "package-twice", "clients store both under the same name";
    Error
    /// The first package's size is missing or 0.
    PackageSize = "package-size", "update_engine reports error 34, response invalid";
    Error
    /// The first package's size begins with 0, or is a number for
    /// `update_engine` only.
    SizeOctal = "size-octal",
        "update_engine reads a size that begins with 0 as octal or hexadecimal";
    Warning
    /// A package without `size` or `required`.
    PackageIncomplete = "package-incomplete", "download_sysext rejects the whole answer";
    Warning
    /// A package beside the first with a name that the postinstall step does
    /// not look for.
    ExtensionName = "extension-name",
        "the postinstall step looks for names that end in oem-ID.gz or flatcar-NAME.gz only";
    Warning
    /// A digest that is there, but empty.
    DigestEmpty = "digest-empty", "download_sysext rejects the whole answer";
    Warning
    /// A package's SHA-1 that is not base64.
    HashForm = "hash-not-base64", "download_sysext rejects the whole answer";
    Warning
    /// A package's SHA-256 that is not hex.
    Sha256Form = "sha256-not-hex", "download_sysext rejects the whole answer";
    Warning
    /// A package beside the first without any digest.
    ExtensionDigest = "extension-digest", "download_sysext skips it";
    Error
    /// No `postinstall` action.
    Action = "action-missing", "update_engine reports error 34, response invalid";
    Warning
    /// An action for an event that is not known.
    ActionEvent = "action-event", "download_sysext rejects the whole answer";
    Error
    /// The `postinstall` action has no SHA-256.
    ActionDigest = "action-digest", "update_engine reports error 34, response invalid";
    Warning
    /// Another action without a SHA-256 in base64.
    OtherActionDigest = "other-action-digest", "download_sysext rejects the whole answer";
    Error
    /// The SHA-256 of the `postinstall` action is not base64.
    ActionDigestForm = "action-digest-not-base64",
        "update_engine reports error 10, hash mismatch, after the download";
    Warning
    /// `DisablePayloadBackoff` is not `true`.
    Backoff = "backoff",
        "a machine may wait for days after downloads that failed (error 40)";
    Warning
    /// `PollInterval` is not between 45 minutes and 4 hours.
    PollInterval = "poll-interval", "update_engine limits it to between 45 minutes and 4 hours";
    Warning
    /// The operating system's package is served without `Content-Length`.
    ContentLength = "content-length", "update_engine does not resume a download that was cut";
    Warning
    /// Something else than the part of the operating system's package that was
    /// asked for (`LibcurlHttpFetcher` of `update_engine`).
    Ranges = "no-ranges",
        "update_engine's download that was cut and is resumed fails with error 29, operation hash \
         mismatch, or 9";
    Warning
    /// The server does not take the report of an event.
    Event = "event-refused", "the server does not learn how the update ends";
}
