//! What follows from written rows and is brought up to date a moment later: sums by day, last activity, folded counts, and
//! what pages of all logs are found by: spans, and the indexes of users and addresses.

use crate::{
    app::App,
    db::DbError,
    store::{audit, tenant_summaries},
};

/// Tenants' days that are summed up in one unit of work. Small: others wait for it.
const DAYS_AT_ONCE: usize = 16;
/// Changes of counts that are folded in one unit of work.
const CHANGES_AT_ONCE: i64 = 5_000;
/// Users, and addresses, that are added to their index in one unit of work.
const WORDS_AT_ONCE: usize = 500;
/// Words of a long log whose entries are counted in one unit of work.
const COUNTED_AT_ONCE: i64 = 64;
/// Units of work for an index in one run: after an upgrade there may be millions of rows to be caught up with, and other writes
/// wait for each unit.
const UNITS_AT_ONCE: u32 = 100;

/// Brings everything up to date that changed before.
///
/// # Errors
/// As the database has them; the next run goes on.
pub async fn settle(app: &App) -> Result<(), DbError> {
    let mut after = None;
    loop {
        after = app.db.write(move |connection| audit::settle(connection, after, DAYS_AT_ONCE)).await?;
        if after.is_none() {
            break;
        }
    }
    while app.db.write(|connection| tenant_summaries::fold(connection, CHANGES_AT_ONCE)).await? > 0 {}
    index(app).await.map(drop)
}

/// Goes on with spans and indexes. Answers whether there was more to do than is done in one run.
async fn index(app: &App) -> Result<bool, DbError> {
    let now = app.clock.now();
    let mut units = 0;
    while app.db.write(move |connection| audit::extend_spans(connection, now)).await? {
        units += 1;
        if units == UNITS_AT_ONCE {
            return Ok(true);
        }
    }
    while app.db.write(|connection| audit::count_entries(connection, COUNTED_AT_ONCE)).await? {
        units += 1;
        if units >= UNITS_AT_ONCE {
            return Ok(true);
        }
    }
    // Fewer than asked for are the newest ones: those that come meanwhile can wait for the next run.
    while app.db.write(|connection| audit::index_words(connection, WORDS_AT_ONCE)).await? >= WORDS_AT_ONCE {
        units += 1;
        if units >= UNITS_AT_ONCE {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings everything up to date, however much it is, before anybody is served.
///
/// # Errors
/// As the database has them.
pub async fn catch_up(app: &App) -> Result<(), DbError> {
    settle(app).await?;
    while index(app).await? {}
    Ok(())
}

/// Brings a little of it up to date, for whoever is about to look: in an installation that is not busy, all of it.
///
/// # Errors
/// As the database has them.
pub async fn glance(app: &App) -> Result<(), DbError> {
    app.db.write(|connection| audit::settle(connection, None, DAYS_AT_ONCE)).await.map(drop)
}
