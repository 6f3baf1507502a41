//! A person at a real terminal (a pty of 24 lines and `$COLUMNS` columns): what they do after which prompt.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::python;

/// What a person does, step by step. Prompts are regular expressions of Python.
#[derive(Clone, Debug, Default)]
pub struct Talk(Vec<Value>);

impl Talk {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// After `prompt`, types `answer` and Enter.
    #[must_use]
    pub fn answers(self, prompt: &str, answer: &str) -> Self {
        self.step(json!({"after": prompt, "type": format!("{answer}\r")}))
    }

    /// The same for an answer that is not shown.
    #[must_use]
    pub fn hides(self, prompt: &str, answer: &str) -> Self {
        self.step(json!({"after": prompt, "hidden": true, "type": format!("{answer}\r")}))
    }

    /// After `prompt`, presses Ctrl-C.
    #[must_use]
    pub fn interrupts(self, prompt: &str) -> Self {
        self.step(json!({"after": prompt, "type": "\u{3}"}))
    }

    /// After `prompt`, once nothing is shown, holds Ctrl-C down.
    #[must_use]
    pub fn holds_interrupt(self, prompt: &str) -> Self {
        self.step(json!({"after": prompt, "hidden": true, "type": "\u{3}".repeat(200)}))
    }

    /// After `prompt`, once nothing is shown, `signal` comes.
    #[must_use]
    pub fn hidden_signal(self, prompt: &str, signal: Signal) -> Self {
        self.step(json!({"after": prompt, "hidden": true, "signal": signal.as_raw()}))
    }

    /// After `prompt`, something happens elsewhere; `{}` in `words` is the prompt's first group.
    #[must_use]
    pub fn runs(self, prompt: &str, words: &[&str]) -> Self {
        self.step(json!({"after": prompt, "run": words, "type": ""}))
    }

    /// The same, and what it printed last is pasted.
    #[must_use]
    pub fn pastes(self, prompt: &str, words: &[&str]) -> Self {
        self.step(json!({"after": prompt, "run": words}))
    }

    fn step(mut self, step: Value) -> Self {
        self.0.push(step);
        self
    }

    /// `command` on a terminal, with its own environment and nothing else. It prints what the
    /// terminal got and ends as the command does, or with 99 when a prompt did not come.
    #[must_use]
    pub fn on_terminal(&self, command: &Command) -> Command {
        let mut all = Command::new(python::interpreter());
        all.env_clear().arg(python::script("terminal.py")).arg(json!(self.0).to_string());
        all.arg(command.get_program()).args(command.get_args());
        all.env("TERM", "xterm-256color");
        all.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        all.current_dir(command.get_current_dir().unwrap_or_else(|| Path::new("/")));
        all
    }
}
