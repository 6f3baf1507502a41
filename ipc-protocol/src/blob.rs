//! Bytes: inline (RFC 9404 shapes) and streamed.

use crate::id::{AccountId, BlobId};

/// Largest blob, in bytes, given inline: base64 of it stays well inside one message.
pub const INLINE_BYTES: u64 = 256 << 10;
/// Largest blob, in bytes, put or opened: the largest mail that is sent or read.
pub const MAX_BYTES: u64 = 150 << 20;

object! {
    /// One blob (RFC 9404 §4.2).
    pub struct Blob {
        /// Its id.
        pub id: BlobId,
        /// The text, when asked for and it is UTF-8.
        #[serde(rename = "data:asText", skip_serializing_if = "Option::is_none")]
        pub text: Option<String>,
        /// The bytes, RFC 4648 §4, when asked for or when the text was and it is not UTF-8.
        #[serde(rename = "data:asBase64", skip_serializing_if = "Option::is_none")]
        pub base64: Option<String>,
        /// All its bytes, whatever part was asked for.
        pub size: u64,
        /// The text was asked for and is not UTF-8.
        pub is_encoding_problem: bool,
        /// Fewer bytes than `length` follow `offset`.
        pub is_truncated: bool,
    }

    /// Answer of `Blob/open`; `size` raw bytes follow it, then the end of the stream.
    pub struct OpenReply {
        /// The blob.
        pub blob_id: BlobId,
        /// How many raw bytes follow.
        pub size: u64,
    }

    /// Answer of `Blob/put`, after the last byte.
    pub struct PutReply {
        /// What to name in `Email/send`. Kept for 24 hours or until the daemon stops.
        pub blob_id: BlobId,
        /// Bytes received.
        pub size: u64,
        /// The media type given.
        pub r#type: Option<String>,
    }
}

wire! {
    /// Parameters of `Blob/get`.
    pub struct BlobGet {
        /// Whose; blobs are shared, so it only documents.
        pub account_id: Option<AccountId>,
        /// Which.
        pub ids: Vec<BlobId>,
        /// `data:asText`, `data:asBase64`, `data` (text if UTF-8, else base64), `size`; null = `data` and `size`.
        pub properties: Option<Vec<String>>,
        /// First byte wanted.
        pub offset: Option<u64>,
        /// At most this many bytes.
        pub length: Option<u64>,
    }

    /// Parameters of `Blob/open`. The connection carries the bytes and then ends.
    pub struct BlobOpen {
        /// Which: a blob, an email (`M…`), or a part of one by its `blobId`; an email's bytes are fetched
        /// when they are not here.
        pub blob_id: BlobId,
        /// First byte wanted.
        pub offset: Option<u64>,
    }

    /// Parameters of `Blob/put`: `size` raw bytes follow this message at once. The answer comes
    /// after the last byte, then the connection ends.
    pub struct BlobPut {
        /// How many raw bytes follow, at most 157,286,400.
        pub size: u64,
        /// Media type.
        pub r#type: Option<String>,
        /// SHA-256 of the bytes, 64 hexadecimal digits: with others nothing is kept and the answer
        /// is `invalidArguments`.
        pub sha256: Option<String>,
    }
}
