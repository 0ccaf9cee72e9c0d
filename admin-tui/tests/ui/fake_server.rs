//! A fake server that responds from memory: immediately, after a delay, or with an error.

mod lists;

use std::sync::{Arc, Mutex};

use doorward_admin::{
    api::{ApiError, AuditQuery, DisableTarget, Progress, TenantReport, TenantSummaryQuery, Total, VersionedTenant},
    request::{ApiBackend, AuditPage, AuditPosition, BackendRequest, BackendResponse, ExportRequest},
    secret::{Revealed, Secret},
};
use doorward_shared::{
    AdminTokenId, ErrorBody, ErrorCode, TenantId,
    admin::{
        ConfigCheck, ConfigProblem, Me, Role, SecretItem, SigningAlgorithm, SigningKeyItem, TenantDetail,
        TenantOverview, TenantSort, TenantSummaryPage, TransactionPage, UserDetail, UserIdKind, UserSummaryPage,
    },
    audit::{AdminAuditLogItem, AuditLogItem, AuditOutcome},
    config::TenantConfig,
    page::Order,
};
use tokio::sync::Notify;

use crate::{
    data::{self, World},
    harness::App,
};

use self::lists::{audit, matches, page, tenants};

/// Maximum number of audit entries that the fake server examines for a request with filters.
pub(crate) const EXAMINED: usize = 500;

#[derive(Debug, Default)]
struct Behaviour {
    error: Option<ApiError>,
    holds: bool,
    holds_older_pages: bool,
    holds_enabling: bool,
    fails_later_pages: bool,
    panics: bool,
    calls: Vec<BackendRequest>,
    /// Total that exports report; `None` for the exact number.
    export_total: Option<Total>,
}

#[derive(Debug)]
pub(crate) struct FakeServer {
    pub world: Mutex<World>,
    role: Role,
    behaviour: Mutex<Behaviour>,
    released: Notify,
}

impl FakeServer {
    pub(crate) fn new(world: World) -> Arc<Self> {
        Self::with_role(world, Role::Admin)
    }

    pub(crate) fn with_role(world: World, role: Role) -> Arc<Self> {
        Arc::new(Self { world: Mutex::new(world), role, behaviour: Mutex::default(), released: Notify::new() })
    }

    /// Makes every request fail with `error`. `None` makes requests succeed again.
    pub(crate) fn fail(&self, error: Option<ApiError>) {
        self.behaviour.lock().unwrap().error = error;
    }

    pub(crate) fn panic(&self) {
        self.behaviour.lock().unwrap().panics = true;
    }

    /// Sets the total that exports report.
    pub(crate) fn set_export_total(&self, total: Total) {
        self.behaviour.lock().unwrap().export_total = Some(total);
    }

    /// Sets whether requests wait. With `false`, waiting requests continue.
    pub(crate) fn hold(&self, holds: bool) {
        self.behaviour.lock().unwrap().holds = holds;
        self.released.notify_waiters();
    }

    /// Sets whether requests for older audit entries wait. With `false`, waiting requests continue.
    pub(crate) fn hold_older_pages(&self, holds: bool) {
        self.behaviour.lock().unwrap().holds_older_pages = holds;
        self.released.notify_waiters();
    }

    /// Sets whether requests that enable an object wait. With `false`, waiting requests continue.
    pub(crate) fn hold_enabling(&self, holds: bool) {
        self.behaviour.lock().unwrap().holds_enabling = holds;
        self.released.notify_waiters();
    }

    /// Sets whether requests for the second and later pages of tenants fail.
    pub(crate) fn fail_later_pages(&self, fails: bool) {
        self.behaviour.lock().unwrap().fails_later_pages = fails;
    }

    pub(crate) fn calls(&self) -> Vec<BackendRequest> {
        self.behaviour.lock().unwrap().calls.clone()
    }

    async fn wait_until_released(&self, call: Option<&BackendRequest>) {
        let is_older_page = matches!(call, Some(BackendRequest::Audit(_, AuditPosition::Before(_))));
        let enables = matches!(call, Some(BackendRequest::SetDisabled(_, false, _)));
        loop {
            let released = self.released.notified();
            let waits = {
                let behaviour = self.behaviour.lock().unwrap();
                behaviour.holds
                    || (is_older_page && behaviour.holds_older_pages)
                    || (enables && behaviour.holds_enabling)
            };
            if !waits {
                return;
            }
            released.await;
        }
    }

    /// Returns the number of matching requests so far.
    pub(crate) fn count(&self, is: impl Fn(&BackendRequest) -> bool) -> usize {
        self.calls().iter().filter(|call| is(call)).count()
    }
}

/// Starts the app with a server that has the data of [`data::world`].
pub(crate) async fn start(columns: u16, rows: u16) -> (Arc<FakeServer>, App) {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), columns, rows).await;
    (fake, app)
}

pub(crate) fn refusal(code: ErrorCode, title: &str, details: &str) -> ApiError {
    ApiError::Refused(ErrorBody { title: title.to_owned(), details: details.to_owned(), status: 400, code })
}

pub(crate) fn unreachable() -> ApiError {
    ApiError::Unreachable {
        url: "http://127.0.0.1:8001".to_owned(),
        reason: "nothing listens there (connection refused)".to_owned(),
    }
}

impl ApiBackend for FakeServer {
    async fn call(&self, call: BackendRequest) -> Result<BackendResponse, ApiError> {
        self.wait_until_released(Some(&call)).await;
        let (error, panics) = {
            let mut behaviour = self.behaviour.lock().unwrap();
            behaviour.calls.push(call.clone());
            let is_later_page = matches!(&call, BackendRequest::Tenants(query) if query.after.is_some());
            let fails = behaviour.fails_later_pages && is_later_page;
            (
                behaviour
                    .error
                    .clone()
                    .or_else(|| fails.then(|| refusal(ErrorCode::Unavailable, "database is busy", ""))),
                behaviour.panics,
            )
        };
        assert!(!panics, "the client panics");
        match error {
            Some(error) => Err(error),
            None => respond(&mut self.world.lock().unwrap(), self.role, call),
        }
    }

    async fn export(
        &self,
        export: ExportRequest,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Progress, String> {
        let total = {
            let world = self.world.lock().unwrap();
            world.audit.iter().filter(|row| matches(&export.query, row)).count()
        };
        let rows = u64::try_from(total).unwrap();
        let total = self.behaviour.lock().unwrap().export_total.or(Some(Total::Exact(rows)));
        progress(Progress { rows: rows / 2, total, bytes: 1 });
        self.wait_until_released(None).await;
        Ok(Progress { rows, total, bytes: 2 })
    }
}

/// Disables or enables an object. Returns the new version of its state; `None` if nothing changed.
pub(crate) fn set_disabled(
    world: &mut World,
    target: &DisableTarget,
    disabled: bool,
    accepted: Option<String>,
) -> Result<Option<String>, ApiError> {
    let key = format!("{target:?}");
    let version = world.state_versions.get(&key).copied().unwrap_or_default();
    let state = match target {
        DisableTarget::Tenant(id) => Some(&mut world.tenant(*id)?.summary.tenant.disabled_at),
        DisableTarget::ApiKey(id, key) => {
            let mut keys = world.tenant(*id)?.api_keys.iter_mut();
            keys.find(|it| it.id == key.uuid()).map(|it| &mut it.disabled_at)
        }
        DisableTarget::User(id, user) => {
            let mut users = world.tenant(*id)?.users.iter_mut();
            users.find(|it| it.user.id == *user).map(|it| &mut it.user.disabled_at)
        }
        DisableTarget::Credential(id, _, credential) => {
            let mut credentials = world.tenant(*id)?.credentials.iter_mut();
            credentials.find(|it| it.id.to_string() == *credential).map(|it| &mut it.disabled_at)
        }
    };
    let state = state.unwrap();
    let is_stale = accepted.as_ref().is_some_and(|accepted| *accepted != format!("\"{version}\""));
    if is_stale || (accepted.is_some() && state.is_some() == disabled) {
        return Err(refusal(ErrorCode::StateChanged, "state was changed", "it was disabled or enabled"));
    }
    if state.is_some() == disabled {
        return Ok(None);
    }
    *state = disabled.then(crate::harness::start_time);
    world.state_versions.insert(key, version + 1);
    Ok(Some(format!("\"{}\"", version + 1)))
}

/// Returns whether a limited token must not send this request.
fn needs_all_tenants(call: &BackendRequest) -> bool {
    match call {
        BackendRequest::Audit(query, _) | BackendRequest::AuditCount(query) => query.tenant.is_none(),
        BackendRequest::Overview(_)
        | BackendRequest::Vitals
        | BackendRequest::AdminTokens
        | BackendRequest::CreateTenant(_)
        | BackendRequest::CreateAdminToken(..)
        | BackendRequest::RevokeAdminToken(..) => true,
        _ => false,
    }
}

fn respond(world: &mut World, role: Role, call: BackendRequest) -> Result<BackendResponse, ApiError> {
    if world.own_tenants.is_some() && needs_all_tenants(&call) {
        let body = ErrorBody {
            title: "forbidden".to_owned(),
            details: "the admin token may use only its own tenants".to_owned(),
            status: 403,
            code: ErrorCode::Forbidden,
        };
        return Err(ApiError::Forbidden(body));
    }
    Ok(match call {
        BackendRequest::Me => {
            let id = AdminTokenId::new(data::uuid(4, 0));
            BackendResponse::Me(Me { id, name: "ops".to_owned(), role, tenants: world.own_tenants.clone() })
        }
        BackendRequest::Overview(days) => BackendResponse::Overview(Box::new(data::overview(world, days))),
        BackendRequest::Vitals => BackendResponse::Vitals(Box::new(data::vitals(world))),
        BackendRequest::Tenants(query) => BackendResponse::Tenants(tenants(world, &query)),
        BackendRequest::TenantOverview(id, _) => {
            let summary = world.tenant(id)?.summary.clone();
            BackendResponse::TenantOverview(Box::new(TenantOverview { summary, activity: data::activity(14) }))
        }
        BackendRequest::TenantActivity(id) => {
            world.tenant(id)?;
            BackendResponse::TenantActivity(Box::new(data::tenant_activity()))
        }
        BackendRequest::Tenant(id) => {
            let it = world.tenant(id)?;
            let display_name = it.summary.tenant.display_name.clone();
            let tenant = TenantDetail { id, display_name, disabled_at: None, config: it.config.clone() };
            BackendResponse::Tenant(Box::new(VersionedTenant { version: Some(version(&tenant)), tenant }))
        }
        BackendRequest::CheckConfig(config) => BackendResponse::ConfigCheck(check(&config)),
        BackendRequest::ApiKeys(id) => BackendResponse::ApiKeys(world.tenant(id)?.api_keys.clone()),
        BackendRequest::SigningKeys(id) => BackendResponse::SigningKeys(world.tenant(id)?.signing_keys.clone()),
        BackendRequest::Users(id, query) => {
            let text = query.text.clone().unwrap_or_default();
            let users = &world.tenant(id)?.users;
            let items: Vec<_> = users
                .iter()
                .filter(|it| it.user.user_id.contains(&text) || it.user.name.contains(&text))
                .cloned()
                .collect();
            let total = u64::try_from(items.len()).unwrap();
            let (items, next) = page(items, query.after.as_deref(), query.limit);
            BackendResponse::Users(UserSummaryPage { items, total, next })
        }
        BackendRequest::User(id, user) => {
            let it = world.tenant(id)?;
            let found = it.users.iter().find(|it| match user.by {
                UserIdKind::Id => it.user.id.to_string() == user.id,
                UserIdKind::UserId => it.user.user_id == user.id,
            });
            let found = found.ok_or_else(|| refusal(ErrorCode::UserNotFound, "user not found", ""))?;
            BackendResponse::User(Box::new(UserDetail {
                user: found.user.clone(),
                credentials: it.credentials.iter().filter(|it| it.user_id == found.user.user_id).cloned().collect(),
                transactions: it
                    .transactions
                    .iter()
                    .filter(|it| it.user_id == found.user.user_id)
                    .map(|it| it.transaction.clone())
                    .collect(),
            }))
        }
        BackendRequest::Transactions(id, query) => {
            let text = query.text.clone().unwrap_or_default();
            let all = &world.tenant(id)?.transactions;
            let items = all.iter().filter(|it| it.transaction.identifier.contains(&text)).cloned().collect();
            let (items, next) = page(items, query.after.as_deref(), query.limit);
            BackendResponse::Transactions(TransactionPage { items, next })
        }
        BackendRequest::Audit(query, at) => BackendResponse::Audit(audit(world, &query, at)),
        BackendRequest::AuditCount(query) => {
            let count = world.audit.iter().filter(|row| matches(&query, row)).count();
            BackendResponse::AuditCount(Total::Exact(u64::try_from(count).unwrap()))
        }
        BackendRequest::AdminTokens => BackendResponse::AdminTokens(world.tokens.clone()),
        BackendRequest::MetadataStatus => BackendResponse::MetadataStatus(data::metadata(world)),
        BackendRequest::CryptoRadar(id) => {
            world.tenant(id)?;
            BackendResponse::CryptoRadar(Box::new(data::radar()))
        }
        BackendRequest::PreviewTrust(id, policies) => {
            world.tenant(id)?;
            BackendResponse::TrustPreview(Box::new(data::trust_preview(&policies)))
        }
        BackendRequest::TenantReport(id, _) => {
            let metadata = data::metadata(world);
            let it = world.tenant(id)?;
            let tenant = TenantDetail {
                id,
                display_name: it.summary.tenant.display_name.clone(),
                disabled_at: None,
                config: it.config.clone(),
            };
            let is_refusal = |row: &&AdminAuditLogItem| row.entry.tenant_id == id && row.entry.kind.is_failure();
            BackendResponse::TenantReport(Box::new(TenantReport {
                tenant,
                api_keys: it.api_keys.clone(),
                signing_keys: it.signing_keys.clone(),
                refusals: world.audit.iter().rev().filter(is_refusal).cloned().collect(),
                is_partial: false,
                succeeded: 100,
                metadata,
                failing_jobs: Vec::new(),
            }))
        }
        BackendRequest::CreateTenant(request) => {
            let name = request.display_name.unwrap_or_default();
            if name.contains("refuse") {
                return Err(refusal(
                    ErrorCode::ValidationFailed,
                    "unable to validate request",
                    "display_name is taken",
                ));
            }
            let id = world.add_tenant(&name);
            let key = request.create_api_key.then(|| revealed("first", data::SECRET));
            BackendResponse::Created(id, key)
        }
        BackendRequest::RenameTenant(id, from, name) => {
            world.check_name(id, &from)?;
            world.tenant(id)?.summary.tenant.display_name = name;
            BackendResponse::Done
        }
        BackendRequest::DeleteTenant(id, name) => {
            world.check_name(id, &name)?;
            world.tenants.retain(|it| it.summary.tenant.id != id);
            BackendResponse::Done
        }
        BackendRequest::Configure(id, config, accepted) => {
            let it = world.tenant(id)?;
            let display_name = it.summary.tenant.display_name.clone();
            let current = version(&TenantDetail { id, display_name, disabled_at: None, config: it.config.clone() });
            if accepted != Some(current) {
                return Err(refusal(ErrorCode::TenantChanged, "tenant was changed", "read it again"));
            }
            it.config = *config;
            BackendResponse::Done
        }
        BackendRequest::CreateApiKey(id, request) => {
            let name = request.name.unwrap_or_default();
            let at = world.tenants.len() * 100 + world.tenant(id)?.api_keys.len();
            let item = SecretItem {
                id: data::uuid(0xa, at),
                name: name.clone(),
                hint: "dw_0000…".to_owned(),
                created_at: crate::harness::start_time(),
                last_used_at: None,
                expires_at: request.expires_at,
                disabled_at: None,
            };
            world.tenant(id)?.api_keys.insert(0, item);
            BackendResponse::Secret(Revealed { expires_at: request.expires_at, ..revealed(&name, data::SECRET) })
        }
        BackendRequest::RevokeApiKey(id, key) => {
            world.tenant(id)?.api_keys.retain(|it| it.id != key.uuid());
            BackendResponse::Done
        }
        BackendRequest::RotateSigningKey(id, algorithm, _) => {
            let key = SigningKeyItem {
                id: data::uuid(0xb, 99),
                algorithm: algorithm.unwrap_or(SigningAlgorithm::Es256),
                created_at: crate::harness::start_time(),
                signs_from: crate::harness::start_time().plus_millis(600_000),
                retired_at: None,
                withdrawn_at: None,
                signing: false,
                rotates_at: None,
            };
            world.tenant(id)?.signing_keys.insert(0, key.clone());
            BackendResponse::SigningKeys(vec![key])
        }
        BackendRequest::RetireSigningKey(id, key) => {
            let keys = &mut world.tenant(id)?.signing_keys;
            for it in keys.iter_mut().filter(|it| it.id == key.uuid()) {
                (it.retired_at, it.signing) = (Some(crate::harness::start_time()), false);
            }
            BackendResponse::Done
        }
        BackendRequest::WithdrawSigningKey(id, key) => {
            let keys = &mut world.tenant(id)?.signing_keys;
            for it in keys.iter_mut().filter(|it| it.id == key.uuid()) {
                it.retired_at = Some(crate::harness::start_time());
                (it.withdrawn_at, it.signing) = (it.retired_at, false);
            }
            BackendResponse::Done
        }
        BackendRequest::DeleteUser(id, user) => {
            let users = &mut world.tenant(id)?.users;
            users.retain(|it| it.user.id != user);
            BackendResponse::Done
        }
        BackendRequest::SetDisabled(target, disabled, accepted) => {
            BackendResponse::State(set_disabled(world, &target, disabled, accepted)?)
        }
        BackendRequest::DeleteCredential(id, _, credential) => {
            world.tenant(id)?.credentials.retain(|it| it.id.to_string() != credential);
            BackendResponse::Done
        }
        BackendRequest::CreateAdminToken(request, _) => {
            BackendResponse::Secret(revealed(&request.name.unwrap_or_default(), data::SECRET))
        }
        BackendRequest::RevokeAdminToken(id, force) => {
            let other_admin = world.tokens.iter().any(|it| it.role == Role::Admin && it.secret.id != id.uuid());
            if !other_admin && !force {
                return Err(refusal(ErrorCode::LastAdminToken, "last admin token", "add force=true"));
            }
            world.tokens.retain(|it| it.secret.id != id.uuid());
            BackendResponse::Done
        }
    })
}

/// Returns the version of a tenant. This fake server uses the tenant's JSON.
fn version(tenant: &TenantDetail) -> String {
    serde_json::to_string(tenant).unwrap()
}

fn revealed(name: &str, secret: &str) -> Revealed {
    Revealed { name: name.to_owned(), secret: Secret::new(secret.to_owned()), expires_at: None }
}

fn check(config: &TenantConfig) -> ConfigCheck {
    let rp = &config.webauthn.relying_party;
    let mut problems = Vec::new();
    for (at, origin) in rp.origins.iter().enumerate() {
        if origin.ends_with('/') {
            problems.push(ConfigProblem {
                field: format!("webauthn.relying_party.origins[{at}]"),
                message: format!("`{origin}` must end without `/`"),
            });
        }
    }
    if rp.id.contains(':') {
        problems.push(ConfigProblem {
            field: "webauthn.relying_party.id".to_owned(),
            message: "must be a domain, not an address".to_owned(),
        });
    }
    ConfigCheck { problems }
}

pub(crate) fn tenant_id(at: usize) -> TenantId {
    TenantId::new(data::uuid(1, at))
}
