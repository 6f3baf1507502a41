//! The findings for people: one line a check, below it the other side's words, whose job it is, and
//! the command that mends it.

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::doctor::{CheckState, DoctorCheck, Who};
use chapar_ipc_protocol::error::Remedy;

use super::Findings;
use crate::error::{Fault, shell_words};
use crate::render::detail::detail_lines;
use crate::screen::{Line, Screen, Style, columns, wrap};

/// A label is never wider than this, so that the words beside it have room.
const LABEL: usize = 24;
/// Commands shown below a check; the help page has the others.
const COMMANDS: usize = 3;

/// Tab-separated.
pub(super) fn fields(screen: &Screen, findings: &Findings) -> Result<(), Fault> {
    findings.checks.iter().try_for_each(|check| {
        let account = findings.account(check).map_or("", |account| account.name.as_str());
        let code = check.code.as_deref().unwrap_or_default();
        screen.fields([word(check.state), &check.what, account, code, &check.title])
    })
}

/// Every check, then the count and where to go on.
pub(super) fn lines(findings: &Findings, width: usize) -> Vec<Line> {
    let labels: Vec<String> =
        findings.checks.iter().map(|check| label(check, findings.account(check))).collect();
    let column = labels.iter().map(|label| columns(label)).max().unwrap_or(0).min(LABEL);
    let mut lines = Vec::new();
    for (check, label) in findings.checks.iter().zip(&labels) {
        lines.extend(check_lines(check, findings.account(check), label, column, width));
    }
    lines.push(Line::of(sum(findings)));
    if !findings.is_well() {
        lines.push(Line::new().with(
            Style::Dim,
            "Support bundle without addresses or mail:  chapar doctor --bundle chapar.json",
        ));
    }
    lines
}

fn check_lines(
    check: &DoctorCheck,
    account: Option<&Account>,
    label: &str,
    column: usize,
    width: usize,
) -> Vec<Line> {
    let (style, mark) = match check.state {
        CheckState::Ok => (Style::Good, "✓"),
        CheckState::Warning => (Style::Warn, "!"),
        CheckState::Skipped => (Style::Dim, "·"),
        CheckState::Error | CheckState::Other => (Style::Bad, "✗"),
    };
    let indent = column + 4;
    let room = width.saturating_sub(indent);
    let pad = " ".repeat(column.saturating_sub(columns(label)) + 2);
    let on = check.depends_on.as_deref();
    let title = match (check.ms, on) {
        (_, Some(on)) => format!("skipped – depends on “{}”", called(on)),
        (Some(ms), None) if check.state == CheckState::Ok => format!("{} · {ms} ms", check.title),
        _ => check.title.clone(),
    };
    let mut lines = Vec::new();
    for (index, text) in wrap(&title, room).into_iter().enumerate() {
        lines.push(if index == 0 {
            Line::new().with(style, mark).text(format!(" {label}{pad}{text}"))
        } else {
            Line::of(format!("{}{text}", " ".repeat(indent)))
        });
    }
    if let Some(detail) = &check.detail {
        lines.extend(detail_lines(detail, "", indent, width));
    }
    lines.extend(way_out(check, account, indent, width));
    lines
}

/// Whose job it is, and what to do.
fn way_out(
    check: &DoctorCheck,
    account: Option<&Account>,
    indent: usize,
    width: usize,
) -> Vec<Line> {
    let Some(code) = check.code.as_deref().filter(|_| check.state != CheckState::Ok) else {
        return Vec::new();
    };
    let margin = " ".repeat(indent);
    let room = width.saturating_sub(indent);
    let mut lines = Vec::new();
    let advice = check.remedy.first().map(|remedy| remedy.title.as_str()).unwrap_or_default();
    lines.extend(wrap(advice, room).into_iter().map(|text| Line::of(format!("{margin}{text}"))));
    let ways = |remedy: &Remedy| remedy.command.clone().or_else(|| remedy.template.clone());
    for command in check.remedy.iter().filter_map(ways).take(COMMANDS) {
        let words: Vec<String> = command.iter().map(|word| named(word, account)).collect();
        let arrow = Line::of(format!("{margin}→ "));
        lines.push(arrow.with(Style::Strong, shell_words(&words)));
    }
    for link in check.remedy.iter().filter_map(|remedy| remedy.link.as_ref()) {
        lines.push(Line::of(format!("{margin}→ {link}")));
    }
    let whose = check.who.map(whose).unwrap_or_default();
    let text = format!("{whose}{code} · chapar help {code}");
    lines.extend(
        wrap(&text, room)
            .into_iter()
            .map(|text| Line::new().with(Style::Dim, format!("{margin}{text}"))),
    );
    lines
}

/// The account's name in place of its id: nobody remembers ids.
fn named(word: &str, account: Option<&Account>) -> String {
    match account {
        Some(account) if word == account.id.0 => account.name.clone(),
        _ => word.to_owned(),
    }
}

fn whose(who: Who) -> &'static str {
    match who {
        Who::You => "Who can fix it: you · ",
        Who::Admin => "Who can fix it: your administrator · ",
        Who::Provider => "Who can fix it: your provider · ",
        Who::Nobody => "Nothing to do, chapar retries · ",
        Who::Recipient => "Who can fix it: the recipient's side · ",
        Who::Other => "",
    }
}

/// What a check is called beside its mark.
fn label(check: &DoctorCheck, account: Option<&Account>) -> String {
    let what = called(&check.what);
    match account {
        Some(account) => format!("{}: {what}", account.name),
        None => what.to_owned(),
    }
}

/// The words for people.
fn called(what: &str) -> &str {
    match what {
        "dns" => "DNS",
        "tcp" => "connection",
        "tls" => "certificate",
        "greeting" => "IMAP server",
        "signIn" => "sign-in",
        "auth" => "IMAP sign-in",
        "select" => "inbox",
        "idle" => "push",
        "mirror" => "mail here",
        "smtp" => "SMTP server",
        "smtpAuth" => "SMTP sign-in",
        other => other,
    }
}

fn sum(findings: &Findings) -> String {
    let number = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let skipped = findings.count(CheckState::Skipped);
    let mut text = format!(
        "{} ok, {}, {}",
        number(findings.count(CheckState::Ok), "check"),
        number(findings.count(CheckState::Warning), "warning"),
        number(findings.count(CheckState::Error), "error"),
    );
    if skipped > 0 {
        text = format!("{text}, {skipped} skipped");
    }
    if findings.is_well() { text } else { format!("{text}      exit 1") }
}

fn word(state: CheckState) -> &'static str {
    match state {
        CheckState::Ok => "ok",
        CheckState::Warning => "warning",
        CheckState::Skipped => "skipped",
        CheckState::Error | CheckState::Other => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Paper;
    use chapar_ipc_protocol::id::AccountId;

    fn findings() -> Findings {
        let old =
            Account { id: AccountId::from("a3"), name: "old".to_owned(), ..Account::default() };
        let refused = DoctorCheck {
            what: "signIn".to_owned(),
            account_id: Some(old.id.clone()),
            state: CheckState::Error,
            title: "The provider ended the sign-in".to_owned(),
            detail: Some("invalid_grant: password changed\u{1b}[2J".to_owned()),
            code: Some("oauth.expired".to_owned()),
            who: Some(Who::You),
            remedy: vec![Remedy {
                title: "Sign in again.".to_owned(),
                command: Some(["chapar", "account", "reconnect", "a3"].map(str::to_owned).to_vec()),
                ..Remedy::default()
            }],
            ..DoctorCheck::default()
        };
        let skipped = DoctorCheck {
            what: "auth".to_owned(),
            account_id: Some(old.id.clone()),
            state: CheckState::Skipped,
            title: "not looked at: it depends on signIn".to_owned(),
            depends_on: Some("signIn".to_owned()),
            ..DoctorCheck::default()
        };
        let disk = DoctorCheck {
            what: "disk".to_owned(),
            title: "61 MB used, 41 GB free".to_owned(),
            state: CheckState::Ok,
            ms: Some(3),
            ..DoctorCheck::default()
        };
        Findings { checks: vec![disk, refused, skipped], accounts: vec![old], fixed: vec![] }
    }

    #[test]
    fn the_findings_at_eighty_columns() {
        let lines = lines(&findings(), 80);
        let text: String = lines.iter().map(|line| line.paint(Paper::default()) + "\n").collect();
        let expected = "\
✓ disk               61 MB used, 41 GB free · 3 ms
✗ old: sign-in       The provider ended the sign-in
                     “invalid_grant: password changed”
                     Sign in again.
                     → chapar account reconnect old
                     Who can fix it: you · oauth.expired · chapar help
                     oauth.expired
· old: IMAP sign-in  skipped – depends on “sign-in”
1 check ok, 0 warnings, 1 error, 1 skipped      exit 1
Support bundle without addresses or mail:  chapar doctor --bundle chapar.json
";
        assert_eq!(text, expected);
    }
}
