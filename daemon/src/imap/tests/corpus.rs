//! Real dialogues and single responses, from `../shared/corpora` where present: the wire must
//! read every one of them to its end.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use super::peer::{corpus, world};
use crate::imap::failure::Doing;
use crate::imap::wire::{Answer, Wire};
use crate::imap::{fetch, select};
use chapar_engine::verdict::ImapStep;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Transcripts that end the connection, and why that is right.
const EXCEPTIONS: &[(&str, &str)] = &[("gmail/logout.txt", "the server says BYE")];

const TAG: &str = "A0042 OK the end";

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
}

/// Reads `bytes` to the end; how many responses, or why it stopped.
async fn read_all(bytes: Vec<u8>) -> Result<usize, String> {
    let (ours, mut theirs) = tokio::io::duplex(64 << 10);
    let doing = Doing(ImapStep::Other, "reading a transcript");
    let mut wire = Wire::new(world().0.clock, "corpus").await.unwrap();
    wire.attach(Box::new(ours));
    let allowance =
        crate::imap::guard::frame::Allowance { literal: 10 << 20, ..Default::default() };
    wire.allow(allowance);
    tokio::spawn(async move {
        let _ = theirs.write_all(&bytes).await;
        let _ = theirs.write_all(format!("\r\n{TAG}\r\n").as_bytes()).await;
    });
    let patience = wire.patience(Duration::from_mins(5), Duration::from_mins(50));
    let mut count = 0;
    loop {
        match wire.next(doing, patience).await {
            Ok(Answer::Done(ended)) if ended.tag == "A0042" => return Ok(count),
            Ok(Answer::Data(mut frame)) => {
                count += 1;
                let _ = select::read_status(frame.clone());
                let _ = fetch::read(&mut frame);
            }
            Ok(_) => count += 1,
            Err(failure) => return Err(failure.to_string()),
        }
    }
}

/// The transcripts were stored with bare line feeds and masked tags.
fn restored(path: &Path) -> Vec<u8> {
    let text = std::fs::read(path).unwrap();
    let mut out = Vec::with_capacity(text.len() * 2);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let rest = line.strip_prefix(b"A########");
        if rest.is_some() {
            out.extend_from_slice(b"A0001");
        }
        out.extend_from_slice(rest.unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[tokio::test]
async fn transcripts() {
    let folder = corpus("imap-transcripts");
    let mut found = Vec::new();
    files(&folder, "txt", &mut found);
    let (mut responses, mut lost) = (0, Vec::new());
    for path in &found {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        match read_all(restored(path)).await {
            Ok(count) => responses += count,
            Err(why) if EXCEPTIONS.iter().any(|(known, _)| *known == name) => {
                assert!(why.contains("ended the connection"), "{name}: {why}");
            }
            Err(why) => lost.push(format!("{name}: {why}")),
        }
    }
    if found.is_empty() {
        println!("imap-transcripts: the corpus is not here, nothing was read");
    } else {
        println!("imap-transcripts: {} files, {responses} responses read", found.len());
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[tokio::test]
async fn single_responses() {
    let mut found = Vec::new();
    files(&corpus("imap-responses"), "yml", &mut found);
    let mut read = 0;
    for path in &found {
        for response in quoted_responses(&std::fs::read_to_string(path).unwrap()) {
            let bye = response.starts_with("* BYE");
            let result = read_all(response.clone().into_bytes()).await;
            assert!(result.is_ok() || bye, "{response}: {result:?}");
            read += 1;
        }
    }
    if found.is_empty() {
        println!("imap-responses: the corpus is not here, nothing was read");
    } else {
        println!("imap-responses: {read} responses read from {} files", found.len());
        assert!(read > 100);
    }
}

/// The one-line quoted strings under `:response:`.
fn quoted_responses(yaml: &str) -> Vec<String> {
    yaml.lines()
        .filter_map(|line| line.trim().strip_prefix(":response:"))
        .filter_map(|rest| {
            let (_, quoted) = rest.split_once('"')?;
            let quoted = quoted.trim_end().strip_suffix('"')?;
            Some(quoted.replace("\\r\\n", "\r\n").replace("\\\"", "\"").replace("\\\\", "\\"))
        })
        .collect()
}
