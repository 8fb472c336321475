//! Parameters of requests: a form in the body or the query, each name at most once, nothing that
//! could end up in a header or a log line as more than text.

use super::fault::Fault;
use crate::http::body;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Payload;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Largest form, bytes.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Most parameters.
const FIELDS_MAX: usize = 48;
/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest value, bytes: tokens are at most 8 KiB, assertions a little more.
const VALUE_BYTES_MAX: usize = 16 * 1024;

/// Parameters by name. A parameter without a value counts as absent (RFC 6749, 3.1).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Form(BTreeMap<String, String>);

impl std::fmt::Debug for Form {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Reads urlencoded parameters.
    ///
    /// # Errors
    /// `invalid_request` when a name comes twice, something is too long, or is no plain text.
    pub fn parse(text: &[u8]) -> Result<Form, Fault> {
        if text.len() > FORM_BYTES_MAX {
            return Err(Fault::invalid_request("the request is too long"));
        }
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if fields.len() >= FIELDS_MAX {
                return Err(Fault::invalid_request("too many parameters"));
            }
            if name.len() > NAME_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
                return Err(Fault::invalid_request("a parameter is too long"));
            }
            // The decoder puts U+FFFD for what is no UTF-8.
            let plain = |text: &str| !text.chars().any(|c| c.is_control() || c == '\u{fffd}');
            if !plain(&name) || !plain(&value) {
                return Err(Fault::invalid_request("a parameter is no plain text"));
            }
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Fault::invalid_request("a parameter is given twice"));
            }
        }
        Ok(Form(fields))
    }

    /// The body of a POST, which must be a form.
    ///
    /// # Errors
    /// As [`Form::parse`]; also when the body is none, is too long or breaks off.
    pub async fn of_body(request: &HttpRequest, payload: Payload) -> Result<Form, Fault> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let kind = kind.and_then(|k| k.split(';').next()).map(str::trim);
        if !kind.is_some_and(|k| k.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            let text = "the body must be application/x-www-form-urlencoded";
            return Err(Fault::invalid_request(text));
        }
        let bytes = body::read(payload, FORM_BYTES_MAX)
            .await
            .map_err(|e| Fault::invalid_request(e.message.into_owned()))?;
        Form::parse(&bytes)
    }

    /// The query of a GET.
    ///
    /// # Errors
    /// As [`Form::parse`].
    pub fn of_query(request: &HttpRequest) -> Result<Form, Fault> {
        Form::parse(request.query_string().as_bytes())
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    pub fn need(&self, name: &'static str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::invalid_request(format!("{name} is missing")))
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// `invalid_request` when it is something else.
    pub fn number(&self, name: &'static str) -> Result<Option<i64>, Fault> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let digits = text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(Some).ok_or_else(|| Fault::invalid_request(format!("{name} is no number")))
    }

    /// As JSON, to be kept until the person has signed in.
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.iter().map(|(n, v)| (n.clone(), Value::from(v.as_str()))).collect())
    }

    /// What [`Form::to_json`] kept.
    pub fn from_json(kept: &Map<String, Value>) -> Form {
        let text = |(n, v): (&String, &Value)| Some((n.clone(), v.as_str()?.to_owned()));
        Form(kept.iter().filter_map(text).collect())
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Form {
        self.0.remove(name);
        self
    }

    /// With a parameter in place of what it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Form {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_once_and_strictly() {
        let form = Form::parse(b"a=1&b=%D0%B4%20x+y&empty=").expect("a form");
        assert_eq!((form.get("a"), form.get("b")), (Some("1"), Some("д x y")));
        assert_eq!((form.get("empty"), form.get("c")), (None, None));
        assert_eq!(form.number("a").expect("a number"), Some(1));
        let long = format!("a={}", "x".repeat(VALUE_BYTES_MAX + 1));
        let many: Vec<String> = (0..=FIELDS_MAX).map(|n| format!("f{n}=1")).collect();
        let many = many.join("&");
        for bad in [
            "a=1&a=1",
            "a=1&%61=2",
            "a=1%0d%0aSet-Cookie:%20x",
            "a=%00",
            "a=%ff",
            long.as_str(),
            many.as_str(),
        ] {
            let fault = Form::parse(bad.as_bytes()).expect_err(bad);
            assert_eq!(fault.error, "invalid_request", "{bad}");
        }
        for bad in ["n=-1", "n=1.5", "n=99999999999999999999", "n=x"] {
            assert!(Form::parse(bad.as_bytes()).expect("a form").number("n").is_err(), "{bad}");
        }
        assert!(!format!("{form:?}").contains("д"), "values are not printed");
    }
}
