//! The HTTP servers of the public API and the admin API. Each has its own address.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as Service, HttpServer, dev::Server, middleware, web};

use crate::{
    app::App,
    http::middleware::{cors::cors, refused_changes::record_refused_change, trace::trace},
    routes::{self, not_found},
};

#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// Number of threads that serve requests.
    pub workers: usize,
    /// Maximum time in which a client must send the head of a request.
    pub head_timeout: Duration,
    /// Time after which an idle connection is closed.
    pub keep_alive: Duration,
    /// Maximum time for requests in progress to finish after a stop signal.
    pub grace: Duration,
}

pub fn public(app: Arc<App>, listener: TcpListener, listening: Listening) -> io::Result<Server> {
    start(app, listener, listening, true, routes::public)
}

/// Starts the admin API on one thread. It sends no CORS headers.
pub fn admin(app: Arc<App>, listener: TcpListener, listening: Listening) -> io::Result<Server> {
    start(app, listener, Listening { workers: 1, ..listening }, false, routes::admin_api)
}

fn start(
    app: Arc<App>,
    listener: TcpListener,
    listening: Listening,
    with_cors: bool,
    routes: fn(&mut web::ServiceConfig),
) -> io::Result<Server> {
    let data = web::Data::from(app);
    let server = HttpServer::new(move || {
        Service::new()
            .app_data(data.clone())
            .wrap(middleware::Condition::new(!with_cors, middleware::from_fn(record_refused_change)))
            .wrap(middleware::Condition::new(with_cors, middleware::from_fn(cors)))
            .wrap(middleware::from_fn(trace))
            .configure(routes)
            .default_service(web::to(not_found))
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
