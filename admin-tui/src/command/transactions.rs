//! `doorward-admin transactions …`

use doorward_shared::admin::TransactionSummary;

use super::{
    context::CommandContext,
    error::CommandError,
    output::{time, yes_no},
    pages,
    table::Column,
};
use crate::{
    api::UserQuery,
    args::users::{TransactionsCommand, TransactionsListArgs},
};

const COLUMNS: [Column; 5] = [
    Column::new("CREATED"),
    Column::text("TRANSACTION", 12),
    Column::text("USER", 8),
    Column::new("CONFIRMED"),
    Column::text("DATA", 12).hide_order(1),
];

pub(super) async fn run(context: &CommandContext, command: TransactionsCommand) -> Result<(), CommandError> {
    match command {
        TransactionsCommand::List(args) => list(context, args).await,
    }
}

async fn list(context: &CommandContext, args: TransactionsListArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let query = UserQuery { text: args.search, user_id: args.user, ..UserQuery::default() };
    let transactions = pages::collect(args.limit, async |after, limit| {
        let query = UserQuery { after, limit: Some(limit), ..query.clone() };
        let page = context.api.transactions(tenant, &query).await?;
        Ok((page.items, page.next))
    });
    context.output.list(&COLUMNS, &transactions.await?, |item: &TransactionSummary| {
        vec![
            time(item.transaction.created_at),
            item.transaction.identifier.clone(),
            item.user_id.clone(),
            yes_no(item.confirmed).to_owned(),
            item.transaction.data.clone(),
        ]
    })
}
