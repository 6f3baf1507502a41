//! Addresses and host names, before anything is done with them.

use std::collections::BTreeMap;

wire! {
    /// Parameters of `Address/check`.
    pub struct AddressCheck {
        /// Mail addresses and host names, at most 500.
        pub names: Vec<String>,
    }

    /// Answer of `Address/check`.
    #[derive(Default)]
    pub struct AddressCheckReply {
        /// Of those whose domain can be read as another one: the name, and the `xn--` form of its
        /// domain (RFC 5890 §2.3.2.1), to be shown beside it.
        pub lookalikes: BTreeMap<String, String>,
    }
}
