//! `chapar`: the command line. Parse, connect, command, render, exit code; no mail logic.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")
)]

mod args;
mod ask;
mod commands;
mod complete;
mod daemon;
mod error;
mod grammar;
mod hygiene;
mod interrupt;
mod places;
mod render;
mod screen;
mod server;
mod start;
mod systemd;
mod usage;
mod when;

use std::process::ExitCode;

use args::{Cli, Command, Global};
use commands::Context;
use error::{Fault, exit};
use screen::{Form, Screen};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if complete::answered(&words) {
        return ExitCode::SUCCESS;
    }
    let parsed = match grammar::parse(&words) {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(refuse(&error, &words)),
    };
    let screen = Screen::new(&parsed.cli.global);
    let outcome = run(&screen, &parsed.cli).and_then(|code| screen.flush().map(|()| code));
    let of_command = |fault: Fault| report(&screen, &fault.of_command(&parsed.topic));
    ExitCode::from(outcome.unwrap_or_else(of_command))
}

/// Runs the command; the number is its exit code.
fn run(screen: &Screen, cli: &Cli) -> Result<u8, Fault> {
    let context = Context { screen, global: &cli.global };
    let done = |outcome: Result<(), Fault>| outcome.map(|()| exit::OK);
    match &cli.command {
        None => commands::status::overview(&context),
        Some(Command::Connect(args)) => commands::connect::run(&context, args),
        Some(Command::Status(args)) => commands::status::run(&context, args),
        Some(Command::Watch(args)) => commands::watch::run(&context, args),
        Some(Command::Mail(command)) => commands::mail::run(&context, command),
        Some(Command::Ls(args)) => done(commands::mail::newest(&context, args)),
        Some(Command::Send(args)) => commands::send::run(&context, args),
        Some(Command::Outbox(command)) => commands::outbox::run(&context, command),
        Some(Command::Account(command)) => commands::account::run(&context, command),
        Some(Command::Sync(args)) => commands::sync::run(&context, args),
        Some(Command::Doctor(args)) => commands::doctor::run(&context, args),
        Some(Command::Logs(args)) => commands::logs::run(&context, args),
        Some(Command::Service(command)) => commands::service::run(&context, command),
        Some(Command::Config(command)) => commands::config::run(&context, command),
        Some(Command::Data(command)) => commands::data::run(&context, command),
        Some(Command::Token(args)) => commands::token::run(&context, args),
        Some(Command::Call(args)) => commands::plumbing::call(&context, args),
        Some(Command::Socket) => commands::plumbing::print_socket(&context),
        Some(Command::Completions(args)) => done(commands::manual::completions(screen, args)),
        Some(Command::Man(args)) => done(commands::manual::man(screen, args)),
        Some(Command::Help(args)) => done(commands::help::run(screen, args)),
    }
}

/// Answers a command line that could not be read, or prints the help that was asked for.
fn refuse(error: &clap::Error, words: &[std::ffi::OsString]) -> u8 {
    let global = Global { json: usage::wants_json(words), ..Global::default() };
    let screen = Screen::new(&global);
    match usage::fault(error, words) {
        Some(fault) => report(&screen, &fault),
        // a reader that left before the end of the help wants no more of it
        None => error.print().map_or(exit::OK, |()| exit::OK),
    }
}

/// Prints a fault: as JSON on standard output when that was asked for, else for a person.
fn report(screen: &Screen, fault: &Fault) -> u8 {
    if fault.is_quiet() {
        return fault.exit;
    }
    if screen.form == Form::Json {
        // where even this cannot be written, the exit code has to say it
        let _ = screen.json(&fault.to_json()).and_then(|()| screen.flush());
    } else {
        for line in fault.lines(screen.width.min(80)) {
            screen.warn(&line);
        }
    }
    fault.exit
}
