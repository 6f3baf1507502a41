//! The pages a person sees: plain forms that a text browser and [`super::person`] can fill in.

use super::http::Answer;

/// What is asked of the person.
pub(super) struct Asked<'a> {
    pub(super) client: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) boxes: bool,
}

/// Whether a scope has a box of its own: those that open mail do, those that only name the person
/// do not.
pub(super) fn has_box(scope: &str) -> bool {
    !matches!(scope, "openid" | "email" | "profile" | "offline_access")
}

pub(super) fn sign_in(visit: &str, hint: Option<&str>, wrong: Option<&str>) -> Answer {
    let fields = format!(
        "<p><label>Address <input name=\"login\" value=\"{}\"></label></p>\n\
         <p><label>Password <input name=\"password\" type=\"password\"></label></p>",
        escaped(hint.unwrap_or_default())
    );
    page("Sign in", &form(&format!("/signin/{visit}"), wrong, &fields, "Sign in"))
}

pub(super) fn second_factor(visit: &str, wrong: Option<&str>) -> Answer {
    let fields = "<p><label>Code from your telephone <input name=\"otp\"></label></p>";
    page("One more thing", &form(&format!("/signin/{visit}"), wrong, fields, "Go on"))
}

pub(super) fn consent(visit: &str, asked: &Asked<'_>) -> Answer {
    let mut fields = format!("<p>{} wants to:</p>\n<ul>\n", escaped(asked.client));
    for scope in asked.scopes {
        let scope = escaped(scope);
        let line = if asked.boxes && has_box(&scope) {
            let input = format!("<input type=\"checkbox\" name=\"scope\" value=\"{scope}\">");
            format!("<li><label>{input} {scope}</label></li>\n")
        } else {
            format!("<li>{scope}</li>\n")
        };
        fields.push_str(&line);
    }
    fields.push_str("</ul>");
    page("Allow access?", &form(&format!("/signin/{visit}"), None, &fields, "Allow"))
}

pub(super) fn admin_only(visit: &str, client: &str) -> Answer {
    let body = format!(
        "<p>{} needs permission that only an administrator can grant.</p>\n\
         <form method=\"post\" action=\"/signin/{visit}\">\
         <button name=\"decision\" value=\"deny\">Return without consent</button></form>",
        escaped(client)
    );
    page("Need admin approval", &body)
}

pub(super) fn device(path: &str, code: Option<&str>, wrong: Option<&str>) -> Answer {
    let fields = format!(
        "<p><label>Code on your device <input name=\"user_code\" value=\"{}\"></label></p>",
        escaped(code.unwrap_or_default())
    );
    page("Connect a device", &form(path, wrong, &fields, "Next"))
}

pub(super) fn done(words: &str) -> Answer {
    page("Done", &format!("<p id=\"done\">{}</p>", escaped(words)))
}

/// An error that must not be sent to the redirect (RFC 6749 §4.1.2.1).
pub(super) fn dead_end(words: &str) -> Answer {
    let words = escaped(words);
    Answer { status: 400, ..page("Access blocked", &format!("<p id=\"error\">{words}</p>")) }
}

fn form(action: &str, wrong: Option<&str>, fields: &str, button: &str) -> String {
    let wrong = wrong.map(|words| format!("<p id=\"error\">{}</p>\n", escaped(words)));
    format!(
        "{}<form method=\"post\" action=\"{action}\">\n{fields}\n\
         <p><button name=\"decision\" value=\"allow\">{button}</button>\n\
         <button name=\"decision\" value=\"deny\">Cancel</button></p>\n</form>",
        wrong.unwrap_or_default()
    )
}

fn page(title: &str, body: &str) -> Answer {
    let answer = Answer::html(
        200,
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{body}\n</body></html>\n"
        ),
    );
    answer.with("referrer-policy", "no-referrer").with("x-frame-options", "DENY")
}

/// Text that HTML cannot take for markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
