//! IDLE (RFC 2177): news go out at once.

use super::{Answer, Refusal, Session};

impl Session {
    pub(super) async fn idle(&mut self) -> Answer {
        if !self.provider.personality.full {
            return Err(Refusal::Bad("IDLE is not offered.".into()));
        }
        let mut news = self.provider.store.news();
        self.wire.send(b"+ idling\r\n").await?;
        loop {
            news.mark_unchanged();
            self.tell_news()?;
            self.flush().await?;
            if self.wire.has_line() {
                let line = self.wire.line().await?;
                return if line.eq_ignore_ascii_case(b"DONE") {
                    Ok("Idle completed.".into())
                } else {
                    Err(Refusal::Bad("Expected DONE.".into()))
                };
            }
            tokio::select! {
                biased;
                filled = self.wire.fill() => filled?,
                changed = news.changed() => {
                    let _ = changed;
                }
            }
        }
    }
}
