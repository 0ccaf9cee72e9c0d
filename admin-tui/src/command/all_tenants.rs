//! Reads all tenants of an installation.

use doorward_shared::{TenantId, admin::TenantSummary};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{context::CommandContext, error::CommandError, pages};
use crate::api::{TenantSummaryQuery, VersionedTenant};

/// Maximum number of concurrent requests.
pub(super) const PARALLEL: usize = 8;

/// Returns ids, names and counts of all tenants.
pub(super) async fn list(context: &CommandContext) -> Result<Vec<TenantSummary>, CommandError> {
    pages::collect(None, async |after, limit| {
        let query = TenantSummaryQuery { after, limit: Some(limit), ..TenantSummaryQuery::default() };
        let page = context.api.tenant_summaries(&query).await?;
        Ok((page.items, page.next))
    })
    .await
}

/// Returns the configurations and versions of tenants, in the order of `ids`.
pub(super) async fn details(
    context: &CommandContext,
    ids: impl IntoIterator<Item = TenantId>,
) -> Result<Vec<VersionedTenant>, CommandError> {
    let requests: Vec<_> = ids.into_iter().map(|id| context.api.tenant(id)).collect();
    Ok(stream::iter(requests).buffered(PARALLEL).try_collect().await?)
}
