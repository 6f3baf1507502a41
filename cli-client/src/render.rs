//! Laying out what people see; the JSON forms hold the same facts.

pub(crate) mod detail;
pub(crate) mod html;
pub(crate) mod mail;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod time;
