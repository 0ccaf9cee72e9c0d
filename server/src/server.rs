//! HTTP servers of the public API and the admin API, each with its own address.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as Service, HttpServer, dev::Server, middleware, web};

use crate::{
    app::App,
    http::middleware::{cors::cors, trace::trace},
    routes,
};

/// Options of an HTTP server.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// Number of threads that serve requests.
    pub workers: usize,
    /// Maximum time for a client to send a request head.
    pub head_timeout: Duration,
    /// Time after which an idle connection is closed.
    pub keep_alive: Duration,
    /// Maximum time for requests in progress to finish after a stop signal.
    pub grace: Duration,
}

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

/// Starts the admin API, which sends no CORS headers.
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
