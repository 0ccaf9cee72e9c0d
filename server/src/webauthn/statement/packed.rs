//! Format `packed` (WebAuthn §8.2).

use super::{
    certificate::{Certificate, verification},
    members::{Registration, Statement},
    verdict::Verdict,
};
use crate::webauthn::error::VerificationError;

/// Required organizational unit of the certificate's subject (§8.2.1).
const ORGANIZATIONAL_UNIT: &str = "Authenticator Attestation";

/// Verifies the statement. The result is `Unverified` for ECDAA, which was removed from the specification, and for
/// algorithms that Doorward does not support.
pub(super) fn verify<'a>(
    statement: &Statement<'a>,
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    if statement.ecdaa && !statement.has_certificates() {
        return Ok(Verdict::Unverified);
    }
    if !statement.names_certificates {
        return self_attestation(statement, registration).map(|()| Verdict::SelfSigned);
    }
    let (algorithm, certificate) = (statement.algorithm()?, statement.leaf()?);
    let Some(algorithm) = verification(algorithm) else { return Ok(Verdict::Unverified) };
    certificate.verify(algorithm, &registration.signed_bytes(), statement.signature()?)?;
    certificate.check_leaf()?;
    check_subject(&certificate)?;
    certificate.check_aaguid(&registration.credential.aaguid)?;
    Ok(statement.certified())
}

/// Verifies a statement without certificates, which the key of the credential must have signed.
fn self_attestation(statement: &Statement<'_>, registration: &Registration<'_>) -> Result<(), VerificationError> {
    if statement.algorithm()? != registration.key.id {
        return Err(VerificationError::statement(
            "the attestation statement and the public key have different algorithms",
        ));
    }
    if registration.key.verifies(&registration.signed_bytes(), statement.signature()?) {
        return Ok(());
    }
    Err(VerificationError::statement("the signature of the attestation statement is not valid"))
}

fn check_subject(certificate: &Certificate<'_>) -> Result<(), VerificationError> {
    let subject = certificate.x509().subject();
    let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let country = subject.iter_country().any(|attribute| attribute.as_str().is_ok_and(is_country));
    let organization = subject.iter_organization().next().is_some();
    let mut units = subject.iter_organizational_unit();
    let unit = units.any(|attribute| attribute.as_str().is_ok_and(|text| text == ORGANIZATIONAL_UNIT));
    let name = subject.iter_common_name().next().is_some();
    if country && organization && unit && name {
        return Ok(());
    }
    Err(VerificationError::statement("the subject of the attestation certificate violates WebAuthn §8.2.1"))
}
