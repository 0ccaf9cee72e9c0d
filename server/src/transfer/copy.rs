//! Fills the target, batch by batch.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Mark, Progress, TransferError, catalog::Plan, endpoint::Endpoint, tables::TABLES};
use crate::db::DbError;

/// Fills every table from the mark on; answers how many rows of each this run wrote.
pub(super) fn all(
    plans: &[Plan],
    mut mark: Mark,
    source: &mut Endpoint,
    target: &mut Endpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<BTreeMap<&'static str, u64>, TransferError> {
    let mut copied = BTreeMap::new();
    let done = plans.iter().position(|plan| plan.table.name() == mark.table).unwrap_or(0);
    for plan in plans.iter().skip(done) {
        if mark.table != plan.table.name() {
            mark = Mark { table: plan.table.name().to_owned(), key: None, rows: 0, ..mark };
        }
        copied.insert(plan.table.name(), rows(plan, &mut mark, source, target, progress)?);
    }
    // From the beginning each time: a later one may follow from an earlier one.
    for table in TABLES {
        if let Some(fill) = table.fill(target.engine()) {
            target.write(|side| side.run(&fill))?;
            copied.insert(table.name(), target.count(*table)?);
        }
    }
    Ok(copied)
}

fn rows(
    plan: &Plan,
    mark: &mut Mark,
    source: &mut Endpoint,
    target: &mut Endpoint,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, TransferError> {
    let total = source.count(plan.table)?;
    let mut written = 0;
    loop {
        let batch = batch(plan, mark.key.as_deref(), source)?;
        let Some(last) = batch.last() else { return Ok(written) };
        let number = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let next = Mark { key: Some(key_of(plan, last, source)?), rows: mark.rows + number, ..mark.clone() };
        let array = format!("[{}]", batch.join(","));
        target.write(|side| {
            side.execute(&plan.to.insert, &array)?;
            side.put_mark(&next)
        })?;
        written += number;
        *mark = next;
        progress(Progress::Copied { table: plan.table.name(), rows: mark.rows, total });
    }
}

/// The rows after a key, as the source's JSON.
fn batch(plan: &Plan, key: Option<&str>, source: &mut Endpoint) -> Result<Vec<String>, TransferError> {
    match key {
        None => source.texts(&plan.from.first, None),
        Some(key) => source.texts(&plan.from.next, Some(key)),
    }
}

/// The key of a row, as JSON.
pub(super) fn key_of(plan: &Plan, row: &str, side: &Endpoint) -> Result<String, TransferError> {
    let corrupt = || side.failed(DbError::Corrupt(format!("a row of {}", plan.table.name())));
    let columns: Vec<Value> = serde_json::from_str(row).map_err(|_| corrupt())?;
    let key: Option<Vec<&Value>> = plan.key.iter().map(|index| columns.get(*index)).collect();
    serde_json::to_string(&key.ok_or_else(corrupt)?).map_err(|_| corrupt())
}
