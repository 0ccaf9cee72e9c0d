//! What follows from written rows and is brought up to date a moment later: sums by day, last activity, folded counts.

use crate::{
    app::App,
    store::{StoreError, audit, summaries},
};

/// Tenants' days that are summed up in one unit of work. Small: others wait for it.
const DAYS_AT_ONCE: usize = 16;
/// Changes of counts that are folded in one unit of work.
const CHANGES_AT_ONCE: i64 = 5_000;
/// Users, and addresses, that are added to their index in one unit of work.
const WORDS_AT_ONCE: i64 = 500;

/// Brings everything up to date that changed before.
///
/// # Errors
/// As the database has them; the next run goes on.
pub async fn settle(app: &App) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        after = app.store.write(move |connection| audit::settle(connection, after, DAYS_AT_ONCE)).await?;
        if after.is_none() {
            break;
        }
    }
    while app.store.write(|connection| summaries::fold(connection, CHANGES_AT_ONCE)).await? > 0 {}
    while app.store.write(audit::extend_spans).await? {}
    while app.store.write(|connection| audit::index_words(connection, WORDS_AT_ONCE)).await? > 0 {}
    Ok(())
}

/// Brings a little of it up to date, for whoever is about to look: in an installation that is not busy, all of it.
///
/// # Errors
/// As the database has them.
pub async fn glance(app: &App) -> Result<(), StoreError> {
    app.store.write(|connection| audit::settle(connection, None, DAYS_AT_ONCE)).await.map(drop)
}
