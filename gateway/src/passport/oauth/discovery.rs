//! What clients read before they ask for anything: endpoints, abilities, public keys. Answered from
//! memory, whatever is down.

use super::token::EXCHANGE;
use super::{address, answer_for_all};
use crate::app::App;
use crate::passport::Passport;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub async fn document(app: Data<App>) -> HttpResponse {
    answer_for_all().json(metadata(&app.passport))
}

/// `GET /oauth/jwks`.
pub async fn jwks(app: Data<App>) -> HttpResponse {
    answer_for_all().json(app.passport.keys.jwks())
}

fn metadata(passport: &Passport) -> Value {
    let at = |path: &str| address(passport, path);
    let client_auth = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let proving = &client_auth[..3];
    let assertion_algs = ["ES256", "EdDSA", "Ed25519", "RS256"];
    json!({
        "issuer": passport.keys.issuer(),
        "authorization_endpoint": at(super::AUTHORIZE),
        "token_endpoint": at(super::TOKEN),
        "pushed_authorization_request_endpoint": at(super::PAR),
        "introspection_endpoint": at(super::INTROSPECT),
        "revocation_endpoint": at(super::REVOKE),
        "userinfo_endpoint": at(super::USERINFO),
        "end_session_endpoint": at(super::LOGOUT),
        "jwks_uri": at(super::JWKS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported":
            ["authorization_code", "refresh_token", "client_credentials", EXCHANGE],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": client_auth,
        "token_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "introspection_endpoint_auth_methods_supported": proving,
        "introspection_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "revocation_endpoint_auth_methods_supported": client_auth,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519", "RS256"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile", "groups", "offline_access"],
        "claims_supported": ["sub", "name", "preferred_username", "groups", "role", "oid",
            "auth_time", "acr", "amr", "sid"],
        "acr_values_supported": super::ACR_VALUES,
        "prompt_values_supported": ["none", "login"],
        "ui_locales_supported": ["ru", "en"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": false,
        "require_pushed_authorization_requests": false,
        "authorization_response_iss_parameter_supported": true,
    })
}
