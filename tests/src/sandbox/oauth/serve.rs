//! One connection to the issuer: requests in, answers out, faults between.

use super::endpoint::Endpoint;
use super::http::{Answer, Request};
use super::{Issuer, pages};
use crate::sandbox::faults::{Kick, Service};
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
    let hangup = names.iter().find_map(|name| faults.hangup(Service::Issuer, name));
    let hang = names.iter().find_map(|name| faults.hang(Service::Issuer, name));
    let canned = names.iter().find_map(|name| faults.http(name));
    let instead = hangup == Some(false)
        || hang == Some(false)
        || canned.as_ref().is_some_and(|(_, done)| !done);
    let own = (!instead).then(|| perform(issuer, endpoint, request, (provider.now)()));
    if hangup.is_some() {
        return Err(End::Kicked(Kick::Drop));
    }
    if hang.is_some() {
        return Err(wire.silence().await);
    }
    let answer = canned.map(|(answer, _)| answer).or(own).unwrap_or_default();
    wire.send(&answer.bytes(request.stays())).await
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
        Endpoint::Unknown => Answer { status: 404, ..pages::dead_end("Nothing is here.".into()) },
    }
}
