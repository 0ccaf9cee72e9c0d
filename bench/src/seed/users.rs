//! A tenant's own rows: configuration, keys, users, credentials.

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

/// What all tenants' rows need.
pub(super) struct Secrets<'a> {
    /// The hash of the one secret of all API keys.
    pub(super) key_hash: &'a SecretHash,
    /// Seals signing keys.
    pub(super) master_key: &'a MasterKey,
    /// Nonces of the seals.
    pub(super) entropy: &'a dyn Entropy,
}

/// Writes a tenant down, without its log.
pub(super) fn tenant(plan: &Plan, secrets: &Secrets<'_>, number: u64, out: &mut Output<'_>) -> Result<(), SeedError> {
    let id = plan.tenant_id(number);
    let came = plan.tenant_since(number);
    let mut random = plan.random(Use::Tenant, number, 1);
    let name = plan.names().tenant(&mut random, number);
    let config = config(plan, number, &name)?;
    out.push(Table::Tenants, [id.to_string().into(), name.into(), config.into(), came.into(), came.into()])?;

    let key = plan.api_key_id(number);
    let hint = api_key::hint(KeyKind::Api, key.uuid());
    let hash = secrets.key_hash.expose().to_owned();
    let name = "Seeded".into();
    out.push(
        Table::ApiKeys,
        [id.to_string().into(), key.to_string().into(), name, hint.into(), hash.into(), came.into()],
    )?;

    let mut random = plan.random(Use::SigningKey, number, 0);
    let kid = SigningKeyId::new(id_at(came, &mut random));
    let at = Timestamp::from_millis(came);
    let made = signing_key::generate(id, kid, SigningAlgorithm::Es256, at, at, secrets.master_key, secrets.entropy)
        .map_err(|error| SeedError::Made(error.to_string()))?;
    out.push(
        Table::SigningKeys,
        [
            id.to_string().into(),
            kid.to_string().into(),
            made.algorithm.as_str().into(),
            made.public_jwk.into(),
            Value::Bytes(made.sealed_private_key),
            came.into(),
            came.into(),
        ],
    )?;
    (0..plan.users_of(number)).try_for_each(|user| self::user(plan, id, number, user, out))
}

/// A configuration the server itself would accept.
fn config(plan: &Plan, number: u64, name: &str) -> Result<String, SeedError> {
    let relying_party = RelyingParty {
        id: plan.rp_id(number),
        // What a person reads in the browser's dialogue is checked; a hostile name would be refused there.
        display_name: if plan.hostile { format!("Tenant {number}") } else { name.to_owned() },
        icon: None,
        origins: vec![plan.origin(number)],
    };
    let config = TenantConfig {
        cors: Cors { allowed_origins: vec![plan.origin(number)], allow_unsafe_wildcard: false },
        webauthn: Webauthn::for_relying_party(relying_party),
        mfa: Some(Mfa::default()),
    };
    let config =
        config_rules::complete(config, None).map_err(|problems| SeedError::Made(Refusal::Config(problems).reason()))?;
    serde_json::to_string(&config).map_err(|error| SeedError::Made(error.to_string()))
}

fn user(plan: &Plan, tenant_id: TenantId, tenant: u64, user: u64, out: &mut Output<'_>) -> Result<(), SeedError> {
    let id = plan.user_id(tenant, user).to_string();
    let came = plan.user_since(tenant, user);
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
            came.into(),
            came.into(),
        ],
    )?;
    let key = plan.key(tenant, user)?;
    let public_key = cbor::encode(&key.cose());
    for kind in [CredentialKind::Passkey, CredentialKind::SecondFactor] {
        let credential = Base64Url::encode(&plan.credential_id(tenant, user, kind));
        let passkey = kind == CredentialKind::Passkey;
        let used = random.chance(800).then(|| came + i64::from(random.below(86_400_000) as u32));
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
                came.into(),
                came.into(),
            ],
        )?;
    }
    Ok(())
}
