//! `chapar config get`: every setting with its value, its default and where the value comes from.

use std::path::Path;

use chapar_ipc_protocol::settings::{SETTINGS, Setting, setting};
use serde_json::{Value, json};

use super::{find, read, split_key};
use crate::error::Fault;
use crate::render::table::{Cell, Column, Table};
use crate::screen::{Form, Line, Screen, Style};

/// A setting as it holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    setting: &'static Setting,
    /// In TOML.
    value: String,
    /// The line of the file that sets it, from 1.
    line: Option<usize>,
}

impl Held {
    fn of(setting: &'static Setting, text: &str) -> Self {
        let (section, name) = setting.key.split_once('.').unwrap_or((setting.key, ""));
        match find(text, section, name) {
            Some((line, value)) => Self { setting, value, line: Some(line + 1) },
            None => Self { setting, value: setting.default.to_owned(), line: None },
        }
    }

    fn origin(&self, file: &str) -> String {
        self.line.map_or_else(|| "default".to_owned(), |line| format!("{file}:{line}"))
    }

    fn to_json(&self) -> Value {
        let setting = self.setting;
        json!({
            "key": setting.key, "value": self.value, "default": setting.default,
            "origin": if self.line.is_some() { "file" } else { "default" }, "line": self.line,
            "values": setting.values, "what": setting.what, "atStart": setting.at_start,
        })
    }
}

/// Prints one value, or all of them.
pub(super) fn run(screen: &Screen, path: &Path, key: Option<&str>) -> Result<(), Fault> {
    let text = read(path)?;
    match key {
        None => all(screen, path, &text),
        Some(key) => one(screen, path, &text, key),
    }
}

fn all(screen: &Screen, path: &Path, text: &str) -> Result<(), Fault> {
    let held: Vec<Held> = SETTINGS.iter().map(|setting| Held::of(setting, text)).collect();
    let providers = providers(text);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    match screen.form {
        Form::Json => {
            let settings: Vec<_> = held.iter().map(Held::to_json).collect();
            let providers: Vec<_> =
                providers.iter().map(|(line, key)| json!({"key": key, "line": line})).collect();
            screen.object(
                "config.get",
                json!({"path": path, "settings": settings, "providers": providers, "text": text}),
            )
        }
        Form::Plain => held.iter().try_for_each(|held| {
            let setting = held.setting;
            screen.fields([setting.key, &held.value, setting.default, &held.origin(&file)])
        }),
        Form::Human => {
            let columns = [
                Column::left("SETTING"),
                Column::left("VALUE"),
                Column::left("DEFAULT"),
                Column::wide("FROM"),
            ];
            let mut table = Table::new(&columns);
            for held in &held {
                let style = if held.line.is_some() { Style::Strong } else { Style::Plain };
                table.row([
                    held.setting.key.into(),
                    Cell::styled(style, &held.value),
                    held.setting.default.into(),
                    held.origin(&file).into(),
                ]);
            }
            screen.answers(&table.all(screen.width))?;
            for (line, key) in providers {
                screen.answer(&Line::of(format!("[[provider]] {key}   {file}:{line}")))?;
            }
            tell_more(screen, path);
            Ok(())
        }
    }
}

/// Where the file is, and what is stronger than the file.
fn tell_more(screen: &Screen, path: &Path) {
    let there = if path.exists() { "" } else { " (this file does not exist: the defaults apply)" };
    screen.say(&Line::new());
    screen.say(&Line::new().with(Style::Dim, format!("{}{there}", path.display())));
    for setting in SETTINGS {
        if let Some(variable) = setting.variable
            && let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty())
        {
            let value = value.to_string_lossy();
            screen.caution(&format!(
                "{variable}={value} is set here: a chapard that is started from this shell takes it \
                 instead of {}",
                setting.key
            ));
        }
    }
}

fn one(screen: &Screen, path: &Path, text: &str, key: &str) -> Result<(), Fault> {
    let (section, name) = split_key(key)?;
    let known = setting(key);
    let held = known.map(|setting| Held::of(setting, text));
    // a key of a newer chapar may stand in the file
    let value = held.as_ref().map(|held| held.value.clone());
    let Some(value) = value.or_else(|| find(text, section, name).map(|(_, value)| value)) else {
        return Err(unknown(key));
    };
    match screen.form {
        Form::Json => {
            let held = held.map_or_else(|| json!({"key": key, "value": value}), |it| it.to_json());
            screen.object("config.get", held)
        }
        Form::Plain | Form::Human => {
            screen.answer(&Line::of(value))?;
            if let Some(held) = held {
                let file = path.display().to_string();
                let origin = held.origin(&file);
                screen.say(
                    &Line::new().with(Style::Dim, format!("{}  ({origin})", held.setting.what)),
                );
            }
            Ok(())
        }
    }
}

/// The error of a key that is no setting.
pub(super) fn unknown(key: &str) -> Fault {
    let close = |setting: &&Setting| {
        let (section, name) = setting.key.split_once('.').unwrap_or_default();
        let (given, rest) = key.split_once('.').unwrap_or(("", key));
        near(name, rest) || (near(section, given) && name == rest)
    };
    let mut fault = Fault::new("config.unknown_key", format!("there is no setting {key:?}"));
    fault.remedy.clear();
    fault.exit = crate::error::exit::BAD_DATA;
    if let Some(meant) = SETTINGS.iter().find(close) {
        return fault.hint(format!("did you mean {}?", meant.key));
    }
    let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    fault.hint(format!("the settings are {}", keys.join(", ")))
}

/// Whether two words differ by at most one letter left out, put in or changed, or by two that
/// changed places.
fn near(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let (left, right) = (left.get(same..).unwrap_or(&[]), right.get(same..).unwrap_or(&[]));
    let tail = |of: &[char], skip: usize| of.iter().skip(skip).copied().collect::<Vec<_>>();
    let changed_places = left.first() == right.get(1) && left.get(1) == right.first();
    (changed_places && tail(left, 2) == tail(right, 2))
        || tail(left, 1) == tail(right, 1)
        || tail(left, 1) == tail(right, 0)
        || tail(left, 0) == tail(right, 1)
}

/// The providers of the file: line and key.
fn providers(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.starts_with("[[provider]]");
            if inside {
                found.push((number + 1, String::new()));
            }
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == "key"
            && let Some(last) = found.last_mut()
        {
            let key = super::without_comment(value).trim().trim_matches(['"', '\'']);
            key.clone_into(&mut last.1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_says_where_its_value_comes_from() {
        let text = "[log]\nlevel = 'debug' # loud\n";
        let held = |key: &str| Held::of(setting(key).unwrap(), text);
        assert_eq!(held("log.level").value, "'debug'");
        assert_eq!(held("log.level").origin("config.toml"), "config.toml:2");
        assert_eq!(held("log.to").origin("config.toml"), "default");
        assert_eq!(held("sync.window").value, "1500");
    }

    #[test]
    fn a_key_that_is_misspelt_leads_to_the_key() {
        let said = |key: &str| unknown(key).remedy.remove(0).title;
        assert_eq!(said("sync.windw"), "did you mean sync.window?");
        assert_eq!(said("window"), "did you mean sync.window?");
        assert_eq!(said("logs.level"), "did you mean log.level?");
        assert_eq!(said("desktop.notfiy"), "did you mean desktop.notify?");
        assert_eq!(said("x.y").split(", ").count(), SETTINGS.len());
    }

    #[test]
    fn providers_are_listed_by_line_and_key() {
        let text = "[[provider]]\nkey = 'firm'\n[log]\nlevel = 'info'\n[[provider]]\n# no key\n";
        assert_eq!(providers(text), [(1, "firm".to_owned()), (5, String::new())]);
    }
}
