//! A small relying party that shows what Doorward does: `doorward quickstart` starts it beside the server.
//!
//! It is an application like any other: it has accounts and passwords of its own ([`account`]), sessions in a cookie
//! ([`session`]), a REST client that uses the public API with the tenant's key ([`backend`]), and it verifies every token
//! before it believes it ([`token`]). It knows nothing of the server's inside. Its page is in `assets/`; [`api`] is what
//! the page calls, [`guard`] what stands before it. Accounts and sessions are in memory; credentials are Doorward's.

mod account;
mod api;
mod backend;
mod guard;
mod reply;
mod session;
mod token;

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::header, middleware::from_fn, web};
use doorward_shared::TenantId;
use secrecy::SecretString;

use crate::clock::{Clock, Entropy};

/// Bytes a request of the page may have: an attestation object is a few kilobytes.
const BODY_LIMIT: usize = 64 * 1024;

/// Where the demo's Doorward is, and as whom it speaks there.
#[derive(Debug, Clone)]
pub struct DemoConfig {
    /// The public API, such as `http://127.0.0.1:8000`.
    pub public_url: String,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The tenant's API key.
    pub api_key: SecretString,
    /// `iss` of the tenant's tokens.
    pub issuer: String,
    /// The tenant's RP ID, which is `aud` of its tokens; `localhost`.
    pub rp_id: String,
    /// Where people open the page, one of the tenant's origins: `http://localhost:8080`.
    pub origin: String,
}

/// All that the demo's handlers share.
#[derive(Debug)]
struct Demo {
    config: DemoConfig,
    backend: backend::Backend,
    keys: api::KeyCache,
    accounts: account::Accounts,
    sessions: session::Sessions,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Serves the demo on a bound listener. The future it returns ends when the server is stopped.
///
/// # Errors
/// When the public URL is none, the system gives no randomness, or the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    config: DemoConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> std::io::Result<Server> {
    let backend = backend::Backend::new(&config.public_url, config.tenant_id, config.api_key.clone())?;
    let accounts = account::Accounts::with_preset(entropy.as_ref())?;
    let demo = web::Data::new(Demo {
        config,
        backend,
        keys: api::KeyCache::default(),
        accounts,
        sessions: session::Sessions::default(),
        clock,
        entropy,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(demo.clone())
            .wrap(from_fn(guard::guard))
            .configure(routes)
            .default_service(web::to(|| async { HttpResponse::NotFound().finish() }))
    });
    // The caller decides what ends the process; the demo must not swallow its signals.
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

fn routes(app: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(BODY_LIMIT)
        .error_handler(|_, _| reply::DemoError::field("The request is not the JSON this page sends").into());
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
