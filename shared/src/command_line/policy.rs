//! Flags of `tenant create` for the requirements of ceremonies.

use std::str::FromStr;

use clap::Args;

use crate::{
    CoseAlgorithm,
    config::{
        Attachment, AttestationPreference, CounterPolicy, Hint, ResidentKey, TenantConfig, TokenAudience,
        UserVerification,
    },
    error::UnknownWord,
};

/// Requirements of ceremonies. A setting whose flag is missing has its default.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Ceremonies")]
pub struct PolicyArgs {
    /// Web origin of another domain; pages of this origin may run ceremonies; may be repeated
    #[arg(long = "related-origin", value_name = "ORIGIN")]
    related_origins: Vec<String>,
    /// Web origin of pages that may show the tenant's pages in a frame and run ceremonies there; may be repeated
    #[arg(long = "top-origin", value_name = "ORIGIN")]
    top_origins: Vec<String>,
    /// Time limit of a ceremony in milliseconds, 1000 to 3600000 [default: 60000]
    #[arg(long, value_name = "MS")]
    timeout: Option<u32>,
    /// Time for which a challenge is valid, in milliseconds, 1000 to 600000 [default: the time limit of a ceremony]
    #[arg(long, value_name = "MS")]
    challenge_lifetime: Option<u32>,
    /// Passkeys: user verification (required, preferred or discouraged) [default: required]
    #[arg(long, value_name = "WORD")]
    user_verification: Option<UserVerification>,
    /// Passkeys: accepted authenticators (any, platform = built-in, cross-platform) [default: any]
    #[arg(long, value_name = "WORD")]
    attachment: Option<AttachmentArg>,
    /// Passkeys: requested attestation (none, indirect, direct or enterprise) [default: direct]
    #[arg(long, value_name = "WORD")]
    attestation: Option<AttestationPreference>,
    /// Passkeys: discoverable credentials (required, preferred or discouraged) [default: required]
    #[arg(long, value_name = "WORD")]
    resident_key: Option<ResidentKey>,
    /// Audience of tokens: rp_id, or ceremony (such as example.com/mfa) [default: rp_id]
    #[arg(long, value_name = "WORD")]
    token_audience: Option<TokenAudience>,
    /// Name of the level of assurance AAL1 in tokens and in min_acr [default: aal1]
    #[arg(long, value_name = "NAME")]
    acr_aal1: Option<String>,
    /// Name of the level of assurance AAL2 [default: aal2]
    #[arg(long, value_name = "NAME")]
    acr_aal2: Option<String>,
    /// Name of the level of assurance AAL3 [default: aal3]
    #[arg(long, value_name = "NAME")]
    acr_aal3: Option<String>,
    /// Algorithms of new credentials, in order of preference, such as EdDSA,ES256,RS256 or ML-DSA-65,ES256
    /// [default: EdDSA,ES256,RS256,ES384,ES512]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    algorithms: Vec<CoseAlgorithm>,
    /// Keep the attestations of new credentials, to judge them again with newer metadata: true or false [default: true]
    #[arg(long, value_name = "BOOL")]
    keep_attestation: Option<bool>,
    /// Passkeys: kinds of authenticators that users probably have: security-key, client-device, hybrid [default: none]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    hints: Vec<Hint>,
    /// Signature counters that do not increase: refuse, or record (synced credentials only) [default: refuse]
    #[arg(long, value_name = "WORD")]
    counter_policy: Option<CounterPolicy>,
    /// Second factors: time limit of a ceremony in milliseconds [default: that of passkeys]
    #[arg(long, value_name = "MS")]
    mfa_timeout: Option<u32>,
    /// Second factors: user verification (required, preferred or discouraged) [default: preferred]
    #[arg(long, value_name = "WORD")]
    mfa_user_verification: Option<UserVerification>,
    /// Second factors: accepted authenticators (any, platform = built-in, cross-platform) [default: cross-platform]
    #[arg(long, value_name = "WORD")]
    mfa_attachment: Option<AttachmentArg>,
    /// Second factors: requested attestation (none, indirect, direct or enterprise) [default: direct]
    #[arg(long, value_name = "WORD")]
    mfa_attestation: Option<AttestationPreference>,
    /// Second factors: discoverable credentials (required, preferred or discouraged) [default: discouraged]
    #[arg(long, value_name = "WORD")]
    mfa_resident_key: Option<ResidentKey>,
}

/// An attachment, or `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AttachmentArg(Option<Attachment>);

impl FromStr for AttachmentArg {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|attachment| Self(Some(attachment)))
                .map_err(|error: UnknownWord| UnknownWord { allowed: &["any", "platform", "cross-platform"], ..error }),
        }
    }
}

impl PolicyArgs {
    /// Replaces the settings whose flags were given.
    pub fn apply(self, config: &mut TenantConfig) {
        set(&mut config.acr.aal1, self.acr_aal1);
        set(&mut config.acr.aal2, self.acr_aal2);
        set(&mut config.acr.aal3, self.acr_aal3);
        let webauthn = &mut config.webauthn;
        let rp = &mut webauthn.relying_party;
        set(&mut rp.related_origins, (!self.related_origins.is_empty()).then_some(self.related_origins));
        set(&mut rp.top_origins, (!self.top_origins.is_empty()).then_some(self.top_origins));
        set(&mut webauthn.timeout, self.timeout);
        set(&mut webauthn.user_verification, self.user_verification);
        set(&mut webauthn.attachment, self.attachment.map(|AttachmentArg(attachment)| attachment));
        set(&mut webauthn.attestation_preference, self.attestation);
        set(&mut webauthn.resident_key_requirement, self.resident_key);
        set(&mut webauthn.token_audience, self.token_audience);
        set(&mut webauthn.algorithms, (!self.algorithms.is_empty()).then_some(self.algorithms));
        set(&mut webauthn.keep_attestation, self.keep_attestation);
        set(&mut webauthn.challenge_lifetime, self.challenge_lifetime.map(Some));
        set(&mut webauthn.hints, (!self.hints.is_empty()).then_some(self.hints));
        set(&mut webauthn.counter_policy, self.counter_policy);
        let mfa = &mut config.mfa;
        set(&mut mfa.timeout, self.mfa_timeout.map(Some));
        set(&mut mfa.user_verification, self.mfa_user_verification);
        set(&mut mfa.attachment, self.mfa_attachment.map(|AttachmentArg(attachment)| attachment));
        set(&mut mfa.attestation_preference, self.mfa_attestation);
        set(&mut mfa.resident_key_requirement, self.mfa_resident_key);
    }
}

fn set<T>(setting: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *setting = value;
    }
}
