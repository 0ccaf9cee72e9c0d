//! Positions of audit forwarding: the last entry that a target has received, and the node that forwards to the target.

use aws_lc_rs::digest::{SHA256, digest};
use doorward_shared::{AuditId, Base64Url, Timestamp, audit::AdminAuditLogItem};
use serde::{Deserialize, Serialize};

use super::{
    ServiceError,
    audit_logs::{self, Log},
};
use crate::{
    app::App,
    db::{Connection, DbError},
    domain::{
        audit::{AuditCursor, AuditFilter},
        forward_target::ForwardTarget,
    },
    store::forwarding,
};

/// Time for which a node may forward to a target without renewing its lease.
pub const LEASE_MS: i64 = 20_000;
/// Maximum remaining time of a valid lease. A lease with more remaining time was taken by a node with a wrong clock,
/// and is ignored. The factor allows for small clock differences.
const MAX_LEASE_MS: i64 = 3 * LEASE_MS;
/// Remaining time below which a node renews its lease.
const RENEW_BELOW_MS: i64 = 15_000;
/// Number of attempts to release a lease. An attempt fails if the position changes during the attempt.
const RELEASE_ATTEMPTS: usize = 3;
/// Maximum number of entries that are read at once.
const SLICE: u32 = 500;

/// A target whose lease this node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    target: String,
    position: Position,
}

/// Position of a target, as it is stored (JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The last entry that the target has received; the nil UUID before the first entry.
    after: AuditId,
    /// Node that forwards to the target.
    node: String,
    /// End of the node's lease.
    until: Timestamp,
}

impl Position {
    fn parse(text: &str) -> Result<Self, DbError> {
        serde_json::from_str(text).map_err(|error| DbError::Database(format!("position of audit forwarding: {error}")))
    }

    fn is_leased(&self, now: Timestamp) -> bool {
        (1..=MAX_LEASE_MS).contains(&self.until.millis().saturating_sub(now.millis()))
    }

    fn text(&self) -> Result<String, DbError> {
        serde_json::to_string(self).map_err(|error| DbError::Database(error.to_string()))
    }
}

/// Returns the name of a target in the database: a digest, because a URL can be long.
fn name(target: &ForwardTarget) -> String {
    Base64Url::encode(digest(&SHA256, target.to_string().as_bytes()).as_ref()).to_string()
}

/// Takes the lease of a target. Returns `None` if another node holds it.
pub async fn acquire(app: &App, target: &ForwardTarget, node: &str) -> Result<Option<Held>, DbError> {
    let (target, now) = (name(target), app.clock.now());
    let (key, node) = (target.clone(), node.to_owned());
    let acquire = move |connection: &mut Connection| {
        let stored = forwarding::position(connection, &key)?;
        let position = stored.as_deref().map(Position::parse).transpose()?;
        if position.as_ref().is_some_and(|position| position.node != node && position.is_leased(now)) {
            return Ok(None);
        }
        let after = position.map_or_else(|| AuditId::new(uuid::Uuid::nil()), |position| position.after);
        let position = Position { after, node: node.clone(), until: now.plus_millis(LEASE_MS) };
        let replaced = forwarding::replace_position(connection, &key, stored.as_deref(), &position.text()?)?;
        Ok::<_, DbError>(replaced.then_some(position))
    };
    let position = app.db.write(acquire).await?;
    Ok(position.map(|position| Held { target, position }))
}

/// Ends the lease of a target if this node holds it, so that other nodes and a restarted process need not wait until
/// the lease expires. Tries again if the position changes concurrently: a stopped forwarding task may still have a unit
/// of work in the database's queue, and this unit may change the position.
pub async fn release(app: &App, target: &ForwardTarget, node: &str) -> Result<(), DbError> {
    let (target, node, now) = (name(target), node.to_owned(), app.clock.now());
    let release = move |connection: &mut Connection| {
        let Some(stored) = forwarding::position(connection, &target)? else { return Ok(true) };
        let position = Position::parse(&stored)?;
        if position.node != node || !position.is_leased(now) {
            return Ok(true);
        }
        let released = Position { until: Timestamp::from_millis(0), ..position };
        forwarding::replace_position(connection, &target, Some(&stored), &released.text()?)
    };
    for _ in 0..RELEASE_ATTEMPTS {
        if app.db.write(release.clone()).await? {
            break;
        }
    }
    Ok(())
}

impl Held {
    /// Returns the entries that follow the position, oldest first.
    pub async fn next_entries(&self, app: &App) -> Result<Vec<AdminAuditLogItem>, ServiceError> {
        let cursor = AuditCursor::After(self.position.after);
        let slice = audit_logs::slice(app, Log::All, AuditFilter::default(), cursor, SLICE).await?;
        Ok(slice.items)
    }

    /// Renews the lease if it expires soon. Returns `None` if another node has taken the lease.
    pub async fn renew(self, app: &App) -> Result<Option<Self>, DbError> {
        let left = self.position.until.millis().saturating_sub(app.clock.now().millis());
        if (RENEW_BELOW_MS..=LEASE_MS).contains(&left) {
            return Ok(Some(self));
        }
        let after = self.position.after;
        self.advance(app, after).await
    }

    /// Stores a new position and renews the lease. Returns `None` if another node has taken the lease.
    pub async fn advance(self, app: &App, after: AuditId) -> Result<Option<Self>, DbError> {
        let until = app.clock.now().plus_millis(LEASE_MS);
        let position = Position { after, until, ..self.position.clone() };
        let (target, old, new) = (self.target.clone(), self.position.text()?, position.text()?);
        let replace =
            move |connection: &mut Connection| forwarding::replace_position(connection, &target, Some(&old), &new);
        let replaced = app.db.write(replace).await?;
        Ok(replaced.then_some(Self { target: self.target, position }))
    }
}

/// Moves each position that is at or after the newly added entry `first` to directly before this entry. The target of
/// such a position then gets this entry and all later entries, even if it has already received the later ones.
pub fn rewind(connection: &mut Connection, first: AuditId) -> Result<(), DbError> {
    let before = AuditId::new(uuid::Uuid::from_u128(first.uuid().as_u128().saturating_sub(1)));
    for (target, stored) in forwarding::positions(connection)? {
        let position = Position::parse(&stored)?;
        if position.after >= first {
            let position = Position { after: before, ..position };
            let _ = forwarding::replace_position(connection, &target, Some(&stored), &position.text()?)?;
        }
    }
    Ok(())
}

/// Returns the id of the last entry that all targets have received; `None` if there are no targets. Retention does not
/// delete entries with larger ids.
pub async fn forwarded_to_all(app: &App) -> Result<Option<AuditId>, DbError> {
    let targets: Vec<String> = app.settings.audit_forward.iter().map(name).collect();
    let read = move |connection: &mut Connection| {
        let mut oldest = None;
        for target in &targets {
            let stored = forwarding::position(connection, target)?;
            let position = stored.as_deref().map(Position::parse).transpose()?;
            let after = position.map_or_else(|| AuditId::new(uuid::Uuid::nil()), |position| position.after);
            oldest = Some(oldest.map_or(after, |oldest: AuditId| oldest.min(after)));
        }
        Ok::<_, DbError>(oldest)
    };
    app.db.read(read).await
}
