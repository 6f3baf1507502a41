//! Reads every message of the MIME corpora beside the checkout, when they are there: nothing may
//! panic, and the time stays within 50 ms a MB (measured in total, because single small files
//! measure the machine).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has failed, and what was read is worth saying"
)]

use chapar_engine::message::{Defect, body, part, summarise};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Every file below `dir`, sorted.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_corpus_message_is_read() {
    // the checkout may be the main one or a worktree one level deeper
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let up =
        |levels: usize| here.ancestors().nth(levels).map(|dir| dir.join("shared/corpora/mime"));
    let mut found = Vec::new();
    for dir in [up(3), up(4)].into_iter().flatten() {
        if found.is_empty() {
            files(&dir, &mut found);
        }
    }
    if found.is_empty() {
        println!("corpora: none beside the checkout, nothing was read");
        return;
    }
    let (mut bytes_read, mut spent, mut unparsable) = (0_usize, Duration::ZERO, 0);
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        let started = Instant::now();
        let summary = summarise(&bytes, true);
        spent += started.elapsed();
        bytes_read += bytes.len();
        let odd = [Defect::TooComplex, Defect::TooLarge];
        assert!(!odd.iter().any(|defect| summary.defects.contains(defect)), "{}", path.display());
        unparsable += usize::from(summary.defects.contains(&Defect::Unparsable));
        for attachment in body(&bytes).attachments {
            let content = part(&bytes, attachment.index).unwrap();
            assert_eq!(content.len() as u64, attachment.size, "{}", path.display());
        }
        // cut anywhere, as the first pass of a sync sees it
        for cut in (0..bytes.len()).step_by(bytes.len() / 16 + 1) {
            let _ = summarise(bytes.get(..cut).unwrap(), false);
        }
    }
    let a_megabyte =
        spent.as_secs_f64() * 1e3 / (f64::from(u32::try_from(bytes_read).unwrap()) / 1e6);
    println!(
        "corpora: {} messages, {bytes_read} bytes, {a_megabyte:.1} ms a MB, {unparsable} unparsable",
        found.len()
    );
    assert!(unparsable <= found.len() / 20);
    // a test build is about ten times slower than the product
    assert!(a_megabyte < 500.0, "{a_megabyte} ms a MB");
}
