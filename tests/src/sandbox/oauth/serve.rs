//! One connection to the issuer: requests in, answers out, faults between.

use super::endpoint::Endpoint;
use super::http::{Answer, Request};
use super::{Issuer, pages};
use crate::sandbox::faults::{Faults, Kick, Service};
use crate::sandbox::provider::Provider;
use crate::sandbox::wire::{End, Wire};
use chapar_daemon::world::net::BoxStream;

/// Serves one connection, already secured, to its end.
pub(in crate::sandbox) async fn serve(provider: &Provider, stream: BoxStream) {
    let mut wire = Wire::new(stream, Service::Issuer, &provider.faults);
    let mut stays = true;
    while stays {
        let served = match Request::read(&mut wire).await {
            Ok(request) => {
                stays = request.stays();
                one(provider, &mut wire, &request).await
            }
            Err(end) => Err(end),
        };
        if let Err(end) = served {
            if !matches!(end, End::Kicked(Kick::Drop)) {
                wire.close().await;
            }
            return;
        }
    }
    wire.close().await;
}

async fn one(provider: &Provider, wire: &mut Wire, request: &Request) -> Result<(), End> {
    let (issuer, faults) = (&provider.issuer, &provider.faults);
    let endpoint = Endpoint::of(issuer, request);
    let names = endpoint.names(request);
    for name in &names {
        issuer.count(name);
        if let Some(by) = faults.delay(Service::Issuer, name) {
            tokio::time::sleep(by).await;
        }
    }
    let trouble = names.iter().find_map(|name| trouble(faults, name));
    let own = (!matches!(trouble, Some((_, false))))
        .then(|| perform(issuer, endpoint, request, (provider.now)()));
    let answer = match trouble.map(|(trouble, _)| trouble) {
        Some(Trouble::Drop) => return Err(End::Kicked(Kick::Drop)),
        Some(Trouble::Hang) => return Err(wire.silence().await),
        Some(Trouble::Says(answer)) => answer,
        None => own.unwrap_or_default(),
    };
    wire.send(&answer.bytes(request.stays())).await
}

/// What becomes of the answer.
enum Trouble {
    Drop,
    Hang,
    Says(Answer),
}

/// The first fault planned for a request, and whether the request takes effect all the same.
fn trouble(faults: &Faults, name: &str) -> Option<(Trouble, bool)> {
    let service = Service::Issuer;
    let hangup = faults.hangup(service, name).map(|done| (Trouble::Drop, done));
    hangup
        .or_else(|| faults.hang(service, name).map(|done| (Trouble::Hang, done)))
        .or_else(|| faults.http(name).map(|(answer, done)| (Trouble::Says(answer), done)))
}

fn perform(issuer: &Issuer, endpoint: Endpoint, request: &Request, now: i64) -> Answer {
    match endpoint {
        Endpoint::Metadata => issuer.metadata(),
        Endpoint::Authorize => issuer.authorize(request, now),
        Endpoint::Page => {
            let visit = request.path.trim_start_matches("/signin/");
            issuer.answered(visit, &request.form().unwrap_or_default(), now)
        }
        Endpoint::Token => issuer.token(request, now),
        Endpoint::Device => issuer.device(request, now),
        Endpoint::DevicePage => issuer.device_page(request, now),
        Endpoint::Revoke => issuer.give_back(request, now),
        Endpoint::Register => issuer.register(request, now),
        Endpoint::UserInfo => issuer.userinfo(request, now),
        Endpoint::Unknown => Answer { status: 404, ..pages::dead_end("Nothing is here.") },
    }
}
