//! `doorward-admin explain`

use doorward_shared::audit::AdminAuditLogItem;

use super::{audit, context::CommandContext, error::CommandError};
use crate::{
    api::{AUDIT_PAGE_SIZE, AuditPosition, AuditQuery},
    args::explain::ExplainArgs,
    explain::{self, Explanation},
    sanitize::sanitize,
};

/// Explains all refusals of a request, oldest first.
pub(super) async fn run(context: &CommandContext, args: ExplainArgs) -> Result<(), CommandError> {
    let tenant = audit::log(context, args.tenant.as_deref()).await?;
    let query = AuditQuery { tenant, exact: vec![("request_id", args.request_id.clone())], ..AuditQuery::default() };
    let mut entries = find(context, &query).await?;
    entries.reverse();
    let history = key_history(context, &entries).await?;
    let explanations: Vec<Explanation> = entries.iter().filter_map(|row| explain::explain(row, &history)).collect();
    match (entries.as_slice(), explanations.as_slice()) {
        ([], _) => {
            return Err(CommandError::failed(format!(
                "no audit entry has the request id {:?}; reads that succeed leave no entry",
                args.request_id
            )));
        }
        (entries, []) => {
            let kinds: Vec<&str> = entries.iter().map(|row| row.entry.kind.as_str()).collect();
            return Err(CommandError::failed(format!("the request was not refused: {}", kinds.join(", "))));
        }
        _ => {}
    }
    if context.output.json {
        return context.output.json(&explanations);
    }
    for (index, explanation) in explanations.iter().enumerate() {
        if index > 0 {
            context.output.line("")?;
        }
        print(context, explanation)?;
    }
    Ok(())
}

/// Reads pages until one of them contains entries, and returns these entries. A request id that the server generated
/// contains the time of its creation. The server uses this time, so the first page usually contains the entries.
async fn find(context: &CommandContext, query: &AuditQuery) -> Result<Vec<AdminAuditLogItem>, CommandError> {
    let mut position = AuditPosition::Newest;
    loop {
        let page = context.api.audit_page(query, position, AUDIT_PAGE_SIZE).await?;
        match page.next {
            Some(next) if page.entries.is_empty() => position = AuditPosition::Before(next),
            _ => return Ok(page.entries),
        }
    }
}

async fn key_history(
    context: &CommandContext,
    entries: &[AdminAuditLogItem],
) -> Result<Vec<AdminAuditLogItem>, CommandError> {
    let Some(refused) = entries.iter().find(|row| explain::needs_key_history(row)) else { return Ok(Vec::new()) };
    let all_tenants = context.api.me().await?.tenants.is_none();
    let history = explain::key_history(refused, all_tenants);
    Ok(context.api.audit_page(&history, AuditPosition::Newest, AUDIT_PAGE_SIZE).await?.entries)
}

fn print(context: &CommandContext, explanation: &Explanation) -> Result<(), CommandError> {
    for (label, text) in explanation.lines() {
        let line = format!("{label:<11} {}", sanitize(&text));
        context.output.line(line.trim_end())?;
    }
    Ok(())
}
