//! `doorward-admin transactions …`

use doorward_shared::admin::TransactionSummary;

use super::{
    Context, Failed,
    output::{time, yes},
    table::{Column, Table},
    tenant,
    tenants::SLICE,
};
use crate::{
    api::UserQuery,
    args::users::{TransactionsCommand, TransactionsListArgs},
};

pub(super) async fn run(context: &Context, command: TransactionsCommand) -> Result<(), Failed> {
    match command {
        TransactionsCommand::List(args) => list(context, args).await,
    }
}

async fn list(context: &Context, args: TransactionsListArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let mut query = UserQuery {
        text: args.search,
        user_id: args.user,
        after: None,
        limit: u32::try_from(limit.clamp(1, SLICE)).ok(),
    };
    let mut found: Vec<TransactionSummary> = Vec::new();
    while found.len() < limit {
        let page = context.api.transactions(tenant, &query).await?;
        found.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    found.truncate(limit);
    if context.out.json {
        return context.out.value(&found);
    }
    let columns = Table::new(&[
        Column::new("CREATED"),
        Column::text("TRANSACTION", 12),
        Column::text("USER", 8),
        Column::new("CONFIRMED"),
        Column::text("DATA", 12).spare(1),
    ]);
    let row = |item: &TransactionSummary| {
        vec![
            time(item.transaction.created_at),
            item.transaction.identifier.clone(),
            item.user_id.clone(),
            yes(item.confirmed).to_owned(),
            item.transaction.data.clone(),
        ]
    };
    context.out.table(&columns, &found.iter().map(row).collect::<Vec<_>>())
}
