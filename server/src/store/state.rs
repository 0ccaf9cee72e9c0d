//! The state of tenants, API keys, users and credentials: enabled or disabled.

use doorward_shared::Timestamp;

/// A change of the state of an object.
#[derive(Debug, Clone, Default)]
pub struct StateChange {
    /// The time from which the object is disabled; `None` enables it.
    pub since: Option<Timestamp>,
    /// Versions of the state to which the change may be applied; `None` allows any version.
    pub versions: Option<Vec<i64>>,
}

impl From<Option<Timestamp>> for StateChange {
    fn from(since: Option<Timestamp>) -> Self {
        Self { since, versions: None }
    }
}

/// Changes the state of the row that a query finds. Returns the new version of the state; `None` if nothing changed.
macro_rules! set_state {
    ($conn:expr, $table:ident, $target:expr, $change:expr) => {{
        let change: &crate::store::state::StateChange = $change;
        let since = row_convert::millis(change.since);
        let (is_any, versions) = (change.versions.is_none(), change.versions.as_deref().unwrap_or_default());
        // One statement compares and changes the version, so only one of two concurrent changes is applied.
        on_engine!($conn, c, _Db => diesel::update($target())
            .filter($table::disabled_at.is_null().eq(since.is_some()))
            .filter(is_any.into_sql::<diesel::sql_types::Bool>().or($table::state_version.eq_any(versions)))
            .set(($table::disabled_at.eq(since), $table::state_version.eq($table::state_version + 1)))
            .returning($table::state_version)
            .get_result::<i64>(c)
            .optional())?
    }};
}

pub(super) use set_state;
