//! OAuth 2.0 and OpenID Connect.
//!
//! `token` and `authorize` are the two doors; `code`, `refreshing`, `exchange` and `pushed` hold
//! what passes through them, `mint` makes what comes out. `clients` and `possession` say who asks,
//! `bearer` who shows a token. Everything that is used once is used by one statement of the
//! database.

pub mod assertion;
pub mod authorize;
pub mod bearer;
pub mod clients;
pub mod code;
pub mod discovery;
pub mod exchange;
pub mod fault;
pub mod form;
pub mod idtoken;
pub mod introspect;
pub mod logout;
pub mod mint;
pub mod person;
pub mod pkce;
pub mod possession;
pub mod proofs;
pub mod pushed;
pub mod redirect;
pub mod refreshing;
pub mod retries;
pub mod scope;
pub mod secret;
pub mod state;
pub mod token;

pub use state::Oauth;

use super::Passport;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};
use uuid::Uuid;

/// The authorization endpoint.
pub const AUTHORIZE: &str = "/oauth/authorize";
/// The token endpoint.
pub const TOKEN: &str = "/oauth/token";
/// Pushed authorization requests.
pub const PAR: &str = "/oauth/par";
/// Introspection.
pub const INTROSPECT: &str = "/oauth/introspect";
/// Revocation.
pub const REVOKE: &str = "/oauth/revoke";
/// Who a token's owner is.
pub const USERINFO: &str = "/oauth/userinfo";
/// Signing out.
pub const LOGOUT: &str = "/oauth/logout";
/// The public keys.
pub const JWKS: &str = "/oauth/jwks";
/// How well somebody has proved who they are.
pub const ACR_VALUES: [&str; 3] =
    ["urn:nsk:acr:password", "urn:nsk:acr:two-factor", authorize::ACR_PIN];

/// The address of one of the passport's paths, as clients know it.
pub fn address(passport: &Passport, path: &str) -> String {
    format!("{}{path}", passport.keys.issuer().trim_end_matches('/'))
}

/// An answer that nobody keeps, with the nonce for the next proof of possession.
pub fn answer(passport: &Passport, status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer.insert_header((header::PRAGMA, "no-cache"));
    let nonce = passport.oauth.proofs.nonce(passport.clock.now());
    answer.insert_header(("DPoP-Nonce", nonce));
    answer
}

/// An answer that anybody may read, from any site, and keep for a few minutes.
fn answer_for_all() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "public, max-age=300"));
    answer.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    answer
}

/// A random id.
fn uuid(passport: &Passport) -> Uuid {
    uuid::Builder::from_random_bytes(passport.ids.salt()).into_uuid()
}
