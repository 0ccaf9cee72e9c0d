//! Options for `navigator.credentials.create()` and `get()`.

use aws_lc_rs::digest;
use doorward_shared::{
    Base64Url, CoseAlgorithm,
    config::{AttestationFormat, Hint, ResidentKey},
    extensions::{AssertionExtensions, RegistrationExtensions},
    public::{
        AuthenticatorSelection, CreationOptions, CredentialDescriptor, CredentialKind, Mediation, PubKeyCredParam,
        PublicKeyCreationOptions, PublicKeyRequestOptions, RequestOptions, RpEntity, UserEntity,
    },
};

use crate::domain::{CeremonyPolicy, ChallengeValue, CredentialId, RelyingPartyPolicy, User};

/// Optional members of the options of a registration.
#[derive(Debug, Clone, Default)]
pub struct CreationExtras {
    pub mediation: Option<Mediation>,
    pub hints: Vec<Hint>,
    pub attestation_formats: Vec<AttestationFormat>,
    pub extensions: RegistrationExtensions,
}

/// Optional members of the options of a login or transaction.
#[derive(Debug, Clone, Default)]
pub struct RequestExtras {
    pub hints: Vec<Hint>,
    pub extensions: AssertionExtensions,
}

/// Returns the options of a registration (WebAuthn §5.4). `algorithms` are in order of preference, and `exclude` lists
/// credentials of the user that already exist.
pub fn creation_options(
    rp: &RelyingPartyPolicy,
    policy: &CeremonyPolicy,
    algorithms: &[CoseAlgorithm],
    user: &User,
    challenge: &ChallengeValue,
    exclude: &[CredentialId],
    extras: CreationExtras,
) -> CreationOptions {
    CreationOptions {
        public_key: PublicKeyCreationOptions {
            rp: RpEntity { name: rp.name.clone(), id: rp.id.clone(), icon: rp.icon.clone() },
            user: UserEntity {
                id: Base64Url(user.handle().to_vec()),
                name: user.name.clone(),
                display_name: user.display_name.clone(),
                icon: (!user.icon.is_empty()).then(|| user.icon.clone()),
            },
            challenge: Base64Url(challenge.0.clone()),
            pub_key_cred_params: algorithms
                .iter()
                .map(|algorithm| PubKeyCredParam { kind: CredentialKind::PublicKey, alg: algorithm.id() })
                .collect(),
            timeout: policy.timeout_ms,
            exclude_credentials: descriptors(exclude),
            authenticator_selection: AuthenticatorSelection {
                authenticator_attachment: policy.attachment,
                require_resident_key: policy.resident_key == ResidentKey::Required,
                resident_key: policy.resident_key,
                user_verification: policy.user_verification,
            },
            attestation: policy.attestation,
            attestation_formats: extras.attestation_formats,
            hints: extras.hints,
            extensions: Some(extras.extensions).filter(|extensions| *extensions != RegistrationExtensions::default()),
        },
        mediation: extras.mediation,
    }
}

/// Returns the options of a login or transaction (WebAuthn §5.5). `allow` lists the accepted credentials; if it is
/// `None`, any discoverable credential is accepted.
pub fn request_options(
    rp: &RelyingPartyPolicy,
    policy: &CeremonyPolicy,
    challenge: &ChallengeValue,
    allow: Option<&[CredentialId]>,
    extras: RequestExtras,
) -> RequestOptions {
    RequestOptions {
        public_key: PublicKeyRequestOptions {
            challenge: Base64Url(challenge.0.clone()),
            timeout: policy.timeout_ms,
            rp_id: rp.id.clone(),
            user_verification: policy.user_verification,
            allow_credentials: allow.map(descriptors),
            hints: extras.hints,
            extensions: Some(extras.extensions).filter(|extensions| *extensions != AssertionExtensions::default()),
        },
    }
}

/// Returns the challenge of a transaction: 32 random bytes, followed by the SHA-256 hash of the transaction's id and
/// data, so that the signature covers id and data.
pub fn transaction_challenge(random: [u8; 32], transaction_id: &str, data: &str) -> ChallengeValue {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(transaction_id.as_bytes());
    hash.update(data.as_bytes());
    let mut challenge = random.to_vec();
    challenge.extend_from_slice(hash.finish().as_ref());
    ChallengeValue(challenge)
}

fn descriptors(ids: &[CredentialId]) -> Vec<CredentialDescriptor> {
    ids.iter()
        .map(|id| CredentialDescriptor { kind: CredentialKind::PublicKey, id: Base64Url(id.as_bytes().to_vec()) })
        .collect()
}
