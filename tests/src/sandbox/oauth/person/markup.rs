//! As much HTML as a page with one form needs.

/// The first form of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Markup {
    pub(super) action: String,
    pub(super) fields: Vec<Field>,
    /// Values of the buttons called `decision`.
    pub(super) buttons: Vec<String>,
}

/// One input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) value: String,
}

pub(super) fn form(page: &str) -> Option<Markup> {
    let from = page.find("<form")?;
    let (head, rest) = page[from..].split_once('>')?;
    let inside = rest.split("</form").next()?;
    let mut markup = Markup { action: attribute(head, "action")?, fields: vec![], buttons: vec![] };
    for tag in inside.split('<').filter_map(|piece| piece.split('>').next()) {
        let value = attribute(tag, "value").unwrap_or_default();
        let Some(name) = attribute(tag, "name") else { continue };
        if tag.starts_with("input") {
            let kind = attribute(tag, "type").unwrap_or_default();
            markup.fields.push(Field { name, kind, value });
        } else if tag.starts_with("button") && name == "decision" {
            markup.buttons.push(value);
        }
    }
    Some(markup)
}

/// The text of the element with that id.
pub(super) fn text_of(page: &str, id: &str) -> Option<String> {
    let tag = page.split('<').find(|tag| attribute(tag, "id").as_deref() == Some(id))?;
    tag.split_once('>').map(|(_, text)| unescaped(text.trim()))
}

/// The value of an attribute, quoted or not.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let head = tag.split('>').next()?;
    let at = head.match_indices(name).find(|(at, _)| {
        let before = head[..*at].ends_with(' ');
        before && head[at + name.len()..].starts_with('=')
    });
    let value = &head[at?.0 + name.len() + 1..];
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split_ascii_whitespace().next()?,
    };
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_both_styles_are_read() {
        let page = "<h1>x</h1><form method=post action=\"/a?b&amp;c\"><input name=login id=login \
            value=\"a&quot;b\" autofocus><label><input type=\"checkbox\" name=\"scope\" value=\"s\">\
            </label><button name=\"decision\" value=\"deny\">No</button></form><input name=\"out\">";
        let form = form(page).unwrap();
        assert_eq!(form.action, "/a?b&c");
        let fields: Vec<_> =
            form.fields.iter().map(|at| (at.name.as_str(), at.kind.as_str(), &*at.value)).collect();
        assert_eq!(fields, [("login", "", "a\"b"), ("scope", "checkbox", "s")]);
        assert_eq!(form.buttons, ["deny"]);
        assert_eq!(text_of("<p id=\"error\">Wrong &amp; bad</p>", "error").unwrap(), "Wrong & bad");
        assert_eq!(text_of(page, "error"), None);
    }
}
