//! The measured servers, which run in this process: Doorward, set up like `doorward serve`, and a bare actix server.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use actix_web::{App as Service, HttpResponse, HttpServer, web};
use bytes::Bytes;
use doorward_server::{
    app::{App, AppSettings},
    config::LogFormat,
    db::{DatabaseOptions, DatabaseUrl},
    domain::RequestMeta,
    installation::{self, Location, Purpose},
    jobs,
    net::Serving,
    server::{self, Listening},
    service::admin::{AdminContext, tenants},
    telemetry,
};
use doorward_shared::{TenantId, admin::CreateTenantRequest};
use doorward_testkit::server::{config, settings};

/// Number of threads that serve requests.
pub(crate) const WORKERS: usize = 2;

const LISTENING: Listening =
    Listening { workers: WORKERS, keep_alive: Duration::from_secs(75), ..doorward_testkit::server::LISTENING };

pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    _jobs: jobs::Jobs,
    _serving: Serving,
    _log: telemetry::Log,
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Starts Doorward on the installation in a folder and creates a tenant.
pub(crate) async fn doorward(folder: &Path) -> Server {
    let log = telemetry::start(LogFormat::Json, "info").expect("a level");
    let options = DatabaseOptions::new(DatabaseUrl::Sqlite(folder.join("doorward.db")));
    let settings = AppSettings { tenant_cache: 10_000, key_cache: 100_000, ..settings() };
    let app = installation::open(&Location::in_folder(folder), options, settings, Purpose::Serve)
        .await
        .expect("an installation")
        .app;
    let administrator =
        AdminContext { app: Arc::clone(&app), actor: "bench".to_owned(), meta: RequestMeta::default(), scope: None };
    let request = CreateTenantRequest {
        id: None,
        display_name: Some("Bench".to_owned()),
        config: Some(config()),
        create_api_key: true,
    };
    let created = tenants::create(&administrator, request).await.expect("a tenant");
    let (listener, address) = listener();
    let serving = server::public(Arc::clone(&app), listener.into(), LISTENING).expect("a server");
    let key = created.api_key.expect("its key").secret;
    Server { address, tenant: created.id, key, _jobs: jobs::start(&app), _serving: serving, _log: log, app }
}

/// Starts an actix server that reads each request body and always returns the same response.
pub(crate) fn bare(response: Bytes) -> SocketAddr {
    let (listener, address) = listener();
    let server = HttpServer::new(move || {
        let response = response.clone();
        Service::new().default_service(web::to(move |_: Bytes| {
            let response = response.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(response) }
        }))
    });
    let server = server.workers(LISTENING.workers).disable_signals().listen(listener).expect("a server").run();
    tokio::spawn(server);
    address
}
