//! Hears of other nodes' changes, and knows when it would not.

use std::{future::poll_fn, time::Duration};

use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

use super::{
    super::{epoch::Epoch, error::StoreError},
    CHANNEL, FIRST_BACK_OFF, LONGEST_BACK_OFF, Target,
};

/// How often the silent channel is tried, and how long an answer may take: what another node changed goes unnoticed
/// no longer than both together.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Listens until the store is closed. While the channel is down, the epoch changes at every look.
pub(super) async fn listen(target: &Target, epoch: &Epoch, mut stopped: watch::Receiver<()>) {
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let mut connected = false;
        let ended = tokio::select! {
            ended = hear(target, epoch, &mut connected) => ended,
            _ = stopped.changed() => return,
        };
        epoch.set_channel(false);
        if let Err(error) = ended {
            tracing::warn!(%error, "changes on other nodes go unannounced: every request reads the database");
        }
        back_off = if connected { FIRST_BACK_OFF } else { (back_off * 2).min(LONGEST_BACK_OFF) };
        tokio::select! {
            () = tokio::time::sleep(back_off) => {}
            _ = stopped.changed() => return,
        }
    }
}

async fn hear(target: &Target, epoch: &Epoch, connected: &mut bool) -> Result<(), StoreError> {
    let lost = |error: tokio_postgres::Error| StoreError::Unavailable(error.to_string());
    let (client, mut connection) = target.open().await?;
    let messages = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(_) = message.map_err(lost)? {
                epoch.bump();
            }
        }
        Err(StoreError::Unavailable("the channel closed".to_owned()))
    };
    let talk = async {
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(lost)?;
        *connected = true;
        epoch.set_channel(true);
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            match tokio::time::timeout(HEARTBEAT, client.batch_execute("SELECT 1")).await {
                Ok(answer) => answer.map_err(lost)?,
                Err(_) => return Err(StoreError::Unavailable("the channel fell silent".to_owned())),
            }
        }
    };
    tokio::select! {
        ended = messages => ended,
        ended = talk => ended,
    }
}
