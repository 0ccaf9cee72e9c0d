//! Format `fido-u2f` (WebAuthn §8.6).

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1;
use doorward_shared::CoseAlgorithm;

use super::{
    members::{Registration, Statement},
    verdict::Verdict,
};
use crate::webauthn::error::VerificationError;

pub(super) fn verify<'a>(
    statement: &Statement<'a>,
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    if statement.certificates.len() != 1 {
        return Err(VerificationError::statement(
            "an attestation statement of the format fido-u2f must have exactly one certificate",
        ));
    }
    let point = match registration.key.algorithm {
        CoseAlgorithm::Es256 => registration.key.bytes(),
        _ => return Err(VerificationError::statement("credentials of the format fido-u2f must be ES256 keys")),
    };
    let credential_id = &registration.credential.credential_id;
    let message = [&[0], registration.rp_id_hash, registration.client_data_hash, credential_id, point].concat();
    // The certificate must have a P-256 key. This algorithm rejects other keys.
    statement.leaf()?.verify(&ECDSA_P256_SHA256_ASN1, &message, statement.signature()?)?;
    Ok(statement.certified())
}
