//! Demo application: a small relying party that `doorward quickstart` starts beside the server.
//!
//! It uses only the public API, like any other application. It has its own accounts and passwords ([`account`]),
//! sessions in a cookie ([`session`]), and a REST client with the tenant's API key ([`backend`]). It verifies every
//! token ([`crate::token_verifier`]). The page is in `assets/`. [`api`] contains the endpoints that the page calls, and
//! [`guard`] the middleware before them. Accounts are stored in a file, sessions in memory. Doorward stores the
//! credentials.

mod account;
mod api;
mod backend;
mod guard;
mod reply;
mod request_log;
mod session;
mod state;

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, http::header, middleware::from_fn, web};

pub use self::state::DemoConfig;
use self::state::{Demo, KeyCache};
use crate::{
    clock::{self, Clock, Entropy},
    net::{self, Listening, Serving},
};

/// Maximum size of a request body in bytes. An attestation object has a few kilobytes.
const BODY_LIMIT: usize = 64 * 1024;

/// Serves the demo on a bound listener, on one thread.
///
/// # Errors
/// An error if the public URL is invalid, if the system has no randomness, or if the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    listening: Listening,
    config: DemoConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> std::io::Result<Serving> {
    let backend = backend::Backend::new(&config.public_url, config.tenant_id, config.api_key.clone())?;
    let accounts = account::Accounts::open(config.accounts_file.clone(), entropy.as_ref())?;
    let new_request_id = clock::request_ids(Arc::clone(&clock), Arc::clone(&entropy));
    let demo = web::Data::new(Demo {
        config,
        backend,
        keys: KeyCache::default(),
        accounts,
        sessions: session::Sessions::default(),
        clock,
        entropy,
    });
    net::serve(listener.into(), Listening { workers: 1, ..listening }, Vec::new(), new_request_id, move || {
        App::new()
            .app_data(demo.clone())
            .wrap(from_fn(guard::guard))
            .configure(routes)
            .default_service(web::to(|| async { HttpResponse::NotFound().finish() }))
    })
}

fn routes(app: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(BODY_LIMIT)
        .error_handler(|_, _| reply::DemoError::field("The request is not the JSON that this page sends").into());
    app.app_data(json)
        .route("/", web::get().to(|| asset("text/html; charset=utf-8", include_str!("assets/index.html"))))
        .route("/demo.css", web::get().to(|| asset("text/css; charset=utf-8", include_str!("assets/demo.css"))))
        .route("/demo.js", web::get().to(|| asset("text/javascript; charset=utf-8", include_str!("assets/demo.js"))))
        .route("/icon.svg", web::get().to(|| asset("image/svg+xml", include_str!("assets/icon.svg"))))
        .service(web::scope("/api").configure(api::routes));
}

async fn asset(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, content_type)).body(text)
}
