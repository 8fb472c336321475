//! The files of the pages: embedded, from this origin alone.

use actix_web::HttpResponse;
use actix_web::http::header;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("passkeys.js");
/// How long a browser may keep them, s.
const KEEP: &str = "public, max-age=300";

/// `GET /passport/style.css`.
pub async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", STYLE)
}

/// `GET /passport/passkeys.js`.
pub async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, KEEP)).content_type(kind).body(text)
}
