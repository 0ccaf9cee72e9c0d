//! Dry runs of an import.

use std::convert::Infallible;

use super::super::context::AdminContext;
use crate::{
    db::{Connection, DbError},
    service::ServiceError,
};

/// Whether an import keeps its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Every unit of work is rolled back after its outcomes are known.
    DryRun,
}

/// Result of a unit of work in a dry run, returned as an error so that the unit is rolled back.
enum Stop<T> {
    Determined(T),
    Failed(ServiceError),
}

impl<T> From<DbError> for Stop<T> {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// Executes a unit of work that changes cached data. Rolls it back in a dry run.
pub(super) async fn change<T: Send + 'static>(
    context: &AdminContext,
    mode: Mode,
    unit: impl Fn(&mut Connection) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    match mode {
        Mode::Write => context.app.db.write_and_invalidate(unit).await,
        Mode::DryRun => roll_back(context, unit).await,
    }
}

/// Executes a unit of work, rolls it back, and returns its result.
pub(super) async fn roll_back<T: Send + 'static>(
    context: &AdminContext,
    unit: impl Fn(&mut Connection) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let stopped = move |connection: &mut Connection| -> Result<Infallible, Stop<T>> {
        Err(unit(connection).map_or_else(Stop::Failed, Stop::Determined))
    };
    match context.app.db.write(stopped).await {
        Ok(never) => match never {},
        Err(Stop::Determined(result)) => Ok(result),
        Err(Stop::Failed(error)) => Err(error),
    }
}
