//! One module a command.

pub(crate) mod help;
pub(crate) mod manual;
