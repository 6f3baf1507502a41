//! The desktop notification service.

use super::BoxFuture;
use super::clock::{Clock, within};
use std::sync::Arc;
use std::time::Duration;

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

    /// Whether somebody would show one; an error says why not.
    fn answers(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A desktop that does not answer within this is treated as none.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest title and body, in characters, as [`Notification`] promises.
const TITLE: usize = 80;
const BODY: usize = 200;

/// The notification service of the session bus.
pub struct SessionDesktop {
    clock: Arc<dyn Clock>,
}

impl SessionDesktop {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Desktop for SessionDesktop {
    fn show(&self, notification: Notification) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let shown = within(self.clock.as_ref(), ANSWER, shown(notification)).await;
            shown.unwrap_or_else(|| Err(silent()))
        })
    }

    fn answers(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match within(self.clock.as_ref(), ANSWER, understands_markup()).await {
                Some(answer) => answer.map(drop).map_err(|error| error.to_string()),
                None => Err(silent()),
            }
        })
    }
}

/// What a service that stays silent is said to be.
fn silent() -> String {
    format!("the notification service did not answer within {} s", ANSWER.as_secs())
}

async fn shown(notification: Notification) -> Result<(), String> {
    let markup = understands_markup().await.map_err(|error| error.to_string())?;
    let body = line(&notification.body, BODY);
    notify_rust::Notification::new()
        .appname("chapar")
        .icon("mail-unread")
        .summary(&line(&notification.title, TITLE))
        .body(&if markup { escaped(&body) } else { body })
        .show_async()
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Whether the server reads the body as markup (Desktop Notifications Specification, "Markup").
async fn understands_markup() -> zbus::Result<bool> {
    let bus = zbus::Connection::session().await?;
    let answer = bus
        .call_method(
            Some("org.freedesktop.Notifications"),
            "/org/freedesktop/Notifications",
            Some("org.freedesktop.Notifications"),
            "GetCapabilities",
            &(),
        )
        .await?;
    let capabilities: Vec<String> = answer.body().deserialize()?;
    Ok(capabilities.iter().any(|word| word == "body-markup"))
}

/// One line without control or direction-changing characters, cut to `limit` characters.
fn line(text: &str, limit: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .take(limit)
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_carry_markup_or_controls() {
        assert_eq!(escaped("<a href=x>&"), "&lt;a href=x&gt;&amp;");
        assert_eq!(line("a\x1b]8;;\u{7}b\u{202e}c", 200), "a ]8;; bc");
        assert_eq!(line(&"x".repeat(500), BODY).len(), BODY);
    }
}
