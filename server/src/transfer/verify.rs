//! Reads all tables of both databases again and compares them.

use doorward_shared::bytes::hex;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;

use super::{
    catalog::Plan,
    copy::key_of,
    endpoint::Endpoint,
    statements::Statements,
    tables::{TABLES, Table},
    types::{Progress, TableReport, TransferError},
};
use crate::db::DbError;

/// Compares every table that was copied row by row, and counts the rows of computed tables.
pub(super) fn all(
    plans: &[Plan],
    copied: &BTreeMap<&'static str, u64>,
    source: &mut Endpoint,
    target: &mut Endpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<TableReport>, TransferError> {
    let mut reports = Vec::with_capacity(plans.len());
    for plan in plans {
        let table = plan.table.name();
        let total = source.count(plan.table)?;
        let mut pairs = [Reading::new(&plan.from), Reading::new(&plan.to)];
        let [left, right] = &mut pairs;
        while left.advance(plan, source)? | right.advance(plan, target)? {
            progress(Progress::Verified { table, rows: left.rows, total });
        }
        let [left, right] = pairs.map(Reading::finish);
        // Also count all rows in one query: batches in a wrong order could skip the same rows in both databases.
        let counts = [total, target.count(plan.table)?];
        if left != right || counts != [left.0, right.0] {
            let [source_rows, target_rows] = counts;
            return Err(TransferError::Differs {
                table: table.to_owned(),
                source_rows,
                source_digest: left.1,
                target_rows,
                target_digest: right.1,
            });
        }
        let (rows, sha256) = left;
        let copied = copied.get(table).copied().unwrap_or(0);
        reports.push(TableReport { table, rows, copied, sha256: Some(sha256) });
    }
    for table in TABLES.iter().filter(|table| matches!(table, Table::Computed { .. })) {
        let rows = target.count(*table)?;
        let copied = copied.get(table.name()).copied().unwrap_or(0);
        reports.push(TableReport { table: table.name(), rows, copied, sha256: None });
    }
    Ok(reports)
}

/// Progress of reading a table of one database.
struct Reading<'a> {
    statements: &'a Statements,
    key: Option<String>,
    rows: u64,
    digest: Context,
}

impl<'a> Reading<'a> {
    fn new(statements: &'a Statements) -> Self {
        Self { statements, key: None, rows: 0, digest: Context::new(&SHA256) }
    }

    /// Reads the next batch and adds it to the digest. Returns `false` if no rows are left.
    fn advance(&mut self, plan: &Plan, endpoint: &mut Endpoint) -> Result<bool, TransferError> {
        let batch = endpoint.batch(self.statements, self.key.as_deref())?;
        let Some(last) = batch.last() else { return Ok(false) };
        for row in &batch {
            // Parse and serialise the row, because the JSON of the engines differs in white space and escapes.
            let columns: Vec<Value> = serde_json::from_str(row)
                .map_err(|error| endpoint.error(DbError::Corrupt(format!("{}: {error}", plan.table.name()))))?;
            self.digest.update(Value::Array(columns).to_string().as_bytes());
            self.digest.update(b"\n");
        }
        self.rows += u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.key = Some(key_of(plan, last, endpoint)?);
        Ok(true)
    }

    fn finish(self) -> (u64, String) {
        let digest = self.digest.finish();
        (self.rows, hex(digest.as_ref()))
    }
}
