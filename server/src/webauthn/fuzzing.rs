//! Entry points for the fuzz targets in `server/fuzz`. They call the parsers of `webauthn` that are not public. Each
//! function panics if its parser breaks a rule that must hold for every input.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic reports the input that broke a rule")]

use doorward_shared::Timestamp;

use super::{
    attestation::AttestationObject,
    auth_data::AuthData,
    certificate_path,
    client_data::ClientData,
    cose, metadata_blob,
    parse::{parse_assertion, parse_registration},
};

/// Parses `clientDataJSON`.
pub fn client_data(bytes: &[u8]) {
    let _ = ClientData::parse(bytes);
}

/// Parses authenticator data.
pub fn authenticator_data(bytes: &[u8]) {
    let _ = AuthData::parse(bytes);
}

/// Parses an attestation object. If this succeeds, encodes the parsed object twice: with its statement and without it.
/// The parser must accept both encodings, and encoding the results again must produce the same bytes.
pub fn attestation_object(bytes: &[u8]) {
    let Ok(parsed) = AttestationObject::parse(bytes) else { return };
    let again = AttestationObject::parse(&parsed.encode()).unwrap();
    assert_eq!(again.encode(), parsed.encode());
    let bare = AttestationObject::parse(&parsed.encode_without_statement()).unwrap();
    assert_eq!(bare.encode(), parsed.encode_without_statement());
    if let Some(attested) = &parsed.auth_data.attested
        && let Ok(key) = cose::parse_key(&attested.public_key)
    {
        let _ = parsed.verify_statement(attested, &key, b"a hash");
    }
}

/// Parses a public key in COSE format and checks that the key rejects a wrong signature.
pub fn cose_key(bytes: &[u8]) {
    if let Ok(key) = cose::parse_key(bytes)
        && key.verifies(b"message", b"signature")
    {
        panic!("a wrong signature was accepted");
    }
}

/// Parses the input as a metadata BLOB and as the content of a BLOB, without verifying the signature.
pub fn metadata_blob(bytes: &[u8]) {
    metadata_blob::parse_unverified(bytes);
}

/// Validates a path of two certificates. The first two bytes are the length of the first certificate.
pub fn certificate_path(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (leaf, issuer) = rest.split_at_checked(u16::from_be_bytes(*length).into()).unwrap_or((rest, &[]));
    let at = Timestamp::from_millis(1_795_000_000_000);
    let _ = certificate_path::validate(&[leaf, issuer], &[issuer], at);
    if certificate_path::validate::<&[u8]>(&[leaf, issuer], &[], at).is_ok() {
        panic!("a path without an anchor was accepted");
    }
}

/// Parses the input as the body of a finalize request with a registration, and as one with an assertion.
pub fn finalize_bodies(bytes: &[u8]) {
    let _ = parse_registration(bytes);
    if let Ok(assertion) = parse_assertion(bytes) {
        let _ = assertion.signed_bytes();
    }
}
