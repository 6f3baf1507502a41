//! Errors: one table of types with their code, exit code and whether trying again helps.
//!
//! Programs decide on `data.type`; people read `message` and `data.remedy`. Types and codes are
//! stable; a type of a newer daemon reads as [`ErrorType::Other`].

use crate::id::AccountId;
use serde_json::{Map, Value};
use std::fmt;

macro_rules! error_types {
    ($($(#[$doc:meta])* $variant:ident $word:literal $code:literal exit $exit:literal $retry:ident;)*) => {
        words! {
            /// What kind of error, in one stable word.
            pub enum ErrorType {
                $($(#[$doc])* $variant = $word,)*
            }
        }

        impl ErrorType {
            /// Every type, in the order of SPEC.md.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The JSON-RPC `code`: a standard one, or like the HTTP status of that number.
            #[must_use]
            pub fn code(self) -> i32 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other => -32603,
                }
            }

            /// The exit code of a command that ends with it (sysexits).
            #[must_use]
            pub fn exit_code(self) -> u8 {
                match self {
                    $(Self::$variant => $exit,)*
                    Self::Other => 70,
                }
            }

            /// Whether the same call may succeed later by itself.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self {
                    $(Self::$variant => error_types!(@ $retry),)*
                    Self::Other => false,
                }
            }
        }
    };
    (@ retry) => { true };
    (@ stop) => { false };
}

error_types! {
    /// Not JSON, or not one object a message.
    ParseError "parseError" -32700 exit 65 stop;
    /// JSON, but not a request.
    InvalidRequest "invalidRequest" -32600 exit 65 stop;
    /// A message above the limit.
    FrameTooLarge "frameTooLarge" -32600 exit 65 stop;
    /// No such method.
    UnknownMethod "unknownMethod" -32601 exit 70 stop;
    /// A parameter is unknown, missing or wrong; `data.unknown` lists the unknown ones.
    InvalidArguments "invalidArguments" -32602 exit 65 stop;
    /// A fault of the daemon.
    ServerFail "serverFail" -32603 exit 70 stop;
    /// The provider refuses the stored or given credential.
    AccountAuthRequired "accountAuthRequired" 401 exit 77 stop;
    /// This connection gave up, or never had, the scope.
    Forbidden "forbidden" 403 exit 77 stop;
    /// No such object.
    NotFound "notFound" 404 exit 66 stop;
    /// No such account.
    AccountNotFound "accountNotFound" 404 exit 67 stop;
    /// No such blob, or it is gone.
    BlobNotFound "blobNotFound" 404 exit 66 stop;
    /// The state is not the one given in `ifInState`.
    StateMismatch "stateMismatch" 409 exit 75 stop;
    /// The changes since that state, or the events since that cursor, are no longer kept.
    CannotCalculateChanges "cannotCalculateChanges" 409 exit 75 stop;
    /// The idempotency key was used for another message.
    IdempotencyMismatch "idempotencyMismatch" 409 exit 65 stop;
    /// The name or address is taken.
    AlreadyExists "alreadyExists" 409 exit 65 stop;
    /// The object is in a phase that does not allow it.
    WrongPhase "wrongPhase" 409 exit 65 stop;
    /// One object is above a limit.
    TooLarge "tooLarge" 413 exit 65 stop;
    /// Too many objects in one call.
    RequestTooLarge "requestTooLarge" 413 exit 65 stop;
    /// The message cannot be composed as given.
    InvalidEmail "invalidEmail" 422 exit 65 stop;
    /// An address is not one.
    InvalidRecipients "invalidRecipients" 422 exit 65 stop;
    /// No address was given.
    NoRecipients "noRecipients" 422 exit 65 stop;
    /// The server's certificate or TLS is not good enough; no credential was sent.
    TlsInvalid "tlsInvalid" 422 exit 77 stop;
    /// A setting of the account is wrong.
    SettingsWrong "settingsWrong" 422 exit 78 stop;
    /// The provider, or the daemon, asks to slow down.
    RateLimit "rateLimit" 429 exit 75 retry;
    /// Given up at the client's word.
    Canceled "canceled" 499 exit 75 stop;
    /// The provider answered with a failure.
    ProviderFail "providerFail" 502 exit 75 retry;
    /// The provider cannot be reached.
    Offline "offline" 503 exit 69 retry;
    /// The provider did not answer in time.
    ProviderTimeout "providerTimeout" 504 exit 75 retry;
    /// The provider's or the account's quota is used up.
    OverQuota "overQuota" 507 exit 73 stop;
    /// This machine's disk is full or cannot be written.
    DiskFull "diskFull" 507 exit 73 stop;
}

object! {
    /// One way out: a title, and a command, one to fill in, a call or a page of help.
    pub struct Remedy {
        /// What it does, in a few words.
        pub title: String,
        /// A command line, as its words.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub command: Option<Vec<String>>,
        /// A command line in which the words in capitals (`HOST`, `FILE`) are for the person to
        /// replace.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub template: Option<Vec<String>>,
        /// A method of this protocol.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub method: Option<String>,
        /// Its parameters.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub params: Option<Map<String, Value>>,
        /// A page of `chapar help`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub help: Option<String>,
        /// A page of the provider where it is mended in a browser.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub link: Option<String>,
    }

    /// What programs read of an error.
    pub struct ErrorData {
        /// The stable word.
        pub r#type: ErrorType,
        /// The finer stable code, such as `tls.expired`: the key of `chapar help`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub code: Option<String>,
        /// Whether the same call may succeed later by itself.
        pub retryable: bool,
        /// Not before this many milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub retry_after_ms: Option<u64>,
        /// The account it concerns.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub account_id: Option<AccountId>,
        /// The other side's own words, verbatim but for control characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub detail: Option<String>,
        /// Parameters that the method does not know.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub unknown: Vec<String>,
        /// What to do.
        pub remedy: Vec<Remedy>,
    }

    /// The `error` member of an answer.
    pub struct Error {
        /// See [`ErrorType::code`].
        pub code: i32,
        /// What was attempted and why it failed, one sentence.
        pub message: String,
        /// What programs read.
        pub data: Box<ErrorData>,
    }

    /// Why one object of a `/set` was left as it is (RFC 8620 §5.3).
    pub struct SetError {
        /// The stable word.
        pub r#type: ErrorType,
        /// One sentence.
        pub description: String,
        /// Which properties were at fault.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub properties: Vec<String>,
        /// The whole error, with remedies.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub error: Option<Box<Error>>,
    }
}

impl Error {
    /// An error of that type in those words.
    #[must_use]
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self {
            code: kind.code(),
            message: message.into(),
            data: Box::new(ErrorData {
                r#type: kind,
                retryable: kind.retryable(),
                ..ErrorData::default()
            }),
        }
    }

    /// Adds the other side's own words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.data.detail = Some(detail.into());
        self
    }

    /// Adds the finer stable code.
    #[must_use]
    pub fn fine(mut self, code: impl Into<String>) -> Self {
        self.data.code = Some(code.into());
        self
    }

    /// Adds the account it concerns.
    #[must_use]
    pub fn account(mut self, id: AccountId) -> Self {
        self.data.account_id = Some(id);
        self
    }

    /// Adds a command that helps.
    #[must_use]
    pub fn command(mut self, title: &str, words: &[&str]) -> Self {
        self.data.remedy.push(Remedy {
            title: title.to_owned(),
            command: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ..Remedy::default()
        });
        self
    }

    /// Adds a page of help.
    #[must_use]
    pub fn help(mut self, title: &str, page: &str) -> Self {
        self.data.remedy.push(Remedy {
            title: title.to_owned(),
            help: Some(page.to_owned()),
            ..Remedy::default()
        });
        self
    }

    /// Adds a way out in plain words.
    #[must_use]
    pub fn hint(mut self, title: impl Into<String>) -> Self {
        self.data.remedy.push(Remedy { title: title.into(), ..Remedy::default() });
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for SetError {
    fn from(error: Error) -> Self {
        Self {
            r#type: error.data.r#type,
            description: error.message.clone(),
            properties: error.data.unknown.clone(),
            error: Some(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Error, ErrorType};

    #[test]
    fn words_are_unique_and_come_back() {
        let mut words: Vec<_> = ErrorType::ALL.iter().map(|kind| kind.word()).collect();
        for kind in ErrorType::ALL {
            let text = serde_json::to_string(kind).unwrap();
            assert_eq!(text, format!("\"{}\"", kind.word()));
            assert_eq!(serde_json::from_str::<ErrorType>(&text).unwrap(), *kind);
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ErrorType::ALL.len());
    }

    #[test]
    fn codes_keep_clear_of_the_ranges_of_mcp_and_lsp() {
        for kind in ErrorType::ALL {
            let code = kind.code();
            assert!(!(-32099..=-32020).contains(&code), "{kind:?}");
            assert!(!(-32899..=-32800).contains(&code), "{kind:?}");
        }
    }

    #[test]
    fn a_newer_type_is_read_as_other() {
        let error: Error = serde_json::from_str(
            r#"{"code":418,"message":"m","data":{"type":"teapot","brewing":true}}"#,
        )
        .unwrap();
        assert_eq!(error.data.r#type, ErrorType::Other);
    }
}
