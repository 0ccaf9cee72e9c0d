//! The TLS certificates of both APIs, and their replacement while the server runs.

use std::{sync::Arc, time::Duration};

use tokio::{signal::unix::Signal, time::sleep};

use super::CliError;
use crate::{
    config::{Settings, TlsConfig},
    net::{Tls, TlsFiles},
};

/// Interval at which the files are compared with those in use. Programs that renew certificates replace them weeks
/// before they expire, so a short interval has no advantage.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// The TLS configuration of each API; `None` without TLS.
#[derive(Default)]
pub(super) struct Certificates {
    pub(super) public: Option<Arc<Tls>>,
    pub(super) admin: Option<Arc<Tls>>,
}

impl Certificates {
    /// Reads the files that the settings name.
    pub(super) fn load(settings: &Settings) -> Result<Self, CliError> {
        let Some(TlsConfig { certificate, key, client_ca }) = settings.tls.clone() else { return Ok(Self::default()) };
        let load = |client_ca| {
            let files = TlsFiles { certificate: certificate.clone(), key: key.clone(), client_ca };
            Tls::load(files).map(|tls| Some(Arc::new(tls))).map_err(|error| CliError::usage(format!("tls: {error}")))
        };
        Ok(Self { public: load(None)?, admin: load(client_ca)? })
    }

    /// Replaces certificates whose files have changed, at SIGHUP and regularly. Runs until the process ends.
    pub(super) async fn watch(self, mut hangups: Signal) {
        loop {
            let is_hangup = tokio::select! {
                hangup = hangups.recv() => hangup.is_some(),
                () = sleep(CHECK_EVERY) => false,
            };
            let certificates = [&self.public, &self.admin].into_iter().flatten();
            let changed = certificates.filter(|tls| reload(tls)).count();
            if is_hangup && changed == 0 {
                tracing::info!("SIGHUP: no certificate has changed; changed settings apply after a restart");
            }
        }
    }
}

/// Returns whether the files have changed. If they cannot be used, the certificate in use stays.
fn reload(tls: &Tls) -> bool {
    match tls.reload() {
        Ok(true) => {
            tracing::info!("TLS certificate replaced");
            true
        }
        Ok(false) => false,
        Err(error) => {
            tracing::error!(%error, "cannot replace the TLS certificate, the earlier one stays in use");
            true
        }
    }
}
