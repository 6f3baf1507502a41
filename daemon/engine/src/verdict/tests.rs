use super::*;
use std::collections::BTreeSet;

#[test]
fn every_code_is_once_in_the_table_and_says_something() {
    let codes: BTreeSet<_> = conditions().map(|row| row.code).collect();
    assert_eq!(codes.len(), conditions().count());
    for row in conditions() {
        assert!(row.advice().ends_with('.'), "{}", row.code);
        assert_eq!(Failure::of(row.code, "m", None).verdict, row.action.into(), "{}", row.code);
    }
}

#[test]
fn no_certificate_fault_is_ever_retried_by_itself() {
    // a refusal of STARTTLS says nothing of a certificate, and passes when the server is restarted
    for row in conditions().filter(|row| row.code.starts_with("tls.") && row.code != "tls.refused")
    {
        assert_eq!(Verdict::from(row.action), Verdict::FixSettings, "{}", row.code);
    }
}

#[test]
fn imap_answers() {
    use ImapStep::{Append, Fetch, Greeting, Idle, List, Login, Select, StartTls};
    for (code, text, during, expected) in [
        (Some("AUTHENTICATIONFAILED"), "Invalid credentials (Failure)", Login, "imap.auth"),
        (None, "LOGIN failed.", Login, "imap.auth"),
        (None, "AUTHENTICATE failed.", Login, "imap.auth"),
        (Some("UNAVAILABLE"), "Temporary authentication failure", Login, "imap.unavailable"),
        (None, "Temporary authentication failure.", Login, "imap.unavailable"),
        (
            Some("LIMIT"),
            "Maximum number of connections from user+IP exceeded",
            Login,
            "imap.throttled",
        ),
        (
            Some("UNAVAILABLE"),
            "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=1)",
            Login,
            "imap.throttled",
        ),
        (Some("LIMIT"), "too many keywords", Fetch, "imap.refused"),
        (Some("INUSE"), "Mailbox is locked", Select, "imap.unavailable"),
        (Some("ALERT"), "Too many simultaneous connections. (Failure)", Login, "imap.throttled"),
        (Some("ALERT"), "Please log in via your web browser", Login, "imap.app_password"),
        (Some("ALERT"), "Application-specific password required", Login, "imap.app_password"),
        (Some("ALERT"), "Maintenance tonight", Login, "imap.auth"),
        (None, "User is authenticated but not connected.", List, "imap.not_connected"),
        (None, "User is authenticated but not connected.", Select, "imap.not_connected"),
        (None, "AUTHENTICATE failed: IMAP is disabled for this user", Login, "imap.disabled"),
        (
            Some("AUTHENTICATIONFAILED"),
            "Your account is not enabled for IMAP use",
            Login,
            "imap.disabled",
        ),
        (Some("ALERT"), "IMAP access is disabled for your domain.", Login, "imap.disabled"),
        (Some("ALERT"), "Invalid SASL argument", Login, "imap.auth"),
        (None, "Session invalidated - AccessTokenExpired", Idle, "imap.session_ended"),
        (None, "Session expired, please login again.", Fetch, "imap.session_ended"),
        (Some("EXPIRED"), "token ran out", Fetch, "imap.session_ended"),
        (None, "Session ended: the access token ended", Idle, "imap.session_ended"),
        (None, "Session invalidated - AccessTokenExpired", Login, "imap.auth"),
        (None, "access token has expired", Login, "imap.auth"),
        (Some("THROTTLED"), "", Fetch, "imap.throttled"),
        (
            Some("OVERQUOTA"),
            "Account exceeded command or bandwidth limits",
            Fetch,
            "imap.throttled",
        ),
        (Some("OVERQUOTA"), "Quota exceeded", Append, "imap.over_quota"),
        (Some("PRIVACYREQUIRED"), "", Login, "tls.not_offered"),
        (Some("AUTHORIZATIONFAILED"), "", Login, "imap.auth"),
        (Some("expired"), "Password expired", Login, "imap.auth"),
        (Some("ALREADYEXISTS"), "Mailbox exists", List, "imap.refused"),
        (Some("TRYCREATE"), "Mailbox doesn't exist", Append, "imap.no_mailbox"),
        (Some("NONEXISTENT"), "Unknown Mailbox", Select, "imap.no_mailbox"),
        (None, "Mailbox doesn't exist: x", Select, "imap.no_mailbox"),
        (None, "Session expired, please login again", Idle, "imap.session_ended"),
        (None, "unknown command", StartTls, "tls.not_offered"),
        (None, "go away", Greeting, "imap.greeting"),
        (None, "Application-password is required, see our help", Login, "imap.app_password"),
        (
            Some("AUTHENTICATIONFAILED"),
            "\u{41d}\u{443}\u{436}\u{435}\u{43d} \u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \
             \u{43f}\u{440}\u{438}\u{43b}\u{43e}\u{436}\u{435}\u{43d}\u{438}\u{44f}",
            Login,
            "imap.app_password",
        ),
        (None, "use an app specific password", Login, "imap.app_password"),
        (None, "Please sign in via a web browser first", Login, "imap.app_password"),
        (None, "Basic auth is no longer supported for this tenant", Login, "imap.no_login"),
        (Some("AUTHENTICATIONFAILED"), "Modern Authentication required", Login, "imap.no_login"),
        (None, "Password authentication has been disabled, use OAuth2", Login, "imap.no_login"),
        (None, "Your mailbox has been suspended for abuse", Login, "account.blocked"),
        (
            Some("WEBALERT"),
            "http://x.test User locked, confirm your identity",
            Login,
            "account.blocked",
        ),
        (Some("AUTHENTICATIONFAILED"), "Account deactivated", Login, "account.blocked"),
        (None, "account temporarily locked, try again later", Login, "imap.unavailable"),
        (None, "login incorrect", Login, "imap.auth"),
        (None, "Invalid user name or password", Login, "imap.auth"),
        (None, "", Fetch, "imap.refused"),
    ] {
        assert_eq!(judge_imap(code, text, during).code, expected, "{code:?} {text}");
    }
}

#[test]
fn a_refusal_is_of_the_mechanism_or_of_the_credential() {
    for (bad, code, text, challenged, leads_on) in [
        (true, None, "", true, true),
        (true, None, "Error in IMAP command AUTHENTICATE", false, true),
        (false, None, "Authentication failed", false, true),
        (false, None, "Authentication failed", true, false),
        (false, None, "no mechanism available", true, true),
        (false, None, "Invalid credentials", false, false),
        (false, Some("AUTHENTICATIONFAILED"), "unsupported", false, false),
        (true, Some("AUTHENTICATIONFAILED"), "", false, false),
        (false, Some("UNAVAILABLE"), "", false, false),
        (false, Some("CANNOT"), "no such mechanism", false, true),
        (false, Some("CANNOT"), "", false, false),
        (false, Some("ALERT"), "Application-specific password required", false, false),
        (false, None, "too many login attempts", false, false),
        (true, None, "Basic authentication is disabled", false, false),
    ] {
        let refusal = MechanismRefusal { bad, code, text, challenged };
        assert_eq!(refuses_mechanism(refusal), leads_on, "{refusal:?}");
    }
}

#[test]
fn a_suggested_wait_is_honoured_within_reason() {
    let judge = |text: &str| judge_imap(None, text, ImapStep::Fetch).verdict;
    let text = "Request is throttled. Suggested Backoff Time: 92415 milliseconds";
    assert_eq!(judge(text), Verdict::Throttled(Some(Duration::from_millis(92_415))));
    let far = "Suggested Backoff Time: 18446744073709551615 milliseconds";
    assert_eq!(judge(far), Verdict::Throttled(Some(LONGEST_SUGGESTION)));
    assert_eq!(judge("Request is throttled."), Verdict::Throttled(None));
}

#[test]
fn smtp_replies() {
    use SmtpStep::{Auth, Data, Dot, Ehlo, Greeting, Mail, Rcpt, StartTls};
    for (code, text, during, expected) in [
        (421, "4.7.0 Try again later", Greeting, "smtp.greeting"),
        (554, "No SMTP service here", Greeting, "smtp.greeting"),
        (502, "what?", Ehlo, "smtp.not_smtp"),
        (454, "TLS not available", StartTls, "smtp.unavailable"),
        (502, "not implemented", StartTls, "tls.not_offered"),
        (535, "5.7.8 Username and Password not accepted", Auth, "smtp.auth"),
        (535, "5.7.3 Authentication unsuccessful", Auth, "smtp.auth"),
        (
            535,
            "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the \
             Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
            Auth,
            "smtp.auth_disabled",
        ),
        (535, "5.7.139 basic authentication is disabled", Auth, "smtp.auth_disabled"),
        (550, "5.7.30 Basic authentication is not supported", Mail, "smtp.auth_disabled"),
        (550, "5.7.30 Basic authentication is not supported", Auth, "smtp.auth_disabled"),
        (534, "5.7.9 Application-specific password required", Auth, "smtp.app_password"),
        (530, "5.7.0 Must issue a STARTTLS command first", Mail, "tls.not_offered"),
        (530, "5.7.0 Authentication required", Mail, "smtp.auth"),
        (538, "5.7.11 Encryption required", Auth, "tls.not_offered"),
        (432, "4.7.12 A password transition is needed", Auth, "smtp.auth"),
        (432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Dot, "smtp.throttled"),
        (454, "4.7.0 Temporary authentication failure", Auth, "smtp.unavailable"),
        (504, "5.5.4 Unrecognized authentication type", Auth, "smtp.no_auth"),
        (550, "5.4.5 Daily user sending limit exceeded", Rcpt, "smtp.throttled"),
        (554, "5.2.0 STOREDRV; SubmissionQuotaExceededException", Dot, "smtp.throttled"),
        (421, "closing", Data, "smtp.unavailable"),
        (450, "4.2.0 Greylisted", Rcpt, "smtp.deferred"),
        (452, "4.5.3 Too many recipients", Rcpt, "smtp.deferred"),
        (550, "5.1.1 User unknown", Rcpt, "smtp.refused"),
        (552, "5.2.2 Mailbox full", Rcpt, "smtp.refused"),
        (552, "Message size exceeds limit", Mail, "smtp.too_large"),
        (552, "5.3.4 too big", Dot, "smtp.too_large"),
        (554, "5.7.1 Spam", Dot, "smtp.refused"),
        (354, "go on", Dot, "smtp.protocol"),
    ] {
        assert_eq!(judge_smtp(code, None, text, during).code, expected, "{code} {text}");
    }
}

#[test]
fn only_final_refusals_are_final() {
    assert!(is_temporary(451, "later", SmtpStep::Dot));
    assert!(is_temporary(550, "5.4.5 Daily user sending limit exceeded", SmtpStep::Dot));
    assert!(!is_temporary(554, "spam", SmtpStep::Dot));
    assert!(!is_temporary(250, "ok", SmtpStep::Dot));
}

#[test]
fn every_judged_code_is_in_the_table_whatever_the_server_says() {
    let texts = ["", "5.7.8 no", "4.3.2 x", "throttled", "app password", "temporary", "quota"];
    let steps = [
        SmtpStep::Greeting,
        SmtpStep::Ehlo,
        SmtpStep::StartTls,
        SmtpStep::Auth,
        SmtpStep::Mail,
        SmtpStep::Rcpt,
        SmtpStep::Data,
        SmtpStep::Dot,
    ];
    for code in 0..1000 {
        for text in texts {
            for during in steps {
                assert!(condition(judge_smtp(code, None, text, during).code).is_some());
            }
        }
    }
}

#[test]
fn failures_show_attempt_and_cleaned_detail() {
    let failure = Failure::of(
        "tls.expired",
        "could not connect to mail.example:993",
        Some("a\r\n\u{1b}[31mb"),
    );
    assert_eq!(failure.verdict, Verdict::FixSettings);
    assert_eq!(failure.to_string(), "could not connect to mail.example:993: a [31mb");
}
