//! Finalizes a registration.

use doorward_shared::{Timestamp, public::Mediation};
use serde_json::{Value, json};

use super::super::{
    Refusal, RequestContext, ServiceError, audit,
    audited::{self, AuditedOutcome},
    ceremony::{self, Outcome},
    token,
    trust::TrustCheck,
};
use crate::{
    db::{Connection, DbError},
    domain::{
        Ceremony, Challenge, Credential, KeptAttestation, Metadata, User, assurance::Evidence, trust::TrustFacts,
    },
    store::{attestations, challenges, credentials, users},
    webauthn::{self, AuthenticatorExtensions, ParsedRegistration, VerifiedRegistration},
};

/// Finalizes a registration: verifies the new credential, stores it, deletes the challenge and returns a token.
///
/// The challenge is deleted even if the registration is rejected.
///
/// # Errors
/// [`ServiceError::Refused`] with the first failed check. An audit entry is written for each refusal.
pub async fn finalize(
    context: &RequestContext,
    ceremony: Ceremony,
    body: Result<&[u8], Refusal>,
) -> Result<String, ServiceError> {
    let now = context.app.clock.now();
    let (entry, parsed) = ceremony::parse(context, ceremony, now, body, webauthn::parse_registration).await?;
    let entry = entry.credential(parsed.credential_id()).authenticator(parsed.authenticator_state());
    let tenant_id = context.tenant.id();
    let value = parsed.challenge().clone();
    let stored = context
        .app
        .db
        .read(move |connection| {
            let Some(challenge) = challenges::find(connection, tenant_id, &value)? else { return Ok(None) };
            let user = challenge.user_id.map(|id| users::find(connection, tenant_id, id)).transpose()?.flatten();
            Ok::<_, DbError>(Some((challenge, user)))
        })
        .await?;
    let external_id = stored.as_ref().and_then(|(_, user)| user.as_ref()).map(|user| user.external_id.clone());
    let entry = entry.by(external_id).challenge(ceremony, stored.as_ref().map(|(challenge, _)| challenge));
    let metadata = context.app.metadata().await?;
    let trust = TrustCheck::of_registration(context, &metadata);
    let verified = verify(ceremony, stored, &parsed, &metadata, &trust, now);
    let Registered { challenge, user, credential, kept, user_present, extensions, distrusted } = match verified {
        Ok(registered) => registered,
        Err(refusal) => return Err(ceremony::reject(context, entry, ceremony, parsed.challenge(), refusal).await),
    };
    let Credential { user_verified, backup_eligible, backup_state, .. } = credential;
    let token = token::issue(
        context,
        &token::Subject {
            evidence: Evidence { ceremony, user_verified, backup_eligible, certified: false },
            user: &user.external_id,
            rp_id: &challenge.state.rp_id,
            credential: &credential,
            user_present,
            backup_state,
            transaction: None,
        },
        now,
    )?;
    let config = &context.tenant.tenant.config;
    let kept = kept.filter(|_| config.webauthn.keep_attestation);
    let entry = entry.detail(described(&credential, &challenge, user_present, extensions));
    let entry = distrusted.iter().fold(entry, audit::Entry::monitored);
    let registration = NewRegistration { credential, kept, metadata: metadata.number() };
    let limit = config.limits.credentials_per_user;
    let unit = move |connection: &mut Connection| {
        commit_registration(connection, ceremony, &challenge, &registration, limit, &entry)
    };
    audited::write(context, unit).await??;
    trust.count(&context.app, distrusted.as_ref());
    Ok(token)
}

/// A verified registration.
struct Registered {
    challenge: Challenge,
    user: User,
    credential: Credential,
    kept: Option<KeptAttestation>,
    user_present: bool,
    extensions: AuthenticatorExtensions,
    /// The refusal that the trust policy would have caused if its mode were `enforce`.
    distrusted: Option<Refusal>,
}

fn verify(
    ceremony: Ceremony,
    stored: Option<(Challenge, Option<User>)>,
    parsed: &ParsedRegistration,
    metadata: &Metadata,
    trust: &TrustCheck,
    now: Timestamp,
) -> Result<Registered, Refusal> {
    let Some((challenge, Some(user))) = stored else { return Err(Refusal::ChallengeUnknown) };
    if challenge.ceremony != ceremony {
        return Err(Refusal::ChallengeUnknown);
    }
    if challenge.expires_at <= now {
        return Err(Refusal::ChallengeExpired);
    }
    if user.disabled_at.is_some() {
        return Err(Refusal::UserDisabled);
    }
    let verified = webauthn::verify_registration(&challenge.state, &challenge.value, parsed, metadata, now)
        .map_err(Refusal::Verification)?;
    let (user_present, extensions) = (verified.user_present, verified.extensions);
    let (credential, kept) = new_credential(&user, ceremony, verified, metadata, now);
    let distrusted = trust.judge(&TrustFacts::of(&credential))?;
    Ok(Registered { challenge, user, credential, kept, user_present, extensions, distrusted })
}

/// The rows that a registration stores: the credential, and the attestation if it is kept.
struct NewRegistration {
    credential: Credential,
    kept: Option<KeptAttestation>,
    /// Number of the metadata BLOB with which the attestation was judged.
    metadata: u64,
}

/// Deletes the challenge, stores the credential and writes the audit entry. Refuses if the challenge no longer exists,
/// if the tenant or the user is disabled, or if the user already has `limit` credentials.
fn commit_registration(
    connection: &mut Connection,
    ceremony: Ceremony,
    challenge: &Challenge,
    registration: &NewRegistration,
    limit: u32,
    entry: &audit::Entry,
) -> AuditedOutcome<()> {
    let outcome = match ceremony::take_challenge(connection, challenge)? {
        Ok(()) => store_credential(connection, registration, limit)?,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(()) => entry.write_with(connection, Ok(())),
        Err(refusal) => {
            entry.clone().refused(ceremony.final_event(false), &refusal).write_with(connection, Err(refusal))
        }
    }
}

fn store_credential(connection: &mut Connection, registration: &NewRegistration, limit: u32) -> Outcome<()> {
    let NewRegistration { credential, kept, metadata } = registration;
    let Credential { tenant_id, user_id, .. } = credential;
    // The user may have been deleted after the user was read.
    let Some(user) = users::lock(connection, *tenant_id, *user_id)? else { return Ok(Err(Refusal::ChallengeUnknown)) };
    if user.disabled_at.is_some() {
        return Ok(Err(Refusal::UserDisabled));
    }
    if credentials::count(connection, *tenant_id, *user_id)? >= limit.into() {
        return Ok(Err(Refusal::TooManyCredentials(limit)));
    }
    match credentials::insert(connection, credential) {
        Ok(()) => {}
        Err(DbError::Duplicate { .. }) => return Ok(Err(Refusal::CredentialExists)),
        Err(error) => return Err(error),
    }
    if let Some(kept) = kept {
        attestations::insert(connection, *tenant_id, &credential.id, kept, *metadata)?;
    }
    Ok(Ok(()))
}

/// Returns the properties of a new credential for its audit entry.
fn described(
    credential: &Credential,
    challenge: &Challenge,
    user_present: bool,
    extensions: AuthenticatorExtensions,
) -> Value {
    let detail = json!({
        "attested": credential.attested(),
        "attestation_trust": credential.attestation_trust,
        "attestation_type": credential.attestation_type(),
        "attestation_stated": credential.attestation_format,
        "algorithm": credential.algorithm,
        "sign_count": credential.sign_count,
        "aaguid": credential.aaguid,
    });
    let optional = [
        ("discoverable", credential.discoverable.map(Into::into)),
        ("cred_protect", extensions.cred_protect.map(Into::into)),
        ("min_pin_length", extensions.min_pin_length.map(Into::into)),
        ("mediation", challenge.state.conditional.then(|| Mediation::Conditional.as_str().into())),
        ("user_present", (!user_present).then(|| false.into())),
    ];
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    match detail {
        Value::Object(members) => Value::Object(members.into_iter().chain(optional).collect()),
        other => other,
    }
}

fn new_credential(
    user: &User,
    ceremony: Ceremony,
    verified: VerifiedRegistration,
    metadata: &Metadata,
    now: Timestamp,
) -> (Credential, Option<KeptAttestation>) {
    let model = metadata.name(verified.aaguid, verified.attestation_key_id.as_ref());
    // The credential can be renamed later.
    let name = model.map_or_else(|| format!("cred-{}", verified.credential_id), str::to_owned);
    let credential = Credential {
        tenant_id: user.tenant_id,
        user_id: user.id,
        name,
        id: verified.credential_id,
        public_key: verified.public_key,
        algorithm: verified.algorithm,
        attestation_format: verified.attestation_format,
        attestation_trust: verified.attestation_trust,
        attestation_key_id: verified.attestation_key_id,
        aaguid: verified.aaguid,
        sign_count: verified.sign_count,
        transports: verified.transports,
        backup_eligible: verified.backup_eligible,
        backup_state: verified.backup_state,
        is_mfa: ceremony.is_mfa(),
        user_verified: verified.user_verified,
        discoverable: verified.discoverable,
        last_used_at: None,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    (credential, verified.kept)
}
