//! What the issuer publishes about itself (RFC 8414, `OpenID` Connect Discovery).

use super::Issuer;
use super::http::Answer;
use super::rules::Iss;
use super::shape::Shape;
use super::token::DEVICE_GRANT;
use serde_json::json;

/// Below the issuer's identifier (`OpenID` Connect Discovery §4).
pub(super) const OPENID: &str = "/.well-known/openid-configuration";
/// Between host and path of the issuer's identifier (RFC 8414 §3.1).
pub(super) const OAUTH: &str = "/.well-known/oauth-authorization-server";

impl Issuer {
    /// Whether `path` is one at which this issuer publishes.
    pub(super) fn publishes_at(&self, path: &str) -> bool {
        let issuer = self.shape.paths().issuer;
        let openid = path.strip_suffix(OPENID) == Some(issuer);
        // neither Google nor Microsoft serves the name of RFC 8414
        openid || self.shape == Shape::Generic && path.strip_prefix(OAUTH) == Some(issuer)
    }

    pub(super) fn metadata(&self) -> Answer {
        let (rules, base, paths) = (self.rules(), self.base(), self.shape.paths());
        let at = |path: &str| format!("{base}{path}");
        let issuer = if rules.template_issuer { at("/{tenantid}/v2.0") } else { self.id() };
        let mut body = json!({
            "issuer": issuer,
            "authorization_endpoint": at(paths.authorize),
            "token_endpoint": at(paths.token),
            "userinfo_endpoint": at(paths.userinfo),
            "jwks_uri": at("/jwks"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "scopes_supported": self.shape.scopes(),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["HS256"],
            "token_endpoint_auth_methods_supported":
                ["none", "client_secret_post", "client_secret_basic"],
            "claims_supported": ["sub", "email", "iss", "aud", "exp"],
        });
        if rules.says_s256 {
            body["code_challenge_methods_supported"] = json!(["S256"]);
        }
        if rules.device {
            body["device_authorization_endpoint"] = at(paths.device).into();
            body["grant_types_supported"] =
                json!(["authorization_code", "refresh_token", DEVICE_GRANT]);
        }
        if let Some(revoke) = paths.revoke {
            body["revocation_endpoint"] = at(revoke).into();
        }
        if let Some(register) = paths.register.filter(|_| rules.registration) {
            body["registration_endpoint"] = at(register).into();
        }
        if rules.iss != Iss::Silent {
            body["authorization_response_iss_parameter_supported"] = true.into();
        }
        Answer::json(200, &body)
    }
}
