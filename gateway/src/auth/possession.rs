//! Bound tokens: the proof that a request's sender has the token's key.

use super::Auth;
use crate::passport::format::dpop::check_proof;
use crate::passport::oauth::fault::Fault;

/// A request that shows a bound token and the proof of its key.
pub(super) struct Request<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The access token.
    pub token: &'a str,
    /// The proof.
    pub proof: &'a str,
}

impl Auth {
    /// Looks whether a proof of possession is for this request, this token and its key, carries a
    /// nonce of this server, and is new.
    ///
    /// # Errors
    /// As at the passport's own resources: `invalid_dpop_proof`, `use_dpop_nonce`.
    pub(super) fn proves(&self, request: &Request<'_>, jkt: &str) -> Result<(), Fault> {
        let url = format!("{}{}", self.0.keys.issuer().trim_end_matches('/'), request.path);
        let now = self.0.clock.now();
        let token = Some(request.token);
        let proof = check_proof(request.proof, request.method, &url, token, now);
        let proof = proof.map_err(|fault| {
            tracing::debug!(%fault, "a proof of possession was refused");
            Fault::invalid_dpop()
        })?;
        if proof.jkt != jkt {
            return Err(Fault::invalid_dpop());
        }
        self.0.proofs.admit(&proof, now)
    }

    /// The nonce for a client's next proof of possession.
    pub(super) fn nonce(&self) -> String {
        self.0.proofs.nonce(self.0.clock.now())
    }
}
