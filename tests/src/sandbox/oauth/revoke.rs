//! Revocation (RFC 7009): either token of a grant ends it, at some providers all that the person gave
//! to the client; unknown ones are answered with 200 too.

use super::grant::{Access, Death, Grant};
use super::http::{Answer, Request};
use super::refusal::Refusal;
use super::shape::Shape;
use super::token::Shown;
use super::{Book, Issuer};
use serde_json::json;

impl Issuer {
    pub(super) fn give_back(&self, request: &Request, now: i64) -> Answer {
        match self.given_back(request) {
            Ok(known) if known || self.shape != Shape::Google => Answer::empty(200),
            // Google says so where RFC 7009 §2.2 wants silence
            Ok(_) => Answer::json(
                400,
                &json!({
                    "error": "invalid_token",
                    "error_description": "Token expired or revoked",
                }),
            ),
            Err(refusal) => refusal.answer(self.shape, now),
        }
    }

    fn given_back(&self, request: &Request) -> Result<bool, Refusal> {
        let form = request.form().unwrap_or_default();
        let value = form.get("token").or(request.query.get("token"));
        let value = value.ok_or(Refusal::Malformed("token is missing"))?;
        let mut book = self.book();
        let client = match Shown::read(request, &form) {
            Some(shown) => Some(book.client(shown)?),
            // Google asks for nothing but the token
            None if self.shape == Shape::Google => None,
            None => return Err(Refusal::Malformed("client_id is missing")),
        };
        let Some(at) = book.holder(value) else { return Ok(false) };
        let grant = &mut book.grants[at];
        if client.is_some_and(|client| client != grant.client) {
            return Ok(false);
        }
        let alive = grant.death.is_none();
        grant.end(Death::GivenBack, Access::Dies);
        if book.rules.give_back_ends_all {
            let (user, client) = (book.grants[at].user.clone(), book.grants[at].client.clone());
            let same = |grant: &&mut Grant| grant.user == user && grant.client == client;
            for grant in book.grants.iter_mut().filter(same) {
                grant.end(Death::GivenBack, Access::Dies);
            }
        }
        drop(book);
        self.count("GIVENBACK");
        self.deaths.send_modify(|count| *count += 1);
        Ok(alive)
    }
}

impl Book {
    /// The grant that has this refresh or access token.
    fn holder(&self, value: &str) -> Option<usize> {
        self.grants.iter().position(|grant| {
            grant.refresh.iter().any(|held| held.value == value)
                || grant.access.iter().any(|held| held.value == value)
        })
    }
}
