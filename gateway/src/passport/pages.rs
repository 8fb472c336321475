//! The passport's pages: sign-in, one's own account. Rendered on the server, in Russian or English,
//! usable by keyboard alone and without any script.
//!
//! Every form carries a token bound to a cookie, and its `Origin` must be this site. Whoever is not
//! signed in here is led to the sign-in page; the guard's permission table lets everybody in,
//! because a passport session is no token.

mod account;
pub mod admin;
mod codes;
mod fail;
mod files;
mod form;
mod layout;
mod passkeys;
mod password;
mod qr;
mod sealing;
mod signin;
mod standing;
mod visit;

pub use account::{choose_role, end_session, home, sign_out};
pub use codes::{confirm_codes, remove_codes, renew_codes, show_codes};
pub use files::{script, style};
pub use passkeys::{add_passkey, check_passkey, remove_passkey, show_passkeys};
pub use password::{change_password, show_password};
pub use qr::{make_qr, read_qr, show_qr, show_reading};
pub use signin::{
    ask_code, ask_own_password, check_code, check_password, set_own_password, show_signin,
};
pub use standing::{prove_again, show_prove_again};

use crate::adapters::StoreRevocation;
use crate::app::App;
use crate::auth::Limiter;
use crate::config::Config;
use crate::error::Trouble;
use crate::passport::keys::Kek;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::ports::{Clock, IdSource};
use entities::Store;
use fail::Fail;
use sealing::Sealing;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use visit::Visit;

/// The name under which the store keeps the key of forms.
const KEY_NAME: &str = "passport-forms";
const MINUTE: Duration = Duration::from_secs(60);
/// Codes that a person may try in five minutes: whoever guesses knows the password already.
const CODES_PER_FIVE_MINUTES: u32 = 5;

/// What the pages remember between requests. Cheap to clone.
#[derive(Clone)]
pub struct Pages(Arc<Inner>);

struct Inner {
    sealing: Sealing,
    by_address: Limiter<IpAddr>,
    by_login: Limiter<String>,
    by_code: Limiter<Uuid>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

/// The page in place of one that needs the database, while it is away.
pub fn closed(app: &web::Data<App>, request: &HttpRequest, seconds: u64) -> HttpResponse {
    Fail::Closed(seconds).page(&Visit::new(app, request))
}

impl Pages {
    /// Reads the key of forms, or makes it at the first start. Attempts are limited to a quarter
    /// while the shared cache is away.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(
        (store, ids): (&Store, &Arc<dyn IdSource>),
        clock: &Arc<dyn Clock>,
        kek: Kek,
        config: &Config,
        revocation: &StoreRevocation,
    ) -> Result<Pages, Trouble> {
        let key = store.secret_get_or_put(KEY_NAME, &ids.seed()).await.map_err(|e| {
            Trouble::new(format!("the key of forms cannot be read: {e}"))
                .remedy("check the data directory with `nsk doctor`")
        })?;
        let (limits, alone) = (&config.auth.limits, &revocation.cache_away());
        let keys = limits.attempt_keys_max;
        let (a, b) = (limits.attempts_per_address_per_minute, limits.attempts_per_login_per_minute);
        Ok(Pages(Arc::new(Inner {
            sealing: Sealing::new(&key, kek),
            by_address: Limiter::per_minute(clock, a, keys, alone),
            by_login: Limiter::per_minute(clock, b, keys, alone),
            by_code: Limiter::new(clock.clone(), CODES_PER_FIVE_MINUTES, 5 * MINUTE, keys),
        })))
    }
}
