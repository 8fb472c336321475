//! Proof Key for Code Exchange (RFC 7636): S256, for everybody.

use super::fault::Fault;
use super::form::Form;
use super::secret::{same, sha256_b64};

/// The challenge of an authorization request.
///
/// # Errors
/// `invalid_request` when there is none, or its method is not S256. An absent method would mean
/// `plain`.
pub fn challenge(form: &Form) -> Result<String, Fault> {
    let challenge = form.need("code_challenge")?;
    if form.get("code_challenge_method") != Some("S256") {
        return Err(Fault::invalid_request("code_challenge_method must be S256"));
    }
    if challenge.len() != 43 || !challenge.bytes().all(is_base64url) {
        return Err(Fault::invalid_request("code_challenge is no S256 challenge"));
    }
    Ok(challenge.to_owned())
}

/// Whether the verifier is the one of the challenge.
pub fn fits(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && same(sha256_b64(verifier.as_bytes()).as_bytes(), challenge.as_bytes())
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_the_specification_fits() {
        assert!(fits(VERIFIER, CHALLENGE));
        assert!(!fits(CHALLENGE, CHALLENGE), "that would be plain");
        assert!(!fits(&VERIFIER.to_uppercase(), CHALLENGE));
        assert!(!fits("", CHALLENGE) && !fits(&VERIFIER[..42], CHALLENGE));
    }

    #[test]
    fn plain_and_nothing_are_refused() {
        let method = |m: &str| format!("code_challenge={CHALLENGE}&code_challenge_method={m}");
        let given = |text: &str| challenge(&Form::parse(text.as_bytes()).expect("a form"));
        assert_eq!(given(&method("S256")).expect("fine"), CHALLENGE);
        for bad in [
            method("plain"),
            method("s256"),
            format!("code_challenge={CHALLENGE}"),
            "code_challenge_method=S256".to_owned(),
            "code_challenge=short&code_challenge_method=S256".to_owned(),
        ] {
            assert_eq!(given(&bad).expect_err(&bad).error, "invalid_request");
        }
    }
}
