//! The OpenAPI document, made from the list of routes, and the page to try it on.

mod operations;

use crate::error::ApiError;
use crate::http::{ROUTES, Route, Service};
use crate::passport::audit::api::AuditPage;
use crate::wire::{exams, mak, passport, planning, problem, qr, server, sessions};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use operations::{Body, Docs, docs_of};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa_swagger_ui::Config;

/// Where the page's files lie; relative links need the slash.
const DOCS_INDEX: &str = "/docs/index.html";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| build().to_string());
static UI: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("/openapi.json")));

/// `GET /openapi.json`.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// `GET /docs`.
pub async fn docs() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, DOCS_INDEX)).finish()
}

/// `GET /docs/{file}`: the page to try the API, from this program alone.
///
/// # Errors
/// 404.
pub async fn docs_file(
    request: HttpRequest,
    file: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let served = utoipa_swagger_ui::serve(&file, UI.clone());
    let served = served.map_err(|e| ApiError::internal(&e))?;
    let served = served.ok_or_else(|| ApiError::not_found("there is nothing here"))?;
    let mut response = HttpResponse::Ok();
    if served.gzpipped {
        let takes = request.headers().get(header::ACCEPT_ENCODING);
        if !takes.is_some_and(|v| v.to_str().is_ok_and(|v| v.contains("gzip"))) {
            return Err(ApiError::bad_request("this file is kept compressed: accept gzip"));
        }
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.content_type(served.content_type).body(served.bytes.into_owned()))
}

/// The document.
pub fn build() -> Value {
    let mut paths = Map::new();
    for route in documented() {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "nsk",
            "description": "Professional exams: the legacy МАК REST and the modern API. Live \
                            connections are described in /asyncapi.json.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "mak", "description": "The legacy REST of the МАК"},
            {"name": "modern", "description": "The modern API"},
            {"name": "live", "description": "Live connections"},
            {"name": "operations", "description": "Health and metrics"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "PASETO"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "nsk_session"},
            },
        },
    })
}

/// Pages and the documents themselves describe nothing.
fn documented() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| {
        route.service != Service::Pages
            && !route.path.starts_with("/docs")
            && !route.path.ends_with("api.json")
    })
}

fn operation(route: &Route) -> Value {
    let docs = docs_of(route.method, route.path).unwrap_or(Docs::NONE);
    let legacy = route.service == Service::Mak;
    let mut operation = json!({
        "tags": [route.service.word()],
        "summary": docs.summary,
        "operationId": operation_id(route),
        "parameters": parameters(route, &docs),
        "responses": responses(&docs, legacy),
    });
    if let Some(who) = route.who() {
        operation["description"] = json!(format!("For: {who}."));
        if who != crate::auth::Who::Anyone {
            operation["security"] = json!([{"bearer": []}, {"cookie": []}]);
        }
    }
    if let Some(body) = docs.body {
        let schema = reference(body);
        let mut content = json!({"application/json": {"schema": schema}});
        if legacy {
            content["application/x-www-form-urlencoded"] = json!({"schema": reference(body)});
        }
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words = route.path.split(['/', '{', '}', '.', '_']).filter(|word| !word.is_empty());
    let mut id = route.method.to_lowercase();
    for word in words {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn parameters(route: &Route, docs: &Docs) -> Vec<Value> {
    let in_path = route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut all: Vec<Value> = in_path
        .map(|name| {
            let schema = match name {
                "uid" | "oid" => json!({"type": "string", "format": "uuid"}),
                "id" => json!({"type": "string"}),
                _ => json!({"type": "integer", "minimum": 0}),
            };
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect();
    for (name, kind, description) in docs.query {
        let schema = json!({ "type": kind });
        let parameter = json!({
            "name": name, "in": "query", "description": description, "schema": schema,
        });
        all.push(parameter);
    }
    all
}

fn responses(docs: &Docs, legacy: bool) -> Value {
    let ok = match &docs.reply {
        Body::None => json!({"description": "Done"}),
        Body::One(name) => content("application/json", reference(name)),
        Body::Many(name) => {
            content("application/json", json!({"type": "array", "items": reference(name)}))
        }
        Body::JsonString => content("application/json", json!({"type": "string"})),
        Body::Other(media) => content(media, json!({"type": "string"})),
    };
    if legacy {
        return json!({
            "200": ok,
            "401": content("application/json", reference("Unauthorized")),
            "422": content("application/json", reference("ValidationError")),
        });
    }
    let problem = content(problem::PROBLEM_JSON, reference("Problem"));
    json!({ docs.status: ok, "default": problem })
}

fn content(media: &str, schema: Value) -> Value {
    json!({"description": "", "content": {media: {"schema": schema}}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Every schema that the document names.
fn schemas() -> Value {
    let mut found = Vec::new();
    add::<AuditPage>(&mut found);
    add::<mak::Token>(&mut found);
    add::<mak::Unauthorized>(&mut found);
    add::<mak::ValidationError>(&mut found);
    add::<mak::PersonInfo>(&mut found);
    add::<mak::ExamEvent>(&mut found);
    add::<mak::ExamInfo>(&mut found);
    add::<mak::ExpertAction>(&mut found);
    add::<mak::ViewState>(&mut found);
    add::<mak::TokenRequest>(&mut found);
    add::<mak::ActionRequest>(&mut found);
    add::<problem::Problem>(&mut found);
    add::<qr::Scanned>(&mut found);
    add::<qr::ReadQr>(&mut found);
    add::<sessions::SessionRequest>(&mut found);
    add::<sessions::Session>(&mut found);
    add::<sessions::Ticket>(&mut found);
    add::<exams::CommandRequest>(&mut found);
    add::<exams::CommandReply>(&mut found);
    add::<exams::PlanRequest>(&mut found);
    add::<exams::ExamList>(&mut found);
    add::<exams::ExamSnapshot>(&mut found);
    add::<exams::BoardSnapshot>(&mut found);
    add::<exams::PresentList>(&mut found);
    add::<exams::Timeline>(&mut found);
    add::<exams::SheetReply>(&mut found);
    add::<exams::ReleaseReply>(&mut found);
    add::<planning::Planning>(&mut found);
    add::<server::PersonFrame>(&mut found);
    administrators(&mut found);
    let named = found
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
    Value::Object(named.collect())
}

/// The schemas of the passport's own API.
fn administrators(found: &mut Vec<(String, RefOr<Schema>)>) {
    add::<passport::PassportPerson>(found);
    add::<passport::PeoplePage>(found);
    add::<passport::PersonRequest>(found);
    add::<passport::StateRequest>(found);
    add::<passport::PersonState>(found);
    add::<passport::OneTimePassword>(found);
    add::<passport::RoleGrant>(found);
    add::<passport::GrantRequest>(found);
    add::<passport::SignInInfo>(found);
    add::<passport::SignInsEnded>(found);
    add::<passport::OrganisationInfo>(found);
    add::<passport::OrganisationRequest>(found);
    add::<passport::GroupMembers>(found);
    add::<passport::GroupMade>(found);
    add::<passport::GroupRequest>(found);
    add::<passport::Membership>(found);
    add::<passport::ClientInfo>(found);
    add::<passport::ClientRequest>(found);
    add::<passport::TermsRequest>(found);
    add::<passport::ClientSecret>(found);
    add::<passport::ClientState>(found);
    add::<passport::ServiceInfo>(found);
    add::<passport::ServiceRequest>(found);
    add::<passport::Delegation>(found);
    add::<passport::DelegationRequest>(found);
    add::<passport::SigningKey>(found);
    add::<passport::KeyRequest>(found);
    add::<passport::EpochRequest>(found);
    add::<passport::EpochMade>(found);
}

/// A type and the types that it names.
pub fn add<T: ToSchema>(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((T::name().into_owned(), T::schema()));
    T::schemas(found);
}

#[cfg(test)]
mod tests;
