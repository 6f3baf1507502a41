//! Postfix's policy service, answered by the test: it hears about every recipient and every message
//! at its final dot, before Postfix answers the client. So a test can greylist as servers do, and can
//! act at the one moment that matters: the dot is there, its reply is not.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// When Postfix asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At RCPT TO.
    Recipient,
    /// After the final dot, before its reply.
    Message,
}

/// Answers the n-th question (from 0) with an action of access(5): `DUNNO`, `450 4.2.0 Later`, …
type Answer = Box<dyn FnMut(u32) -> String + Send>;

struct Rule {
    stage: Stage,
    address: String,
    asked: u32,
    answer: Answer,
}

/// The service; it lives as long as the test process.
pub struct Policy {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl Policy {
    /// Listens on a free port; without rules it has no opinion.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let rules = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&rules);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let rules = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &rules));
            }
        });
        Self { port, rules }
    }

    /// Answers for this sender or recipient at this stage.
    pub fn on(
        &self,
        stage: Stage,
        address: &str,
        answer: impl FnMut(u32) -> String + Send + 'static,
    ) {
        let rule = Rule { stage, address: address.to_owned(), asked: 0, answer: Box::new(answer) };
        self.rules.lock().unwrap().push(rule);
    }

    /// How often the rules for this address were asked.
    pub fn asked(&self, stage: Stage, address: &str) -> u32 {
        let rules = self.rules.lock().unwrap();
        rules.iter().filter(|rule| rule.is(stage, address)).map(|rule| rule.asked).sum()
    }
}

impl Rule {
    fn is(&self, stage: Stage, address: &str) -> bool {
        self.stage == stage && self.address == address
    }
}

/// One connection of an smtpd: questions of `name=value` lines, each ended by an empty line.
fn serve(mut stream: TcpStream, rules: &Mutex<Vec<Rule>>) {
    let mut question: Vec<(String, String)> = Vec::new();
    for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
        if let Some((name, value)) = line.split_once('=') {
            question.push((name.to_owned(), value.to_owned()));
        } else {
            let action = decide(&question, rules);
            question.clear();
            if write!(stream, "action={action}\n\n").is_err() {
                return;
            }
        }
    }
}

fn decide(question: &[(String, String)], rules: &Mutex<Vec<Rule>>) -> String {
    let value = |name: &str| {
        let found = question.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let stage = match value("protocol_state") {
        "RCPT" => Stage::Recipient,
        "END-OF-MESSAGE" => Stage::Message,
        _ => return "DUNNO".to_owned(),
    };
    let addresses = [value("recipient"), value("sender")];
    let mut rules = rules.lock().unwrap();
    let rule =
        rules.iter_mut().find(|rule| addresses.iter().any(|address| rule.is(stage, address)));
    rule.map_or_else(
        || "DUNNO".to_owned(),
        |rule| {
            let n = rule.asked;
            rule.asked += 1;
            (rule.answer)(n)
        },
    )
}
