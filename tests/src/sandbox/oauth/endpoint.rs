//! Which request is for whom, and under which names faults and the ledger know it.

use super::http::Request;
use super::shape::Shape;
use super::token::DEVICE_GRANT;
use super::{Issuer, metadata};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Metadata,
    Authorize,
    /// A page answered.
    Page,
    Token,
    Device,
    DevicePage,
    Revoke,
    Register,
    UserInfo,
    Unknown,
}

impl Endpoint {
    pub(super) fn of(issuer: &Issuer, request: &Request) -> Self {
        let (path, paths) = (request.path.as_str(), issuer.shape.paths());
        let get = request.method == "GET";
        let post = request.method == "POST";
        match path {
            _ if get && issuer.publishes_at(path) => Self::Metadata,
            _ if get && issuer.shape == Shape::Microsoft && any_tenant(path, metadata::OPENID) => {
                Self::Metadata
            }
            _ if get && is(path, paths.authorize, issuer.shape) => Self::Authorize,
            _ if post && is(path, paths.token, issuer.shape) => Self::Token,
            _ if post && is(path, paths.device, issuer.shape) => Self::Device,
            _ if path == paths.device_page => Self::DevicePage,
            _ if post && Some(path) == paths.revoke => Self::Revoke,
            _ if post && Some(path) == paths.register => Self::Register,
            _ if path == paths.userinfo => Self::UserInfo,
            _ if post && path.starts_with("/signin/") => Self::Page,
            _ => Self::Unknown,
        }
    }

    /// Names for faults and the ledger: the endpoint's, and what it is asked to do.
    pub(super) fn names(self, request: &Request) -> Vec<&'static str> {
        match self {
            Self::Metadata => vec!["METADATA"],
            Self::Authorize => vec!["AUTHORIZE"],
            Self::Page => vec!["PAGE"],
            Self::Token => {
                let form = request.form().unwrap_or_default();
                let wish = match form.get("grant_type") {
                    Some("authorization_code") => Some("EXCHANGE"),
                    Some("refresh_token") => Some("REFRESH"),
                    Some(DEVICE_GRANT) => Some("POLL"),
                    _ => None,
                };
                std::iter::once("TOKEN").chain(wish).collect()
            }
            Self::Device => vec!["DEVICE"],
            Self::DevicePage => vec!["DEVICEPAGE"],
            Self::Revoke => vec!["REVOKE"],
            Self::Register => vec!["REGISTER"],
            Self::UserInfo => vec!["USERINFO"],
            Self::Unknown => vec!["UNKNOWN"],
        }
    }
}

/// Whether `path` is `known`; Microsoft's begin with any tenant.
fn is(path: &str, known: &str, shape: Shape) -> bool {
    path == known
        || shape == Shape::Microsoft
            && known.strip_prefix("/common").is_some_and(|rest| any_tenant(path, rest))
}

fn any_tenant(path: &str, rest: &str) -> bool {
    let tenant = path.strip_suffix(rest).and_then(|tenant| tenant.strip_prefix('/'));
    let tenant = tenant.map(|tenant| tenant.strip_suffix("/v2.0").unwrap_or(tenant));
    tenant.is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('/'))
}
