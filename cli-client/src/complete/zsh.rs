//! zsh: clap's completer, in a script that works sourced and as a file `_chapar` in `$fpath`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

/// zsh.
pub(super) struct Zsh;

/// How clap's script ends: it registers its function and completes nothing yet.
const REGISTERS: &str = "compdef _clap_dynamic_completer_chapar chapar";
/// As a file in `$fpath` the script is the body of `_chapar`, called for the first completion, which
/// has to be answered as well.
const REGISTERS_OR_COMPLETES: &str = "if [[ \"$funcstack[1]\" = \"_chapar\" ]]; then
    _clap_dynamic_completer_chapar \"$@\"
else
    compdef _clap_dynamic_completer_chapar chapar
fi";

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == "zsh"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let mut script = Vec::new();
        clap_complete::env::Zsh.write_registration(var, name, bin, completer, &mut script)?;
        let script = String::from_utf8_lossy(&script);
        buf.write_all(script.replace(REGISTERS, REGISTERS_OR_COMPLETES).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        clap_complete::env::Zsh.write_complete(command, words, here, buf)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_of_the_library_ends_as_expected() {
        let script = crate::complete::script(clap_complete::Shell::Zsh);
        assert!(script.contains(super::REGISTERS_OR_COMPLETES), "{script}");
        assert!(script.starts_with("#compdef chapar"), "{script}");
    }
}
