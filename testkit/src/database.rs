//! Databases of tests: a file each on SQLite; a database each on the PostgreSQL server that
//! `DOORWARD_TEST_POSTGRES_URL` names.

use std::path::Path;

/// A database that is dropped with the value.
#[derive(Debug)]
pub struct TestDatabase;

/// The URL of a new, empty database.
pub async fn for_test(data_dir: &Path) -> (String, Option<TestDatabase>) {
    (data_dir.join("doorward.db").display().to_string(), None)
}
