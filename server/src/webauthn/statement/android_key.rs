//! Format `android-key` (WebAuthn §8.4).

use x509_parser::asn1_rs::{Any, FromDer as _, Oid, oid};

use super::{
    certificate::verification,
    members::{Registration, Statement},
    verdict::Verdict,
};
use crate::webauthn::error::VerificationError;

/// Extension with the key description (§8.4.1).
const KEY_DESCRIPTION: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.1.17);

/// ASN.1 tags that identify the authorizations in a key description.
const PURPOSE: u32 = 1;
const ALL_APPLICATIONS: u32 = 600;
const ORIGIN: u32 = 702;

/// `KM_PURPOSE_SIGN` as a DER INTEGER.
const SIGN: &[u8] = &[0x02, 1, 2];
/// `KM_ORIGIN_GENERATED` as a DER INTEGER.
const GENERATED: &[u8] = &[0x02, 1, 0];

/// Verifies the statement. The result is `Unverified` for an algorithm that Doorward does not support. It is also
/// `Unverified` if the key description is missing, cannot be parsed, or lacks the origin or the purpose of the key.
pub(super) fn verify<'a>(
    statement: &Statement<'a>,
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    let (algorithm, certificate) = (statement.algorithm()?, statement.leaf()?);
    let Some(algorithm) = verification(algorithm) else { return Ok(Verdict::Unverified) };
    certificate.verify(algorithm, &registration.signed_bytes(), statement.signature()?)?;
    certificate.check_key(registration.key)?;
    let extension = certificate.extension(&KEY_DESCRIPTION)?;
    let Some(description) = extension.and_then(|extension| Description::parse(extension.value)) else {
        return Ok(Verdict::Unverified);
    };
    let states_both = description.check(registration.client_data_hash)?;
    Ok(if states_both { statement.certified() } else { Verdict::Unverified })
}

struct Description<'a> {
    challenge: &'a [u8],
    /// The authorizations that software enforces, then those that hardware enforces.
    authorizations: Vec<Any<'a>>,
}

impl<'a> Description<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let [sequence] = items(der)?.try_into().ok()?;
        // The members are versions and security levels, challenge, unique id, and the two lists of authorizations.
        // Later versions may append members.
        let members = items(sequence.data)?;
        let [_, _, _, _, challenge, _, software, hardware, ..] = members.as_slice() else { return None };
        let mut authorizations = items(software.data)?;
        authorizations.extend(items(hardware.data)?);
        Some(Self { challenge: challenge.data, authorizations })
    }

    /// Checks the values in the description. Returns whether it states both the origin and the purpose of the key.
    fn check(&self, client_data_hash: &[u8]) -> Result<bool, VerificationError> {
        if self.challenge != client_data_hash {
            return Err(VerificationError::statement("the attestation certificate is for another registration"));
        }
        let with_tag = |tag| self.authorizations.iter().filter(move |item| item.header.tag().0 == tag);
        if with_tag(ALL_APPLICATIONS).next().is_some() {
            return Err(VerificationError::statement("the attested key may be used by all applications"));
        }
        let (mut origins, mut purposes) = (with_tag(ORIGIN).peekable(), with_tag(PURPOSE).peekable());
        let states_both = origins.peek().is_some() && purposes.peek().is_some();
        if !origins.all(|origin| origin.data == GENERATED) {
            return Err(VerificationError::statement("the attested key was not generated in the authenticator"));
        }
        let signs = |purposes: &[u8]| -> Option<bool> {
            let [set] = items(purposes)?.try_into().ok()?;
            Some(set.data.chunks(SIGN.len()).any(|purpose| purpose == SIGN))
        };
        if !purposes.all(|purpose| signs(purpose.data) == Some(true)) {
            return Err(VerificationError::statement("the attested key is not for signatures"));
        }
        Ok(states_both)
    }
}

/// Splits DER into its elements.
fn items(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut items = Vec::new();
    while !der.is_empty() {
        let (rest, item) = Any::from_der(der).ok()?;
        items.push(item);
        der = rest;
    }
    Some(items)
}
