//! Rows of a tenant except its audit log: configuration, keys, users, credentials.

use doorward_authenticator::cbor;
use doorward_server::{
    clock::Entropy,
    crypto::{KeyKind, MasterKey, api_key, signing_key},
    domain::{SecretHash, config_rules},
    service::Refusal,
};
use doorward_shared::{
    Base64Url, SigningKeyId, TenantId, Timestamp,
    admin::SigningAlgorithm,
    config::{Cors, Mfa, RelyingParty, TenantConfig, Webauthn},
};

use super::{
    SeedError,
    output::Output,
    plan::{CredentialKind, Plan, Use, id_at},
    table::{Table, Value},
};

/// Secrets shared by the rows of all tenants.
pub(super) struct Secrets<'a> {
    /// Hash of the secret of all API keys.
    pub(super) key_hash: &'a SecretHash,
    /// Key that seals signing keys.
    pub(super) master_key: &'a MasterKey,
    /// Source of the nonces for sealing.
    pub(super) entropy: &'a dyn Entropy,
}

/// Writes a tenant without its audit log.
pub(super) fn tenant(plan: &Plan, secrets: &Secrets<'_>, number: u64, out: &mut Output<'_>) -> Result<(), SeedError> {
    let id = plan.tenant_id(number);
    let created_at = plan.tenant_since(number);
    let mut random = plan.random(Use::Tenant, number, 1);
    let name = plan.names().tenant(&mut random, number);
    let config = config(plan, number, &name)?;
    out.push(
        Table::Tenants,
        [id.to_string().into(), name.into(), config.into(), created_at.into(), created_at.into()],
    )?;

    let key = plan.api_key_id(number);
    let hint = api_key::hint(KeyKind::Api, key.uuid());
    let hash = secrets.key_hash.expose().to_owned();
    let name = "Seeded".into();
    out.push(
        Table::ApiKeys,
        [id.to_string().into(), key.to_string().into(), name, hint.into(), hash.into(), created_at.into()],
    )?;

    let mut random = plan.random(Use::SigningKey, number, 0);
    let kid = SigningKeyId::new(id_at(created_at, &mut random));
    let at = Timestamp::from_millis(created_at);
    let record = signing_key::generate(id, kid, SigningAlgorithm::Es256, at, at, secrets.master_key, secrets.entropy)
        .map_err(|error| SeedError::Generate(error.to_string()))?;
    out.push(
        Table::SigningKeys,
        [
            id.to_string().into(),
            kid.to_string().into(),
            record.algorithm.as_str().into(),
            record.public_jwk.into(),
            Value::Bytes(record.sealed_private_key),
            created_at.into(),
            created_at.into(),
        ],
    )?;
    (0..plan.users_of(number)).try_for_each(|user| self::user(plan, id, number, user, out))
}

/// Returns a valid configuration of a tenant.
fn config(plan: &Plan, number: u64, name: &str) -> Result<String, SeedError> {
    let relying_party = RelyingParty {
        id: plan.rp_id(number),
        // The server validates this name, which browsers show, and rejects hostile ones.
        display_name: if plan.hostile { format!("Tenant {number}") } else { name.to_owned() },
        icon: None,
        origins: vec![plan.origin(number)],
    };
    let config = TenantConfig {
        cors: Cors { allowed_origins: vec![plan.origin(number)], allow_unsafe_wildcard: false },
        webauthn: Webauthn::for_relying_party(relying_party),
        mfa: Some(Mfa::default()),
    };
    let config = config_rules::complete(config, None)
        .map_err(|problems| SeedError::Generate(Refusal::Config(problems).reason()))?;
    serde_json::to_string(&config).map_err(|error| SeedError::Generate(error.to_string()))
}

fn user(plan: &Plan, tenant_id: TenantId, tenant: u64, user: u64, out: &mut Output<'_>) -> Result<(), SeedError> {
    let id = plan.user_id(tenant, user).to_string();
    let created_at = plan.user_since(tenant, user);
    let mut random = plan.random(Use::User, tenant, user);
    let external_id = plan.external_id(tenant, user);
    let display_name = plan.names().person(&mut random);
    out.push(
        Table::Users,
        [
            tenant_id.to_string().into(),
            id.clone().into(),
            external_id.clone().into(),
            external_id.into(),
            display_name.into(),
            "".into(),
            created_at.into(),
            created_at.into(),
        ],
    )?;
    let key = plan.key(tenant, user)?;
    let public_key = cbor::encode(&key.cose());
    for kind in [CredentialKind::Passkey, CredentialKind::SecondFactor] {
        let credential = Base64Url::encode(&plan.credential_id(tenant, user, kind));
        let passkey = kind == CredentialKind::Passkey;
        let used = random.chance(800).then(|| created_at + i64::from(random.below(86_400_000) as u32));
        let name = plan.names().device(&mut random);
        out.push(
            Table::Credentials,
            [
                tenant_id.to_string().into(),
                credential.into(),
                id.clone().into(),
                name.into(),
                Value::Bytes(public_key.clone()),
                "none".into(),
                Value::Bool(false),
                "00000000-0000-0000-0000-000000000000".into(),
                Value::Int(0),
                if passkey { r#"["internal","hybrid"]"# } else { r#"["usb","nfc"]"# }.into(),
                Value::Bool(false),
                Value::Bool(false),
                Value::Bool(!passkey),
                Value::Bool(true),
                used.map_or(Value::Null, Value::Int),
                created_at.into(),
                created_at.into(),
            ],
        )?;
    }
    Ok(())
}
