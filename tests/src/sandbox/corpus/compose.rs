//! Writes single messages as mail programs do.

use super::Dice;
use super::words::{PEOPLE, SENTENCES, SUBJECTS};
use crate::sandbox::base64;
use crate::sandbox::smtp::rfc5322;
use std::fmt::Write as _;

/// Threads that may still get an answer.
const OPEN_THREADS: usize = 40;
/// Characters of base64 in a line (RFC 2045 §6.8).
const BASE64_LINE: usize = 76;

struct Thread {
    subject: String,
    references: Vec<String>,
}

/// Writes mail of one person, thread by thread.
pub(super) struct Writer {
    pub(super) dice: Dice,
    owner: String,
    threads: Vec<Thread>,
    count: u64,
}

impl Writer {
    pub(super) fn new(owner: &str, seed: u64) -> Self {
        Self { dice: Dice::new(seed), owner: owner.into(), threads: Vec::new(), count: 0 }
    }

    /// The next message, dated `date`; from the owner when `outgoing`.
    pub(super) fn message(&mut self, date: i64, outgoing: bool) -> Vec<u8> {
        self.count += 1;
        let (name, address) = *self.dice.pick(&PEOPLE);
        let domain = address.rsplit('@').next().unwrap_or("example");
        let id = format!("{:x}.{}.{date}@{domain}", self.dice.roll() & 0xffff_ffff, self.count);
        let (subject, references) = self.thread(&id);
        let (owner, other) = (self.owner.clone(), mailbox(name, address));
        let (from, to) = if outgoing { (owner, other) } else { (other, owner) };
        let mut head = String::new();
        if !outgoing {
            let queue = self.dice.roll() & 0xff_ffff;
            let _ = write!(
                head,
                "Return-Path: <{address}>\r\nReceived: from mx.{domain} (mx.{domain} [192.0.2.{}])\r\n\
                 \tby mail.example.test with ESMTPS id {queue:06X};\r\n\t{}\r\n",
                self.dice.below(254) + 1,
                rfc5322(date),
            );
        }
        let _ = write!(
            head,
            "Date: {}\r\nFrom: {from}\r\nTo: {to}\r\nMessage-ID: <{id}>\r\nSubject: {}\r\n",
            rfc5322(date - 2),
            encoded(&subject),
        );
        if let Some(parent) = references.last() {
            let list: Vec<String> = references.iter().map(|id| format!("<{id}>")).collect();
            let _ =
                write!(head, "In-Reply-To: <{parent}>\r\nReferences: {}\r\n", list.join("\r\n "));
        }
        head.push_str("MIME-Version: 1.0\r\n");
        head.push_str(&self.body());
        head.into_bytes()
    }

    /// Opens a thread or answers one.
    fn thread(&mut self, id: &str) -> (String, Vec<String>) {
        if !self.threads.is_empty() && self.dice.chance(45) {
            let at = self.dice.below(self.threads.len());
            let thread = &mut self.threads[at];
            let before = thread.references.clone();
            thread.references.push(id.into());
            return (format!("Re: {}", thread.subject), before);
        }
        let subject = format!("{} ({})", self.dice.pick(&SUBJECTS), self.count);
        if self.threads.len() == OPEN_THREADS {
            self.threads.remove(0);
        }
        self.threads.push(Thread { subject: subject.clone(), references: vec![id.into()] });
        (subject, Vec::new())
    }

    fn body(&mut self) -> String {
        let text = self.text();
        match self.dice.below(10) {
            0..=4 => part("text/plain; charset=utf-8", "8bit", &text),
            5..=7 => {
                let html = html(&text);
                self.multipart(
                    "alternative",
                    &[
                        part("text/plain; charset=utf-8", "8bit", &text),
                        part("text/html; charset=utf-8", "8bit", &html),
                    ],
                )
            }
            _ => {
                let size = 200 + self.dice.below(12_000);
                let bytes: Vec<u8> = (0..size).map(|_| (self.dice.roll() & 0xff) as u8).collect();
                let file = format!(
                    "Content-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Transfer-Encoding: \
                     base64\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\n\r\n{}",
                    wrapped(&base64::encode(&bytes))
                );
                self.multipart("mixed", &[part("text/plain; charset=utf-8", "8bit", &text), file])
            }
        }
    }

    fn text(&mut self) -> String {
        let lines = 2 + self.dice.below(14);
        let mut text = String::from("Hello,\r\n\r\n");
        for _ in 0..lines {
            let sentence: &&str = self.dice.pick(&SENTENCES);
            text.push_str(sentence);
            text.push_str("\r\n");
        }
        text
    }

    fn multipart(&mut self, kind: &str, parts: &[String]) -> String {
        let boundary = format!("=_{:016x}", self.dice.roll());
        let mut out =
            format!("Content-Type: multipart/{kind};\r\n\tboundary=\"{boundary}\"\r\n\r\n");
        for part in parts {
            let _ = write!(out, "--{boundary}\r\n{part}\r\n");
        }
        let _ = write!(out, "--{boundary}--\r\n");
        out
    }
}

fn part(kind: &str, encoding: &str, content: &str) -> String {
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}")
}

fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace("\r\n", "<br>\r\n");
    format!("<html><body style=\"font: 1em sans-serif\"><p>{escaped}</p></body></html>\r\n")
}

fn wrapped(base64: &str) -> String {
    let mut out = String::with_capacity(base64.len() + base64.len() / BASE64_LINE * 2 + 2);
    for line in base64.as_bytes().chunks(BASE64_LINE) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
    out
}

/// A display name and address; the name quoted or encoded as needed.
fn mailbox(name: &str, address: &str) -> String {
    if name.is_ascii() {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{name}\" <{address}>")
    } else {
        format!("{} <{address}>", encoded(name))
    }
}

/// RFC 2047 encoded words where needed, each at most 75 characters long.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.into();
    }
    let (mut words, mut run) = (Vec::new(), String::new());
    for character in text.chars() {
        if run.len() + character.len_utf8() > 42 {
            words.push(std::mem::take(&mut run));
        }
        run.push(character);
    }
    words.push(run);
    let words: Vec<String> =
        words.iter().map(|run| format!("=?utf-8?B?{}?=", base64::encode(run.as_bytes()))).collect();
    words.join("\r\n ")
}
