//! Security headers of every answer.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Pages load from this origin alone and run no inline script; nobody may frame them. Images of
/// questions may come from elsewhere: tools name them by https addresses.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                   img-src 'self' data: https:; connect-src 'self'; manifest-src 'self'; \
                   worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page to try the API writes styles into its elements and draws with inline images.
const CSP_DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                        font-src 'self'; img-src 'self' data:; connect-src 'self'; \
                        base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A browser that came over TLS comes over TLS for a year.
const HSTS: &str = "max-age=31536000";

/// Where that page lies.
pub const DOCS: &str = "/docs/";

const PLAIN: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Middleware: adds the headers, unless the answer already has its own.
///
/// # Errors
/// What the inner service fails with.
pub async fn security<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let csp = if request.path().starts_with(DOCS) { CSP_DOCS } else { CSP };
    let secure = request.app_config().secure();
    let mut response = next.call(request).await?;
    // A socket shows nothing that these could guard.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let headers = response.headers_mut();
    if secure {
        let value = HeaderValue::from_static(HSTS);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    let ours = [(header::CONTENT_SECURITY_POLICY, csp), (header::CACHE_CONTROL, "no-store")];
    for (name, value) in PLAIN.into_iter().chain(ours) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}
