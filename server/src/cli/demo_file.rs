//! File with the configuration of the demo application: its tenant and API key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use doorward_shared::TenantId;
use serde::{Deserialize, Serialize};

use super::CliError;
use crate::{
    app::App,
    crypto::{KeyKind, PresentedKey},
    secret_file,
};

#[derive(Serialize, Deserialize)]
pub(super) struct DemoFile {
    pub(super) tenant_id: TenantId,
    pub(super) api_key: String,
    /// Origin of the demo page at the last start. The next start replaces it if the port has changed.
    pub(super) origin: String,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("demo.json")
}

impl DemoFile {
    pub(super) fn read(data_dir: &Path) -> Result<Option<Self>, CliError> {
        let path = path(data_dir);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| {
                CliError::new(format!(
                    "{}: not a file written by quickstart; delete it to get a new demo tenant",
                    path.display()
                ))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    pub(super) fn write(&self, app: &App, data_dir: &Path) -> Result<(), CliError> {
        let path = path(data_dir);
        let text = serde_json::to_string(self).map_err(|error| CliError::new(error.to_string()))?;
        secret_file::replace(&path, text.as_bytes(), app.entropy.as_ref()).map_err(|error| failed(&path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::new(format!("{}: {error}", path.display()))
}

/// Logs a warning if the folder contains a demo file of `quickstart` and its API key is still valid.
pub(super) async fn warn_about_key(app: &App, data_dir: &Path) {
    let Ok(Some(file)) = DemoFile::read(data_dir) else { return };
    let Some(key) = PresentedKey::parse(KeyKind::Api, &file.api_key) else { return };
    let Ok(Some(tenant)) = app.tenant(file.tenant_id).await else { return };
    let now = app.clock.now();
    let valid =
        |key: &crate::domain::ApiKey| key.disabled_at.is_none() && key.expires_at.is_none_or(|expiry| expiry > now);
    if tenant.api_keys.values().any(|stored| stored.id.uuid() == key.id && valid(stored)) {
        tracing::warn!(
            tenant = %file.tenant_id,
            "{} contains a valid API key of the demo tenant; remove it with `doorward tenant delete {}`, and delete the file",
            path(data_dir).display(),
            file.tenant_id
        );
    }
}
