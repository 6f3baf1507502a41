//! The directories of a person (XDG base directory specification), as the daemon finds them too.

use std::path::PathBuf;

use crate::error::Fault;

/// `$XDG_CONFIG_HOME`, else `~/.config`.
pub(crate) fn config_home() -> Result<PathBuf, Fault> {
    base("XDG_CONFIG_HOME", ".config")
}

/// `$XDG_STATE_HOME/chapar`, else `~/.local/state/chapar`.
pub(crate) fn state() -> Result<PathBuf, Fault> {
    Ok(base("XDG_STATE_HOME", ".local/state")?.join("chapar"))
}

/// The configuration file.
pub(crate) fn config_file() -> Result<PathBuf, Fault> {
    Ok(config_home()?.join("chapar/config.toml"))
}

/// Relative values are to be ignored, says the specification.
fn base(variable: &str, below_home: &str) -> Result<PathBuf, Fault> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home))).ok_or_else(
        || {
            Fault::new("config.no_home", format!("neither {variable} nor HOME is set"))
                .without_commands()
                .hint("set HOME to your home directory")
        },
    )
}
