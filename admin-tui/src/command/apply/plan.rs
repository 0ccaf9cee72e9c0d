//! Compares the file with the server.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    ErrorCode, TenantId,
    admin::{ConfigProblem, TenantSummary, TrustImpact},
    config::{self, TenantConfig, TrustPolicies},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};

use super::file::{TenantsFile, WantedTenant};
use crate::{
    api::{AuditPosition, AuditQuery, VersionedTenant},
    command::{
        all_tenants::{self, PARALLEL},
        context::CommandContext,
        error::CommandError,
        trust_impact,
    },
    config_diff::{Change, diff},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Change,
    /// Disables a tenant that is not in the file (`--prune`).
    Disable,
}

impl Action {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Disable => "disable",
        }
    }
}

/// The changes of one tenant.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) action: Action,
    /// `None` for a new tenant without an id in the file.
    pub(super) id: Option<TenantId>,
    /// Current name, or the name of the new tenant.
    pub(super) name: String,
    /// Current version of the tenant; `None` if the step creates or only disables the tenant.
    pub(super) version: Option<String>,
    /// New name. In this field and the next two, `None` means that the step does not change the value.
    pub(super) new_name: Option<String>,
    pub(super) new_config: Option<TenantConfig>,
    pub(super) new_disabled: Option<bool>,
    pub(super) changes: Vec<Change>,
    /// Number of the tenant's passkeys and second factors.
    credentials: u64,
    /// Effect of new trust policies on users; `None` if the policies are unchanged.
    pub(super) trust_impact: Option<TrustImpact>,
}

impl Step {
    /// Returns the number of passkeys and second factors that stop working because the RP ID changes; `None` if the RP
    /// ID does not change.
    pub(super) fn lost_credentials(&self) -> Option<u64> {
        let is_rp_id = |change: &Change| change.path == "config.webauthn.relying_party.id";
        (self.action == Action::Change && self.changes.iter().any(is_rp_id)).then_some(self.credentials)
    }

    /// Returns the trust policies that an existing tenant gets; `None` if they are unchanged.
    fn new_trust(&self) -> Option<(TenantId, &TrustPolicies)> {
        let is_changed = self.changes.iter().any(|change| change.path.starts_with("config.trust."));
        let id = self.id.filter(|_| self.action == Action::Change && is_changed)?;
        Some((id, &self.new_config.as_ref()?.trust))
    }
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Number of tenants that already match the file.
    pub(super) unchanged: usize,
}

/// Adds the effect on users to each step that changes trust policies.
pub(super) async fn add_trust_impacts(context: &CommandContext, plan: &mut Plan) -> Result<(), CommandError> {
    let preview = async |step: &Step| match step.new_trust() {
        Some((id, policies)) => trust_impact::of_policies(context, id, policies).await.map(Some),
        None => Ok(None),
    };
    let impacts: Vec<_> = stream::iter(plan.steps.iter().map(preview)).buffered(PARALLEL).try_collect().await?;
    for (step, impact) in plan.steps.iter_mut().zip(impacts) {
        step.trust_impact = impact;
    }
    Ok(())
}

/// Compares the file with all tenants of the server. Adds problems to `file`; the plan is complete only if `file` has
/// none.
pub(super) async fn plan(context: &CommandContext, file: &mut TenantsFile, prune: bool) -> Result<Plan, CommandError> {
    let tenants = all_tenants::list(context).await?;
    let wanted = std::mem::take(&mut file.tenants);
    let ids = match_tenants(file, &wanted, &tenants);
    if ids.contains(&None) && context.api.me().await?.tenants.is_some() {
        refuse_new_tenants(file, &wanted, &ids);
        return Ok(Plan::default());
    }
    check_new_ids(context, file, &wanted, &ids).await?;
    let credentials: BTreeMap<TenantId, u64> = tenants.iter().map(|it| (it.tenant.id, it.credentials)).collect();
    let existing: Vec<TenantId> = ids.iter().filter_map(|matched| *matched).collect();
    let current = all_tenants::details(context, existing.iter().copied()).await?;
    let current: BTreeMap<_, _> = current.into_iter().map(|tenant| (tenant.tenant.id, tenant)).collect();

    let pairs: Vec<_> =
        wanted.iter().zip(&ids).map(|(wanted, id)| (wanted, id.and_then(|id| current.get(&id)))).collect();
    let checks = pairs.iter().map(|(wanted, current)| check(context, wanted, *current));
    let checked: Vec<_> = stream::iter(checks.collect::<Vec<_>>()).buffered(PARALLEL).try_collect().await?;
    let mut plan = Plan::default();
    for ((wanted, current), problems) in pairs.into_iter().zip(checked) {
        for ConfigProblem { field, message } in &problems {
            file.add_problem(&format!("{}.config.{field}", wanted.path), format!("config.{field}: {message}"));
        }
        if problems.is_empty() {
            let credentials = current.and_then(|current| credentials.get(&current.tenant.id)).copied().unwrap_or(0);
            plan.add(step(wanted, current)?.map(|step| Step { credentials, ..step }));
        }
    }
    if prune {
        let kept: BTreeSet<TenantId> = existing.into_iter().collect();
        let others =
            tenants.iter().filter(|tenant| !kept.contains(&tenant.tenant.id) && tenant.tenant.disabled_at.is_none());
        plan.steps.extend(others.map(disable));
    }
    Ok(plan)
}

impl Plan {
    fn add(&mut self, step: Option<Step>) {
        match step {
            Some(step) => self.steps.push(step),
            None => self.unchanged += 1,
        }
    }
}

/// Returns the existing tenant for each entry of the file: the tenant with the entry's id or, if the entry has no id,
/// the only tenant with the entry's name.
fn match_tenants(file: &mut TenantsFile, wanted: &[WantedTenant], tenants: &[TenantSummary]) -> Vec<Option<TenantId>> {
    let ids: BTreeSet<TenantId> = tenants.iter().map(|tenant| tenant.tenant.id).collect();
    let mut by_name = BTreeMap::<&str, Vec<TenantId>>::new();
    for tenant in tenants {
        by_name.entry(&tenant.tenant.display_name).or_default().push(tenant.tenant.id);
    }
    let mut taken: BTreeSet<TenantId> = wanted.iter().filter_map(|tenant| tenant.id).collect();
    let mut matched = Vec::with_capacity(wanted.len());
    for WantedTenant { id, display_name, path, .. } in wanted {
        let named = by_name.get(display_name.as_str()).map(Vec::as_slice).unwrap_or_default();
        matched.push(match (id, named) {
            (Some(id), _) => ids.get(id).copied(),
            (None, []) => None,
            (None, [only]) => {
                if !taken.insert(*only) {
                    let message =
                        format!("the tenant {display_name:?} is the one with the id {only}, which is also in the file");
                    file.add_problem(&format!("{path}.display_name"), message);
                }
                Some(*only)
            }
            (None, several) => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                let message = format!(
                    "{} tenants have the name {display_name:?}; add the id of one of them: {}",
                    several.len(),
                    ids.join(", ")
                );
                file.add_problem(&format!("{path}.display_name"), message);
                None
            }
        });
    }
    matched
}

/// Adds a problem for each entry of the file that matches no tenant. The token is limited, so it cannot create tenants.
fn refuse_new_tenants(file: &mut TenantsFile, wanted: &[WantedTenant], matched: &[Option<TenantId>]) {
    for (tenant, _) in wanted.iter().zip(matched).filter(|(_, matched)| matched.is_none()) {
        let message = format!(
            "the token's tenants do not include {:?}, and a token for some tenants cannot create one: use a token for \
             all tenants",
            tenant.display_name
        );
        file.add_problem(&tenant.path, message);
    }
}

/// Adds a problem for each new tenant whose id the server would refuse, because the audit log of a deleted tenant with
/// this id is still kept. If an id has an audit log but no tenant, the tenant was deleted.
async fn check_new_ids(
    context: &CommandContext,
    file: &mut TenantsFile,
    wanted: &[WantedTenant],
    matched: &[Option<TenantId>],
) -> Result<(), CommandError> {
    let new = wanted.iter().zip(matched).filter(|(_, matched)| matched.is_none());
    let new: Vec<_> = new.filter_map(|(wanted, _)| Some((wanted, wanted.id?))).collect();
    let queries: Vec<_> = new.iter().map(|(_, id)| AuditQuery { tenant: Some(*id), ..AuditQuery::default() }).collect();
    let requests = queries.iter().map(|query| context.api.audit_page(query, AuditPosition::Newest, 1));
    let results: Vec<_> = stream::iter(requests.collect::<Vec<_>>()).buffered(PARALLEL).collect().await;
    for ((wanted, id), result) in new.into_iter().zip(results) {
        match result {
            Ok(_) => file.add_problem(
                &format!("{}.id", wanted.path),
                format!("a new tenant cannot have the id {id}: its audit log exists; leave out `id` to get a new one"),
            ),
            Err(error) if error.code() == Some(ErrorCode::TenantNotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Returns the problems that the server finds in a configuration. If the configuration equals the tenant's current one,
/// returns none without a request.
async fn check(
    context: &CommandContext,
    wanted: &WantedTenant,
    current: Option<&VersionedTenant>,
) -> Result<Vec<ConfigProblem>, CommandError> {
    if let Some(current) = current
        && serde_json::to_value(&current.tenant.config)? == wanted.config
    {
        return Ok(Vec::new());
    }
    Ok(context.api.check_config(&wanted.config).await?.problems)
}

/// Returns the changes of a tenant whose configuration is valid; `None` if there are none.
fn step(wanted: &WantedTenant, current: Option<&VersionedTenant>) -> Result<Option<Step>, CommandError> {
    let config = config::with_omitted(wanted.config.clone(), current.map(|current| &current.tenant.config))?;
    let name = wanted.display_name.clone();
    let Some(VersionedTenant { tenant, version }) = current else {
        let disabled = wanted.disabled.unwrap_or(false);
        let new = json!({ "config": config });
        return Ok(Some(Step {
            action: Action::Create,
            id: wanted.id,
            name: name.clone(),
            version: None,
            new_name: Some(name),
            new_config: Some(config),
            new_disabled: disabled.then_some(true),
            changes: diff(&without_values(&new), &new),
            credentials: 0,
            trust_impact: None,
        }));
    };
    let was_disabled = tenant.disabled_at.is_some();
    let disabled = wanted.disabled.unwrap_or(was_disabled);
    let changes = diff(
        &json!({ "display_name": tenant.display_name, "disabled": was_disabled, "config": tenant.config }),
        &json!({ "display_name": name, "disabled": disabled, "config": config }),
    );
    let differs = config != tenant.config;
    Ok((!changes.is_empty()).then(|| Step {
        action: Action::Change,
        id: Some(tenant.id),
        name: tenant.display_name.clone(),
        version: version.clone(),
        new_name: (name != tenant.display_name).then_some(name),
        new_config: differs.then_some(config),
        new_disabled: (disabled != was_disabled).then_some(disabled),
        changes,
        credentials: 0,
        trust_impact: None,
    }))
}

fn disable(tenant: &TenantSummary) -> Step {
    Step {
        action: Action::Disable,
        id: Some(tenant.tenant.id),
        name: tenant.tenant.display_name.clone(),
        version: None,
        new_name: None,
        new_config: None,
        new_disabled: Some(true),
        changes: diff(&json!({ "disabled": false }), &json!({ "disabled": true })),
        credentials: tenant.credentials,
        trust_impact: None,
    }
}

/// Copies a JSON object, but keeps only the nested objects. In a comparison of the copy with the original, all other
/// values count as added.
fn without_values(value: &Value) -> Value {
    let Value::Object(members) = value else { return Value::Null };
    let objects = members.iter().filter(|(_, member)| member.is_object());
    Value::Object(objects.map(|(name, member)| (name.clone(), without_values(member))).collect::<Map<_, _>>())
}
