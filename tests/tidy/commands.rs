//! Nothing written to be run is forgotten: targets, test files, and what the README tells people.

use std::fs;
use std::path::Path;

use crate::{none, read, root, sources};

/// The names of the `[[test]]` targets of the tests package.
fn targets() -> Vec<String> {
    let manifest = read("tests/Cargo.toml");
    let sections = manifest.split("[[test]]").skip(1);
    sections
        .map(|section| {
            let name = section.lines().find_map(|line| line.strip_prefix("name = "));
            name.unwrap().trim_matches('"').to_owned()
        })
        .collect()
}

#[test]
fn every_target_is_run() {
    let run = read("tests/run");
    let targets = targets();
    assert!(targets.len() > 1, "{targets:?}");
    let named = |name: &String| {
        run.contains(&format!("--test {name}")) || run.contains(&format!("target {name}"))
    };
    let forgotten: Vec<_> = targets.into_iter().filter(|name| !named(name)).collect();
    none(&forgotten, "a target that tests/run does not name");
    let stages = run.lines().find_map(|line| line.strip_prefix("STAGES=(")).unwrap();
    let unlisted = run
        .lines()
        .filter_map(|line| line.strip_prefix("stage_")?.split('(').next())
        .filter(|stage| !stages.split([' ', ')']).any(|listed| listed == *stage))
        .map(str::to_owned);
    none(&unlisted.collect::<Vec<_>>(), "a stage that no run starts");
}

#[test]
fn every_test_file_is_part_of_its_target() {
    let mut forgotten = Vec::new();
    for target in targets() {
        let folder = format!("tests/{target}");
        let all = sources(&folder);
        for source in &all {
            let path = Path::new(&source.path);
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let named = |other: &crate::Source| {
                other.text.contains(&format!("mod {stem};"))
                    || other.text.contains(&format!("{stem}.rs"))
            };
            if !["main", "mod"].contains(&stem) && !all.iter().any(named) {
                forgotten.push(source.path.clone());
            }
        }
    }
    none(&forgotten, "a test file that no module names");
}

#[test]
fn ci_runs_what_people_run() {
    let ci = read(".ci/run");
    let lines: Vec<_> = ci.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() == 1 && lines[0].contains("tests/run"), "{ci}");
}

#[test]
fn what_the_readme_tells_is_tested() {
    let readme = read("README.md");
    assert!(readme.contains("cargo run --release --bin demo"), "command 1");
    assert!(readme.contains("tests/run"), "command 2");
    let tests: String = sources("tests").into_iter().map(|source| source.text).collect();
    let untested = commands(&readme).filter(|word| !tests.contains(&format!("\"{word}\"")));
    none(&untested.collect::<Vec<_>>(), "a command in README.md that no test runs");
}

/// The words that follow `chapar ` at the start of a line inside code blocks.
fn commands(readme: &str) -> impl Iterator<Item = String> {
    let blocks = readme.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines);
    lines.filter_map(|line| {
        let word = line.trim_start_matches("$ ").strip_prefix("chapar ")?.split(' ').next()?;
        word.starts_with(|c: char| c.is_ascii_lowercase()).then(|| word.to_owned())
    })
}

#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["tests/run", ".ci/run"] {
        let mode = fs::metadata(root().join(script)).unwrap().permissions().mode();
        assert!(mode & 0o111 != 0, "{script} is not executable");
    }
}
