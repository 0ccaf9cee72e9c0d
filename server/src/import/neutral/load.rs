//! Loads a file into the installation. The whole file is checked before anything is written.

use std::path::Path;

use doorward_shared::{
    AttestationTrust, TenantId, Timestamp, TransactionRowId, UserId, admin::SigningAlgorithm, config::TenantConfig,
};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    super::report::TenantReport,
    format::{CredentialLine, Line, TenantLine, TransactionLine, UserLine},
    reader::{FileError, Input},
};
use crate::{
    clock,
    domain::{
        Credential, CredentialId, ImportOutcome, ImportRule, Tenant, Transaction, User, config_rules,
        user::MAX_USER_HANDLE_BYTES,
    },
    service::{
        ServiceError,
        admin::{
            AdminContext,
            import::{self as target, ImportedTenant, Mode, Row},
            tenants,
        },
        validate,
    },
    webauthn,
};

/// Number of lines that one unit of work writes.
const BATCH: usize = 200;
/// Rule that adds missing rows and leaves stored rows unchanged, because the file may be older than the stored rows.
const ADD_ONLY: ImportRule = ImportRule { update: false, complete_until: None };
/// Maximum number of characters of a name or of the identifier of a transaction. The limit is higher than that of the
/// API, because other systems allow longer texts.
const MAX_CHARS: usize = 255;
const MAX_ICON_BYTES: usize = 2048;

/// The tenant that receives the users of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The tenant that the file contains. It is created if it does not exist.
    TenantOfFile,
    /// This existing tenant. The tenant of the file is ignored.
    Existing(TenantId),
}

/// A converted line. The text beside a credential or transaction is the user id of its owner.
enum Converted {
    Tenant(Box<Tenant>),
    User(User),
    Credential(Box<Credential>, String),
    Transaction(Transaction, String),
}

/// Loads a file. Blocks, so call it on a blocking thread of the runtime.
///
/// # Errors
/// [`FileError`]. Nothing is written if a line is invalid.
pub fn load(context: &AdminContext, path: &Path, into: Target) -> Result<TenantReport, FileError> {
    let runtime = Handle::current();
    let mut loader = Loader { context, runtime, report: None, tenant: None, batch: Vec::new() };
    if let Target::Existing(id) = into {
        let (found, _) = loader.runtime.block_on(tenants::get(context, id))?;
        loader.tenant = Some(id);
        loader.report = Some(TenantReport::new(id, &found.display_name, false));
    }
    let given = loader.tenant;
    let random: [u8; 12] = clock::random(context.app.entropy.as_ref()).map_err(ServiceError::from)?;
    let input = Input::open(path, &std::env::temp_dir(), &random)?;
    check(context, &input, given)?;
    if let Some(id) = given {
        loader.runtime.block_on(target::mark_mixed(context, id))?;
    }
    let mut lines = input.lines()?;
    while let Some((number, line)) = lines.next()? {
        match convert(context, line, loader.tenant).map_err(|reason| FileError::at(number, reason))? {
            Converted::Tenant(_) if given.is_some() => {}
            Converted::Tenant(tenant) => loader.tenant(*tenant)?,
            row => loader.add(row)?,
        }
    }
    loader.flush()?;
    let mut report = loader.report.ok_or_else(|| FileError::at(2, "there is no tenant"))?;
    report.finish();
    Ok(report)
}

/// Checks all lines of the file, and writes nothing.
fn check(context: &AdminContext, input: &Input, given: Option<TenantId>) -> Result<(), FileError> {
    let mut lines = input.lines()?;
    let (mut tenant, mut tenant_lines) = (given, 0);
    while let Some((number, line)) = lines.next()? {
        let row = convert(context, line, tenant).map_err(|reason| FileError::at(number, reason))?;
        if let Converted::Tenant(found) = row {
            tenant_lines += 1;
            if tenant_lines > 1 {
                return Err(FileError::at(number, "a file contains one tenant"));
            }
            tenant = given.or(Some(found.id));
        }
    }
    Ok(())
}

struct Loader<'a> {
    context: &'a AdminContext,
    runtime: Handle,
    report: Option<TenantReport>,
    tenant: Option<TenantId>,
    /// Converted rows of one kind that are not written yet.
    batch: Vec<Converted>,
}

impl Loader<'_> {
    /// Adds the tenant with a new signing key, or leaves an existing tenant unchanged.
    fn tenant(&mut self, tenant: Tenant) -> Result<(), FileError> {
        let id = tenant.id;
        let mut report = TenantReport::new(id, &tenant.display_name, false);
        let exists = self.runtime.block_on(self.context.app.tenant(id))?.is_some();
        report.tally("tenants").read = 1;
        if exists {
            report.tally("tenants").add(ImportOutcome::Unchanged);
        } else {
            let key = self.runtime.block_on(target::new_signing_key(self.context, id, SigningAlgorithm::Es256))?;
            let (api_keys, signing_keys) = (Vec::new(), vec![key]);
            let import = ImportedTenant { tenant, keep_config: true, api_keys, revoke_missing: false, signing_keys };
            let changes = self.runtime.block_on(target::tenant(self.context, Mode::Write, import))?;
            report.tally("tenants").add(changes.tenant);
            report.problem("keys", "the file contains none: create an API key with `doorward api-key create`");
        }
        self.runtime.block_on(target::mark_mixed(self.context, id))?;
        (self.tenant, self.report) = (Some(id), Some(report));
        Ok(())
    }

    fn add(&mut self, row: Converted) -> Result<(), FileError> {
        let other_kind = self.batch.last().is_some_and(|last| kind(last) != kind(&row));
        if other_kind || self.batch.len() >= BATCH {
            self.flush()?;
        }
        self.batch.push(row);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), FileError> {
        let batch = std::mem::take(&mut self.batch);
        let Some(kind) = batch.first().map(kind) else { return Ok(()) };
        let (mut ids, mut users, mut credentials, mut transactions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in batch {
            match row {
                Converted::Tenant(_) => {}
                Converted::User(user) => {
                    ids.push(user.external_id.clone());
                    users.push(Row { row: user, rule: ADD_ONLY });
                }
                Converted::Credential(credential, user) => {
                    ids.push(credential.id.to_string());
                    credentials.push(Row { row: (*credential, user), rule: ADD_ONLY });
                }
                Converted::Transaction(transaction, user) => {
                    ids.push(transaction.identifier.clone());
                    transactions.push((transaction, user));
                }
            }
        }
        let (context, runtime) = (self.context, &self.runtime);
        let outcomes = [
            runtime.block_on(target::users(context, Mode::Write, users))?,
            runtime.block_on(target::credentials(context, Mode::Write, credentials))?,
            runtime.block_on(target::transactions(context, Mode::Write, transactions))?,
        ];
        let Some(report) = &mut self.report else { return Ok(()) };
        for (id, outcome) in ids.iter().zip(outcomes.into_iter().flatten()) {
            report.tally(kind).read += 1;
            match outcome {
                ImportOutcome::Refused(reason) => report.refuse(kind, id, reason),
                outcome => report.tally(kind).add(outcome),
            }
        }
        Ok(())
    }
}

const fn kind(row: &Converted) -> &'static str {
    match row {
        Converted::Tenant(_) => "tenants",
        Converted::User(_) => "users",
        Converted::Credential(..) => "credentials",
        Converted::Transaction(..) => "transactions",
    }
}

fn convert(context: &AdminContext, line: Line, tenant: Option<TenantId>) -> Result<Converted, String> {
    let now = context.app.clock.now();
    if let Line::Tenant(line) = line {
        return convert_tenant(line, now).map(|tenant| Converted::Tenant(Box::new(tenant)));
    }
    let tenant =
        tenant.ok_or("the line of the tenant must be the second line, or name an existing tenant with --into")?;
    match line {
        Line::Header(_) | Line::Tenant(_) => Err("it is not expected here".to_owned()),
        Line::User(line) => convert_user(context, tenant, line, now).map(Converted::User),
        Line::Credential(line) => {
            let user = line.user_id.clone();
            convert_credential(tenant, line, now).map(|credential| Converted::Credential(Box::new(credential), user))
        }
        Line::Transaction(line) => {
            let user = line.user_id.clone();
            convert_transaction(context, tenant, line).map(|transaction| Converted::Transaction(transaction, user))
        }
    }
}

/// Refuses a text that is too long, or that contains U+0000, which PostgreSQL cannot store.
fn bounded(field: &str, text: String) -> Result<String, String> {
    match text.chars().count() > MAX_CHARS || text.contains('\0') {
        true => Err(format!("{field} must have at most {MAX_CHARS} characters, and U+0000 is not allowed")),
        false => Ok(text),
    }
}

fn convert_tenant(line: TenantLine, now: Timestamp) -> Result<Tenant, String> {
    if line.id == TenantId::INSTALLATION {
        return Err("the id of the tenant is reserved".to_owned());
    }
    let parsed: Option<TenantConfig> = serde_json::from_value(line.config.clone()).ok();
    config_rules::check(line.config, parsed.clone()).map_err(|problems| {
        let texts: Vec<String> =
            problems.into_iter().map(|one| format!("config.{}: {}", one.field, one.message)).collect();
        texts.join("; ")
    })?;
    let created_at = line.created_at.unwrap_or(now);
    Ok(Tenant {
        id: line.id,
        display_name: validate::label("display_name", Some(line.display_name)).map_err(|refusal| refusal.reason())?,
        config: parsed.ok_or("config: it cannot be read")?,
        created_at,
        updated_at: created_at,
        disabled_at: line.disabled_at,
    })
}

fn convert_user(context: &AdminContext, tenant_id: TenantId, line: UserLine, now: Timestamp) -> Result<User, String> {
    if line.user_id.is_empty() || line.user_id.len() > MAX_USER_HANDLE_BYTES || line.user_id.contains('\0') {
        return Err(format!("user_id must have 1 to {MAX_USER_HANDLE_BYTES} bytes"));
    }
    if line.icon.len() > MAX_ICON_BYTES || line.icon.contains('\0') {
        return Err(format!("icon must have at most {MAX_ICON_BYTES} bytes, and U+0000 is not allowed"));
    }
    let name = bounded("name", line.name)?;
    let created_at = line.created_at.unwrap_or(now);
    let id = match line.id {
        Some(id) if id.is_nil() => return Err("id must not consist of zeros".to_owned()),
        Some(id) => id,
        None => clock::new_uuid(created_at, context.app.entropy.as_ref()).map_err(|error| error.to_string())?,
    };
    Ok(User {
        tenant_id,
        id: UserId::new(id),
        external_id: line.user_id,
        display_name: bounded("display_name", line.display_name.unwrap_or_else(|| name.clone()))?,
        name,
        icon: line.icon,
        created_at,
        updated_at: created_at,
        disabled_at: line.disabled_at,
    })
}

fn convert_credential(tenant_id: TenantId, line: CredentialLine, now: Timestamp) -> Result<Credential, String> {
    let (algorithm, public_key) =
        webauthn::imported_key(line.public_key.as_bytes()).map_err(|error| format!("public_key: {}", error.reason))?;
    let created_at = line.created_at.unwrap_or(now);
    Ok(Credential {
        tenant_id,
        id: CredentialId::new(line.id.0).ok_or("id must have 1 to 1023 bytes")?,
        // Not used: the import looks up the owner by the user id in the file.
        user_id: UserId::new(Uuid::nil()),
        name: bounded("name", line.name)?,
        public_key,
        algorithm,
        attestation_format: "none".to_owned(),
        attestation_trust: AttestationTrust::None,
        attestation_key_id: None,
        aaguid: line.aaguid,
        sign_count: line.sign_count,
        transports: line.transports,
        backup_eligible: line.backup_eligible,
        backup_state: line.backup_state,
        is_mfa: line.is_mfa,
        user_verified: line.user_verified,
        discoverable: line.discoverable,
        last_used_at: line.last_used_at,
        created_at,
        updated_at: created_at,
        disabled_at: line.disabled_at,
    })
}

fn convert_transaction(
    context: &AdminContext,
    tenant_id: TenantId,
    line: TransactionLine,
) -> Result<Transaction, String> {
    let id = clock::new_uuid(line.created_at, context.app.entropy.as_ref()).map_err(|error| error.to_string())?;
    if line.transaction_id.is_empty() || line.data.contains('\0') {
        return Err("transaction_id must not be empty, and U+0000 is not allowed in data".to_owned());
    }
    if line.confirmed_at.is_some_and(|at| at <= line.created_at) {
        return Err("confirmed_at must be later than created_at".to_owned());
    }
    Ok(Transaction {
        tenant_id,
        id: TransactionRowId::new(id),
        identifier: bounded("transaction_id", line.transaction_id)?,
        user_id: UserId::new(Uuid::nil()),
        data: line.data,
        created_at: line.created_at,
        updated_at: line.confirmed_at.unwrap_or(line.created_at),
    })
}
