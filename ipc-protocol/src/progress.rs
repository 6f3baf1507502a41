//! How far a call is that takes a while: `$/progress`, for calls that brought a `progressToken`.

object! {
    /// Parameters of the notification `$/progress`.
    pub struct CallProgress {
        /// The token that the call brought.
        pub token: String,
        /// How far it is.
        pub value: CallProgressValue,
    }

    /// How far a call is. `done` never passes `total`; both may grow.
    pub struct CallProgressValue {
        /// Messages here; questions answered, servers looked at.
        pub done: u64,
        /// Messages wanted; questions asked, servers to look at.
        pub total: u64,
        /// The mailbox under way, or why nothing moves; who answered last.
        pub message: Option<String>,
    }
}
