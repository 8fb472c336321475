//! OAuth 2.0 and OpenID Connect.

pub mod fault;
pub mod form;
pub mod pkce;
pub mod proofs;
pub mod redirect;
pub mod scope;
pub mod secret;
