//! What the screen asks of a server, as values: [`Call`] and [`Answer`].
//!
//! [`Api`] carries calls out; tests put something else in its place.

use std::{future::Future, path::PathBuf};

use doorward_shared::{
    AdminTokenId, ApiKeyId, AuditId, SigningKeyId, TenantId,
    admin::{
        AdminTokenItem, ConfigCheck, CreateAdminTokenRequest, CreateSecretRequest, CreateTenantRequest, Me, Overview,
        SecretItem, SigningAlgorithm, SigningKeyItem, TenantDetail, TenantOverview, TenantSummaryPage, TransactionPage,
        UserDetail, UserSummaryPage,
    },
    audit::AdminAuditLogItem,
    config::TenantConfig,
};

use crate::{
    api::{
        Api, ApiError, AuditQuery, ExportFormat, OnExisting, Progress, TenantSummaryQuery, UserQuery, export_to_file,
    },
    secret::Revealed,
};

/// Entries of an audit log that are asked for at a time.
pub const AUDIT_SLICE: u32 = 100;

/// Where in an audit log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAt {
    /// Its end: the newest entries, newest first.
    Newest,
    /// What came after an entry, oldest first.
    After(AuditId),
    /// What came before an entry, newest first.
    Before(AuditId),
}

/// A question or an order to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Who am I?
    Me,
    /// The installation at a glance, over so many days.
    Overview(u32),
    /// A page of tenants.
    Tenants(TenantSummaryQuery),
    /// A tenant at a glance, over so many days.
    TenantOverview(TenantId, u32),
    /// A tenant with its configuration.
    Tenant(TenantId),
    /// What would be refused about a configuration?
    CheckConfig(Box<TenantConfig>),
    /// A tenant's API keys.
    ApiKeys(TenantId),
    /// A tenant's signing keys.
    SigningKeys(TenantId),
    /// A page of users.
    Users(TenantId, UserQuery),
    /// A user with credentials and transactions.
    User(TenantId, String),
    /// A page of transactions.
    Transactions(TenantId, UserQuery),
    /// Entries of audit logs.
    Audit(AuditQuery, AuditAt),
    /// The admin tokens.
    AdminTokens,
    /// Create a tenant.
    CreateTenant(Box<CreateTenantRequest>),
    /// Rename a tenant.
    RenameTenant(TenantId, String),
    /// Delete a tenant.
    DeleteTenant(TenantId),
    /// Replace a tenant's configuration.
    Configure(TenantId, Box<TenantConfig>),
    /// Create an API key.
    CreateApiKey(TenantId, CreateSecretRequest),
    /// Revoke an API key.
    RevokeApiKey(TenantId, ApiKeyId),
    /// Create a signing key that takes over.
    RotateSigningKey(TenantId, Option<SigningAlgorithm>),
    /// Take a signing key out of use.
    RetireSigningKey(TenantId, SigningKeyId),
    /// Delete a user.
    DeleteUser(TenantId, String),
    /// Delete a user's credential.
    DeleteCredential(TenantId, String, String),
    /// Create an admin token.
    CreateAdminToken(CreateAdminTokenRequest),
    /// Revoke an admin token.
    RevokeAdminToken(AdminTokenId),
}

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Call::Me`].
    Me(Me),
    /// To [`Call::Overview`].
    Overview(Box<Overview>),
    /// To [`Call::Tenants`].
    Tenants(TenantSummaryPage),
    /// To [`Call::TenantOverview`].
    TenantOverview(Box<TenantOverview>),
    /// To [`Call::Tenant`].
    Tenant(Box<TenantDetail>),
    /// To [`Call::CheckConfig`].
    ConfigCheck(ConfigCheck),
    /// To [`Call::ApiKeys`].
    ApiKeys(Vec<SecretItem>),
    /// To [`Call::SigningKeys`], and to [`Call::RotateSigningKey`] the new one alone.
    SigningKeys(Vec<SigningKeyItem>),
    /// To [`Call::Users`].
    Users(UserSummaryPage),
    /// To [`Call::User`].
    User(Box<UserDetail>),
    /// To [`Call::Transactions`].
    Transactions(TransactionPage),
    /// To [`Call::Audit`].
    Audit(Vec<AdminAuditLogItem>),
    /// To [`Call::AdminTokens`].
    AdminTokens(Vec<AdminTokenItem>),
    /// To [`Call::CreateTenant`], with the first API key if one was asked for.
    Created(TenantId, Option<Revealed>),
    /// To [`Call::CreateApiKey`] and [`Call::CreateAdminToken`].
    Secret(Revealed),
    /// To orders that answer nothing else.
    Done,
}

/// An export that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What is exported.
    pub query: AuditQuery,
    /// In which form.
    pub format: ExportFormat,
    /// Into which file, which must not exist.
    pub path: PathBuf,
}

/// A server, as the screen needs it.
pub trait Admin: Send + Sync + 'static {
    /// Carries out a call. Dropping the future cancels it.
    fn call(&self, call: Call) -> impl Future<Output = Result<Answer, ApiError>> + Send;

    /// Writes an export and tells how far it is. Dropping the future cancels it and leaves no file behind.
    fn export(
        &self,
        export: Export,
        progress: impl FnMut(Progress) + Send,
    ) -> impl Future<Output = Result<Progress, String>> + Send;
}

impl Admin for Api {
    async fn call(&self, call: Call) -> Result<Answer, ApiError> {
        let done = |()| Answer::Done;
        match call {
            Call::Me => self.me().await.map(Answer::Me),
            Call::Overview(days) => self.overview(days).await.map(|it| Answer::Overview(Box::new(it))),
            Call::Tenants(query) => self.tenant_summaries(&query).await.map(Answer::Tenants),
            Call::TenantOverview(id, days) => {
                self.tenant_overview(id, days).await.map(|it| Answer::TenantOverview(Box::new(it)))
            }
            Call::Tenant(id) => self.tenant(id).await.map(|it| Answer::Tenant(Box::new(it))),
            Call::CheckConfig(config) => self.check_config(&*config).await.map(Answer::ConfigCheck),
            Call::ApiKeys(id) => self.api_keys(id).await.map(Answer::ApiKeys),
            Call::SigningKeys(id) => self.signing_keys(id).await.map(Answer::SigningKeys),
            Call::Users(id, query) => self.user_summaries(id, &query).await.map(Answer::Users),
            Call::User(id, user) => self.user(id, &user).await.map(|it| Answer::User(Box::new(it))),
            Call::Transactions(id, query) => self.transactions(id, &query).await.map(Answer::Transactions),
            Call::Audit(query, AuditAt::Newest) => self.audit_newest(&query, AUDIT_SLICE).await.map(Answer::Audit),
            Call::Audit(query, AuditAt::After(entry)) => {
                self.audit_after(&query, entry, AUDIT_SLICE).await.map(Answer::Audit)
            }
            Call::Audit(query, AuditAt::Before(entry)) => {
                self.audit_before(&query, entry, AUDIT_SLICE).await.map(Answer::Audit)
            }
            Call::AdminTokens => self.admin_tokens().await.map(Answer::AdminTokens),
            Call::CreateTenant(request) => {
                let created = self.create_tenant(&request).await?;
                Ok(Answer::Created(created.id, created.api_key.map(Revealed::from)))
            }
            Call::RenameTenant(id, name) => self.rename_tenant(id, &name).await.map(done),
            Call::DeleteTenant(id) => self.delete_tenant(id).await.map(done),
            Call::Configure(id, config) => self.configure_tenant(id, &config).await.map(done),
            Call::CreateApiKey(id, request) => {
                self.create_api_key(id, &request).await.map(|it| Answer::Secret(it.into()))
            }
            Call::RevokeApiKey(id, key) => self.revoke_api_key(id, key).await.map(done),
            Call::RotateSigningKey(id, algorithm) => {
                self.rotate_signing_key(id, algorithm).await.map(|key| Answer::SigningKeys(vec![key]))
            }
            Call::RetireSigningKey(id, key) => self.retire_signing_key(id, key).await.map(done),
            Call::DeleteUser(id, user) => self.delete_user(id, &user).await.map(done),
            Call::DeleteCredential(id, user, credential) => {
                self.delete_credential(id, &user, &credential).await.map(done)
            }
            Call::CreateAdminToken(request) => {
                self.create_admin_token(&request).await.map(|it| Answer::Secret(it.into()))
            }
            Call::RevokeAdminToken(id) => self.revoke_admin_token(id).await.map(done),
        }
    }

    async fn export(&self, export: Export, progress: impl FnMut(Progress) + Send) -> Result<Progress, String> {
        let stream = self.audit_export(&export.query, export.format).await.map_err(|why| why.to_string())?;
        export_to_file(stream, export.path, OnExisting::Refuse, progress).await.map_err(|why| why.to_string())
    }
}
