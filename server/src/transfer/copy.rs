//! Copies the rows of all tables to the target, batch by batch.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    catalog::Plan,
    endpoint::Endpoint,
    tables::TABLES,
    types::{Checkpoint, Progress, TransferError},
};
use crate::db::DbError;

/// Copies every table, starting at the checkpoint. Returns the number of rows of each table that this call wrote.
pub(super) fn all(
    plans: &[Plan],
    mut checkpoint: Checkpoint,
    source: &mut Endpoint,
    target: &mut Endpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<BTreeMap<&'static str, u64>, TransferError> {
    let mut copied = BTreeMap::new();
    let complete = plans.iter().position(|plan| plan.table.name() == checkpoint.table).unwrap_or(0);
    for plan in plans.iter().skip(complete) {
        if checkpoint.table != plan.table.name() {
            checkpoint = Checkpoint { table: plan.table.name().to_owned(), key: None, rows: 0, ..checkpoint };
        }
        copied.insert(plan.table.name(), rows(plan, &mut checkpoint, source, target, progress)?);
    }
    for table in TABLES {
        if let Some(statements) = table.computation(target.engine()) {
            target.write(|target| target.run(&statements))?;
            copied.insert(table.name(), target.count(*table)?);
        }
    }
    Ok(copied)
}

fn rows(
    plan: &Plan,
    checkpoint: &mut Checkpoint,
    source: &mut Endpoint,
    target: &mut Endpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, TransferError> {
    let total = source.count(plan.table)?;
    let mut written = 0;
    loop {
        let batch = source.batch(&plan.from, checkpoint.key.as_deref())?;
        let Some(last) = batch.last() else { return Ok(written) };
        let number = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let key = Some(key_of(plan, last, source)?);
        let next = Checkpoint { key, rows: checkpoint.rows + number, ..checkpoint.clone() };
        let array = format!("[{}]", batch.join(","));
        target.write(|target| {
            target.execute(&plan.to.insert, &array)?;
            target.put_checkpoint(&next)
        })?;
        written += number;
        *checkpoint = next;
        progress(Progress::Copied { table: plan.table.name(), rows: checkpoint.rows, total });
    }
}

/// Returns the primary key of a row. The row and the key are JSON arrays.
pub(super) fn key_of(plan: &Plan, row: &str, endpoint: &Endpoint) -> Result<String, TransferError> {
    let corrupt = || endpoint.error(DbError::Corrupt(format!("a row of {}", plan.table.name())));
    let columns: Vec<Value> = serde_json::from_str(row).map_err(|_| corrupt())?;
    let key: Option<Vec<&Value>> = plan.key.iter().map(|index| columns.get(*index)).collect();
    serde_json::to_string(&key.ok_or_else(corrupt)?).map_err(|_| corrupt())
}
