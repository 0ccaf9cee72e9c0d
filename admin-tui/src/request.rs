//! Requests of the terminal app to the server, as values. Tests replace the server through the trait [`ApiBackend`].

use std::{future::Future, path::PathBuf, sync::Arc};

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId, Timestamp, UserId,
    admin::{
        AdminTokenItem, ConfigCheck, CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, CryptoRadar,
        Me, MetadataStatus, Overview, SecretItem, SigningAlgorithm, SigningKeyItem, TenantActivity, TenantOverview,
        TenantSummaryPage, TransactionPage, TrustPreview, UserDetail, UserSummaryPage, Vitals,
    },
    config::{TenantConfig, TrustPolicies},
};

pub use crate::api::{AUDIT_PAGE_SIZE, AuditPage, AuditPosition};
use crate::{
    api::{
        Api, ApiError, AuditQuery, DisableTarget, ExportFormat, OnExisting, Progress, TenantReport, TenantSummaryQuery,
        Total, UserQuery, UserRef, VersionedTenant, export_to_file,
    },
    appearance::ProfileLabel,
    secret::Revealed,
};

/// Maximum number of users that a preview of trust policies lists.
const PREVIEWED_USERS: u32 = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendRequest {
    Me,
    /// Summary of the installation, with the activity of this number of days.
    Overview(u32),
    Vitals,
    Tenants(TenantSummaryQuery),
    TenantOverview(TenantId, u32),
    TenantActivity(TenantId),
    Tenant(TenantId),
    CheckConfig(Box<TenantConfig>),
    ApiKeys(TenantId),
    SigningKeys(TenantId),
    Users(TenantId, UserQuery),
    User(TenantId, UserRef),
    Transactions(TenantId, UserQuery),
    Audit(AuditQuery, AuditPosition),
    /// Counts the entries that match the query.
    AuditCount(AuditQuery),
    AdminTokens,
    /// State of the imported FIDO metadata.
    MetadataStatus,
    CryptoRadar(TenantId),
    /// Preview of new trust policies: the users who would lose credentials, as counts and a limited list.
    PreviewTrust(TenantId, Box<TrustPolicies>),
    /// The data that `doctor` examines. The second field is the current time.
    TenantReport(TenantId, Timestamp),
    CreateTenant(Box<CreateTenantRequest>),
    /// Renames a tenant from the name in the second field to the name in the third.
    RenameTenant(TenantId, String, String),
    /// Deletes a tenant. The second field is its name; the request fails if the tenant has been renamed.
    DeleteTenant(TenantId, String),
    /// Replaces a configuration. The third field is the expected version of the stored configuration: the request fails
    /// if the version is another one. `None` accepts every version.
    Configure(TenantId, Box<TenantConfig>, Option<String>),
    CreateApiKey(TenantId, CreateSecretRequest),
    RevokeApiKey(TenantId, ApiKeyId),
    /// Creates a signing key. If the flag is set, the key signs at once.
    RotateSigningKey(TenantId, Option<SigningAlgorithm>, bool),
    RetireSigningKey(TenantId, SigningKeyId),
    WithdrawSigningKey(TenantId, SigningKeyId),
    DeleteUser(TenantId, UserId),
    /// Disables the target, or enables it if the flag is not set. The third field is the expected version of the
    /// target, as in [`Self::Configure`].
    SetDisabled(DisableTarget, bool, Option<String>),
    DeleteCredential(TenantId, UserId, String),
    /// Creates an admin token for the tenants with these names or ids, or for all tenants if there are none.
    CreateAdminToken(CreateAdminTokenRequest, Vec<String>),
    /// Revokes an admin token. If the flag is set, revokes even the last token with the role admin.
    RevokeAdminToken(AdminTokenId, bool),
}

impl BackendRequest {
    /// Returns the request that reverts this request. `response` is the response to this request. Returns `None` if
    /// nothing changed, or if this request cannot be reverted.
    pub fn reverse(&self, response: &BackendResponse) -> Option<Self> {
        match (self, response) {
            (Self::SetDisabled(target, disabled, _), BackendResponse::State(Some(version))) => {
                // The version makes the server refuse the undo if others changed the state after this request.
                Some(Self::SetDisabled(target.clone(), !disabled, Some(version.clone())))
            }
            _ => None,
        }
    }

    /// Returns whether the request changes data on the server.
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Me
            | Self::Overview(_)
            | Self::Vitals
            | Self::Tenants(_)
            | Self::TenantOverview(..)
            | Self::TenantActivity(_)
            | Self::Tenant(_)
            | Self::CheckConfig(_)
            | Self::ApiKeys(_)
            | Self::SigningKeys(_)
            | Self::Users(..)
            | Self::User(..)
            | Self::Transactions(..)
            | Self::Audit(..)
            | Self::AuditCount(_)
            | Self::AdminTokens
            | Self::MetadataStatus
            | Self::CryptoRadar(_)
            | Self::PreviewTrust(..)
            | Self::TenantReport(..) => false,
            Self::CreateTenant(_)
            | Self::RenameTenant(..)
            | Self::DeleteTenant(..)
            | Self::Configure(..)
            | Self::CreateApiKey(..)
            | Self::RevokeApiKey(..)
            | Self::RotateSigningKey(..)
            | Self::RetireSigningKey(..)
            | Self::WithdrawSigningKey(..)
            | Self::DeleteUser(..)
            | Self::SetDisabled(..)
            | Self::DeleteCredential(..)
            | Self::CreateAdminToken(..)
            | Self::RevokeAdminToken(..) => true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendResponse {
    Me(Me),
    Overview(Box<Overview>),
    Vitals(Box<Vitals>),
    Tenants(TenantSummaryPage),
    TenantOverview(Box<TenantOverview>),
    TenantActivity(Box<TenantActivity>),
    Tenant(Box<VersionedTenant>),
    ConfigCheck(ConfigCheck),
    ApiKeys(Vec<SecretItem>),
    /// Response to [`BackendRequest::SigningKeys`] (all keys) or [`BackendRequest::RotateSigningKey`] (the new key).
    SigningKeys(Vec<SigningKeyItem>),
    Users(UserSummaryPage),
    User(Box<UserDetail>),
    Transactions(TransactionPage),
    Audit(AuditPage),
    AuditCount(Total),
    AdminTokens(Vec<AdminTokenItem>),
    MetadataStatus(MetadataStatus),
    CryptoRadar(Box<CryptoRadar>),
    TrustPreview(Box<TrustPreview>),
    TenantReport(Box<TenantReport>),
    /// Response to [`BackendRequest::CreateTenant`], with the first API key if the request asked for one.
    Created(TenantId, Option<Revealed>),
    /// Response to [`BackendRequest::CreateApiKey`] and [`BackendRequest::CreateAdminToken`].
    Secret(Revealed),
    /// Response to [`BackendRequest::SetDisabled`], with the new version of the state; `None` if nothing changed.
    State(Option<String>),
    /// Success of a request whose response has no body.
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    pub query: AuditQuery,
    pub format: ExportFormat,
    /// Path of the file, which must not exist.
    pub path: PathBuf,
}

/// A server that the app is connected to.
#[derive(Debug)]
pub struct ConnectedServer<A> {
    pub api: Arc<A>,
    /// The address, for display.
    pub address: String,
    /// The profile that defines the server, if there is one.
    pub profile: Option<ProfileLabel>,
    /// Security warnings.
    pub warnings: Vec<String>,
}

/// The operations of the server that the terminal app uses.
pub trait ApiBackend: Send + Sync + 'static {
    /// Sends a request. Dropping the future cancels it.
    fn call(&self, request: BackendRequest) -> impl Future<Output = Result<BackendResponse, ApiError>> + Send;

    /// Writes an export to a file and reports its progress. Dropping the future cancels it and leaves no file.
    fn export(
        &self,
        export: ExportRequest,
        progress: impl FnMut(Progress) + Send,
    ) -> impl Future<Output = Result<Progress, String>> + Send;
}

impl ApiBackend for Api {
    async fn call(&self, request: BackendRequest) -> Result<BackendResponse, ApiError> {
        let done = |()| BackendResponse::Done;
        match request {
            BackendRequest::Me => self.me().await.map(BackendResponse::Me),
            BackendRequest::Overview(days) => {
                self.overview(days).await.map(|it| BackendResponse::Overview(Box::new(it)))
            }
            BackendRequest::Vitals => self.vitals().await.map(|it| BackendResponse::Vitals(Box::new(it))),
            BackendRequest::Tenants(query) => self.tenant_summaries(&query).await.map(BackendResponse::Tenants),
            BackendRequest::TenantOverview(id, days) => {
                self.tenant_overview(id, days).await.map(|it| BackendResponse::TenantOverview(Box::new(it)))
            }
            BackendRequest::TenantActivity(id) => {
                self.tenant_activity(id).await.map(|it| BackendResponse::TenantActivity(Box::new(it)))
            }
            BackendRequest::Tenant(id) => self.tenant(id).await.map(|it| BackendResponse::Tenant(Box::new(it))),
            BackendRequest::CheckConfig(config) => self.check_config(&*config).await.map(BackendResponse::ConfigCheck),
            BackendRequest::ApiKeys(id) => self.api_keys(id).await.map(BackendResponse::ApiKeys),
            BackendRequest::SigningKeys(id) => self.signing_keys(id).await.map(BackendResponse::SigningKeys),
            BackendRequest::Users(id, query) => self.user_summaries(id, &query).await.map(BackendResponse::Users),
            BackendRequest::User(id, user) => self.user(id, &user).await.map(|it| BackendResponse::User(Box::new(it))),
            BackendRequest::Transactions(id, query) => {
                self.transactions(id, &query).await.map(BackendResponse::Transactions)
            }
            BackendRequest::Audit(query, position) => {
                self.audit_page(&query, position, AUDIT_PAGE_SIZE).await.map(BackendResponse::Audit)
            }
            BackendRequest::AuditCount(query) => self.audit_count(&query).await.map(BackendResponse::AuditCount),
            BackendRequest::AdminTokens => self.admin_tokens().await.map(BackendResponse::AdminTokens),
            BackendRequest::MetadataStatus => self.metadata_status().await.map(BackendResponse::MetadataStatus),
            BackendRequest::CryptoRadar(id) => {
                self.crypto_radar(id).await.map(|it| BackendResponse::CryptoRadar(Box::new(it)))
            }
            BackendRequest::PreviewTrust(id, policies) => self
                .preview_trust(id, &policies, None, PREVIEWED_USERS)
                .await
                .map(|it| BackendResponse::TrustPreview(Box::new(it))),
            BackendRequest::TenantReport(id, now) => {
                self.tenant_report(id, now).await.map(|it| BackendResponse::TenantReport(Box::new(it)))
            }
            BackendRequest::CreateTenant(request) => {
                let created = self.create_tenant(&request).await?;
                Ok(BackendResponse::Created(created.id, created.api_key.map(Revealed::from)))
            }
            BackendRequest::RenameTenant(id, from, to) => self.rename_tenant(id, &from, &to).await.map(done),
            BackendRequest::DeleteTenant(id, name) => self.delete_tenant(id, &name, false).await.map(done),
            BackendRequest::Configure(id, config, version) => {
                self.configure_tenant(id, &config, version).await.map(done)
            }
            BackendRequest::CreateApiKey(id, request) => {
                self.create_api_key(id, &request).await.map(|it| BackendResponse::Secret(it.into()))
            }
            BackendRequest::RevokeApiKey(id, key) => self.revoke_api_key(id, key).await.map(done),
            BackendRequest::RotateSigningKey(id, algorithm, force) => {
                self.rotate_signing_key(id, algorithm, force).await.map(|key| BackendResponse::SigningKeys(vec![key]))
            }
            BackendRequest::RetireSigningKey(id, key) => self.retire_signing_key(id, key).await.map(done),
            BackendRequest::WithdrawSigningKey(id, key) => {
                self.withdraw_signing_key(id, key).await.map(|_| BackendResponse::Done)
            }
            BackendRequest::SetDisabled(target, disabled, version) => {
                self.set_disabled(&target, disabled, version).await.map(BackendResponse::State)
            }
            BackendRequest::DeleteUser(id, user) => self.delete_user(id, user).await.map(done),
            BackendRequest::DeleteCredential(id, user, credential) => {
                self.delete_credential(id, user, &credential).await.map(done)
            }
            BackendRequest::CreateAdminToken(request, tenants) => {
                let ids = self.tenant_ids(&tenants).await?;
                let request = CreateAdminTokenRequest { tenants: (!ids.is_empty()).then_some(ids), ..request };
                self.create_admin_token(&request).await.map(|it| BackendResponse::Secret(it.into()))
            }
            BackendRequest::RevokeAdminToken(id, force) => self.revoke_admin_token(id, force).await.map(done),
        }
    }

    async fn export(&self, export: ExportRequest, progress: impl FnMut(Progress) + Send) -> Result<Progress, String> {
        let stream = self.audit_export(&export.query, export.format).await.map_err(|why| why.to_string())?;
        export_to_file(stream, export.path, OnExisting::Refuse, progress).await.map_err(|why| why.to_string())
    }
}
