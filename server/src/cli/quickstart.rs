//! `doorward quickstart`: both APIs, a demo tenant and a demo application. The next start reuses the data.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use doorward_shared::{
    TenantId,
    admin::CreateTenantRequest,
    config::{Cors, Mfa, RelyingParty, TenantConfig},
};
use secrecy::SecretString;
use serde::Serialize;

use super::{CliError, admin_call::failed, certificates::Certificates, demo_file::DemoFile, output, serve, start};
use crate::{
    app::App,
    config::{LogFormat, Settings, Source},
    demo::{self, DemoConfig},
    domain::{RequestMeta, listen_address::ListenAddress},
    installation::{ADMIN_TOKEN_FILE, Purpose},
    net::{Listening, Serving},
    service::{
        Refusal, ServiceError,
        admin::{AdminContext, Precondition, tenants},
    },
};

pub(super) struct Demo {
    pub(super) addr: SocketAddr,
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Started<'a> {
    public_url: String,
    admin_url: String,
    demo_url: &'a str,
    tenant_id: TenantId,
    /// The demo tenant's API key. Present only if this run of the command created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    data_dir: PathBuf,
    admin_token_file: PathBuf,
}

/// Starts all servers and runs until a signal arrives.
pub(super) async fn run(settings: &Settings, wanted: Demo) -> Result<(), CliError> {
    if settings.tls.is_some() {
        return Err(CliError::usage(
            "quickstart uses plain HTTP on loopback addresses: remove tls.certificate".to_owned(),
        ));
    }
    let server = &settings.server;
    if server.public_addr.is_unix() || server.admin_addr.is_unix() {
        return Err(CliError::usage(
            "quickstart needs TCP addresses, because browsers cannot use Unix sockets: change server.public_addr or \
             server.admin_addr"
                .to_owned(),
        ));
    }
    let _log = start::log(&readable_log(settings))?;
    serve::ignore_hangups()?;
    let listening = start::listening(settings)?;
    // The listener is opened first, because the origin of the tenant contains the listener's port.
    let listener = TcpListener::bind(wanted.addr)
        .map_err(|error| CliError::new(format!("--demo-addr: cannot listen on {}: {error}", wanted.addr)))?;
    let port = listener.local_addr().map_err(|error| CliError::new(error.to_string()))?.port();
    let origin = origin(port);
    let listeners = serve::Listeners::bind(settings, &Certificates::default())?;
    let app = start::open(settings, Purpose::Serve).await?.app;
    let (file, new) = tenant(&app, &settings.data.dir, &origin).await?;
    let signals = serve::StopSignals::listen()?;
    let mut running = serve::serve(listeners, listening, Arc::clone(&app))?;
    running.add(start_demo(&app, (listener, listening), &file, &running.public, &settings.data.dir)?);
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
    serve::stop_on_signal(running, signals, settings).await
}

/// Returns the origin of a page on `localhost` as browsers send it: without the default port.
fn origin(port: u16) -> String {
    if port == 80 { "http://localhost".to_owned() } else { format!("http://localhost:{port}") }
}

/// Returns the settings with a human-readable log: warnings only, as text. Configured values take precedence.
fn readable_log(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    let is_default = |key| settings.effective.iter().any(|one| one.key == key && one.source == Source::Default);
    let (format, level) = (is_default("log.format"), is_default("log.level"));
    if format {
        settings.log.format = LogFormat::Text;
    }
    if level {
        "warn".clone_into(&mut settings.log.level);
    }
    settings
}

fn start_demo(
    app: &App,
    (listener, listening): (TcpListener, Listening),
    file: &DemoFile,
    public: &ListenAddress,
    data_dir: &Path,
) -> Result<Serving, CliError> {
    let config = DemoConfig {
        public_url: format!("http://{public}"),
        tenant_id: file.tenant_id,
        api_key: SecretString::from(file.api_key.clone()),
        issuer: app.settings.issuer.clone(),
        rp_id: "localhost".to_owned(),
        origin: file.origin.clone(),
        accounts_file: data_dir.join("demo-accounts.json"),
    };
    demo::serve(listener, listening, config, Arc::clone(&app.clock), Arc::clone(&app.entropy))
        .map_err(|error| CliError::new(format!("demo application: {error}")))
}

/// Returns the demo tenant from the demo file, or creates one. Also returns whether the tenant is new.
async fn tenant(app: &Arc<App>, data_dir: &Path, origin: &str) -> Result<(DemoFile, bool), CliError> {
    let meta = RequestMeta { request_id: "quickstart".to_owned(), ..RequestMeta::default() };
    let call = AdminContext { app: Arc::clone(app), actor: "cli:quickstart".to_owned(), meta, scope: None };
    if let Some(mut file) = DemoFile::read(data_dir)? {
        match replace_origin(&call, &file, origin).await {
            Ok(()) => {
                if file.origin != origin {
                    origin.clone_into(&mut file.origin);
                    file.write(app, data_dir)?;
                }
                return Ok((file, false));
            }
            // The tenant was deleted, so the file is no longer valid.
            Err(ServiceError::Refused(Refusal::TenantNotFound)) => {}
            Err(failure) => return Err(failed(failure)),
        }
    }
    let request = CreateTenantRequest {
        id: None,
        display_name: Some("Demo".to_owned()),
        config: Some(config(origin)),
        create_api_key: true,
    };
    let created = tenants::create(&call, request).await.map_err(failed)?;
    let key = created.api_key.ok_or_else(|| CliError::new("the demo tenant has no key".to_owned()))?;
    let file = DemoFile { tenant_id: created.id, api_key: key.secret, origin: origin.to_owned() };
    let revoke = format!("doorward tenant delete {}", created.id);
    output::unless_lost(file.write(app, data_dir), "the API key of the demo tenant", &revoke)?;
    Ok((file, true))
}

/// Updates the origin in the tenant's configuration, because the port of the demo page may have changed since the last
/// start.
async fn replace_origin(call: &AdminContext, file: &DemoFile, origin: &str) -> Result<(), ServiceError> {
    let mut config = tenants::get(call, file.tenant_id).await?.0.config;
    let origins = &mut config.webauthn.relying_party.origins;
    if origins.iter().any(|known| known == origin) {
        return Ok(());
    }
    origins.retain(|known| *known != file.origin);
    origins.push(origin.to_owned());
    tenants::configure(call, file.tenant_id, Precondition::None, config).await.map(drop)
}

fn config(origin: &str) -> TenantConfig {
    let relying_party = RelyingParty::new("localhost".to_owned(), "Doorward demo".to_owned(), vec![origin.to_owned()]);
    // Any attachment is allowed for second factors, so that the demo works with the built-in authenticator of a laptop.
    let mfa = Mfa { attachment: None, ..Mfa::default() };
    TenantConfig { cors: Cors::default(), mfa, ..TenantConfig::for_relying_party(relying_party) }
}

/// Returns a path as one word of a shell command.
fn shell_word(path: &Path) -> String {
    let text = output::cell(&path.display().to_string());
    let is_plain = |symbol: char| symbol.is_alphanumeric() || "/._-+@%:,=".contains(symbol);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
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
         Open the terminal app in another terminal:\n\n  \
           doorward-admin --url {admin_url} --token-file {token}\n\n\
         Stop with Ctrl-C; the next start reuses the data.\n",
        token = shell_word(&started.admin_token_file),
        data = started.data_dir.display(),
    );
    output::line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_has_no_default_port() {
        assert_eq!((origin(80).as_str(), origin(8080).as_str()), ("http://localhost", "http://localhost:8080"));
    }

    #[test]
    fn paths_with_spaces_are_quoted() {
        assert_eq!(shell_word(Path::new("./data/admin.token")), "./data/admin.token");
        assert_eq!(shell_word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
