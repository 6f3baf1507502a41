//! The mirror of one account, held against its server: every mailbox is compared by all its UIDs,
//! and what differs is mended. The account's own task does the work; this look asks for it and says
//! what came of it.

use super::{Bench, Check};
use crate::supervisor::Proved;
use crate::world::clock::within;
use chapar_engine::account::{Account, State};
use chapar_engine::verdict::Step;
use std::time::Duration;

/// The word of the check.
pub(super) const WHAT: &str = "mirror";
/// How long the doctor waits for the comparison; it goes on without the doctor. It is made beside
/// the look at the submission server, which may take as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Compares, mends, and says how it stands.
pub(super) async fn look(bench: &Bench, account: &Account) -> Check {
    let state = bench.accounts.report(account.id).map(|report| report.state);
    if !matches!(state, Some(State::Live | State::Syncing)) {
        return Check::skipped(WHAT, "state");
    }
    let clock = &bench.world.clock;
    let begun = clock.boot();
    let asked = bench.accounts.prove(account.id);
    let check = match within(clock.as_ref(), PATIENCE, asked).await {
        None => Check::good(WHAT, "is being compared; chapar status counts what had to be mended"),
        // the account's own task met a failure, and its condition says which
        Some(Err(_)) => Check::skipped(WHAT, Step::Select.word()),
        Some(Ok(proved)) => Check::good(WHAT, title(proved)),
    };
    check.took(Some(clock.boot().until_from(begun)))
}

fn title(proved: Proved) -> String {
    let Proved { mailboxes, compared, mended } = proved;
    let begin = if compared < mailboxes {
        format!("{compared} of {mailboxes} mailboxes compared, the others follow by themselves")
    } else {
        format!("same as the server, {} compared", several(mailboxes, "mailbox"))
    };
    match mended {
        0 => begin,
        1 => format!("{begin}; 1 message differed and was mended"),
        mended => format!("{begin}; {mended} messages differed and were mended"),
    }
}

fn several(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}es") }
}

#[cfg(test)]
mod tests {
    use super::title;
    use crate::supervisor::Proved;

    #[test]
    fn the_line_says_what_was_compared_and_what_was_mended() {
        let said = |mailboxes, compared, mended| title(Proved { mailboxes, compared, mended });
        assert_eq!(said(1, 1, 0), "same as the server, 1 mailbox compared");
        assert_eq!(
            said(60, 50, 2),
            "50 of 60 mailboxes compared, the others follow by themselves; \
             2 messages differed and were mended"
        );
    }
}
