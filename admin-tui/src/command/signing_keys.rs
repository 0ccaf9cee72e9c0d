//! `doorward-admin signing-keys …`

use doorward_shared::{Timestamp, admin::SigningKeyItem};

use super::{
    confirm::confirm,
    context::CommandContext,
    error::CommandError,
    output::{optional_time, time},
    table::Column,
};
use crate::args::secrets::{SigningKeysCommand, SigningKeysRetireArgs, SigningKeysRotateArgs};

const COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::new("ALGORITHM"),
    Column::new("STATE"),
    Column::new("CREATED").hide_order(3),
    Column::new("SIGNS FROM").hide_order(1),
    Column::new("RETIRED").hide_order(2),
];

pub(super) async fn run(context: &CommandContext, command: SigningKeysCommand) -> Result<(), CommandError> {
    match command {
        SigningKeysCommand::List(args) => {
            let tenant = context.tenant(&args.tenant).await?;
            let keys = context.api.signing_keys(tenant).await?;
            context.output.list(&COLUMNS, &keys, |key| row(key, context.now))
        }
        SigningKeysCommand::Rotate(args) => rotate(context, args).await,
        SigningKeysCommand::Retire(args) => retire(context, args).await,
    }
}

fn state(key: &SigningKeyItem, now: Timestamp) -> &'static str {
    match (key.signing, key.retired_at) {
        (true, _) => "signing",
        (false, Some(_)) => "retired",
        (false, None) if key.signs_from > now => "waiting",
        (false, None) => "replaced",
    }
}

fn row(key: &SigningKeyItem, now: Timestamp) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.algorithm.to_string(),
        state(key, now).to_owned(),
        time(key.created_at),
        time(key.signs_from),
        optional_time(key.retired_at),
    ]
}

async fn rotate(context: &CommandContext, args: SigningKeysRotateArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let key = context.api.rotate_signing_key(tenant, args.algorithm).await?;
    if context.output.json {
        return context.output.json(&key);
    }
    context.output.pairs(&[
        ("id", key.id.to_string()),
        ("algorithm", key.algorithm.to_string()),
        ("signs from", time(key.signs_from)),
    ])
}

async fn retire(context: &CommandContext, args: SigningKeysRetireArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let consequence = format!("This retires the signing key {}. It will sign no more tokens.", args.key);
    confirm(args.confirmation, &consequence)?;
    context.api.retire_signing_key(tenant, args.key).await?;
    context.output.done(&format!("retired signing key {}", args.key))
}
