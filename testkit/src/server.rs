//! A real server on a loopback port, with its own database and a test clock. It rejects wrong keys without a delay.

use std::{net::TcpListener, path::PathBuf, sync::Arc, time::Duration};

use doorward_server::{
    app::{App, AppSettings},
    clock::SystemEntropy,
    crypto::MasterKey,
    db::{Database, DatabaseOptions},
    domain::RequestMeta,
    server::{self, Listener, Listening, Serving},
    service::admin::{AdminContext, admin_tokens, api_keys, tenants},
};
use doorward_shared::{
    TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, CreatedSecret, Role},
    config::{Cors, RelyingParty, TenantConfig},
};

use crate::{clock::TestClock, http::Http, sharding::StatementCheck};

pub const ORIGIN: &str = "https://app.example.com";
pub const RP_ID: &str = "example.com";

#[derive(Debug, Default)]
pub struct Builder {
    data_dir: Option<PathBuf>,
    clock: Option<Arc<TestClock>>,
    adjust: Vec<fn(&mut AppSettings)>,
    database_options: Vec<fn(&mut DatabaseOptions)>,
    database: Option<String>,
    pooler_port: Option<u16>,
}

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct TestServer {
    pub app: Arc<App>,
    pub clock: Arc<TestClock>,
    pub public_url: String,
    pub admin_url: String,
    /// Folder of the database and the master key.
    pub data_dir: PathBuf,
    database_url: String,
    adjust: Vec<fn(&mut AppSettings)>,
    database_options: Vec<fn(&mut DatabaseOptions)>,
    pooler_port: Option<u16>,
    servers: Vec<Serving>,
    temporary: Option<tempfile::TempDir>,
    database: Option<crate::database::TestDatabase>,
    _statements: Option<StatementCheck>,
}

/// A tenant with an API key.
#[derive(Debug, Clone)]
pub struct TestTenant {
    pub id: TenantId,
    pub api_key: String,
    /// Client of the public API with the API key.
    pub http: Http,
    /// Client of the public API without a key.
    pub anonymous: Http,
}

impl Builder {
    /// Sets the data folder, so that another server can use the same data.
    pub fn data_dir(mut self, path: PathBuf) -> Self {
        self.data_dir = Some(path);
        self
    }

    /// Sets the clock, which several servers can share.
    pub fn clock(mut self, clock: Arc<TestClock>) -> Self {
        self.clock = Some(clock);
        self
    }

    pub fn database(mut self, url: String) -> Self {
        self.database = Some(url);
        self
    }

    pub fn settings(mut self, adjust: fn(&mut AppSettings)) -> Self {
        self.adjust.push(adjust);
        self
    }

    pub fn database_options(mut self, adjust: fn(&mut DatabaseOptions)) -> Self {
        self.database_options.push(adjust);
        self
    }

    /// Sets the port of the connection pooler that the server uses for units of work. The server uses the direct URL
    /// only as `database.listen_url`.
    pub fn pooler(mut self, port: u16) -> Self {
        self.pooler_port = Some(port);
        self
    }

    pub async fn start(self) -> TestServer {
        let (data_dir, temporary) = match self.data_dir {
            Some(path) => (path, None),
            None => {
                let dir = tempfile::tempdir().expect("a temporary folder");
                (dir.path().to_path_buf(), Some(dir))
            }
        };
        let (url, database) = match self.database {
            Some(url) => (url, None),
            None => crate::database::for_test(&data_dir).await,
        };
        let statements = url.starts_with("postgres").then(StatementCheck::start);
        let entropy = Arc::new(SystemEntropy::default());
        let mut options = DatabaseOptions::new(url.parse().expect("a database URL"));
        if let Some(port) = self.pooler_port {
            let pooler = crate::pgbouncer::with_port(&url, port).parse().expect("a database URL");
            options.listen_url = Some(std::mem::replace(&mut options.url, pooler));
        }
        self.database_options.iter().for_each(|adjust| adjust(&mut options));
        let db = Database::open(options).await.expect("an open database");
        let master_key =
            MasterKey::load_or_create(&data_dir.join("master.key"), entropy.as_ref()).expect("a master key");
        let mut settings = settings();
        self.adjust.iter().for_each(|adjust| adjust(&mut settings));
        let clock = self.clock.unwrap_or_default();
        let app = App::new(db, Arc::new(master_key), clock.clone(), entropy, settings).expect("an App");
        let (public_url, public) = listen(&app, server::public);
        let (admin_url, admin) = listen(&app, server::admin);
        TestServer {
            app,
            clock,
            public_url,
            admin_url,
            data_dir,
            database_url: url,
            adjust: self.adjust,
            database_options: self.database_options,
            pooler_port: self.pooler_port,
            servers: vec![public, admin],
            temporary,
            database,
            _statements: statements,
        }
    }
}

type Serve = fn(Arc<App>, Listener, Listening) -> std::io::Result<Serving>;

/// Settings of a listener with limits that no test reaches by accident.
pub const LISTENING: Listening = Listening {
    workers: 2,
    head_timeout: Duration::from_secs(5),
    keep_alive: Duration::from_secs(5),
    write_timeout: Duration::from_secs(30),
    max_connections: 1_000,
};

fn listen(app: &Arc<App>, serve: Serve) -> (String, Serving) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (url, serve(Arc::clone(app), listener.into(), LISTENING).expect("the server listens"))
}

pub fn settings() -> AppSettings {
    AppSettings {
        traces: None,
        issuer: "doorward-test".to_owned(),
        body_limit: 256 * 1024,
        body_timeout: Duration::from_secs(5),
        trusted_proxies: Vec::new(),
        json_depth: 64,
        visits_per_address: None,
        visits_per_tenant: None,
        rotate_every_days: None,
        admin_token_days: None,
        audit_retention_days: None,
        audit_forward: Vec::new(),
        backup: None,
        wrong_key_delay: Duration::ZERO,
        tenant_cache: 1_000,
        key_cache: 1_000,
    }
}

impl TestServer {
    /// Starts a server with default settings.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the request context of a local administrator.
    pub fn administrator(&self) -> AdminContext {
        AdminContext { app: Arc::clone(&self.app), actor: "test".to_owned(), meta: RequestMeta::default(), scope: None }
    }

    /// Writes the recorded times of last use and last activity to the database. In production a job does this.
    pub async fn flush_usage(&self) {
        self.app.key_usage.flush(&self.app.db, true).await.expect("a write");
    }

    pub async fn tenant(&self) -> TestTenant {
        self.tenant_with(|_| ()).await
    }

    pub async fn tenant_with(&self, adjust: impl FnOnce(&mut TenantConfig)) -> TestTenant {
        let mut config = config();
        adjust(&mut config);
        let request = CreateTenantRequest {
            id: None,
            display_name: Some("Example".to_owned()),
            config: Some(config),
            create_api_key: true,
        };
        let created = tenants::create(&self.administrator(), request).await.expect("a tenant");
        TestTenant::new(self, created.id, created.api_key.expect("its key").secret)
    }

    /// Creates another API key of a tenant.
    pub async fn api_key(&self, tenant: TenantId, expires_at: Option<Timestamp>) -> CreatedSecret {
        let request = CreateSecretRequest { name: Some("another".to_owned()), expires_at };
        api_keys::create(&self.administrator(), tenant, request).await.expect("a key")
    }

    /// Returns a client of the admin API with a new token of this role.
    pub async fn admin(&self, name: &str, role: Role) -> Http {
        let (days, now) = (self.app.settings.admin_token_days, self.app.clock.now());
        let expires_at = days.map(|days| now.plus_millis(i64::from(days) * 86_400_000));
        let request =
            CreateAdminTokenRequest { name: Some(name.to_owned()), role: Some(role), tenants: None, expires_at };
        let token = admin_tokens::create(&self.administrator(), request).await.expect("a token");
        Http::new(self.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.secret))
    }

    /// Returns a builder with the data, clock and settings of this server.
    fn same_data(&self) -> Builder {
        let (adjust, database_options) = (self.adjust.clone(), self.database_options.clone());
        let (data_dir, clock) = (Some(self.data_dir.clone()), Some(Arc::clone(&self.clock)));
        let (database, pooler_port) = (Some(self.database_url.clone()), self.pooler_port);
        Builder { data_dir, clock, adjust, database_options, database, pooler_port }
    }

    /// Starts another node with the data, clock and settings of this server.
    pub async fn second_node(&self) -> Self {
        self.same_data().start().await
    }

    /// Stops the server and starts another one on the data of this server. The URL changes: see [`TestTenant::on`].
    pub async fn restart(mut self) -> Self {
        self.close().await;
        let (temporary, database) = (self.temporary.take(), self.database.take());
        let mut next = self.same_data().start().await;
        (next.temporary, next.database) = (temporary, database);
        next
    }

    /// Stops the server and closes the database.
    pub async fn stop(mut self) {
        self.close().await;
    }

    async fn close(&mut self) {
        for server in self.servers.drain(..) {
            server.stop(Duration::ZERO).await;
        }
        self.app.db.close().await;
    }

    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Runs statements directly on the database.
    pub async fn sql(&self, statements: &str) {
        crate::database::execute(&self.database_url, statements).await;
    }
}

impl TestTenant {
    /// Returns clients for an existing tenant.
    pub fn new(server: &TestServer, id: TenantId, api_key: String) -> Self {
        let anonymous = Http::new(format!("{}/{id}", server.public_url));
        Self { id, http: anonymous.clone().header("apiKey", &api_key), anonymous, api_key }
    }

    /// Returns the same tenant with clients that send to another server of the installation.
    pub fn on(&self, server: &TestServer) -> Self {
        Self::new(server, self.id, self.api_key.clone())
    }

    /// Returns a client of the public API with another key.
    pub fn with_key(&self, key: &str) -> Http {
        self.anonymous.clone().header("apiKey", key)
    }
}

pub fn config() -> TenantConfig {
    let relying_party = RelyingParty::new(RP_ID.to_owned(), "Example".to_owned(), vec![ORIGIN.to_owned()]);
    let cors = Cors { allowed_origins: vec!["https://*.example.com".to_owned()], allow_unsafe_wildcard: false };
    TenantConfig { cors, ..TenantConfig::for_relying_party(relying_party) }
}
