//! A running import: the connection to the source, and the state of each tenant.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, pg::Pg};
use doorward_shared::TenantId;
use tokio::runtime::Handle;

use super::{
    super::report::{Progress, TenantReport},
    source::{Source, SourceError},
};
use crate::{
    db::DbError,
    domain::{ImportOutcome, ImportRule},
    service::{
        ServiceError,
        admin::{
            AdminContext,
            import::{ImportState, Mode, USER_MISSING},
        },
    },
};

/// Options of an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the data is only read and checked.
    pub dry_run: bool,
    /// Tenants to import; empty for all.
    pub tenants: Vec<TenantId>,
    /// Whether to update tenants that Doorward already serves. Their rows are not deleted.
    pub include_used: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the installation: {0}")]
    Target(#[from] ServiceError),
    #[error("the source has no tenant {0}")]
    NoTenant(TenantId),
}

impl From<DbError> for ImportError {
    fn from(error: DbError) -> Self {
        Self::Target(error.into())
    }
}

pub(super) struct Import<'a> {
    pub(super) source: Source,
    pub(super) context: AdminContext,
    pub(super) options: Options,
    pub(super) tenants: BTreeMap<TenantId, TenantImport>,
    pub(super) runtime: Handle,
    pub(super) progress: &'a mut dyn FnMut(Progress),
}

/// Value of [`Table::kind`] for the table of users.
pub(super) const USERS: &str = "users";
/// Name of the SQL cursor with which [`Import::table`] reads.
const CURSOR: &str = "table_rows";

/// A table whose rows belong to tenants.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) query: &'a str,
    /// Name of the rows in the report.
    pub(super) kind: &'static str,
    /// Name of the table in progress messages.
    pub(super) name: &'static str,
}

/// A row of a [`Table`].
pub(super) trait TableRow: QueryableByName<Pg> + 'static {
    fn tenant_id(&self) -> &str;
    /// Returns the id by which the report names the row.
    fn shown_id(&self) -> &str;
    /// Returns the user id of the user to whom the row belongs; `None` if the row belongs to no user.
    fn user_id(&self) -> Option<&str>;
}

/// One tenant of a running import.
pub(super) struct TenantImport {
    pub(super) report: TenantReport,
    /// State that the last import stored; `None` if the tenant was never imported.
    pub(super) previous: Option<ImportState>,
    /// State to store at the end of this import.
    pub(super) next: ImportState,
    pub(super) is_used: bool,
    /// User ids of the users that a dry run would add.
    added_users: BTreeSet<String>,
}

/// A row of a batch, whose outcome is counted after the batch was written.
pub(super) struct Counted {
    tenant: TenantId,
    shown_id: String,
    /// User id of the user to whom the row belongs. Set only in a dry run.
    user_id: Option<String>,
}

impl TenantImport {
    pub(super) const fn new(
        report: TenantReport,
        previous: Option<ImportState>,
        next: ImportState,
        is_used: bool,
    ) -> Self {
        Self { report, previous, next, is_used, added_users: BTreeSet::new() }
    }

    /// Returns what the import may do with a row. For a tenant that Doorward already serves, the import changes no
    /// stored row, and adds only rows that the source created after the last complete import.
    pub(super) fn rule(&self) -> ImportRule {
        let complete_until = self.previous.as_ref().and_then(|previous| previous.complete_until);
        ImportRule { update: !self.is_used, complete_until: complete_until.filter(|_| self.is_used) }
    }
}

impl Import<'_> {
    pub(super) const fn mode(&self) -> Mode {
        if self.options.dry_run { Mode::DryRun } else { Mode::Write }
    }

    /// Waits for an operation on the installation.
    pub(super) fn wait<F: Future>(&self, operation: F) -> F::Output {
        self.runtime.block_on(operation)
    }

    pub(super) fn progress(&mut self, table: &'static str, rows: u64) {
        (self.progress)(Progress { table, rows });
    }

    /// Returns the tenant of a row; `None` if this tenant is not imported.
    pub(super) fn tenant(&mut self, id: &str) -> Option<(TenantId, &mut TenantImport)> {
        let id: TenantId = id.parse().ok()?;
        let tenant = self.tenants.get_mut(&id).filter(|tenant| !tenant.report.is_skipped())?;
        Some((id, tenant))
    }

    /// Reads the rows of a table and imports them in batches with `write`. `convert` returns the value to import or the
    /// reason to refuse the row; `None` if an earlier import has already read the row.
    pub(super) fn table<R: TableRow, T, E: AsRef<str>>(
        &mut self,
        Table { query, kind, name }: Table<'_>,
        convert: impl Fn(TenantId, &mut TenantImport, R) -> Option<Result<T, E>>,
        write: impl AsyncFn(&AdminContext, Mode, Vec<T>) -> Result<Vec<ImportOutcome>, ServiceError>,
    ) -> Result<(), ImportError> {
        self.source.declare(CURSOR, query)?;
        let dry_run = self.options.dry_run;
        let mut read = 0;
        loop {
            let rows: Vec<R> = self.source.fetch(CURSOR)?;
            if rows.is_empty() {
                return Ok(());
            }
            read += rows.len() as u64;
            let (mut batch, mut counted) = (Vec::new(), Vec::new());
            for row in rows {
                let Some((tenant, state)) = self.tenant(row.tenant_id()) else { continue };
                let id = row.shown_id().to_owned();
                let user_id = row.user_id().filter(|_| dry_run).map(str::to_owned);
                let Some(converted) = convert(tenant, state, row) else { continue };
                state.report.tally(kind).read += 1;
                match converted {
                    // If a tenant was never imported, there are no stored rows to compare with, so a dry run counts the
                    // tenant's rows and does nothing else.
                    Ok(_) if dry_run && state.previous.is_none() => {}
                    Ok(converted) => {
                        counted.push(Counted { tenant, shown_id: id, user_id });
                        batch.push(converted);
                    }
                    Err(reason) => state.report.refuse(kind, &id, reason.as_ref()),
                }
            }
            let outcomes = self.wait(write(&self.context, self.mode(), batch))?;
            self.count(kind, counted, &outcomes);
            self.progress(name, read);
        }
    }

    /// Counts the outcomes of a batch.
    fn count(&mut self, kind: &'static str, rows: Vec<Counted>, outcomes: &[ImportOutcome]) {
        for (Counted { tenant, shown_id, user_id }, outcome) in rows.into_iter().zip(outcomes) {
            let Some(tenant) = self.tenants.get_mut(&tenant) else { continue };
            // A dry run stores no users, so `write` refuses the rows of users that an import would add.
            let is_of_added = user_id.is_some_and(|user| tenant.added_users.contains(&user));
            match outcome {
                ImportOutcome::Refused(USER_MISSING) if is_of_added => {
                    tenant.report.tally(kind).add(ImportOutcome::Added);
                }
                ImportOutcome::Refused(reason) => tenant.report.refuse(kind, &shown_id, reason),
                outcome => tenant.report.tally(kind).add(*outcome),
            }
            if kind == USERS && self.options.dry_run && *outcome == ImportOutcome::Added {
                tenant.added_users.insert(shown_id);
            }
        }
    }
}
