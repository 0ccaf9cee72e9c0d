//! Makes the changes of a plan.

use doorward_shared::{
    TenantId,
    admin::{CreateTenantRequest, UpdateTenantRequest},
};
use futures_util::{StreamExt as _, stream};

use super::plan::{Action, Step};
use crate::{
    api::{Api, ApiError, DisableTarget},
    command::all_tenants::PARALLEL,
};

/// Result of a step: the tenant's id, or the error. Some changes of a failed step may have been made.
pub(super) type StepResult = Result<TenantId, ApiError>;

/// Performs all steps, several of them concurrently. Continues after errors. The results are in the order of the steps.
pub(super) async fn execute(api: &Api, steps: &[Step]) -> Vec<StepResult> {
    let requests: Vec<_> = steps.iter().map(|step| execute_step(api, step)).collect();
    stream::iter(requests).buffered(PARALLEL).collect().await
}

async fn execute_step(api: &Api, step: &Step) -> StepResult {
    let mut version = step.version.clone();
    let id = match (step.action, step.id) {
        (Action::Change | Action::Disable, Some(id)) => {
            if let Some(name) = &step.new_name {
                let request = UpdateTenantRequest { display_name: Some(name.clone()) };
                version = api.update_tenant(id, &request, version).await?;
            }
            if let Some(config) = &step.new_config {
                api.configure_tenant(id, config, version).await?;
            }
            id
        }
        (_, id) => {
            let request = CreateTenantRequest {
                id,
                display_name: step.new_name.clone(),
                config: step.new_config.clone(),
                create_api_key: false,
            };
            api.create_tenant(&request).await?.id
        }
    };
    if let Some(disabled) = step.new_disabled {
        api.set_disabled(&DisableTarget::Tenant(id), disabled, None).await?;
    }
    Ok(id)
}
