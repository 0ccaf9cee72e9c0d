//! Judges kept attestations again after an import of metadata.

use std::{sync::Arc, time::Duration};

use doorward_shared::AttestationTrust;

use crate::{
    app::App,
    db::DbError,
    store::attestations::{self, Outdated},
    webauthn,
};

/// Maximum number of attestations per unit of work. It limits the duration of the unit.
const BATCH: i64 = 100;
/// Pause between units of work. Other writes run during the pause.
const PAUSE: Duration = Duration::from_millis(5);

/// Result of [`judge_again`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JudgedAgain {
    /// Number of judgements. A credential that another unit of work has locked is judged again later, so it is counted
    /// more than once.
    pub judged: u64,
    /// Number of credentials whose attestation trust changed.
    pub changed: u64,
}

/// Judges again all kept attestations that were last judged with older metadata. Several processes may do this at once.
pub async fn judge_again(app: &App) -> Result<JudgedAgain, DbError> {
    let mut total = JudgedAgain::default();
    loop {
        let metadata = app.metadata().await?;
        let number = metadata.number();
        let outdated = app.db.read(move |connection| attestations::outdated(connection, number, BATCH)).await?;
        if outdated.is_empty() {
            return Ok(total);
        }
        // Signatures are verified outside of the unit of work, and not on a thread that serves requests.
        let judge = move || -> Vec<(Outdated, AttestationTrust)> {
            let trust = |it: &Outdated| webauthn::judge_again(&it.kept, &metadata, it.registered_at);
            outdated.into_iter().map(|it| (trust(&it), it)).map(|(trust, it)| (it, trust)).collect()
        };
        let judged = tokio::task::spawn_blocking(judge)
            .await
            .map_err(|error| DbError::Unavailable(format!("judging attestations: {error}")))?;
        let judged = Arc::new(judged);
        total.judged += u64::try_from(judged.len()).unwrap_or(u64::MAX);
        total.changed += app
            .db
            .write(move |connection| {
                let mut changed = 0;
                for (attestation, trust) in judged.iter() {
                    changed += u64::from(attestations::record(connection, attestation, *trust, number)?);
                }
                Ok::<_, DbError>(changed)
            })
            .await?;
        tokio::time::sleep(PAUSE).await;
    }
}
