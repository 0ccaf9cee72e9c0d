//! Lists, expiry and output of secrets: API keys and admin tokens.

use doorward_shared::{
    Timestamp,
    admin::{CreatedSecret, SecretItem},
};
use uuid::Uuid;

use super::{
    error::CommandError,
    output::{Output, optional_time, time},
    table::Column,
};
use crate::{sanitize::sanitize, time_parse::TimeInput};

/// Columns that all secrets have.
pub(super) const COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::text("NAME", 8),
    Column::new("HINT"),
    Column::new("CREATED").hide_order(2),
    Column::new("LAST USED").hide_order(1),
    Column::new("EXPIRES").hide_order(1),
];

pub(super) fn row(secret: &SecretItem) -> [String; 6] {
    [
        secret.id.to_string(),
        secret.name.clone(),
        secret.hint.clone(),
        time(secret.created_at),
        optional_time(secret.last_used_at),
        optional_time(secret.expires_at),
    ]
}

/// Converts `--expires` to a time in the future.
pub(super) fn expiry(input: Option<TimeInput>, now: Timestamp) -> Result<Option<Timestamp>, CommandError> {
    match input.map(|input| input.in_future(now)) {
        Some(at) if at <= now => Err(CommandError::usage(format!("--expires: {} is in the past", time(at)))),
        at => Ok(at),
    }
}

/// Prints a new secret. It cannot be shown again.
pub(super) fn print(output: Output, created: &CreatedSecret, quiet: bool, kind: &str) -> Result<(), CommandError> {
    let printed = if output.json {
        output.json(created)
    } else if quiet {
        output.line(&sanitize(&created.secret))
    } else {
        let secret = format!("{}   (shown only now)", created.secret);
        output.pairs(&[("id", created.id.to_string()), ("secret", secret)])
    };
    printed.map_err(|error| not_printed(kind, created.id, &error))
}

/// Reports a secret that was created but not printed, so that the user can revoke it.
pub(super) fn not_printed(kind: &str, id: Uuid, error: &CommandError) -> CommandError {
    let reason = match error {
        CommandError::OutputClosed => "standard output is closed",
        other => other.message(),
    };
    CommandError::failed(format!(
        "{kind} {id} was created but could not be printed ({reason}), and cannot be shown again: revoke it"
    ))
}
