//! A progress line on standard error: redrawn on a terminal, told now and then elsewhere.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::render::time::{bytes, count};
use crate::screen::{Line, Screen, Style, cut};

/// A person waits this long without wondering; what takes longer is told.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);
/// At most ten redraws a second.
const REDRAW: Duration = Duration::from_millis(100);
/// Where nothing can be redrawn, a line at least this often while something moves.
const RETELL: Duration = Duration::from_secs(5);
/// Without a new mail for this long the line says why, or that nothing comes.
const STALLED: Duration = Duration::from_secs(5);
/// Columns of the bar itself.
const BAR: usize = 32;

/// How far something is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Step {
    /// Done so far.
    pub(crate) done: u64,
    /// Of how many; 0 while nobody knows.
    pub(crate) total: u64,
    /// What is being worked on.
    pub(crate) place: Option<String>,
    /// Bytes fetched so far.
    pub(crate) bytes: Option<u64>,
    /// Why nothing moves.
    pub(crate) cause: Option<String>,
}

/// A progress line in the making.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    screen: &'a Screen,
    began: Instant,
    moved: Instant,
    drawn: Option<Instant>,
    told: u64,
    last: Step,
    visible: bool,
}

impl<'a> Progress<'a> {
    /// A line that is not drawn yet.
    pub(crate) fn new(screen: &'a Screen) -> Self {
        let now = Instant::now();
        Self {
            screen,
            began: now,
            moved: now,
            drawn: None,
            told: 0,
            last: Step::default(),
            visible: false,
        }
    }

    /// A line for something of which nobody knows how far it is: `what` and how long it takes.
    pub(crate) fn waiting(screen: &'a Screen, what: impl Into<String>) -> Self {
        let mut progress = Self::new(screen);
        progress.last.place = Some(what.into());
        progress
    }

    /// Goes on with something else: the line goes, and comes back when that takes its time too.
    pub(crate) fn turn_to(&mut self, what: impl Into<String>) {
        self.clear();
        *self = Self::waiting(self.screen, what);
    }

    /// Shows what is waited for, once a person may wonder.
    pub(crate) fn tick(&mut self) {
        // where nothing can be redrawn, a line stays: it has to be worth it
        let patience = if self.screen.redraws { PATIENCE } else { RETELL };
        if self.took() >= patience && (self.last.total > 0 || self.last.place.is_some()) {
            self.show(self.last.clone());
        }
    }

    /// What is known by now, to be shown by the next [`Progress::tick`].
    pub(crate) fn note(&mut self, step: Step) {
        if (step.done, step.total) != (self.last.done, self.last.total) {
            self.moved = Instant::now();
        }
        let place = step.place.or_else(|| self.last.place.take());
        self.last = Step { place, ..step };
    }

    /// Shows how far it is, as often as is useful.
    pub(crate) fn show(&mut self, step: Step) {
        let now = Instant::now();
        if step.done != self.last.done || step.total != self.last.total {
            self.moved = now;
        }
        self.last = step;
        let since = self.drawn.map(|drawn| now.duration_since(drawn));
        if self.screen.redraws {
            if since.is_none_or(|since| since >= REDRAW) {
                self.redraw(now);
            }
            return;
        }
        let tenth = tenth(&self.last);
        let moved = self.drawn.is_none_or(|drawn| self.moved > drawn);
        if since.is_none() || tenth > self.told || (moved && since >= Some(RETELL)) {
            self.told = tenth;
            self.drawn = Some(now);
            self.screen.say(&Line::of(self.text(now, usize::MAX)));
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.visible {
            let _ = write!(io::stderr(), "\r\u{1b}[2K\u{1b}]9;4;0\u{7}");
            self.visible = false;
        }
    }

    /// The time since it began.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    fn redraw(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.visible = true;
        let width = self.screen.width.saturating_sub(1);
        let line = Line::of(self.text(now, width)).paint(self.screen.err);
        // OSC 9;4 shows the progress in the taskbar of terminals that know it: 1 how far, 3 that it goes on
        let bar = if self.last.total == 0 {
            "3".to_owned()
        } else {
            format!("1;{}", percent(&self.last))
        };
        let _ = write!(io::stderr(), "\r\u{1b}[2K{line}\u{1b}]9;4;{bar}\u{7}");
    }

    fn text(&self, now: Instant, width: usize) -> String {
        let rate_span = now.duration_since(self.began);
        let quiet = now.duration_since(self.moved);
        let text = describe(&self.last, rate_span, quiet, width != usize::MAX);
        if width == usize::MAX { text } else { cut(&text, width) }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The words of a progress line.
fn describe(step: &Step, took: Duration, quiet: Duration, bar: bool) -> String {
    if step.total == 0 {
        return waiting_for(step, took);
    }
    let mut parts = Vec::new();
    if bar {
        parts.push(bar_of(step));
    }
    parts.push(format!("{}/{}", count(step.done), count(step.total)));
    if let Some(place) = &step.place {
        parts.push(place.clone());
    }
    if let Some(size) = step.bytes.filter(|&size| size > 0) {
        parts.push(bytes(size));
    }
    if let Some(cause) = &step.cause {
        parts.push(format!("waiting: {cause}"));
    } else if quiet >= STALLED && step.done < step.total {
        parts.push(format!("nothing new for {} s", quiet.as_secs()));
    } else if let Some(left) = left(step, took) {
        parts.push(format!("{} s left", left.as_secs().max(1)));
    }
    format!("  {}", parts.join("   "))
}

/// The words while nobody knows how far it is.
fn waiting_for(step: &Step, took: Duration) -> String {
    let what = step.place.as_deref().unwrap_or("Waiting");
    let cause = step.cause.as_ref().map(|cause| format!("   waiting: {cause}")).unwrap_or_default();
    match took.as_secs() {
        0 => format!("  {what} …{cause}"),
        seconds => format!("  {what} …   {seconds} s{cause}"),
    }
}

/// The time left at the pace so far; none before the pace is known.
fn left(step: &Step, took: Duration) -> Option<Duration> {
    if step.done == 0 || step.done >= step.total || took < Duration::from_secs(1) {
        return None;
    }
    let done = u32::try_from(step.done).ok()?;
    let rest = u32::try_from(step.total - step.done).ok()?;
    took.checked_mul(rest)?.checked_div(done)
}

fn bar_of(step: &Step) -> String {
    let full = usize::try_from(percent(step)).unwrap_or(0) * BAR / 100;
    "█".repeat(full) + &"░".repeat(BAR - full)
}

fn percent(step: &Step) -> u64 {
    step.done.min(step.total).saturating_mul(100).checked_div(step.total).unwrap_or(0)
}

fn tenth(step: &Step) -> u64 {
    percent(step) / 10
}

/// A line that says something is done: `✓ IMAP  mail.example.org:993 …  41 ms`.
pub(crate) fn done_line(what: &str, detail: &str, ms: Option<u64>) -> Line {
    let line = Line::new().with(Style::Good, "✓").text(format!(" {what:<5}  {detail}"));
    match ms {
        Some(ms) => line.with(Style::Dim, format!("   {ms} ms")),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> Step {
        Step {
            done: 750,
            total: 1500,
            place: Some("Archive/2026".to_owned()),
            bytes: Some(9_200_000),
            cause: None,
        }
    }

    #[test]
    fn real_counts_and_the_time_left() {
        let text = describe(&half(), Duration::from_secs(4), Duration::ZERO, true);
        assert_eq!(
            text,
            format!(
                "  {}{}   750/1,500   Archive/2026   9.2 MB   4 s left",
                "█".repeat(16),
                "░".repeat(16)
            )
        );
    }

    #[test]
    fn a_stall_says_so_and_why() {
        let quiet = Duration::from_secs(9);
        let text = describe(&half(), quiet, quiet, false);
        assert_eq!(text, "  750/1,500   Archive/2026   9.2 MB   nothing new for 9 s");
        let caused = Step { cause: Some("the server asks to slow down".to_owned()), ..half() };
        let text = describe(&caused, quiet, quiet, false);
        assert!(text.ends_with("waiting: the server asks to slow down"), "{text}");
    }

    #[test]
    fn without_counts_it_says_what_and_how_long() {
        let step =
            Step { place: Some("Signing in at imap.example.org".to_owned()), ..Step::default() };
        let text = |seconds| describe(&step, Duration::from_secs(seconds), Duration::ZERO, true);
        assert_eq!(text(0), "  Signing in at imap.example.org …");
        assert_eq!(text(7), "  Signing in at imap.example.org …   7 s");
    }

    #[test]
    fn odd_counts_do_no_harm() {
        for (done, total) in [(0, 0), (5, 0), (9, 3), (u64::MAX, u64::MAX)] {
            let step = Step { done, total, ..Step::default() };
            assert!(percent(&step) <= 100);
            describe(&step, Duration::from_secs(9), Duration::ZERO, true);
        }
    }
}
