//! How a connection ended, in words for a person. Must never pass on the words of a library or of
//! the system: those are for the log.

use std::io::{Error, ErrorKind};

/// Why nothing more is read from or written to a connection.
#[must_use]
pub fn ended(error: &Error) -> &'static str {
    let is_tls =
        error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
    match error.kind() {
        ErrorKind::UnexpectedEof => "the server closed the connection",
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => "the server broke the connection off",
        ErrorKind::TimedOut => "the server does not answer any more",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            "the network is gone"
        }
        _ if is_tls => "what came broke the rules of TLS",
        _ => "the connection failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_library_is_passed_on() {
        let tls = || Error::new(ErrorKind::InvalidData, rustls::Error::DecryptError);
        let closed = "peer closed connection without sending TLS close_notify: https://docs.rs/x";
        for (error, words) in [
            (Error::new(ErrorKind::UnexpectedEof, closed), "the server closed the connection"),
            (Error::from_raw_os_error(104), "the server broke the connection off"),
            (Error::from_raw_os_error(32), "the server broke the connection off"),
            (Error::from_raw_os_error(110), "the server does not answer any more"),
            (Error::from_raw_os_error(113), "the network is gone"),
            (tls(), "what came broke the rules of TLS"),
            (Error::other("tls handshake eof"), "the connection failed"),
        ] {
            assert_eq!(ended(&error), words, "{error}");
        }
    }
}
