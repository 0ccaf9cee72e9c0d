//! Values that the tests store.

use doorward_shared::{
    AdminTokenId, ApiKeyId, AttestationTrust, AuditType, CoseAlgorithm, SigningKeyId, TenantId, Timestamp,
    TransactionRowId, UserId,
    admin::{Role, SigningAlgorithm},
    config::{RelyingParty, TenantConfig},
};
use uuid::Uuid;

use super::harness::TestDatabase;
use crate::{
    db::{Connection, DbError},
    domain::{
        AdminToken, ApiKey, AuditEvent, Ceremony, CeremonyState, Challenge, ChallengeValue, Credential, CredentialId,
        RequestMeta, SecretHash, SigningKeyRecord, Tenant, Transaction, User,
    },
    store::{
        kept_logs, tenants,
        users::{self, Deletion},
    },
};

/// The time 2026-01-01T00:00:00Z in milliseconds.
pub(super) const NOW: i64 = 1_767_225_600_000;

pub(super) fn at(offset: i64) -> Timestamp {
    Timestamp::from_millis(NOW + offset)
}

fn uuid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 64 | number)
}

pub(super) fn tenant_id(number: u128) -> TenantId {
    TenantId::new(uuid(1, number))
}

pub(super) fn user_id(number: u128) -> UserId {
    UserId::new(uuid(2, number))
}

pub(super) fn transaction_id(number: u128) -> TransactionRowId {
    TransactionRowId::new(uuid(3, number))
}

pub(super) fn api_key_id(number: u128) -> ApiKeyId {
    ApiKeyId::new(uuid(4, number))
}

pub(super) fn token_id(number: u128) -> AdminTokenId {
    AdminTokenId::new(uuid(5, number))
}

pub(super) fn signing_key_id(number: u128) -> SigningKeyId {
    SigningKeyId::new(uuid(6, number))
}

pub(super) fn credential_id(number: u8) -> CredentialId {
    CredentialId::new(vec![0xfb, 0xff, number]).expect("an id")
}

pub(super) fn challenge_value(number: u8) -> ChallengeValue {
    ChallengeValue(vec![number; 32])
}

pub(super) fn tenant(number: u128) -> Tenant {
    let relying_party =
        RelyingParty::new("example.com".to_owned(), "Example".to_owned(), vec!["https://example.com".to_owned()]);
    let config = TenantConfig::for_relying_party(relying_party);
    let time = at(i64::try_from(number).unwrap_or(0));
    Tenant {
        id: tenant_id(number),
        display_name: format!("Tenant {number}"),
        config,
        created_at: time,
        updated_at: time,
        disabled_at: None,
    }
}

pub(super) fn user(tenant: u128, number: u128) -> User {
    let time = at(i64::try_from(number).unwrap_or(0));
    User {
        tenant_id: tenant_id(tenant),
        id: user_id(number),
        external_id: format!("user-{number}"),
        name: format!("name{number}@example.com"),
        display_name: format!("User {number}"),
        icon: String::new(),
        created_at: time,
        updated_at: time,
        disabled_at: None,
    }
}

pub(super) fn credential(tenant: u128, user: u128, number: u8) -> Credential {
    Credential {
        tenant_id: tenant_id(tenant),
        id: credential_id(number),
        user_id: user_id(user),
        name: format!("Passkey {number}"),
        public_key: vec![0, number, 255],
        algorithm: CoseAlgorithm::Es256,
        attestation_format: "none".to_owned(),
        attestation_trust: AttestationTrust::None,
        attestation_key_id: None,
        aaguid: uuid(7, 7),
        sign_count: u32::MAX,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        backup_eligible: true,
        backup_state: false,
        is_mfa: number.is_multiple_of(2),
        user_verified: true,
        discoverable: Some(number.is_multiple_of(2)),
        last_used_at: None,
        created_at: at(number.into()),
        updated_at: at(number.into()),
        disabled_at: None,
    }
}

pub(super) fn challenge(tenant: u128, user: Option<u128>, number: u8) -> Challenge {
    let policy = self::tenant(tenant);
    Challenge {
        tenant_id: tenant_id(tenant),
        value: challenge_value(number),
        ceremony: Ceremony::Login,
        user_id: user.map(user_id),
        transaction_id: None,
        state: CeremonyState::new(&policy.relying_party(), &policy.passkey_policy(), Some(&[credential_id(3)])),
        created_at: at(0),
        expires_at: at(i64::from(number) * 1000),
    }
}

pub(super) fn transaction(tenant: u128, user: u128, number: u128) -> Transaction {
    let time = at(i64::try_from(number).unwrap_or(0));
    Transaction {
        tenant_id: tenant_id(tenant),
        id: transaction_id(number),
        identifier: format!("order-{number}"),
        user_id: user_id(user),
        data: "{\"b\":1, \"a\":\"\\u0000\"}".to_owned(),
        created_at: time,
        updated_at: time,
    }
}

pub(super) fn api_key(tenant: u128, number: u128) -> ApiKey {
    ApiKey {
        tenant_id: tenant_id(tenant),
        id: api_key_id(number),
        name: format!("key {number}"),
        hint: "dw_0000".to_owned(),
        hash: SecretHash::new("$argon2id$…".to_owned()),
        digest: None,
        created_at: at(i64::try_from(number).unwrap_or(0)),
        expires_at: Some(at(1)),
        last_used_at: None,
        disabled_at: None,
    }
}

pub(super) fn token(number: u128, name: &str) -> AdminToken {
    AdminToken {
        id: token_id(number),
        name: name.to_owned(),
        role: Role::Auditor,
        tenants: Some([tenant_id(number)].into()),
        hint: "dwa_0000".to_owned(),
        hash: SecretHash::new("$argon2id$…".to_owned()),
        created_at: at(i64::try_from(number).unwrap_or(0)),
        expires_at: None,
        last_used_at: None,
    }
}

pub(super) fn signing_key(tenant: u128, number: u128) -> SigningKeyRecord {
    SigningKeyRecord {
        tenant_id: tenant_id(tenant),
        id: signing_key_id(number),
        algorithm: SigningAlgorithm::EdDsa,
        public_jwk: "{}".to_owned(),
        sealed_private_key: vec![0, 1, 255],
        created_at: at(i64::try_from(number).unwrap_or(0)),
        signs_from: at(5),
        retired_at: None,
        withdrawn_at: None,
    }
}

pub(super) fn event(tenant: TenantId, offset: i64, number: u8, kind: AuditType) -> AuditEvent {
    AuditEvent {
        random: u64::from(number),
        tenant_id: tenant,
        kind,
        error: None,
        meta: RequestMeta {
            request_id: format!("request-{number}"),
            source_ip: format!("192.0.2.{number}"),
            user_agent: "test".to_owned(),
            api_key: None,
        },
        actor: Some(format!("user-{number}")),
        credential_id: None,
        transaction_id: None,
        detail: None,
        at: at(offset),
    }
}

/// Adds tenants 1 and 2, each with users 1 to 3. The users of both tenants have the same ids.
pub(super) async fn two_tenants(db: &TestDatabase) {
    db.write(|c| {
        for number in [1, 2] {
            tenants::insert(c, &tenant(number))?;
            for person in [1, 2, 3] {
                users::upsert(c, &user(number, person))?;
            }
        }
        Ok(())
    })
    .await;
}

/// Deletes a user who has fewer than 1 000 credentials and fewer than 1 000 transactions. Returns `false` if the user
/// does not exist.
pub(super) fn delete_user(c: &mut Connection, tenant: TenantId, user: UserId) -> Result<bool, DbError> {
    Ok(users::delete(c, tenant, user, at(0), 1_000)? == Deletion::Done)
}

/// Deletes a tenant with its data, but not its log. A later call of [`kept_logs::delete_due`] deletes the log. Returns
/// `false` if the tenant does not exist.
pub(super) fn delete_tenant(c: &mut Connection, tenant: TenantId) -> Result<bool, DbError> {
    if !tenants::mark_deleted(c, tenant, at(0))? {
        return Ok(false);
    }
    while tenants::remove_some(c, tenant, 1_000)? {}
    kept_logs::keep(c, tenant, at(0))?;
    Ok(true)
}
