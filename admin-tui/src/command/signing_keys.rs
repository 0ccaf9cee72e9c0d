//! `doorward-admin signing-keys …`

use doorward_shared::admin::SigningKeyItem;

use super::{
    Context, Failed,
    confirm::confirm,
    output::{maybe_time, time},
    table::{Column, Table},
    tenant,
};
use crate::args::secrets::{SigningKeysCommand, SigningKeysRetireArgs, SigningKeysRotateArgs};

pub(super) async fn run(context: &Context, command: SigningKeysCommand) -> Result<(), Failed> {
    match command {
        SigningKeysCommand::List(of) => {
            let tenant = tenant::find(&context.api, &of.tenant).await?;
            let keys = context.api.signing_keys(tenant).await?;
            if context.out.json {
                return context.out.value(&keys);
            }
            let rows: Vec<_> = keys.iter().map(|key| row(key, context.now)).collect();
            context.out.table(&columns(), &rows)
        }
        SigningKeysCommand::Rotate(args) => rotate(context, args).await,
        SigningKeysCommand::Retire(args) => retire(context, args).await,
    }
}

fn columns() -> Table {
    Table::new(&[
        Column::new("ID"),
        Column::new("ALGORITHM"),
        Column::new("STATE"),
        Column::new("CREATED").spare(3),
        Column::new("SIGNS FROM").spare(1),
        Column::new("RETIRED").spare(2),
    ])
}

fn state(key: &SigningKeyItem, now: doorward_shared::Timestamp) -> &'static str {
    match (key.signing, key.retired_at) {
        (true, _) => "signing",
        (false, Some(_)) => "retired",
        (false, None) if key.signs_from > now => "waiting",
        (false, None) => "replaced",
    }
}

fn row(key: &SigningKeyItem, now: doorward_shared::Timestamp) -> Vec<String> {
    vec![
        key.id.to_string(),
        key.algorithm.to_string(),
        state(key, now).to_owned(),
        time(key.created_at),
        time(key.signs_from),
        maybe_time(key.retired_at),
    ]
}

async fn rotate(context: &Context, args: SigningKeysRotateArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let key = context.api.rotate_signing_key(tenant, args.algorithm).await?;
    if context.out.json {
        return context.out.value(&key);
    }
    context.out.pairs(&[
        ("id", key.id.to_string()),
        ("algorithm", key.algorithm.to_string()),
        ("signs from", time(key.signs_from)),
    ])
}

async fn retire(context: &Context, args: SigningKeysRetireArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let what = format!("This retires the signing key {}: it signs no token any more.", args.key);
    confirm(args.confirmation, &what)?;
    context.api.retire_signing_key(tenant, args.key).await?;
    context.out.done(&format!("signing key {} is retired", args.key))
}
