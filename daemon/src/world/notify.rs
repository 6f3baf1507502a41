//! The desktop notification service.

use super::BoxFuture;

/// One notification, complete without buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// First line, at most 80 characters.
    pub title: String,
    /// Text, at most 200 characters, no markup.
    pub body: String,
}

/// The door to the desktop.
pub trait Desktop: Send + Sync {
    /// Shows `notification`; an error says why it could not be shown and is never fatal.
    fn show(&self, notification: Notification) -> BoxFuture<'_, Result<(), String>>;
}
