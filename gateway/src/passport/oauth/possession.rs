//! Proof of possession of a key with a request: checked before anything is used up, so that the
//! challenge for a nonce costs nobody a code or a refresh token.

use super::fault::Fault;
use crate::passport::Passport;
use crate::passport::format::dpop::check_proof;
use actix_web::HttpRequest;

/// The thumbprint of the key that the request proves, if it has a proof.
///
/// # Errors
/// `invalid_dpop_proof`, or `use_dpop_nonce` with a nonce.
pub fn proven(
    request: &HttpRequest,
    passport: &Passport,
    access_token: Option<&str>,
) -> Result<Option<String>, Fault> {
    let mut proofs = request.headers().get_all("DPoP");
    let Some(proof) = proofs.next() else { return Ok(None) };
    if proofs.next().is_some() {
        return Err(Fault::invalid_dpop());
    }
    let proof = proof.to_str().map_err(|_| Fault::invalid_dpop())?;
    let now = passport.clock.now();
    let url = super::address(passport, request.path());
    let proof = check_proof(proof, request.method().as_str(), &url, access_token, now).map_err(
        |fault| {
            tracing::debug!(%fault, "a proof of possession was refused");
            Fault::invalid_dpop()
        },
    )?;
    passport.oauth.proofs.admit(&proof, now)?;
    Ok(Some(proof.jkt))
}
