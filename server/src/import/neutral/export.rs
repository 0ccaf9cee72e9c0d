//! Writes a tenant in the neutral format.

use std::io::Write;

use doorward_shared::{Base64Url, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::{
    format::{CredentialLine, FORMAT, HeaderLine, Line, TenantLine, TransactionLine, UserLine, VERSION},
    reader::FileError,
};
use crate::{
    domain::{Credential, Transaction, User},
    service::admin::{
        AdminContext,
        import::{self as source, UserRows},
        tenants,
    },
};

/// Number of users that one query reads.
const PAGE: i64 = 100;

/// Writes a tenant with users, credentials and transactions. Keys, attestations and the audit log are not exported.
/// Returns the number of lines.
pub async fn export(context: &AdminContext, id: TenantId, out: &mut impl Write) -> Result<u64, FileError> {
    let (tenant, _) = tenants::get(context, id).await?;
    let config = serde_json::to_value(&tenant.config).map_err(std::io::Error::from)?;
    let header = HeaderLine { format: FORMAT.to_owned(), version: VERSION.into() };
    let tenant =
        TenantLine { id, display_name: tenant.display_name, config, created_at: None, disabled_at: tenant.disabled_at };
    write(out, &Line::Header(header))?;
    write(out, &Line::Tenant(tenant))?;
    let (mut after, mut lines) = (UserId::new(Uuid::nil()), 2);
    loop {
        let users = source::user_rows(context, id, after, PAGE).await?;
        let Some(last) = users.last() else { return Ok(lines) };
        after = last.user.id;
        for UserRows { user, credentials } in users {
            let (internal_id, user_id) = (user.id, user.external_id.clone());
            write(out, &Line::User(user_line(user)))?;
            lines += 1 + credentials.len() as u64;
            for credential in credentials {
                write(out, &Line::Credential(credential_line(credential, &user_id)))?;
            }
            let mut next = None;
            loop {
                let (page, after) = source::transactions_of(context, id, internal_id, next).await?;
                lines += page.len() as u64;
                for transaction in page {
                    write(out, &Line::Transaction(transaction_line(transaction, &user_id)))?;
                }
                next = after;
                if next.is_none() {
                    break;
                }
            }
        }
    }
}

fn write(out: &mut impl Write, line: &Line) -> Result<(), FileError> {
    let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
    text.push(b'\n');
    Ok(out.write_all(&text)?)
}

fn user_line(user: User) -> UserLine {
    UserLine {
        user_id: user.external_id,
        id: Some(user.id.uuid()),
        name: user.name,
        display_name: Some(user.display_name),
        icon: user.icon,
        created_at: Some(user.created_at),
        disabled_at: user.disabled_at,
    }
}

fn credential_line(credential: Credential, user_id: &str) -> CredentialLine {
    CredentialLine {
        id: Base64Url(credential.id.as_bytes().to_vec()),
        user_id: user_id.to_owned(),
        public_key: Base64Url(credential.public_key),
        sign_count: credential.sign_count,
        name: credential.name,
        transports: credential.transports,
        aaguid: credential.aaguid,
        backup_eligible: credential.backup_eligible,
        backup_state: credential.backup_state,
        is_mfa: credential.is_mfa,
        user_verified: credential.user_verified,
        discoverable: credential.discoverable,
        created_at: Some(credential.created_at),
        last_used_at: credential.last_used_at,
        disabled_at: credential.disabled_at,
    }
}

fn transaction_line(transaction: Transaction, user_id: &str) -> TransactionLine {
    let confirmed_at: Option<Timestamp> = transaction.confirmed().then_some(transaction.updated_at);
    TransactionLine {
        transaction_id: transaction.identifier,
        user_id: user_id.to_owned(),
        data: transaction.data,
        created_at: transaction.created_at,
        confirmed_at,
    }
}
