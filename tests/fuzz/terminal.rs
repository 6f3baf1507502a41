//! What reaches a terminal, and the configuration that people write by hand.

use crate::driver::run;
use crate::hygiene::{Lines, clean, escape_json};
use crate::mutate::{mutated, text};
use chapar_daemon::config::Config;
use std::path::Path;

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn nothing_steers_a_terminal() {
    const PIECES: &[&str] = &[
        "\u{1b}[2J",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;http://x\u{1b}\\",
        "\u{9b}31m",
        "\u{90}q",
        "\u{1b}P",
        "\u{1b}",
        "\u{202e}",
        "\u{2066}",
        "\r",
        "\n",
        "\t",
        "\u{85}",
        "\u{2028}",
        "safe",
        "ü",
    ];
    run("terminal", 20_000, |dice| {
        let mut input = String::new();
        for _ in 0..dice.below(12) {
            if dice.chance(60) {
                input.push_str(dice.pick::<&str>(PIECES));
            } else {
                input.push_str(&text(dice, 8));
            }
        }
        let one = clean(&input, Lines::One);
        assert!(!one.contains(steers), "{one:?}");
        assert_eq!(clean(&one, Lines::One), one);
        let many = clean(&input, Lines::Many);
        assert!(!many.contains(|c| steers(c) && c != '\n' && c != '\t'), "{many:?}");
        let json = serde_json::to_string(&input).unwrap();
        let escaped = escape_json(&json);
        assert!(!escaped.contains(steers), "{escaped:?}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), input);
    });
}

#[test]
fn configurations() {
    let seeds: Vec<Vec<u8>> = [
        "[log]\nlevel = \"info\"\nto = \"auto\"\n[sync]\nwindow = 1500\n",
        "[secrets]\nvault = \"file\"\n[desktop]\nnotify = false\n",
        "[sync]\npoll_minutes = 5\nidle_minutes = 9\n# x\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    run("configurations", 10_000, |dice| {
        let seed = dice.pick(&seeds).clone();
        let bytes = mutated(dice, &seed, &seeds);
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Config::parse(&text, Path::new("/x/config.toml")) {
            let said = error.to_string();
            assert!(said.starts_with("/x/config.toml"), "{said}");
            assert!(
                error.line.is_none_or(|line| line >= 1 && line <= text.lines().count() + 1),
                "{said}"
            );
        }
    });
}
