//! The one place where a failure of another part becomes an error on the wire.

use super::convert;
use crate::store::StoreError;
use crate::supervisor::SubmitError;
use chapar_engine::compose::DraftError;
use chapar_engine::id::AccountId;
use chapar_engine::verdict::{Command, Condition, Failure, Verdict, condition};
use chapar_ipc_protocol::error::{Error, ErrorType, Remedy};
use chapar_ipc_protocol::id as wire;

/// Codes whose type does not follow from area or verdict, checked first.
const BY_CODE: &[(&str, ErrorType)] = &[
    ("net.timeout", ErrorType::ProviderTimeout),
    ("account.exists", ErrorType::AlreadyExists),
    ("account.missing", ErrorType::AccountNotFound),
    ("account.not_found", ErrorType::AccountNotFound),
    ("account.canceled", ErrorType::Canceled),
    ("account.busy", ErrorType::RateLimit),
    ("account.not_running", ErrorType::WrongPhase),
    ("account.settings", ErrorType::InvalidArguments),
    ("account.provider", ErrorType::InvalidArguments),
    ("account.other_mailbox", ErrorType::Forbidden),
    ("account.no_grant", ErrorType::InvalidArguments),
    ("oauth.wrong_person", ErrorType::AccountAuthRequired),
    ("oauth.denied", ErrorType::AccountAuthRequired),
    ("oauth.missing_scope", ErrorType::AccountAuthRequired),
    ("oauth.admin_consent", ErrorType::AccountAuthRequired),
    ("oauth.no_refresh_token", ErrorType::AccountAuthRequired),
    ("oauth.state", ErrorType::AccountAuthRequired),
    ("oauth.issuer", ErrorType::AccountAuthRequired),
    ("oauth.timeout", ErrorType::AccountAuthRequired),
    ("imap.over_quota", ErrorType::OverQuota),
    ("imap.not_imap", ErrorType::SettingsWrong),
    ("imap.preauth", ErrorType::TlsInvalid),
    ("smtp.not_smtp", ErrorType::SettingsWrong),
    ("smtp.too_large", ErrorType::TooLarge),
    ("imap.gone", ErrorType::NotFound),
    ("imap.too_large", ErrorType::TooLarge),
    ("submission.not_found", ErrorType::NotFound),
    ("submission.waiting", ErrorType::WrongPhase),
    ("submission.wrong_phase", ErrorType::WrongPhase),
    ("store.full", ErrorType::DiskFull),
    ("store.read_only", ErrorType::DiskFull),
    ("store.missing", ErrorType::NotFound),
    ("internal.panic", ErrorType::ServerFail),
    ("daemon.stopping", ErrorType::ServerFail),
];

/// Then by area, the part of the code before its dot.
const BY_AREA: &[(&str, ErrorType)] = &[
    ("net", ErrorType::Offline),
    ("tls", ErrorType::TlsInvalid),
    ("store", ErrorType::ServerFail),
    ("secrets", ErrorType::ServerFail),
];

fn kind_of(failure: &Failure) -> ErrorType {
    let area = failure.code.split('.').next().unwrap_or_default();
    let row = BY_CODE.iter().find(|(code, _)| *code == failure.code);
    if let Some((_, kind)) = row.or_else(|| BY_AREA.iter().find(|(name, _)| *name == area)) {
        return *kind;
    }
    match failure.verdict {
        Verdict::Retry | Verdict::Refused | Verdict::Unknown => ErrorType::ProviderFail,
        Verdict::Throttled(_) => ErrorType::RateLimit,
        Verdict::SignInAgain => ErrorType::AccountAuthRequired,
        Verdict::FixSettings => ErrorType::SettingsWrong,
    }
}

/// A failure of the engine's words.
pub(super) fn failure(failure: &Failure, account: Option<AccountId>) -> Error {
    let kind = kind_of(failure);
    let mut error = Error::new(kind, failure.message.clone()).fine(failure.code);
    error.data.remedy = remedies(failure.code, account);
    error.data.detail.clone_from(&failure.detail);
    error.data.account_id = account.map(convert::account_id);
    error.data.retryable &= matches!(failure.verdict, Verdict::Retry | Verdict::Throttled(_));
    if let Verdict::Throttled(Some(wait)) = failure.verdict {
        error.data.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }
    error
}

/// As [`failure`], of an attempt that saves nothing when it fails: what helps is no command about an
/// account, and chapar does not try it again.
pub(super) fn unsaved(failed: &Failure) -> Error {
    let mut error = failure(failed, None);
    let passes = matches!(failed.verdict, Verdict::Retry | Verdict::Throttled(_));
    if let Some(row) = condition(failed.code).filter(|_| passes) {
        let advice = Remedy { title: row.advice_unsaved(), ..Remedy::default() };
        error.data.remedy = vec![advice, page(row.code, row.title)];
    }
    error
}

/// Commands named in an error; the help page has the others.
const COMMANDS: usize = 2;

/// What helps with a condition, in the words of the registry: the advice with command and call at
/// once, further commands, the page. A code without a row has its page only.
pub(super) fn remedies(code: &str, account: Option<AccountId>) -> Vec<Remedy> {
    let Some(row) = condition(code) else {
        return vec![page(code, "What it means and what helps")];
    };
    let id = account.map(convert::account_id);
    let ready = row.ready_for(id.as_ref().map(|id| id.0.as_str()));
    // the call does what the first command does
    let id = id.filter(|_| !ready.is_empty());
    remedy(row, id.as_ref(), ready.into_iter().take(COMMANDS).map(Command::Ready))
}

/// As [`remedies`], of what is there already: with every command of the row, and with those in
/// which the person has to fill something in.
pub(super) fn steps(row: &Condition, account: Option<AccountId>) -> Vec<Remedy> {
    let id = account.map(convert::account_id);
    let steps = row.steps_for(id.as_ref().map(|id| id.0.as_str()));
    remedy(row, id.as_ref(), steps.into_iter())
}

/// The advice with the first step and the call, the further steps, the page.
fn remedy(
    row: &Condition,
    account: Option<&wire::AccountId>,
    steps: impl Iterator<Item = Command>,
) -> Vec<Remedy> {
    let mut steps = steps.map(of_step);
    let Remedy { method, params, .. } = call(row, account);
    let first = steps.next().unwrap_or_default();
    let mut remedies = vec![Remedy { title: row.advice().to_owned(), method, params, ..first }];
    remedies.extend(steps);
    remedies.push(page(row.code, row.title));
    remedies
}

fn of_step(step: Command) -> Remedy {
    let (Command::Ready(words) | Command::Template(words)) = &step;
    let title = words.join(" ");
    match step {
        Command::Ready(words) => Remedy { title, command: Some(words), ..Remedy::default() },
        Command::Template(words) => Remedy { title, template: Some(words), ..Remedy::default() },
    }
}

fn page(code: &str, title: &str) -> Remedy {
    Remedy { title: title.to_owned(), help: Some(code.to_owned()), ..Remedy::default() }
}

/// The method that helps, with the account it is about.
fn call(row: &Condition, account: Option<&wire::AccountId>) -> Remedy {
    let Some((method, id)) = row.method.zip(account) else { return Remedy::default() };
    let params = [(method.account.to_owned(), id.0.clone().into())];
    Remedy {
        method: Some(method.name.to_owned()),
        params: Some(params.into_iter().collect()),
        ..Remedy::default()
    }
}

/// Whose job something is.
pub(super) fn who(who: chapar_engine::verdict::Who) -> chapar_ipc_protocol::doctor::Who {
    use chapar_engine::verdict::Who;
    use chapar_ipc_protocol::doctor as wire;
    match who {
        Who::You => wire::Who::You,
        Who::Admin => wire::Who::Admin,
        Who::Provider => wire::Who::Provider,
        Who::Nobody => wire::Who::Nobody,
        Who::Recipient => wire::Who::Recipient,
    }
}

/// A failure of the store.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub(super) fn store(error: StoreError) -> Error {
    let kind = match &error {
        StoreError::DiskFull { .. } | StoreError::ReadOnly { .. } => ErrorType::DiskFull,
        StoreError::Missing(what) => return missing(what),
        StoreError::Conflict(_) => ErrorType::AlreadyExists,
        _ => ErrorType::ServerFail,
    };
    let code = error.code();
    let mut error = Error::new(kind, sentence(&error.to_string())).fine(code);
    error.data.remedy = remedies(code, None);
    error
}

/// Why a submission was not accepted or not changed.
pub(super) fn submit(error: SubmitError) -> Error {
    let message = sentence(&error.to_string());
    match error {
        SubmitError::Missing(what) => missing(what),
        SubmitError::Draft(error) => Error::new(draft(&error), message),
        SubmitError::KeyMismatch => Error::new(ErrorType::IdempotencyMismatch, message)
            .hint("use a new idempotencyKey for another message"),
        SubmitError::TooLate(_) => Error::new(ErrorType::WrongPhase, message)
            .fine("submission.wrong_phase")
            .command("See where it stands", &["chapar", "outbox", "list"]),
        SubmitError::Unreadable(_) => Error::new(ErrorType::ServerFail, message),
        SubmitError::Store(error) => store(error),
    }
}

fn draft(error: &DraftError) -> ErrorType {
    match error {
        DraftError::NoRecipients => ErrorType::NoRecipients,
        DraftError::BadAddress { .. } => ErrorType::InvalidRecipients,
        DraftError::TooManyRecipients { .. } => ErrorType::RequestTooLarge,
        DraftError::TooLarge { .. } => ErrorType::TooLarge,
        _ => ErrorType::InvalidEmail,
    }
}

fn missing(what: &str) -> Error {
    let kind = match what {
        "account" => ErrorType::AccountNotFound,
        "blob" => ErrorType::BlobNotFound,
        _ => ErrorType::NotFound,
    };
    Error::new(kind, format!("There is no such {what}."))
}

/// The daemon stops: what would have answered is gone.
pub(super) fn ending() -> Error {
    Error::new(ErrorType::Canceled, "The daemon stops.")
}

/// A call broke off by a fault of ours.
pub(super) fn broken() -> Error {
    Error::new(ErrorType::ServerFail, "The call failed by a fault of the daemon.")
        .fine("internal.panic")
        .command("See what it says in the log", &["chapar", "logs"])
}

/// No account of that id.
pub(super) fn no_account(id: &str) -> Error {
    Error::new(ErrorType::AccountNotFound, format!("There is no account `{id}`."))
        .command("See the accounts", &["chapar", "account", "list"])
}

/// A parameter that cannot be used.
pub(super) fn argument(message: impl Into<String>) -> Error {
    Error::new(ErrorType::InvalidArguments, message)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::failure;
    use chapar_engine::id::AccountId;
    use chapar_engine::verdict::{Failure, Verdict, conditions};
    use chapar_ipc_protocol::error::ErrorType;
    use std::time::Duration;

    #[test]
    fn codes_find_their_type_and_exit_code() {
        let cases = [
            ("tls.expired", Verdict::FixSettings, ErrorType::TlsInvalid, 77, false),
            ("imap.auth", Verdict::SignInAgain, ErrorType::AccountAuthRequired, 77, false),
            ("smtp.app_password", Verdict::SignInAgain, ErrorType::AccountAuthRequired, 77, false),
            ("net.unknown_host", Verdict::Retry, ErrorType::Offline, 69, true),
            ("net.timeout", Verdict::Retry, ErrorType::ProviderTimeout, 75, true),
            ("imap.not_imap", Verdict::FixSettings, ErrorType::SettingsWrong, 78, false),
            ("smtp.refused", Verdict::Refused, ErrorType::ProviderFail, 75, false),
            (
                "imap.throttled",
                Verdict::Throttled(Some(Duration::from_secs(2))),
                ErrorType::RateLimit,
                75,
                true,
            ),
        ];
        for (code, verdict, kind, exit, retryable) in cases {
            let error = failure(
                &Failure { code, message: "m".into(), detail: Some("their words".into()), verdict },
                None,
            );
            assert_eq!(error.data.r#type, kind, "{code}");
            assert_eq!(error.data.r#type.exit_code(), exit, "{code}");
            assert_eq!(error.data.retryable, retryable, "{code}");
            assert_eq!(error.data.detail.as_deref(), Some("their words"));
            assert_eq!(error.data.code.as_deref(), Some(code));
        }
    }

    #[test]
    fn the_table_says_what_helps() {
        for row in conditions() {
            let failed = Failure::of(row.code, "m", None);
            let remedy = failure(&failed, Some(AccountId(7))).data.remedy;
            let [helps, .., page] = remedy.as_slice() else { panic!("{}: {remedy:?}", row.code) };
            assert_eq!((helps.title.as_str(), &helps.help), (row.advice(), &None));
            assert_eq!((page.title.as_str(), page.help.as_deref()), (row.title, Some(row.code)));
            if row.method.is_some() && !row.ready_for(Some("a7")).is_empty() {
                let command = helps.command.clone().unwrap_or_default();
                assert!(command.iter().any(|word| word == "a7"), "{}: {command:?}", row.code);
                let params = helps.params.clone().unwrap_or_default();
                assert!(params.values().any(|value| value == "a7"), "{}: {params:?}", row.code);
            }
        }
        let unknown = super::remedies("never.heard", None);
        assert!(unknown.len() == 1 && unknown.iter().all(|it| it.help.is_some()), "{unknown:?}");
    }
}
