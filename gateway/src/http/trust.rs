//! The page on which a tablet learns to trust the station: its authority's certificate, the
//! fingerprint to compare, and the page's own address as a picture for the next tablet.

use crate::app::App;
use crate::config::TlsMode;
use crate::error::ApiError;
use crate::serve::tls::authority::{self, CA_FILE, Reading};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Longest host that is drawn, bytes.
const HOST_BYTES_MAX: usize = 255;
/// Smallest side of the picture, pixels.
const SIDE: u32 = 240;

/// `GET /trust`.
///
/// # Errors
/// 404 where the station has no authority of its own.
pub async fn page(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (_, reading) = certificate(&app).await?;
    let host = request.connection_info().host().to_owned();
    let page = document(&reading, address(&host).as_deref());
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.into_string()))
}

/// `GET /trust/ca.pem`.
///
/// # Errors
/// As [`page`].
pub async fn pem(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let (pem, _) = certificate(&app).await?;
    Ok(download("nsk-station-ca.pem", "application/x-pem-file", pem))
}

/// `GET /trust/ca.crt`: as Android and iOS install it.
///
/// # Errors
/// As [`page`].
pub async fn crt(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let (pem, _) = certificate(&app).await?;
    let der = CertificateDer::from_pem_slice(&pem).map_err(|e| ApiError::internal(&e))?;
    Ok(download("nsk-station-ca.crt", "application/x-x509-ca-cert", der.to_vec()))
}

fn download(name: &str, media: &str, body: Vec<u8>) -> HttpResponse {
    let disposition = format!("attachment; filename=\"{name}\"");
    HttpResponse::Ok()
        .content_type(media)
        .insert_header(("content-disposition", disposition))
        .body(body)
}

/// Read anew each time: the authority may be made anew beside the running program.
async fn certificate(app: &App) -> Result<(Vec<u8>, Reading), ApiError> {
    let absent = || ApiError::not_found("this station has no certificate authority of its own");
    if app.config.tls.mode != TlsMode::Station {
        return Err(absent());
    }
    let path = app.config.store.data.join(CA_FILE);
    let pem = web::block(move || std::fs::read(path)).await.map_err(|e| ApiError::internal(&e))?;
    let pem = pem.map_err(|_| absent())?;
    let reading = authority::read(&pem).ok_or_else(absent)?;
    Ok((pem, reading))
}

/// The page's own address; the header that it comes from may hold anything.
fn address(host: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let good = (1..=HOST_BYTES_MAX).contains(&host.len()) && host.bytes().all(plain);
    good.then(|| format!("https://{host}/trust"))
}

fn document(ca: &Reading, address: Option<&str>) -> Markup {
    let picture = address.and_then(|address| {
        let code = QrCode::new(address).ok()?;
        Some(code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build())
    });
    // The picture is part of the page: what stands before its root element belongs to a file.
    let picture = picture.as_deref().and_then(|svg| svg.find("<svg").map(|at| &svg[at..]));
    html! {
        (DOCTYPE)
        html lang="ru" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Доверие к станции · Trust this station" }
            }
            body {
                main {
                    h1 { "Доверие к станции" }
                    ol {
                        li { "Скачайте сертификат: " a href="/trust/ca.crt" { "ca.crt" } " (или " a href="/trust/ca.pem" { "ca.pem" } ")." }
                        li { "Сверьте отпечаток с тем, что показывает оператор станции командой " code { "nsk tls show" } "." }
                        li { "Установите его как сертификат центра сертификации и откройте страницу заново." }
                    }
                    section lang="en" {
                        h2 { "Trust this station" }
                        ol {
                            li { "Download the certificate: " a href="/trust/ca.crt" { "ca.crt" } " (or " a href="/trust/ca.pem" { "ca.pem" } ")." }
                            li { "Compare the fingerprint with the one that the station's operator sees by " code { "nsk tls show" } "." }
                            li { "Install it as a CA certificate and open the page again." }
                        }
                    }
                    dl {
                        dt { "Сертификат · Certificate" }
                        dd { (ca.subject) }
                        dt { "Отпечаток SHA-256 · Fingerprint" }
                        dd { code { (ca.shown_fingerprint()) } }
                    }
                    @if let (Some(picture), Some(address)) = (picture, address) {
                        figure {
                            (PreEscaped(picture))
                            figcaption { (address) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Hash, Moment};

    #[test]
    fn the_page_names_the_fingerprint_and_draws_no_foreign_host() {
        let ca = Reading {
            from: Moment(0),
            until: Moment(1),
            names: vec![],
            subject: "NSK <station>".into(),
            issuer: "NSK".into(),
            fingerprint: Hash([0xab; 32]),
        };
        let page = document(&ca, address("10.0.0.7:8443").as_deref()).into_string();
        assert!(page.contains("AB:AB:") && page.contains("<svg") && !page.contains("<?xml"));
        assert!(page.contains("https://10.0.0.7:8443/trust"));
        assert!(page.contains("NSK &lt;station&gt;") && !page.contains("<script"));
        for bad in ["", "a/b", "a\"b", "a b", &"a".repeat(300)] {
            assert_eq!(address(bad), None, "{bad}");
        }
        assert!(!document(&ca, None).into_string().contains("<svg"));
    }
}
