//! `doorward quickstart`: both APIs, a demo tenant and a demo application. The next start reuses the data.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use doorward_shared::{
    TenantId,
    admin::CreateTenantRequest,
    config::{Cors, Mfa, RelyingParty, TenantConfig, Webauthn},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{CliError, admin_call::failed, output, serve, start};
use crate::{
    app::App,
    config::Settings,
    demo::{self, DemoConfig},
    domain::RequestMeta,
    installation::{ADMIN_TOKEN_FILE, write_secret},
    service::{
        Refusal, ServiceError,
        admin::{AdminContext, Precondition, tenants},
    },
};

/// File with the configuration of the demo application: its tenant and API key.
const DEMO_FILE: &str = "demo.json";

pub(super) struct Demo {
    pub(super) addr: SocketAddr,
    pub(super) json: bool,
}

#[derive(Serialize, Deserialize)]
struct DemoFile {
    tenant_id: TenantId,
    api_key: String,
}

#[derive(Serialize)]
struct Started<'a> {
    public_url: String,
    admin_url: String,
    demo_url: &'a str,
    tenant_id: TenantId,
    /// Only present if this start created the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    data_dir: PathBuf,
    admin_token_file: PathBuf,
}

/// Starts all servers and runs until a signal arrives.
pub(super) async fn run(settings: &Settings, wanted: Demo) -> Result<(), CliError> {
    start::log(settings)?;
    // The listener is opened first, because the origin of the tenant contains its port.
    let listener = start::bind("--demo-addr", wanted.addr)?;
    let port = listener.local_addr().map_err(|error| CliError::new(error.to_string()))?.port();
    let origin = format!("http://localhost:{port}");
    let app = start::open(settings).await?;
    let (file, new) = tenant(&app, &settings.data.dir, &origin).await?;
    let running = serve::listen(settings, Arc::clone(&app))?;
    let demo = start_demo(&app, listener, &file, running.public, &origin)?;
    let started = Started {
        public_url: format!("http://{}", running.public),
        admin_url: format!("http://{}", running.admin),
        demo_url: &origin,
        tenant_id: file.tenant_id,
        api_key: new.then_some(file.api_key.as_str()),
        data_dir: settings.data.dir.clone(),
        admin_token_file: settings.data.dir.join(ADMIN_TOKEN_FILE),
    };
    if wanted.json {
        output::json(&started)?
    } else {
        greet(&started)?
    }
    serve::stop_signal().await?;
    demo.stop(true).await;
    running.stop().await;
    Ok(())
}

fn start_demo(
    app: &App,
    listener: TcpListener,
    file: &DemoFile,
    public: SocketAddr,
    origin: &str,
) -> Result<actix_web::dev::ServerHandle, CliError> {
    let config = DemoConfig {
        public_url: format!("http://{public}"),
        tenant_id: file.tenant_id,
        api_key: SecretString::from(file.api_key.clone()),
        issuer: app.settings.issuer.clone(),
        rp_id: "localhost".to_owned(),
        origin: origin.to_owned(),
    };
    let server = demo::serve(listener, config, Arc::clone(&app.clock), Arc::clone(&app.entropy))
        .map_err(|error| CliError::new(format!("demo application: {error}")))?;
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

/// Returns the demo tenant from the file, or creates one. Also returns whether it is new.
async fn tenant(app: &Arc<App>, data_dir: &Path, origin: &str) -> Result<(DemoFile, bool), CliError> {
    let meta = RequestMeta { request_id: "quickstart".to_owned(), ..RequestMeta::default() };
    let call = AdminContext { app: Arc::clone(app), actor: "quickstart".to_owned(), meta };
    let path = data_dir.join(DEMO_FILE);
    if let Some(file) = read(&path)? {
        match add_origin(&call, file.tenant_id, origin).await {
            Ok(()) => return Ok((file, false)),
            // The tenant was deleted, so the file is no longer valid.
            Err(ServiceError::Refused(Refusal::TenantNotFound)) => {
                fs::remove_file(&path).map_err(|error| unusable(&path, &error))?;
            }
            Err(failure) => return Err(failed(failure)),
        }
    }
    let request = CreateTenantRequest {
        display_name: Some("Demo".to_owned()),
        config: Some(config(origin)),
        create_api_key: true,
    };
    let created = tenants::create(&call, request).await.map_err(failed)?;
    let key = created.api_key.ok_or_else(|| CliError::new("the demo tenant has no key".to_owned()))?;
    let file = DemoFile { tenant_id: created.id, api_key: key.secret };
    let text = serde_json::to_string(&file).map_err(|error| CliError::new(error.to_string()))?;
    write_secret(&path, &text).map_err(|error| unusable(&path, &error))?;
    Ok((file, true))
}

/// Adds the origin of the demo page to the tenant, because its port may have changed.
async fn add_origin(call: &AdminContext, id: TenantId, origin: &str) -> Result<(), ServiceError> {
    let mut config = tenants::get(call, id).await?.0.config;
    let origins = &mut config.webauthn.relying_party.origins;
    if origins.iter().any(|known| known == origin) {
        return Ok(());
    }
    origins.push(origin.to_owned());
    tenants::configure(call, id, Precondition::None, config).await.map(drop)
}

fn config(origin: &str) -> TenantConfig {
    let relying_party = RelyingParty {
        id: "localhost".to_owned(),
        display_name: "Doorward demo".to_owned(),
        icon: None,
        origins: vec![origin.to_owned()],
    };
    // Second factors need not be roaming authenticators, so the built-in ones of laptops can be used.
    let mfa = Mfa { attachment: None, ..Mfa::default() };
    TenantConfig { cors: Cors::default(), webauthn: Webauthn::for_relying_party(relying_party), mfa: Some(mfa) }
}

fn read(path: &Path) -> Result<Option<DemoFile>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| {
            CliError::new(format!(
                "{}: not a file written by quickstart; delete it to get a new demo tenant",
                path.display()
            ))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn unusable(path: &Path, error: &io::Error) -> CliError {
    CliError::new(format!("{}: {error}", path.display()))
}

fn greet(started: &Started<'_>) -> Result<(), CliError> {
    let key = started.api_key.unwrap_or("<the key shown at the first start>");
    let shown = match started.api_key {
        Some(key) => format!("{key}   (shown only now)"),
        None => "shown at the first start".to_owned(),
    };
    let Started { public_url, admin_url, demo_url, tenant_id, .. } = started;
    let text = format!(
        "\nDoorward is running.\n\n  \
           Open       {demo_url}   (sign in as alice / correct horse)\n  \
           Public API {public_url}   reference at {public_url}/docs/\n  \
           Admin API  {admin_url}   token in {token}\n  \
           Data       {data}\n\n  \
           Tenant     {tenant_id}\n  \
           API key    {shown}\n\n\
         Request the options for registering a second factor, as the backend of an application does:\n\n  \
           curl -s {public_url}/{tenant_id}/mfa/registration/initialize \\\n    \
             -H 'apiKey: {key}' -H 'Content-Type: application/json' \\\n    \
             -d '{{\"user_id\":\"alice\",\"username\":\"alice\"}}'\n\n\
         Open the terminal app in another terminal:  doorward-admin\n\
         Stop with Ctrl-C; the next start reuses the data.\n",
        token = started.admin_token_file.display(),
        data = started.data_dir.display(),
    );
    output::line(&text)
}
