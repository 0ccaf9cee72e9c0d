//! The TLS certificates of both APIs, and their replacement while the server runs.

use std::{sync::Arc, time::Duration};

use doorward_shared::Timestamp;
use tokio::{signal::unix::Signal, time::sleep};

use super::CliError;
use crate::{
    app::App,
    config::{Settings, TlsConfig},
    net::{Tls, TlsFiles},
};

/// Interval at which the certificate files are compared with the certificates in use. Programs that renew certificates
/// replace the files weeks before the old certificates expire, so a shorter interval has no advantage.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// Remaining lifetime in milliseconds at which a certificate causes a warning. Programs such as Certbot renew
/// certificates earlier: when a third of the lifetime is left or, for lifetimes shorter than ten days, when half of the
/// lifetime is left.
const WARN_BEFORE_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;

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

    /// Returns a warning if the certificate has expired or expires soon.
    pub(super) fn warning(&self, now: Timestamp) -> Option<String> {
        expiry_warning(self.public.as_ref()?.expiry()?, now)
    }

    /// Logs the warning, if there is one, and sets the metric of the certificate's expiry.
    pub(super) fn report(&self, app: &App) {
        if let Some(warning) = self.warning(app.clock.now()) {
            tracing::warn!("{warning}");
        }
        if let Some(expiry) = self.public.as_ref().and_then(|tls| tls.expiry()) {
            app.metrics.certificate_expiry(expiry);
        }
    }

    /// At each SIGHUP and every [`CHECK_EVERY`], replaces certificates whose files have changed and then calls
    /// `on_change`. Runs until the process ends.
    pub(super) async fn watch(self, mut hangups: Signal, on_change: impl Fn(&Self) + Send) {
        loop {
            let is_hangup = tokio::select! {
                hangup = hangups.recv() => hangup.is_some(),
                () = sleep(CHECK_EVERY) => false,
            };
            let certificates = [&self.public, &self.admin].into_iter().flatten();
            let changed = certificates.filter(|tls| reload(tls)).count();
            if changed > 0 {
                on_change(&self);
            } else if is_hangup {
                tracing::info!("SIGHUP: no certificate has changed; changed settings apply after a restart");
            }
        }
    }
}

/// Replaces the certificate if its files have changed. Returns whether the files have changed or cannot be used. If
/// they cannot be used, the current certificate stays in use.
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

fn expiry_warning(expiry: Timestamp, now: Timestamp) -> Option<String> {
    if expiry <= now {
        Some(format!("tls.certificate: the certificate expired at {expiry}, so clients refuse it"))
    } else if expiry <= now.plus_millis(WARN_BEFORE_MILLIS) {
        Some(format!("tls.certificate: the certificate expires at {expiry}; renew it"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_that_has_expired_or_soon_expires_causes_a_warning() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let warning = |millis| expiry_warning(now.plus_millis(millis), now).unwrap_or_default();
        assert!(warning(0).contains("expired at 2027-01-15T08:00:00"), "{}", warning(0));
        assert!(warning(WARN_BEFORE_MILLIS).contains("expires at 2027-01-22T08:00:00"));
        assert_eq!(warning(WARN_BEFORE_MILLIS + 1), "");
    }
}
