//! `GET /live`: the upgrade, the response body that is the connection, and what clients say on it.

use super::code;
use super::commands;
use super::conn::Conn;
use super::encode::Path;
use super::frame::{self, Decoder, Inbound};
use super::streams;
use super::worker::Worker;
use crate::auth::{Principal, SESSION_COOKIE, TokenFault, same_origin};
use crate::error::ApiError;
use crate::http::sessions::{person, sitting};
use crate::wire::LIVE_VERSION;
use crate::wire::client::{ClientFrame, HelloFrame, PositionFrame, RenewFrame};
use crate::wire::server::{AuthFrame, LimitsFrame, ServerFrame, WelcomeFrame};
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{HttpRequest, HttpResponse, dev, web};
use bytes::Bytes;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The subprotocol of version 1.
pub const SUBPROTOCOL: &str = "exam.v1.json";

/// The largest piece handed to the server at once, bytes: see [`super::WRITE_BUFFER_BYTES`].
const PIECE_BYTES_MAX: usize = super::WRITE_BUFFER_BYTES;

/// `GET /live`.
///
/// # Errors
/// 403 for a page of another site, 400 without an upgrade, 503 when there are too many connections
/// or the program stops.
pub async fn socket(
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let worker = request.app_data::<Rc<Worker>>().cloned();
    let worker = worker.ok_or_else(|| ApiError::internal(&"no worker for live connections"))?;
    let from_page = request.headers().contains_key(ORIGIN);
    if from_page && !same_origin(&request, &worker.app.config.server) {
        return Err(ApiError::forbidden("the request comes from another site").into());
    }
    let mut response = actix_http::ws::handshake(request.head())?;
    if *worker.app.draining.borrow() {
        return Err(ApiError::unavailable("the program stops").into());
    }
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let mut offers = offers.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    if offers.any(|offer| offer.trim() == SUBPROTOCOL) {
        response.insert_header((SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL));
    }
    let place = worker.hub.enter();
    let place = place.ok_or_else(|| ApiError::unavailable("too many connections"))?;
    // Only a page of this site may use the cookie: others cannot prove that they are no page.
    let cookie = request.cookie(SESSION_COOKIE).filter(|_| from_page);
    let offered = cookie.map(|cookie| worker.app.auth.check(cookie.value()));
    let bytes_max = worker.app.live.frame_bytes_max;
    let conn = Conn::new(worker, place, Path::Socket);
    match offered {
        Some(Ok(principal)) => conn.state().offered = Some(principal),
        Some(Err(TokenFault::Expired)) => conn.end(code::EXPIRED, "expired"),
        Some(Err(TokenFault::Revoked)) => conn.end(code::REVOKED, "revoked"),
        Some(Err(TokenFault::Unchecked)) => conn.end(code::UNAVAILABLE, "not checked"),
        Some(Err(_)) | None => {}
    }
    let inbound = Some((payload.into_inner(), Decoder::new(bytes_max)));
    let body = Body { conn, inbound, rest: Bytes::new() };
    Ok(response.message_body(body)?.map_into_boxed_body().into())
}

/// The connection as a response body. Dropping it ends the connection.
pub struct Body {
    conn: Rc<Conn>,
    inbound: Option<(dev::Payload, Decoder)>,
    rest: Bytes,
}

impl Body {
    /// A connection that only sends.
    pub fn sending(conn: Rc<Conn>) -> Body {
        Body { conn, inbound: None, rest: Bytes::new() }
    }

    /// Takes in what has come; `false` when the client is gone.
    fn hear(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((payload, decoder)) = &mut self.inbound else { return true };
        loop {
            match Pin::new(&mut *payload).poll_next(cx) {
                Poll::Pending => return true,
                Poll::Ready(Some(Ok(bytes))) => {
                    decoder.push(&bytes);
                    if !hear_all(&self.conn, decoder) {
                        // What comes after the end is not read.
                        self.inbound = None;
                        return true;
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => return false,
            }
        }
    }

    fn piece(&mut self) -> Bytes {
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES_MAX));
        self.conn.halfway.set(!self.rest.is_empty());
        piece
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        this.conn.taken.set(this.conn.worker.tick());
        if this.rest.is_empty() {
            if !this.hear(cx) {
                return Poll::Ready(None);
            }
            match this.conn.poll_bytes(cx) {
                Poll::Ready(Some(bytes)) => this.rest = bytes,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Some(Ok(this.piece())))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.conn.gone();
    }
}

/// Hears every whole message; `false` when the connection ends by one.
fn hear_all(conn: &Rc<Conn>, decoder: &mut Decoder) -> bool {
    {
        let mut state = conn.state();
        state.heard_ms = conn.app().clock.monotonic_ms();
        state.pinged_ms = None;
    }
    loop {
        if !conn.is_open() {
            return false;
        }
        let heard = match decoder.next() {
            Ok(None) => return true,
            Ok(Some(heard)) => heard,
            Err(violation) => {
                conn.end(code::BAD_REQUEST, &violation.to_string());
                continue;
            }
        };
        // The smallest frame counts too; further messages of a frame are counted one by one.
        if !is_allowed(conn) {
            continue;
        }
        match heard {
            Inbound::Text(text) => hear_text(conn, &text),
            Inbound::Ping(payload) => {
                conn.outbox.push(actors::feed::Item::Reply(frame::pong(&payload)));
            }
            Inbound::Pong => {}
            Inbound::Close => conn.close_back(),
        }
    }
}

/// Counts a message; one too many ends the connection.
fn is_allowed(conn: &Conn) -> bool {
    let allowed = {
        let mut state = conn.state();
        let allowed = state.allowance > 0;
        state.allowance = state.allowance.saturating_sub(1);
        allowed
    };
    if !allowed {
        conn.end(code::SLOW, "too many messages");
    }
    allowed
}

fn hear_text(conn: &Rc<Conn>, text: &str) {
    let lines = text.split('\n').filter(|line| !line.trim().is_empty());
    for (i, line) in lines.enumerate() {
        if !conn.is_open() {
            return;
        }
        if i >= conn.app().live.frame_messages_max {
            return conn.end(code::BAD_REQUEST, "too many messages in one frame");
        }
        if i > 0 && !is_allowed(conn) {
            return;
        }
        match ClientFrame::parse(line) {
            Ok(Some(frame)) => hear_frame(conn, frame),
            Ok(None) => {}
            Err(fault) => conn.end(code::BAD_REQUEST, &fault.to_string()),
        }
    }
}

fn hear_frame(conn: &Rc<Conn>, frame: ClientFrame) {
    let signed_in = conn.state().principal.is_some();
    match frame {
        ClientFrame::Hello(_) if signed_in => conn.end(code::BAD_REQUEST, "a second hello"),
        ClientFrame::Hello(hello) => hello_from(conn, hello),
        ClientFrame::Pong(_) => {}
        _ if !signed_in => conn.end(code::BAD_REQUEST, "hello comes first"),
        ClientFrame::Sub(sub) => {
            let resume = sub.resume.and_then(streams::resume_of);
            streams::follow_named(conn, &sub.s, sub.id, resume);
        }
        ClientFrame::Unsub(unsub) => streams::leave(conn, &unsub.s),
        ClientFrame::Dig(dig) => streams::digest(conn, &dig.s),
        ClientFrame::Resync(resync) => streams::follow_named(conn, &resync.s, None, None),
        ClientFrame::Cmd(cmd) => commands::take(conn, cmd),
        ClientFrame::Auth(renew) => renewed(conn, renew),
    }
}

fn hello_from(conn: &Rc<Conn>, hello: HelloFrame) {
    if hello.ver != LIVE_VERSION {
        return conn.end(code::VERSION, "this server speaks version 1");
    }
    let offered = conn.state().offered.take();
    let principal = match (hello.token, offered) {
        (Some(token), _) => match conn.app().auth.check(&token) {
            Ok(principal) => principal,
            Err(fault) => return refused(conn, &fault),
        },
        (None, Some(principal)) => principal,
        (None, None) => return conn.end(code::FORBIDDEN, "sign in first"),
    };
    if !conn.worker.hub.name(&mut conn.state().place, principal.person) {
        return conn.end(code::UNAVAILABLE, "too many connections of one person");
    }
    welcome(conn, hello.id, &principal);
    attach(conn, &principal);
    conn.state().principal = Some(principal);
    for stream in hello.resume {
        let position = PositionFrame { epoch: stream.epoch, seq: stream.seq, hash: stream.hash };
        streams::follow_named(conn, &stream.s, None, streams::resume_of(position));
    }
}

fn refused(conn: &Conn, fault: &TokenFault) {
    match fault {
        TokenFault::Expired => conn.end(code::EXPIRED, "expired"),
        TokenFault::Revoked => conn.end(code::REVOKED, "revoked"),
        TokenFault::Unchecked => conn.end(code::UNAVAILABLE, "not checked"),
        _ => conn.end(code::FORBIDDEN, "the token is not valid"),
    }
}

fn welcome(conn: &Conn, id: Option<u64>, principal: &Principal) {
    let app = conn.app();
    conn.send(&ServerFrame::Welcome(WelcomeFrame {
        id,
        sess: format!("c{}", conn.id.0),
        ping: u32::try_from(app.live.ping_ms / 1_000).unwrap_or(u32::MAX).max(1),
        exp: principal.expires_at,
        person: person(principal),
        now: app.clock.now(),
        limits: LimitsFrame {
            inflight: u32::try_from(app.limits.inflight_max).unwrap_or(u32::MAX),
        },
    }));
}

/// Ties the connection to its sitting, which ends it when it is ended.
fn attach(conn: &Rc<Conn>, principal: &Principal) {
    let Some(sid) = sitting(principal) else { return };
    conn.state().sitting = Some(sid);
    let conn = conn.clone();
    actix_web::rt::spawn(async move {
        let attached = conn.app().sessions.attach(sid, conn.id, conn.outbox.clone()).await;
        match attached {
            Ok(()) => {}
            Err(error) if error.temporary() => conn.end(code::UNAVAILABLE, "no sitting now"),
            Err(_) => conn.end(code::REVOKED, "the sitting has ended"),
        }
    });
}

fn renewed(conn: &Conn, renew: RenewFrame) {
    let principal = match conn.app().auth.check(&renew.token) {
        Ok(principal) => principal,
        Err(fault) => return refused(conn, &fault),
    };
    let mut state = conn.state();
    let Some(before) = &state.principal else { return };
    if before.person != principal.person {
        drop(state);
        return conn.end(code::FORBIDDEN, "a token of somebody else");
    }
    if before.roles != principal.roles {
        // What it follows was granted to other roles: it starts anew.
        drop(state);
        return conn.end(code::STATE, "the roles have changed");
    }
    let exp = principal.expires_at;
    state.principal = Some(principal);
    state.warned = false;
    drop(state);
    conn.send(&ServerFrame::Auth(AuthFrame { id: renew.id, exp }));
}
