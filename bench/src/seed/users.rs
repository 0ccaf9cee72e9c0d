//! Rows of a tenant except its audit log: configuration, keys, users, credentials.

use doorward_authenticator::cbor;
use doorward_server::{
    clock::Entropy,
    crypto::{KeyKind, MasterKey, api_key, signing_key},
    domain::{SecretHash, config_rules},
    service::Refusal,
};
use doorward_shared::{
    Base64Url, SigningKeyId, Timestamp,
    admin::SigningAlgorithm,
    config::{RelyingParty, TenantConfig},
};

use super::{
    SeedError, names,
    plan::{CredentialKind, Plan, Use, id_at},
    writer::{Table, Writer},
};

/// Pairs of attestation trust and AAGUID; each passkey gets one of them.
const PASSKEYS: &[(&str, &str)] = &[
    ("none", "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"),
    ("none", "fbfc3007-154e-4ecc-8c0b-6e020557d7bd"),
    ("none", "00000000-0000-0000-0000-000000000000"),
    ("chain", "08987058-cadc-4b81-b6e1-30de50dcbe96"),
];
/// Pairs of attestation trust and AAGUID; each second factor gets one of them.
const KEYS: &[(&str, &str)] = &[
    ("chain", "cb69481e-8ff7-4039-93ec-0a2729a154a8"),
    ("chain", "2fc0579f-8113-47ea-b116-bb5a8db9202a"),
    ("none", "00000000-0000-0000-0000-000000000000"),
];

/// Secrets shared by the rows of all tenants.
pub(super) struct Secrets<'a> {
    /// Hash of the secret part that all API keys share.
    pub(super) key_hash: &'a SecretHash,
    /// Key that seals signing keys.
    pub(super) master_key: &'a MasterKey,
    /// Source of the nonces for sealing.
    pub(super) entropy: &'a dyn Entropy,
}

/// Writes a tenant without its audit log.
pub(super) async fn write(plan: &Plan, secrets: &Secrets<'_>, number: u64, out: &mut Writer) -> Result<(), SeedError> {
    let (tenant_id, created) = (plan.tenant_id(number), plan.tenant_since(number));
    let id = tenant_id.to_string();
    let name = names::tenant(&mut plan.random(Use::Tenant, number, 1), plan.hostile, number);
    let config = config(plan, number, &name)?;
    out.push(Table::Tenants, &[&id, &name, &config, &created, &created]);

    let key = plan.api_key_id(number);
    let hint = api_key::hint(KeyKind::Api, key.uuid());
    out.push(Table::ApiKeys, &[&id, &key.to_string(), &"Seeded", &hint, &secrets.key_hash.expose(), &created]);

    let kid = SigningKeyId::new(id_at(created, &mut plan.random(Use::SigningKey, number, 0)));
    let (at, algorithm) = (Timestamp::from_millis(created), SigningAlgorithm::Es256);
    let record = signing_key::generate(tenant_id, kid, algorithm, at, at, secrets.master_key, secrets.entropy)
        .map_err(|error| SeedError::Generate(error.to_string()))?;
    let (algorithm, sealed) = (record.algorithm.as_str(), record.sealed_private_key);
    out.push(Table::SigningKeys, &[&id, &kid.to_string(), &algorithm, &record.public_jwk, &sealed, &created, &created]);
    for user in 0..plan.users_of(number) {
        write_user(plan, &id, number, user, out)?;
        out.flush_if_full().await?;
    }
    Ok(())
}

/// Returns a valid configuration of a tenant.
fn config(plan: &Plan, number: u64, name: &str) -> Result<String, SeedError> {
    // The name of the relying party is never hostile, because the server would reject some of the hostile names, such
    // as a blank name.
    let display_name = if plan.hostile { format!("Tenant {number}") } else { name.to_owned() };
    let relying_party = RelyingParty::new(plan.rp_id(number), display_name, vec![plan.origin(number)]);
    let config = config_rules::valid(TenantConfig::for_relying_party(relying_party))
        .map_err(|problems| SeedError::Generate(Refusal::Config(problems).reason()))?;
    serde_json::to_string(&config).map_err(|error| SeedError::Generate(error.to_string()))
}

fn write_user(plan: &Plan, tenant_id: &String, tenant: u64, user: u64, out: &mut Writer) -> Result<(), SeedError> {
    let (id, created) = (plan.user_id(tenant, user).to_string(), plan.user_since(tenant, user));
    let mut random = plan.random(Use::User, tenant, user);
    let external_id = plan.external_id(tenant, user);
    let name = names::person(&mut random, plan.hostile);
    out.push(Table::Users, &[tenant_id, &id, &external_id, &external_id, &name, &"", &created, &created]);
    let public_key = cbor::encode(&plan.key(tenant, user)?.cose());
    for kind in [CredentialKind::Passkey, CredentialKind::SecondFactor] {
        let credential = Base64Url::encode(&plan.credential_id(tenant, user, kind));
        let name = names::device(&mut random, plan.hostile);
        let used = random.chance(800).then(|| created + random.millis(86_400_000));
        let is_mfa = kind == CredentialKind::SecondFactor;
        let transports = if is_mfa { r#"["usb","nfc"]"# } else { r#"["internal","hybrid"]"# };
        let (trust, aaguid) = random.pick(if is_mfa { KEYS } else { PASSKEYS });
        out.push(
            Table::Credentials,
            &[
                tenant_id,
                &credential,
                &id,
                &name,
                &public_key,
                &"ES256",
                &if trust == "chain" { "packed" } else { "none" },
                &trust,
                &aaguid,
                &0,
                &transports,
                &false,
                &false,
                &is_mfa,
                &true,
                &used,
                &created,
                &created,
            ],
        );
    }
    Ok(())
}
