//! Listening: the public API and the admin API, each on its own address.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as Service, HttpServer, dev::Server, middleware, web};

use crate::{
    app::App,
    http::middleware::{cors::cors, trace::trace},
    routes,
};

/// How the listening is done.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// Threads that serve requests.
    pub workers: usize,
    /// How long a client may take to send its request's head, and to send it whole over TLS.
    pub head_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long requests under way may take when the server is told to end.
    pub grace: Duration,
}

/// Serves the public API.
///
/// # Errors
/// When the listener cannot be used.
pub fn public(app: Arc<App>, listener: TcpListener, listening: Listening) -> io::Result<Server> {
    let data = web::Data::from(app);
    let server = HttpServer::new(move || {
        Service::new()
            .app_data(data.clone())
            .wrap(middleware::from_fn(cors))
            .wrap(middleware::from_fn(trace))
            .configure(routes::public)
            .default_service(web::to(routes::not_found))
    });
    Ok(server
        .workers(listening.workers)
        .client_request_timeout(listening.head_timeout)
        .keep_alive(listening.keep_alive)
        .shutdown_timeout(listening.grace.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}

/// Serves the admin API: no cross-origin access, and every change behind a token.
///
/// # Errors
/// When the listener cannot be used.
pub fn admin(app: Arc<App>, listener: TcpListener, listening: Listening) -> io::Result<Server> {
    let data = web::Data::from(app);
    let server = HttpServer::new(move || {
        Service::new()
            .app_data(data.clone())
            .wrap(middleware::from_fn(trace))
            .configure(routes::admin_api)
            .default_service(web::to(routes::not_found))
    });
    Ok(server
        .workers(1)
        .client_request_timeout(listening.head_timeout)
        .keep_alive(listening.keep_alive)
        .shutdown_timeout(listening.grace.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}
