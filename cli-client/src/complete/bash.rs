//! bash: the line is read here, because bash itself cuts words at `@`, `:` and `=`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

/// bash, 3.2 and later.
pub(super) struct Bash;

/// `$2` is what bash puts the completion in the place of: what stands behind its last word break.
const SCRIPT: &str = r#"_chapar() {
    local candidate
    COMPREPLY=()
    while IFS='' read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(VARIABLE=bash COMPLETER -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _chapar BIN 2>/dev/null ||
    complete -o bashdefault -F _chapar BIN
"#;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        var: &str,
        _name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let script = SCRIPT.replace("VARIABLE", var).replace("COMPLETER", completer);
        buf.write_all(script.replace("BIN", bin).as_bytes())
    }

    /// `words` are the line up to the cursor, and the part of it that is replaced.
    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let texts: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let (line, part) = match texts.as_slice() {
            [line, part] => (line.as_str(), part.as_str()),
            _ => return Ok(()),
        };
        let Some(Line { words, quoted }) = Line::read(line) else { return Ok(()) };
        let current = words.last().cloned().unwrap_or_default();
        let at = words.len().saturating_sub(1);
        let words = words.into_iter().map(Into::into).collect();
        let kept = kept(&current, part);
        for candidate in clap_complete::engine::complete(command, words, at, here)? {
            let value = candidate.get_value().to_string_lossy();
            let rest = value.strip_prefix(kept).unwrap_or(&value);
            let shown = if quoted { rest.to_owned() } else { escaped(rest) };
            writeln!(buf, "{shown}")?;
        }
        Ok(())
    }
}

/// A command line up to the cursor.
struct Line {
    /// Its words; the last is the one at the cursor, perhaps empty.
    words: Vec<String>,
    /// The word at the cursor begins with a quote that is still open.
    quoted: bool,
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let whole = shlex::split(line);
        let quoted = whole.is_none();
        // a quote that is open is the person's, who closes it
        let mut words = whole
            .or_else(|| shlex::split(&format!("{line}'")))
            .or_else(|| shlex::split(&format!("{line}\"")))
            .or_else(|| shlex::split(line.strip_suffix('\\')?))?;
        let ends = line.ends_with(char::is_whitespace) && !line.ends_with("\\ ");
        if !quoted && ends {
            words.push(String::new());
        }
        Some(Self { words, quoted })
    }
}

/// What of the word at the cursor stays, because bash replaces only `part` of it.
fn kept<'w>(current: &'w str, part: &str) -> &'w str {
    let part = part.trim_start_matches(['\'', '"']);
    current.strip_suffix(part).unwrap_or_default()
}

/// A word that bash reads as one.
fn escaped(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_./:=@%+,-~".contains(c);
    word.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_bash_reads_it() {
        for (line, words, quoted) in [
            ("chapar ", &["chapar", ""][..], false),
            ("chapar acc", &["chapar", "acc"], false),
            ("chapar mail list -m Sent\\ It", &["chapar", "mail", "list", "-m", "Sent It"], false),
            ("chapar mail list -m 'Sent It", &["chapar", "mail", "list", "-m", "Sent It"], true),
            ("chapar send --to ana@x", &["chapar", "send", "--to", "ana@x"], false),
            ("chapar a\\ ", &["chapar", "a "], false),
        ] {
            let read = Line::read(line).unwrap();
            assert_eq!(
                (read.words.as_slice(), read.quoted),
                (&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()[..], quoted),
                "{line:?}"
            );
        }
    }

    #[test]
    fn only_the_part_behind_the_word_break_is_replaced() {
        assert_eq!(kept("ana@exam", "exam"), "ana@");
        assert_eq!(kept("--account=an", "an"), "--account=");
        assert_eq!(kept("work", "work"), "");
        assert_eq!(kept("Sent It", "'Sent It"), "");
        assert_eq!(kept("", ""), "");
    }

    #[test]
    fn a_candidate_is_one_word() {
        assert_eq!(escaped("Sent Items (old)"), "Sent\\ Items\\ \\(old\\)");
        assert_eq!(escaped("Entwürfe/2026"), "Entwürfe/2026");
        assert_eq!(escaped("$HOME`x`"), "\\$HOME\\`x\\`");
    }
}
