//! The routes: one list from which the application, `nsk routes`, the OpenAPI document and the test
//! of the permission table are made.
//!
//! Around every route, from the outside: the request's span and id, security headers, the face of
//! errors, the share of an address, and the guard that holds the permission table.

pub mod board;
pub mod body;
pub mod datetime;
pub mod exams;
pub mod faces;
pub mod headers;
pub mod health;
pub mod limits;
pub mod mak;
pub mod planning;
pub mod sessions;
pub mod station;
pub mod trust;

use crate::app::App;
use crate::assets;
use crate::auth::{Who, guard, permissions};
use crate::error::ApiError;
use crate::live::{self, Gate, Hub, Worker};
use crate::passport::admin::api as admin;
use crate::passport::audit;
use crate::passport::oauth;
use crate::passport::pages;
use crate::passport::qr;
use crate::telemetry;
use crate::{asyncapi, openapi};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::{Route as Handler, web};

/// To whom a route belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// The legacy REST of the МАК.
    Mak,
    /// The modern API.
    Modern,
    /// OAuth and OpenID Connect.
    Passport,
    /// Live connections.
    Live,
    /// Health, metrics and documents.
    Operations,
    /// Pages for browsers.
    Pages,
}

impl Service {
    /// The word that `nsk routes` prints.
    pub fn word(self) -> &'static str {
        match self {
            Service::Mak => "mak",
            Service::Modern => "modern",
            Service::Passport => "passport",
            Service::Live => "live",
            Service::Operations => "operations",
            Service::Pages => "pages",
        }
    }
}

/// One method of one path.
pub struct Route {
    /// To whom it belongs.
    pub service: Service,
    /// The method in capitals.
    pub method: &'static str,
    /// The pattern, such as `/api/v1/exam/{exam_id}`.
    pub path: &'static str,
    handler: fn() -> Handler,
}

impl Route {
    /// Who may call it, by the permission table; `None` is a hole in that table.
    pub fn who(&self) -> Option<Who> {
        permissions::find(self.method, self.path).map(|line| line.who)
    }
}

const fn get(service: Service, path: &'static str, handler: fn() -> Handler) -> Route {
    Route { service, method: "GET", path, handler }
}

const fn post(service: Service, path: &'static str, handler: fn() -> Handler) -> Route {
    Route { service, method: "POST", path, handler }
}

const fn delete(service: Service, path: &'static str, handler: fn() -> Handler) -> Route {
    Route { service, method: "DELETE", path, handler }
}

use Service::{Live, Mak, Modern, Operations, Pages, Passport};

/// Every route. Static segments stand before patterns that would swallow them.
pub const ROUTES: &[Route] = &[
    post(Mak, "/token", || web::post().to(mak::token)),
    get(Mak, "/api/v1/person/info", || web::get().to(mak::person_info)),
    get(Mak, "/api/v1/exam/events", || web::get().to(mak::events)),
    get(Mak, "/api/v1/exam/{exam_id}", || web::get().to(mak::exam)),
    get(Mak, "/api/v1/exam/{exam_id}/action", || web::get().to(mak::actions::list)),
    post(Mak, "/api/v1/exam/{exam_id}/practice/action", || web::post().to(mak::actions::post)),
    get(Mak, "/api/v1/exam/{exam_id}/practice/viewstate", || web::get().to(mak::viewstate)),
    get(Mak, "/api/v1/admin/stat", || web::get().to(mak::admin::stat)),
    get(Mak, "/api/v1/admin/test/{skill_id}", || web::get().to(mak::admin::test)),
    post(Mak, "/api/v1/admin/poweroff", || web::post().to(mak::admin::poweroff)),
    get(Mak, "/api/v1/sync/exams", || web::get().to(mak::admin::sync_exams)),
    post(Modern, "/api/nsk/v1/session", || web::post().to(sessions::open)),
    get(Modern, "/api/nsk/v1/session", || web::get().to(sessions::show)),
    delete(Modern, "/api/nsk/v1/session", || web::delete().to(sessions::close)),
    get(Modern, "/api/nsk/v1/station", || web::get().to(station::answer)),
    post(Modern, "/api/nsk/v1/station/unlock", || web::post().to(station::unlock)),
    post(Modern, "/api/nsk/v1/tickets", || web::post().to(sessions::ticket)),
    get(Modern, "/api/nsk/v1/board", || web::get().to(board::show)),
    get(Modern, "/api/nsk/v1/presence", || web::get().to(board::presence)),
    get(Modern, "/api/nsk/v1/planning", || web::get().to(planning::show)),
    get(Modern, "/api/nsk/v1/exams", || web::get().to(exams::list)),
    post(Modern, "/api/nsk/v1/exams", || web::post().to(exams::plan)),
    get(Modern, "/api/nsk/v1/exams/{exam_id}", || web::get().to(exams::snapshot)),
    post(Modern, "/api/nsk/v1/exams/{exam_id}/commands", || web::post().to(exams::command)),
    get(Modern, "/api/nsk/v1/exams/{exam_id}/records", || web::get().to(exams::records)),
    get(Modern, "/api/nsk/v1/exams/{exam_id}/sheet", || web::get().to(exams::sheet)),
    get(Modern, "/api/nsk/v1/exams/{exam_id}/export", || web::get().to(exams::export)),
    post(Modern, "/api/nsk/v1/exams/{exam_id}/release", || web::post().to(exams::release)),
    get(Modern, "/api/nsk/v1/passport/people", || web::get().to(admin::people)),
    post(Modern, "/api/nsk/v1/passport/people", || web::post().to(admin::add_person)),
    post(Modern, "/api/nsk/v1/passport/people/{uid}/state", || web::post().to(admin::set_person)),
    post(Modern, "/api/nsk/v1/passport/people/{uid}/password", || {
        web::post().to(admin::one_time_password)
    }),
    get(Modern, "/api/nsk/v1/passport/people/{uid}/roles", || web::get().to(admin::roles)),
    post(Modern, "/api/nsk/v1/passport/people/{uid}/roles", || web::post().to(admin::grant)),
    delete(Modern, "/api/nsk/v1/passport/roles/{id}", || web::delete().to(admin::withdraw)),
    get(Modern, "/api/nsk/v1/passport/people/{uid}/sessions", || web::get().to(admin::sessions)),
    delete(Modern, "/api/nsk/v1/passport/people/{uid}/sessions", || {
        web::delete().to(admin::end_sessions)
    }),
    get(Modern, "/api/nsk/v1/passport/organisations", || web::get().to(admin::organisations)),
    post(Modern, "/api/nsk/v1/passport/organisations", || web::post().to(admin::add_organisation)),
    post(Modern, "/api/nsk/v1/passport/organisations/{oid}/state", || {
        web::post().to(admin::set_organisation)
    }),
    get(Modern, "/api/nsk/v1/passport/groups", || web::get().to(admin::groups)),
    get(Modern, "/api/nsk/v1/passport/groups/replica", || web::get().to(admin::replica)),
    post(Modern, "/api/nsk/v1/passport/groups", || web::post().to(admin::add_group)),
    post(Modern, "/api/nsk/v1/passport/groups/members", || web::post().to(admin::set_member)),
    get(Modern, "/api/nsk/v1/passport/clients", || web::get().to(admin::clients)),
    post(Modern, "/api/nsk/v1/passport/clients", || web::post().to(admin::add_client)),
    post(Modern, "/api/nsk/v1/passport/clients/{id}/secret", || web::post().to(admin::new_secret)),
    post(Modern, "/api/nsk/v1/passport/clients/{id}/state", || web::post().to(admin::set_client)),
    post(Modern, "/api/nsk/v1/passport/clients/{id}/terms", || web::post().to(admin::set_terms)),
    get(Modern, "/api/nsk/v1/passport/services", || web::get().to(admin::services)),
    post(Modern, "/api/nsk/v1/passport/services", || web::post().to(admin::put_service)),
    get(Modern, "/api/nsk/v1/passport/delegations", || web::get().to(admin::delegations)),
    post(Modern, "/api/nsk/v1/passport/delegations", || web::post().to(admin::set_delegation)),
    get(Modern, "/api/nsk/v1/passport/keys", || web::get().to(admin::keys)),
    post(Modern, "/api/nsk/v1/passport/keys", || web::post().to(admin::change_key)),
    post(Modern, "/api/nsk/v1/passport/qr", || web::post().to(qr::read)),
    post(Modern, "/api/nsk/v1/passport/epochs", || web::post().to(admin::bump)),
    get(Modern, "/api/nsk/v1/passport/audit", || web::get().to(audit::api::list)),
    get(Modern, "/api/nsk/v1/passport/audit/export", || web::get().to(audit::api::download)),
    get(Passport, "/oauth/authorize", || web::get().to(oauth::authorize::get)),
    post(Passport, "/oauth/authorize", || web::post().to(oauth::authorize::post)),
    post(Passport, "/oauth/par", || web::post().to(oauth::pushed::push)),
    post(Passport, "/oauth/token", || web::post().to(oauth::token::post)),
    post(Passport, "/oauth/introspect", || web::post().to(oauth::introspect::introspect)),
    post(Passport, "/oauth/revoke", || web::post().to(oauth::introspect::revoke)),
    post(Passport, "/oauth/renew", || web::post().to(oauth::person::renew)),
    get(Passport, "/oauth/userinfo", || web::get().to(oauth::person::userinfo)),
    post(Passport, "/oauth/userinfo", || web::post().to(oauth::person::userinfo)),
    get(Passport, "/oauth/logout", || web::get().to(oauth::logout::get)),
    post(Passport, "/oauth/logout", || web::post().to(oauth::logout::post)),
    get(Passport, "/oauth/jwks", || web::get().to(oauth::discovery::jwks)),
    get(Passport, "/.well-known/openid-configuration", || {
        web::get().to(oauth::discovery::document)
    }),
    get(Passport, "/.well-known/oauth-authorization-server", || {
        web::get().to(oauth::discovery::document)
    }),
    get(Passport, "/v1/me/roles", || web::get().to(oauth::person::roles)),
    get(Live, "/live", || web::get().to(live::socket)),
    get(Live, "/api/nsk/v1/streams", || web::get().to(live::events)),
    get(Operations, "/livez", || web::get().to(health::livez)),
    get(Operations, "/readyz", || web::get().to(health::readyz)),
    get(Operations, "/metrics", || web::get().to(health::metrics)),
    get(Operations, "/openapi.json", || web::get().to(openapi::document)),
    get(Operations, "/asyncapi.json", || web::get().to(asyncapi::document)),
    get(Operations, "/docs", || web::get().to(openapi::docs)),
    get(Operations, "/docs/{file:.*}", || web::get().to(openapi::docs_file)),
    get(Pages, "/", || web::get().to(assets::page)),
    get(Pages, "/board", || web::get().to(assets::page)),
    get(Pages, "/expert", || web::get().to(assets::page)),
    get(Pages, "/seat", || web::get().to(assets::page)),
    get(Pages, "/operator", || web::get().to(assets::page)),
    get(Pages, "/trust", || web::get().to(trust::page)),
    get(Pages, "/trust/ca.pem", || web::get().to(trust::pem)),
    get(Pages, "/trust/ca.crt", || web::get().to(trust::crt)),
    get(Pages, "/passport", || web::get().to(pages::home)),
    get(Pages, "/passport/style.css", || web::get().to(pages::style)),
    get(Pages, "/passport/login", || web::get().to(pages::show_signin)),
    post(Pages, "/passport/login", || web::post().to(pages::check_password)),
    get(Pages, "/passport/login/code", || web::get().to(pages::ask_code)),
    post(Pages, "/passport/login/code", || web::post().to(pages::check_code)),
    get(Pages, "/passport/login/password", || web::get().to(pages::ask_own_password)),
    post(Pages, "/passport/login/password", || web::post().to(pages::set_own_password)),
    post(Pages, "/passport/logout", || web::post().to(pages::sign_out)),
    get(Pages, "/passport/again", || web::get().to(pages::show_prove_again)),
    post(Pages, "/passport/again", || web::post().to(pages::prove_again)),
    get(Pages, "/passport/password", || web::get().to(pages::show_password)),
    post(Pages, "/passport/password", || web::post().to(pages::change_password)),
    get(Pages, "/passport/codes", || web::get().to(pages::show_codes)),
    post(Pages, "/passport/codes", || web::post().to(pages::confirm_codes)),
    post(Pages, "/passport/codes/renew", || web::post().to(pages::renew_codes)),
    post(Pages, "/passport/codes/remove", || web::post().to(pages::remove_codes)),
    get(Pages, "/passport/qr", || web::get().to(pages::show_qr)),
    post(Pages, "/passport/qr", || web::post().to(pages::make_qr)),
    get(Pages, "/passport/qr/read", || web::get().to(pages::show_reading)),
    post(Pages, "/passport/qr/read", || web::post().to(pages::read_qr)),
    get(Pages, "/passport/passkeys.js", || web::get().to(pages::script)),
    get(Pages, "/passport/passkeys", || web::get().to(pages::show_passkeys)),
    post(Pages, "/passport/passkeys", || web::post().to(pages::add_passkey)),
    post(Pages, "/passport/passkeys/remove", || web::post().to(pages::remove_passkey)),
    post(Pages, "/passport/login/passkey", || web::post().to(pages::check_passkey)),
    post(Pages, "/passport/role", || web::post().to(pages::choose_role)),
    post(Pages, "/passport/sessions/end", || web::post().to(pages::end_session)),
    get(Pages, "/passport/admin", || web::get().to(pages::admin::index)),
    get(Pages, "/passport/admin/people", || web::get().to(pages::admin::show_people)),
    post(Pages, "/passport/admin/people", || web::post().to(pages::admin::add_person)),
    get(Pages, "/passport/admin/people/{uid}", || web::get().to(pages::admin::show_person)),
    post(Pages, "/passport/admin/people/{uid}", || web::post().to(pages::admin::change_person)),
    get(Pages, "/passport/admin/organisations", || web::get().to(pages::admin::show_organisations)),
    post(Pages, "/passport/admin/organisations", || {
        web::post().to(pages::admin::change_organisations)
    }),
    get(Pages, "/passport/admin/groups", || web::get().to(pages::admin::show_groups)),
    post(Pages, "/passport/admin/groups", || web::post().to(pages::admin::change_groups)),
    get(Pages, "/passport/admin/clients", || web::get().to(pages::admin::show_clients)),
    post(Pages, "/passport/admin/clients", || web::post().to(pages::admin::add_client)),
    get(Pages, "/passport/admin/clients/{id}", || web::get().to(pages::admin::show_client)),
    post(Pages, "/passport/admin/clients/{id}", || web::post().to(pages::admin::change_client)),
    get(Pages, "/passport/admin/services", || web::get().to(pages::admin::show_services)),
    post(Pages, "/passport/admin/services", || web::post().to(pages::admin::change_services)),
    get(Pages, "/passport/admin/keys", || web::get().to(pages::admin::show_keys)),
    post(Pages, "/passport/admin/keys", || web::post().to(pages::admin::change_keys)),
    get(Pages, "/passport/admin/audit", || web::get().to(pages::admin::show_audit)),
];

/// What the workers of one server share.
#[derive(Clone)]
pub struct Parts {
    app: web::Data<App>,
    hub: web::Data<Hub>,
    gate: web::Data<Gate>,
}

impl Parts {
    /// Made once, before the server starts.
    pub fn new(app: App) -> Parts {
        let gate = web::Data::new(Gate::new(&app));
        Parts { hub: web::Data::new(Hub::new(&app)), gate, app: web::Data::new(app) }
    }

    /// Every open live connection.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }
}

/// The application of one worker.
pub fn application(
    parts: &Parts,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    actix_web::App::new()
        .app_data(parts.app.clone())
        .app_data(parts.hub.clone())
        .app_data(parts.gate.clone())
        .app_data(Worker::new(parts.app.clone(), parts.hub.clone(), parts.gate.clone()))
        .app_data(
            web::QueryConfig::default()
                .error_handler(|error, _| ApiError::bad_request(error.to_string()).into()),
        )
        .configure(routes)
        .default_service(web::to(assets::file))
        .wrap(from_fn(guard))
        .wrap(from_fn(limits::limits))
        .wrap(from_fn(faces::faces))
        .wrap(from_fn(headers::security))
        .wrap(NormalizePath::new(TrailingSlash::Trim))
        .wrap(from_fn(telemetry::trace))
}

fn routes(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&str> = Vec::new();
    for route in ROUTES {
        if paths.contains(&route.path) {
            continue;
        }
        paths.push(route.path);
        let mut resource = web::resource(route.path);
        for same in ROUTES.iter().filter(|same| same.path == route.path) {
            resource = resource.route((same.handler)());
        }
        config.service(resource);
    }
}

#[cfg(test)]
pub(crate) mod tests;
