//! The pages: files of `web/dist`, embedded into the program (read from the folder in debug builds).

use crate::error::ApiError;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../web/dist/"]
struct Dist;

const INDEX: &str = "index.html";
/// Files whose names carry a hash of their content.
const HASHED: &str = "assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Shown when the program was built without its pages.
const NO_PAGES: &str = "<!doctype html><meta charset=\"utf-8\"><title>nsk</title>\
    <p>This build has no pages: run <code>make web</code> and build again. \
    The API is described at <a href=\"/docs\">/docs</a>.";

/// A page: the same document for all of them, which looks at the address by itself.
///
/// # Errors
/// None; without pages it says how to get them.
pub async fn page(request: HttpRequest) -> HttpResponse {
    match Dist::get(INDEX) {
        Some(file) => answer(&request, INDEX, file),
        None => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(NO_PAGES),
    }
}

/// Any other path: a file, or nothing. Permissions do not come in: these files hold no data.
///
/// # Errors
/// 404, and 405 for methods that change something.
pub async fn file(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let nothing = || ApiError::not_found("there is nothing here");
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(nothing());
    }
    let path = request.path().trim_start_matches('/');
    let file = Dist::get(path).filter(|_| !path.contains(".."));
    Ok(answer(&request, path, file.ok_or_else(nothing)?))
}

fn answer(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hex::encode(&hash[..16]));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let known = known.is_some_and(|known| known.contains(&tag));
    let keep = if path.starts_with(HASHED) { FOREVER } else { ASK_AGAIN };
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, keep));
    if known {
        return response.finish();
    }
    response.content_type(kind_of(path)).body(file.data.into_owned())
}

/// The type by the ending: browsers are told not to guess.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn embedded(text: &'static [u8]) -> EmbeddedFile {
        let metadata = rust_embed::Metadata::__rust_embed_new([7; 32], None, None, "text/css");
        EmbeddedFile { data: text.into(), metadata }
    }

    #[test]
    fn hashed_files_are_kept_and_pages_are_asked_for_again() {
        let request = TestRequest::get().to_http_request();
        for (path, keep) in [("assets/index-D01ZHKqt.css", FOREVER), ("index.html", ASK_AGAIN)] {
            let response = answer(&request, path, embedded(b"x"));
            assert_eq!(response.headers().get(header::CACHE_CONTROL).expect("a header"), keep);
            assert_eq!(
                response.headers().get(header::CONTENT_TYPE).expect("a header"),
                kind_of(path)
            );
        }
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let tag = format!("\"{}\"", "07".repeat(16));
        let request = TestRequest::get().insert_header((header::IF_NONE_MATCH, tag));
        let response = answer(&request.to_http_request(), "index.html", embedded(b"x"));
        assert_eq!(response.status().as_u16(), 304);
    }

    #[actix_web::test]
    async fn what_is_not_there_is_not_found() {
        for path in ["/../Cargo.toml", "/assets/none.js", "/..%2fCargo.toml"] {
            let request = TestRequest::with_uri(path).to_http_request();
            assert_eq!(file(request).await.expect_err(path).status.as_u16(), 404);
        }
        let post = TestRequest::post().uri("/index.html").to_http_request();
        assert!(file(post).await.is_err());
    }
}
