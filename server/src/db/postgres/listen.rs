//! Hears of other nodes' changes, and knows when it would not.

use std::{future::poll_fn, sync::mpsc, time::Duration};

use tokio::sync::watch;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage};

use super::{
    super::{change_counter::ChangeCounter, error::DbError, process_lock},
    CHANNEL, FIRST_BACK_OFF, LONGEST_BACK_OFF, Target,
};

/// How often the silent channel is tried, and how long an answer may take: what another node changed goes unnoticed
/// no longer than both together.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Asks which of the server's sessions answers.
const BACKEND: &str = "SELECT pg_backend_pid()";

/// What came of the first attempt to be among those at work on the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockAttempt {
    Held,
    /// Somebody needs the database alone.
    Refused,
    /// The connection failed.
    Unknown,
}

/// Listens until the store is closed, and is present as long as it can. While the channel is down, the change_counter changes at
/// every look.
pub(super) async fn listen(
    target: &Target,
    change_counter: &ChangeCounter,
    mut stopped: watch::Receiver<()>,
    first: mpsc::Sender<LockAttempt>,
) {
    let mut back_off = FIRST_BACK_OFF;
    // Only the first word is waited for.
    let say = |presence| {
        let _ = first.send(presence);
    };
    loop {
        let mut connected = false;
        let ended = tokio::select! {
            ended = hear(target, change_counter, &mut connected, say) => ended,
            _ = stopped.changed() => return,
        };
        say(LockAttempt::Unknown);
        change_counter.set_channel(false);
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

async fn hear(
    target: &Target,
    change_counter: &ChangeCounter,
    connected: &mut bool,
    say: impl Fn(LockAttempt),
) -> Result<(), DbError> {
    let lost = |error: tokio_postgres::Error| DbError::Unavailable(error.to_string());
    let (client, mut connection) = target.open().await?;
    let messages = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(_) = message.map_err(lost)? {
                change_counter.increment();
            }
        }
        Err(DbError::Unavailable("the channel closed".to_owned()))
    };
    let talk = async {
        // The name tells administrators which session this is.
        let listen = format!("SET application_name = 'doorward listen'; LISTEN {CHANNEL}");
        client.batch_execute(&listen).await.map_err(lost)?;
        let present = format!("SELECT pg_try_advisory_lock_shared({})", process_lock::ADVISORY_LOCK);
        if ask(&client, &present).await.map_err(lost)?.as_deref() != Some("t") {
            say(LockAttempt::Refused);
            return Err(process_lock::migration_in_progress());
        }
        say(LockAttempt::Held);
        let listener = ask(&client, BACKEND).await.map_err(lost)?;
        *connected = true;
        change_counter.set_channel(true);
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let Ok(answer) = tokio::time::timeout(HEARTBEAT, ask(&client, BACKEND)).await else {
                return Err(DbError::Unavailable("the channel fell silent".to_owned()));
            };
            if answer.map_err(lost)? != listener {
                // What one session listens to, another one does not hear.
                let reason = "a pooler between here and PostgreSQL changes sessions: it must pool by session";
                return Err(DbError::Unavailable(reason.to_owned()));
            }
        }
    };
    tokio::select! {
        ended = messages => ended,
        ended = talk => ended,
    }
}

/// The one value a query answers.
async fn ask(client: &Client, query: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let rows = client.simple_query(query).await?;
    Ok(rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
