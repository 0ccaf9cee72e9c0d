//! Conversion between rows and domain types. An invalid value in a row is a [`DbError::Corrupt`].

use std::{fmt::Display, str::FromStr};

use doorward_shared::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::DbError;

/// Parses an id or the text of an enum.
pub(super) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, DbError> {
    text.parse().map_err(|error| corrupt(&error))
}

/// Parses an optional id or text of an enum.
pub(super) fn parse_some<T: FromStr<Err: Display>>(text: Option<&str>) -> Result<Option<T>, DbError> {
    text.map(parse).transpose()
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| corrupt(&error))
}

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

pub(super) fn one<R, T: TryFrom<R, Error = DbError>>(row: Option<R>) -> Result<Option<T>, DbError> {
    row.map(T::try_from).transpose()
}

/// Converts rows. Returns the error of the first invalid row.
pub(super) fn all<R, T: TryFrom<R, Error = DbError>>(rows: Vec<R>) -> Result<Vec<T>, DbError> {
    rows.into_iter().map(T::try_from).collect()
}

pub(super) fn total(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// Returns an error if an insert with ON CONFLICT DO NOTHING added no row.
pub(super) fn inserted(rows: usize, table: &str) -> Result<(), DbError> {
    if rows == 1 { Ok(()) } else { Err(DbError::duplicate(table)) }
}
