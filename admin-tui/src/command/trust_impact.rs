//! Effect of new trust policies: the numbers of users and credentials that are affected.

use doorward_shared::{TenantId, admin::TrustImpact, config::TrustPolicies};

use super::context::CommandContext;
use crate::api::ApiError;

/// Returns how many users would lose credentials under new policies; `None` if the policies do not change.
pub(super) async fn of_change(
    context: &CommandContext,
    tenant: TenantId,
    current: &TrustPolicies,
    new: &TrustPolicies,
) -> Result<Option<TrustImpact>, ApiError> {
    if current == new { Ok(None) } else { of_policies(context, tenant, new).await.map(Some) }
}

/// Returns how many users would lose credentials if the tenant had these policies.
pub(super) async fn of_policies(
    context: &CommandContext,
    tenant: TenantId,
    policies: &TrustPolicies,
) -> Result<TrustImpact, ApiError> {
    Ok(context.api.preview_trust(tenant, policies, None, 1).await?.impact.unwrap_or_default())
}
