//! Attestation certificates (X.509, RFC 5280).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use doorward_shared::CoseAlgorithm;
use uuid::Uuid;
use x509_parser::{
    asn1_rs::{FromDer as _, Oid, oid},
    certificate::X509Certificate,
    extensions::X509Extension,
    x509::X509Version,
};

use crate::webauthn::{cose::PublicKey, error::VerificationError};

/// `id-fido-gen-ce-aaguid` (WebAuthn §8.2.1).
const AAGUID: Oid<'static> = oid!(1.3.6.1.4.1.45724.1.1.4);

/// RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8812). TPMs use it.
pub(super) const RS1: i64 = -65535;

/// The first certificate of a statement.
pub(in crate::webauthn) struct Certificate<'a>(X509Certificate<'a>);

impl<'a> Certificate<'a> {
    pub(in crate::webauthn) fn parse(der: &'a [u8]) -> Result<Self, VerificationError> {
        match X509Certificate::from_der(der) {
            Ok(([], parsed)) => Ok(Self(parsed)),
            _ => Err(VerificationError::statement("the attestation certificate cannot be parsed")),
        }
    }

    /// Verifies a signature with the certificate's key.
    pub(super) fn verify(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), VerificationError> {
        let key = &self.0.public_key().subject_public_key.data;
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .map_err(|_| VerificationError::statement("the signature of the attestation statement is not valid"))
    }

    /// Checks that the certificate certifies the key of the credential.
    pub(super) fn check_key(&self, key: &PublicKey) -> Result<(), VerificationError> {
        let info = self.0.public_key();
        if key.matches(info.raw, &info.subject_public_key.data) {
            return Ok(());
        }
        Err(VerificationError::statement("the attestation certificate is for another public key"))
    }

    /// Checks that the certificate has version 3 and belongs to no certificate authority.
    pub(super) fn check_leaf(&self) -> Result<(), VerificationError> {
        let requirements = "the version or the basic constraints of the attestation certificate are not allowed";
        let constraints = self.0.basic_constraints().map_err(|_| VerificationError::statement(requirements))?;
        if self.0.version() == X509Version::V3 && !constraints.is_some_and(|constraints| constraints.value.ca) {
            return Ok(());
        }
        Err(VerificationError::statement(requirements))
    }

    /// Checks that the extension with the AAGUID, if it is present, contains `aaguid` and is not critical.
    pub(in crate::webauthn) fn check_aaguid(&self, aaguid: &Uuid) -> Result<(), VerificationError> {
        let Some(extension) = self.extension(&AAGUID)? else { return Ok(()) };
        // The value is the DER encoding of an OCTET STRING with 16 bytes.
        let matches = extension.value.strip_prefix(&[0x04, 16]).is_some_and(|value| value == aaguid.as_bytes());
        if matches && !extension.critical {
            return Ok(());
        }
        Err(VerificationError::statement("the attestation certificate is for another authenticator model"))
    }

    /// Returns whether the certificate contains an extension with an AAGUID.
    pub(in crate::webauthn) fn states_aaguid(&self) -> bool {
        matches!(self.extension(&AAGUID), Ok(Some(_)))
    }

    pub(super) fn extension(&self, oid: &Oid<'_>) -> Result<Option<&X509Extension<'a>>, VerificationError> {
        self.0
            .get_extension_unique(oid)
            .map_err(|_| VerificationError::statement("the attestation certificate repeats an extension"))
    }

    pub(in crate::webauthn) const fn x509(&self) -> &X509Certificate<'a> {
        &self.0
    }
}

/// Returns the implementation that verifies signatures of a COSE algorithm in the format `tpm`. In this format, SHA-1
/// is also allowed. This is safe: a TPM signs a structure that it creates itself, so an attacker cannot exploit a
/// collision.
pub(super) fn tpm_verification(algorithm: i64) -> Option<&'static dyn VerificationAlgorithm> {
    if algorithm == RS1 { Some(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY) } else { verification(algorithm) }
}

/// Returns the implementation that verifies signatures of a COSE algorithm with the key of an attestation certificate.
pub(super) fn verification(algorithm: i64) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        // PS256, RS384 and RS512 (RFC 8812, RFC 8230).
        -37 => return Some(&RSA_PSS_2048_8192_SHA256),
        -258 => return Some(&RSA_PKCS1_2048_8192_SHA384),
        -259 => return Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => {}
    }
    Some(match CoseAlgorithm::from_id(algorithm)? {
        CoseAlgorithm::Es256 => &ECDSA_P256_SHA256_ASN1,
        CoseAlgorithm::Es384 => &ECDSA_P384_SHA384_ASN1,
        CoseAlgorithm::Es512 => &ECDSA_P521_SHA512_ASN1,
        CoseAlgorithm::EdDsa => &ED25519,
        CoseAlgorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        CoseAlgorithm::MlDsa44 => &ML_DSA_44,
        CoseAlgorithm::MlDsa65 => &ML_DSA_65,
        CoseAlgorithm::MlDsa87 => &ML_DSA_87,
    })
}

#[cfg(test)]
mod tests {
    use doorward_shared::Base64Url;

    use super::*;

    /// Key (`RSAPublicKey`) and signature of "message", created with the Python package cryptography. aws-lc verifies
    /// signatures with SHA-1, but cannot create them.
    const KEY: &str = "MIIBCgKCAQEAnX4Xecz_CuNlbxjUKt0qlsk-4ef0lpr67neEXaXdPLpU0jj1IlZbf_mopUkfMetHskO780YUDdEzVEa6MOx_WL8-\
        -r5ag4f0lnWJAwLHEFUZ8g_DnxfGn_UTxDisB2l7BuykoDhf-9DK6BwOEu_6aT54mOXW5iAL0pwTot2lS14eGoDt6opT3Dvfxfkn\
        i6iHNIId21wPtol7C5GSr2RFMKe_lT2WKrZaTpOJBhZcSy5BL3qVhKV02l448EJh43ZgA2jPfFvABeDuvrYCT2JTecP8PUAZtG86\
        uXS9jG97PiWMIPJrgeF0v3-YaLhuZ380FEUiM4vqrWO8_d1V7x-1eQIDAQAB";
    const SIGNATURE: &str = "gXh1GH_2paCFjwj-itlwEpdK90d4Lw2jHo32Bae6zZFbqquJTDGehXw62w9ee-kI2mwPXNMPf2ymmcgUwO554ytvmwk7PWDUkpQd\
        XLIP1o9aJfCJ4nq_2b6Ysh5Gok0TlVYAGROTs1YB5VrMrIWSkAPiZgKG-jqnfSljyhzN7EoUjBfkBqi1lSZNfhBqSeNIYcBd_5yQ\
        Mwu_dU440NeCHIpIVpQ2DxH31Cd8ee54ZRXU8yuz8maZrugkF9dzBsH28cwtUAT5Xf5u8E3qCkipcqGyMaLaR3zRiTf6XgYjJD0c\
        RieFYbhbkH8Jfo7SriKMbbZ7AyD-KNHvK064vafBrA";

    #[test]
    fn signatures_with_sha_1_are_verified_only_in_tpm_statements() {
        assert!(verification(RS1).is_none());
        let (key, signature) = (Base64Url::decode(KEY).unwrap(), Base64Url::decode(SIGNATURE).unwrap());
        let key = UnparsedPublicKey::new(tpm_verification(RS1).unwrap(), key.as_bytes());
        key.verify(b"message", signature.as_bytes()).unwrap();
        key.verify(b"another message", signature.as_bytes()).unwrap_err();
    }
}
