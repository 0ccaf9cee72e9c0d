//! The servers that are measured, in this process: Doorward as `doorward serve` puts it together, and a bare actix.

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
    db::{DatabaseOptions, DatabaseUrl},
    domain::RequestMeta,
    installation, jobs,
    server::{self, Listening},
    service::admin::{AdminCall, tenants},
    telemetry::{self, LogFormat},
};
use doorward_shared::{TenantId, admin::CreateTenantRequest};
use doorward_testkit::server::config;

/// Threads that serve requests.
pub(crate) const WORKERS: usize = 2;

const LISTENING: Listening = Listening {
    workers: WORKERS,
    head_timeout: Duration::from_secs(5),
    keep_alive: Duration::from_secs(75),
    grace: Duration::from_secs(1),
};

/// A server that runs, with a tenant.
pub(crate) struct Rig {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    _jobs: jobs::Jobs,
}

fn settings() -> AppSettings {
    AppSettings {
        issuer: "doorward".to_owned(),
        body_limit: 256 * 1024,
        body_timeout: Duration::from_secs(10),
        trusted_proxies: Vec::new(),
        json_depth: 64,
        visits_per_address: None,
        visits_per_tenant: None,
        audit_retention_days: None,
        wrong_key_delay: Duration::from_millis(500),
        tenant_cache: 10_000,
        key_cache: 100_000,
    }
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Starts Doorward on the installation in this folder, and makes a tenant.
pub(crate) async fn doorward(folder: &Path) -> Rig {
    telemetry::start(LogFormat::Json, "info").expect("a level");
    let options = DatabaseOptions::new(DatabaseUrl::Sqlite(folder.join("doorward.db")));
    let app = installation::open(folder, options, settings()).await.expect("an installation");
    let administrator = AdminCall { app: Arc::clone(&app), actor: "bench".to_owned(), meta: RequestMeta::default() };
    let request =
        CreateTenantRequest { display_name: Some("Bench".to_owned()), config: Some(config()), create_api_key: true };
    let created = tenants::create(&administrator, request).await.expect("a tenant");
    let (listener, address) = listener();
    tokio::spawn(server::public(Arc::clone(&app), listener, LISTENING).expect("a server"));
    let key = created.api_key.expect("its key").secret;
    Rig { address, tenant: created.id, key, _jobs: jobs::start(&app), app }
}

/// Starts an actix that reads each body and answers this one.
pub(crate) fn bare(answer: Vec<u8>) -> SocketAddr {
    let (listener, address) = listener();
    let answer = Bytes::from(answer);
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        Service::new().default_service(web::to(move |_: Bytes| {
            let answer = answer.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(answer) }
        }))
    });
    let server = server.workers(LISTENING.workers).disable_signals().listen(listener).expect("a server").run();
    tokio::spawn(server);
    address
}
