//! What a verified token costs: the whole verifier beside the bare check of the same signature with
//! the same key, and introspection through HTTP beside the shortest answer of the same server.

use super::{Context, Outcome, float, micros, progress};
use crate::http::{Connection, Request};
use crate::report::{Figure, Target};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use gateway::passport::format::fuzz::{Bench, Family, bench_in, verified};
use gateway::passport::keys::Ring;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const NAME: &str = "tokens";
/// Verifications of one span.
const CHECKS: u64 = 500;
/// Spans of each kind; they alternate, and the fastest of each counts.
const SPANS: usize = 40;
/// Connections that ask at once.
const CONNECTIONS: usize = 8;
/// How long each of them asks, in each of four spans.
const ASKING: Duration = Duration::from_secs(2);
/// The client that introspects, which is a service.
const CLIENT: &str = "bench";

/// Measures.
///
/// # Errors
/// When there are no keys, a token is refused, or the station does not start or refuses.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let mut figures = verification(context).await?;
    figures.extend(introspection(context).await?);
    Ok(figures)
}

/// What a signature covers, the signature, and the id of its key.
struct Signed {
    message: Vec<u8>,
    signature: Vec<u8>,
    kid: String,
}

fn no_token() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this cannot be read")
}

/// Pre-authentication encoding of PASETO.
fn pae(parts: &[&[u8]]) -> Vec<u8> {
    let count = |n: usize| (n as u64).to_le_bytes();
    let mut out = count(parts.len()).to_vec();
    for part in parts {
        out.extend(count(part.len()));
        out.extend(*part);
    }
    out
}

fn taken_apart(family: Family, token: &str, issuer: &str) -> Outcome<Signed> {
    let parts: Vec<&str> = token.split('.').collect();
    let part =
        |at: usize| -> Outcome<Vec<u8>> { Ok(B64.decode(parts.get(at).ok_or_else(no_token)?)?) };
    let kid_in = |text: &[u8]| -> Outcome<String> {
        let head: serde_json::Value = serde_json::from_slice(text)?;
        Ok(head["kid"].as_str().ok_or_else(no_token)?.to_owned())
    };
    if family == Family::Jwt {
        let (signed, _) = token.rsplit_once('.').ok_or_else(no_token)?;
        let kid = kid_in(&part(0)?)?;
        return Ok(Signed { message: signed.as_bytes().to_vec(), signature: part(2)?, kid });
    }
    let (mut payload, footer) = (part(2)?, part(3)?);
    let signature = payload.split_off(payload.len().checked_sub(64).ok_or_else(no_token)?);
    let claims: serde_json::Value = serde_json::from_slice(&payload)?;
    let class = claims["cls"].as_str().ok_or_else(no_token)?;
    let implicit = format!("nsk1|{class}|{issuer}");
    let message = pae(&[b"v4.public.", &payload, &footer, implicit.as_bytes()]);
    Ok(Signed { message, signature, kid: kid_in(&footer)? })
}

fn bare(ring: &Ring, signed: &Signed) -> bool {
    let key = ring.get(&signed.kid);
    key.is_some_and(|key| key.public.verifies(&signed.message, &signed.signature))
}

/// Processor time of this thread: others on the machine do not count.
fn own_time() -> io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().and_then(|first| first.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(no_token)
}

/// The time of one call, in the fastest span.
fn timed(best: &mut Duration, mut job: impl FnMut() -> bool) -> Outcome<()> {
    let began = own_time()?;
    for _ in 0..CHECKS {
        if !std::hint::black_box(job()) {
            return Err("a good token was refused".into());
        }
    }
    *best = (*best).min((own_time()? - began) / u32::try_from(CHECKS)?);
    Ok(())
}

async fn verification(context: &Context) -> Outcome<Vec<Figure>> {
    let dir = context.prepared.dir().join("keys");
    std::fs::create_dir_all(&dir)?;
    let bench = bench_in(&dir).await.map_err(|e| e.to_string())?;
    let mut figures = Vec::new();
    for (family, what, begins) in [
        (Family::Paseto, "PASETO (Ed25519)", "v4."),
        (Family::Jwt, "JWT (ES256)", "eyJhbGciOiJFUzI1NiI"),
        (Family::Jwt, "JWT (EdDSA)", "eyJhbGciOiJFZERTQSI"),
    ] {
        progress(NAME, what);
        figures.extend(one(context, &bench, (family, what, begins))?);
    }
    Ok(figures)
}

fn one(
    context: &Context,
    bench: &Bench,
    (family, what, begins): (Family, &str, &str),
) -> Outcome<[Figure; 2]> {
    let token = bench.tokens(family).find(|token| token.starts_with(begins));
    let token = token.ok_or_else(no_token)?;
    let ring = bench.keyring.ring();
    let signed = taken_apart(family, token, &ring.issuer)?;
    let (mut whole, mut alone) = (Duration::MAX, Duration::MAX);
    let spans = if context.quick { SPANS / 10 } else { SPANS };
    for _ in 0..spans {
        timed(&mut alone, || bare(&ring, &signed))?;
        timed(&mut whole, || verified(bench, token).is_some())?;
    }
    let rate = |each: Duration| 1.0 / each.as_secs_f64();
    Ok([
        Figure::new(NAME, format!("{what}, verification"), micros(whole), "µs")
            .beside(micros(alone))
            .target(Target::RatioMax(1.2)),
        Figure::new(NAME, format!("{what}, a second and core"), rate(whole), "/s")
            .beside(rate(alone))
            .note(format!("a token of {} bytes", token.len())),
    ])
}

async fn introspection(context: &Context) -> Outcome<Vec<Figure>> {
    progress(NAME, "introspection through HTTP");
    let secret = context.prepared.client(CLIENT)?;
    let station = context.prepared.start(NAME).await?;
    let own = format!("client_id={CLIENT}&client_secret={secret}");
    let form = "application/x-www-form-urlencoded";
    let mut connection = Connection::open(station.address).await?;
    let body = format!("grant_type=client_credentials&{own}");
    let ask = Request {
        method: "POST",
        path: "/oauth/token",
        token: None,
        body: Some((form, body.as_bytes())),
    };
    let given = connection.ask(ask).await?.json()?;
    let token = given["access_token"].as_str().ok_or_else(no_token)?;
    let body = format!("token={token}&{own}");
    let introspect = Request {
        method: "POST",
        path: "/oauth/introspect",
        token: None,
        body: Some((form, body.as_bytes())),
    };
    if connection.ask(introspect).await?.json()?["active"] != true {
        return Err("the token is not active".into());
    }
    let livez = Request::get("/livez", None);
    let span = context.lasting(ASKING);
    let (mut full, mut bare) = (0.0_f64, 0.0_f64);
    for _ in 0..4 {
        bare = bare.max(asked(station.address, livez, span).await?);
        full = full.max(asked(station.address, introspect, span).await?);
    }
    station.stop().await?;
    let note = format!("{CONNECTIONS} connections; the baseline is GET /livez");
    Ok(vec![Figure::new(NAME, "introspection, HTTP", full, "/s").beside(bare).note(note)])
}

/// Answers in a second, of all connections together.
async fn asked(address: SocketAddr, request: Request<'_>, span: Duration) -> Outcome<f64> {
    let began = Instant::now();
    let one = || async {
        let mut connection = Connection::open(address).await?;
        let mut count = 0_u64;
        while began.elapsed() < span {
            let reply = connection.ask(request).await?;
            if reply.status != 200 {
                return Err(io::Error::other(format!("{}: {}", reply.status, reply.text())));
            }
            count += 1;
        }
        Ok(count)
    };
    let all = futures_util::future::try_join_all((0..CONNECTIONS).map(|_| one())).await?;
    Ok(float(all.iter().sum()) / began.elapsed().as_secs_f64())
}
