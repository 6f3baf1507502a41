//! One event as a line for a person. What only programs need has no words and is not shown.

use chapar_ipc_protocol::account::Severity;
use chapar_ipc_protocol::event::{Event, EventData};
use chapar_ipc_protocol::id::AccountId;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::hygiene::{Lines, clean};
use crate::render::mail::titled;
use crate::render::said;
use crate::render::time::{clock, count, short};
use crate::screen::{Line, Style, cut};

/// Whether an event is for programs alone: it says only that something is to be asked again.
pub(super) fn is_for_programs(data: &EventData) -> bool {
    matches!(
        data,
        EventData::StateChanged(_) | EventData::AccountUpdated(_) | EventData::IdentityUpdated(_)
    )
}

/// One event for a person: the time, the account, what it is, and its words.
pub(super) fn line(event: &Event, names: &[(AccountId, String)]) -> Line {
    let at =
        event.at.parse().map_or_else(|_| event.at.clone(), |at| clock(at, &TimeZone::system()));
    let account = event.account_id.as_ref().map_or("", |id| {
        names.iter().find(|(known, _)| known == id).map_or(id.as_ref(), |(_, name)| name)
    });
    let (style, kind, words) = describe(&event.data);
    Line::new()
        .with(Style::Dim, at)
        .text(format!(" {:<8} ", cut(account, 8)))
        .with(style, format!("{kind:<10}"))
        .text(format!(" {words}"))
}

fn describe(data: &EventData) -> (Style, String, String) {
    let shown = |style, kind: &str, words: String| (style, kind.to_owned(), words);
    match data {
        EventData::EmailReceived(mail) => {
            let from = mail.from.first().map_or_else(String::new, |from| {
                from.name.clone().unwrap_or_else(|| from.email.clone())
            });
            let from = cut(&clean(&from, Lines::One), 20);
            shown(Style::Strong, "mail", format!("{from:<20} {}", titled(Some(&mail.subject))))
        }
        EventData::EmailSent(mail) => {
            shown(Style::Plain, "filed", format!("{} is in the Sent mailbox", mail.email_id))
        }
        EventData::EmailReplied(mail) => shown(
            Style::Strong,
            "reply",
            format!("{} answers {}", mail.email_id, mail.submission_id),
        ),
        EventData::SyncStarted(sync) => {
            shown(Style::Plain, "sync", format!("{} mails to fetch", count(sync.total)))
        }
        EventData::SyncProgress(sync) => {
            shown(Style::Plain, "sync", format!("{}/{}", count(sync.done), count(sync.total)))
        }
        EventData::SyncCompleted(sync) if sync.initial => {
            shown(Style::Good, "ready", format!("{} mails", count(sync.emails)))
        }
        EventData::SyncCompleted(sync) => shown(
            Style::Plain,
            "sync",
            format!("{} new, {} gone, {} marked", sync.added, sync.removed, sync.flagged),
        ),
        EventData::SyncFailed(why) => shown(Style::Warn, "sync", format!("failed: {}", why.detail)),
        _ => sending(data).or_else(|| standing(data)).unwrap_or_else(|| {
            let value = match data {
                EventData::Other { data, .. } => data.to_string(),
                _ => String::new(),
            };
            shown(Style::Plain, data.name(), value)
        }),
    }
}

/// What became of a mail on its way out.
fn sending(data: &EventData) -> Option<(Style, String, String)> {
    let (style, kind, words) = match data {
        EventData::SubmissionQueued(of) => (Style::Plain, "queued", of.submission_id.to_string()),
        EventData::SubmissionAccepted(of) => {
            (Style::Good, "sent", format!("{}  “{}”", of.submission_id, of.reply))
        }
        EventData::SubmissionDeferred(of) => {
            let again = moment(&of.next_attempt_at);
            (
                Style::Warn,
                "later",
                format!("{}  {}  again {again}", of.submission_id, said(&of.reply)),
            )
        }
        EventData::SubmissionFailed(of) => {
            (Style::Bad, "not sent", format!("{}  “{}”", of.submission_id, of.reply))
        }
        EventData::SubmissionUnknown(of) => {
            (Style::Warn, "unknown", format!("{}  being looked for in Sent", of.submission_id))
        }
        EventData::SubmissionCanceled(of) => {
            (Style::Plain, "canceled", of.submission_id.to_string())
        }
        _ => return None,
    };
    Some((style, kind.to_owned(), words))
}

/// How an account or the daemon stands.
fn standing(data: &EventData) -> Option<(Style, String, String)> {
    let (style, kind, words) = match data {
        EventData::AccountAdded(of) => (Style::Good, "connected", of.email.clone()),
        EventData::AccountConnected(_) => {
            (Style::Good, "online", "new mail arrives by push".to_owned())
        }
        EventData::AccountAuthExpired(why) => {
            (Style::Bad, "!", format!("sign in again: {}", why.detail))
        }
        EventData::AccountOffline(why) => (Style::Warn, "offline", why.detail.clone()),
        EventData::AccountRemoved(_) => {
            (Style::Plain, "removed", "the account is no longer on this machine".to_owned())
        }
        EventData::HealthChanged(health) => {
            let style = match health.severity {
                Severity::Error => Style::Bad,
                Severity::Warning => Style::Warn,
                _ => Style::Plain,
            };
            let kind = if health.severity == Severity::Ok { "well again" } else { "!" };
            (style, kind, format!("{} ({})", health.title, health.code))
        }
        EventData::DaemonStopping(why) => (Style::Plain, "stopping", why.reason.clone()),
        _ => return None,
    };
    Some((style, kind.to_owned(), words))
}

fn moment(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| short(at, &Zoned::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Event {
        serde_json::from_str(json).unwrap()
    }

    fn painted(json: &str) -> String {
        line(&read(json), &[(AccountId::from("a1"), "work".to_owned())])
            .paint(crate::screen::Paper::default())
    }

    #[test]
    fn a_mail_cannot_steer_the_terminal() {
        let text = painted(
            r#"{"cursor":"x:1","at":"?","type":"email.received","accountId":"a1","data":
            {"subject":"Re: \u001b]0;owned\u0007quote","from":[{"name":"Ada\u202e","email":"a@x"}]}}"#,
        );
        assert_eq!(text, "? work     mail       Ada                  Re: quote");
    }

    #[test]
    fn a_reply_is_quoted_and_a_sync_is_counted_in_words() {
        for (reply, words) in [
            ("451 4.7.1 busy", "S1  the server said “451 4.7.1 busy”  again ?"),
            ("mail.x:465 refuses connections", "S1  mail.x:465 refuses connections  again ?"),
        ] {
            let text = painted(&format!(
                r#"{{"cursor":"x:1","at":"?","type":"submission.deferred","accountId":"a1","data":
                {{"submissionId":"S1","reply":"{reply}","nextAttemptAt":"?"}}}}"#
            ));
            assert_eq!(text, format!("? work     later      {words}"));
        }
        let text = painted(
            r#"{"cursor":"x:1","at":"?","type":"sync.completed","accountId":"a1","data":
            {"added":2,"removed":1,"flagged":0}}"#,
        );
        assert_eq!(text, "? work     sync       2 new, 1 gone, 0 marked");
    }

    #[test]
    fn a_mail_without_subject_says_so() {
        for subject in ["", "  ", "\\u202e"] {
            let text = painted(&format!(
                r#"{{"cursor":"x:1","at":"?","type":"email.received","accountId":"a1","data":
                {{"subject":"{subject}","from":[{{"name":null,"email":"a@x"}}]}}}}"#
            ));
            assert_eq!(text, "? work     mail       a@x                  (no subject)");
        }
    }

    #[test]
    fn unknown_types_are_shown_as_they_came() {
        let text = painted(r#"{"cursor":"x:1","at":"?","type":"tracking.opened","data":{"n":1}}"#);
        assert_eq!(text, "?          tracking.opened {\"n\":1}");
    }

    #[test]
    fn every_type_has_words_or_is_for_programs() {
        for (name, _) in chapar_ipc_protocol::event::TYPES {
            let event =
                read(&format!(r#"{{"cursor":"x:1","at":"?","type":"{name}","data":{{}}}}"#));
            let (_, kind, _) = describe(&event.data);
            let steers = name.starts_with("stream.");
            assert!(steers || is_for_programs(&event.data) || kind != *name, "{name} has no words");
        }
    }
}
