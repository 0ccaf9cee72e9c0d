//! The HTTP servers of the public API and the admin API. Each has its own address.

use std::{io, sync::Arc};

use actix_web::{App as Service, middleware, web};

use crate::{
    app::App,
    clock,
    http::middleware::{cors::cors, refused_changes::record_refused_change, trace::trace},
    net,
    routes::{self, not_found},
};

pub use crate::net::{Listener, Listening, Serving};

pub fn public(app: Arc<App>, listener: Listener, listening: Listening) -> io::Result<Serving> {
    let serving = start(Arc::clone(&app), listener, listening, true, routes::public)?;
    app.metrics.watch_connections(serving.connection_counter());
    Ok(serving)
}

/// Starts the admin API on one thread. It sends no CORS headers.
pub fn admin(app: Arc<App>, listener: Listener, listening: Listening) -> io::Result<Serving> {
    start(app, listener, Listening { workers: 1, ..listening }, false, routes::admin_api)
}

fn start(
    app: Arc<App>,
    listener: Listener,
    listening: Listening,
    with_cors: bool,
    routes: fn(&mut web::ServiceConfig),
) -> io::Result<Serving> {
    let trusted_proxies = app.settings.trusted_proxies.clone();
    let new_request_id = clock::request_ids(Arc::clone(&app.clock), Arc::clone(&app.entropy));
    let data = web::Data::from(app);
    net::serve(listener, listening, trusted_proxies, new_request_id, move || {
        Service::new()
            .app_data(data.clone())
            .wrap(middleware::Condition::new(!with_cors, middleware::from_fn(record_refused_change)))
            .wrap(middleware::Condition::new(with_cors, middleware::from_fn(cors)))
            .wrap(middleware::from_fn(trace))
            .configure(routes)
            .default_service(web::to(not_found))
    })
}
