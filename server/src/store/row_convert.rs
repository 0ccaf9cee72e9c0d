//! Between rows and domain types. A row is never trusted: what does not fit is [`DbError::Corrupt`].

use std::{fmt::Display, str::FromStr};

use doorward_shared::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::DbError;

/// An id, or a word of a closed list.
pub(super) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, DbError> {
    text.parse().map_err(|error| corrupt(&error))
}

/// The same where there may be none.
pub(super) fn parse_some<T: FromStr<Err: Display>>(text: Option<&str>) -> Result<Option<T>, DbError> {
    text.map(parse).transpose()
}

/// A structure kept as JSON.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| corrupt(&error))
}

/// A structure to be kept as JSON.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| corrupt(&error))
}

pub(super) fn corrupt(error: &dyn Display) -> DbError {
    DbError::Corrupt(error.to_string())
}

pub(super) fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

pub(super) fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::millis)
}

/// Rows to domain types; the first that does not fit fails the whole list.
pub(super) fn all<R, T>(rows: Vec<R>) -> Result<Vec<T>, DbError>
where
    T: TryFrom<R, Error = DbError>,
{
    rows.into_iter().map(T::try_from).collect()
}

/// A count as a page tells it.
pub(super) fn total(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// What an insert that skips taken keys did.
pub(super) fn inserted(rows: usize, table: &str) -> Result<(), DbError> {
    if rows == 1 { Ok(()) } else { Err(DbError::duplicate(table)) }
}
