//! A transcript: commands, what they printed, how they ended; compared with the one checked in.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::mask::{mask, squeeze};
use super::stage::Stage;

/// The widest line of a page that people read.
const COLUMNS: usize = 80;

/// A transcript in the making.
pub(crate) struct Transcript<'a> {
    stage: &'a Stage,
    name: &'static str,
    text: String,
    variables: Vec<(&'static str, &'static str)>,
    squeezed: bool,
}

impl<'a> Transcript<'a> {
    /// An empty one.
    pub(crate) fn new(stage: &'a Stage, name: &'static str) -> Self {
        Self { stage, name, text: String::new(), variables: Vec::new(), squeezed: false }
    }

    /// From here on with these variables.
    pub(crate) fn with(&mut self, variables: &[(&'static str, &'static str)]) {
        self.variables = variables.to_vec();
        for (name, value) in variables {
            writeln!(self.text, "# {name}={value}\n").unwrap();
        }
    }

    /// From here on, runs of spaces are two: the columns follow what is masked.
    pub(crate) fn squeezed(&mut self) {
        self.squeezed = true;
    }

    /// Runs `chapar ARGS…` and writes down what it said.
    pub(crate) fn run(&mut self, args: &[&str], input: &str) -> i32 {
        let (bytes, code) = self.stage.both(args, input, &self.variables);
        let said = String::from_utf8(bytes).expect("UTF-8");
        self.note(args, &said, code);
        code
    }

    /// Writes down what somebody else ran.
    pub(crate) fn note(&mut self, args: &[&str], said: &str, code: i32) {
        let form = args.iter().any(|arg| *arg == "--json" || *arg == "--plain");
        for line in said.lines().filter(|_| !form) {
            // a word that cannot be broken, such as a path, may be longer
            let width = line.chars().count();
            let words = line.split_whitespace().map(|word| word.chars().count()).max();
            let fits = width <= COLUMNS || words > Some(40) || line.contains('\u{1b}');
            assert!(fits, "{args:?}: {width} columns: {line}");
        }
        let quoted: Vec<String> = args.iter().map(|arg| quoted(arg)).collect();
        let mut said = mask(self.stage, said);
        if self.squeezed {
            said = squeeze(&said);
        }
        let command = mask(self.stage, &quoted.join(" "));
        write!(self.text, "$ chapar {}\n{said}", command.trim_end()).unwrap();
        write!(self.text, "[exit {code}]\n\n").unwrap();
    }

    /// Compares with what is checked in; with `CHAPAR_BLESS=1` writes it.
    pub(crate) fn check(self) {
        // a colour is written as it looks in an editor
        let text = self.text.replace('\u{1b}', "\u{241b}").replace('\r', "\u{240d}");
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("golden/transcripts")
            .join(format!("{}.txt", self.name));
        if std::env::var_os("CHAPAR_BLESS").is_some() {
            fs::write(&file, &text).unwrap();
            return;
        }
        let known = fs::read_to_string(&file).unwrap_or_default();
        let differs = known.lines().zip(text.lines()).position(|(one, other)| one != other);
        let at = differs.unwrap_or(known.lines().count().min(text.lines().count()));
        let show = |text: &str| -> String {
            let from = at.saturating_sub(3);
            text.lines().skip(from).take(9).map(|line| format!("    {line}\n")).collect()
        };
        assert!(
            known == text,
            "{} differs at line {} (CHAPAR_BLESS=1 accepts it)\n  known:\n{}  now:\n{}",
            self.name,
            at + 1,
            show(&known),
            show(&text)
        );
    }
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) { arg.to_owned() } else { format!("'{arg}'") }
}
