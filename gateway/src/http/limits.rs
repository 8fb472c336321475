//! The share of requests that one address may have.

use crate::live::Gate;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{ResponseError, web};

/// Middleware: refuses an address that asks for more than its share. The probes of health are
/// always answered.
///
/// # Errors
/// What the inner service fails with.
pub async fn limits<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let probe = matches!(request.path(), "/livez" | "/readyz");
    let gate = request.app_data::<web::Data<Gate>>().filter(|_| !probe);
    let address = request.peer_addr().map(|peer| peer.ip());
    if let (Some(gate), Some(address)) = (gate, address)
        && let Err(error) = gate.request(address)
    {
        return Ok(request.into_response(error.error_response().map_into_right_body()));
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}
