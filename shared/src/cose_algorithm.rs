//! Signature algorithms of credentials.

text_enum! {
    /// Signature algorithm of a credential (IANA registry "COSE Algorithms").
    pub enum CoseAlgorithm ("algorithm") {
        /// Ed25519, COSE -8. Keys with the fully specified identifier -19 count as this algorithm.
        EdDsa => "EdDSA",
        /// ECDSA on P-256 with SHA-256, COSE -7. Keys with the fully specified identifier -9 count as this algorithm.
        Es256 => "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256 and keys of 2048 to 4096 bits, COSE -257.
        Rs256 => "RS256",
        /// ECDSA on P-384 with SHA-384, COSE -35. Keys with the fully specified identifier -51 count as this algorithm.
        Es384 => "ES384",
        /// ECDSA on P-521 with SHA-512, COSE -36. Keys with the fully specified identifier -52 count as this algorithm.
        Es512 => "ES512",
        /// ML-DSA-44 (FIPS 204, RFC 9964), COSE -48. Resists quantum computers.
        MlDsa44 => "ML-DSA-44",
        /// ML-DSA-65 (FIPS 204, RFC 9964), COSE -49. Resists quantum computers.
        MlDsa65 => "ML-DSA-65",
        /// ML-DSA-87 (FIPS 204, RFC 9964), COSE -50. Resists quantum computers.
        MlDsa87 => "ML-DSA-87",
    }
}

impl CoseAlgorithm {
    /// The algorithms of a tenant that has not set its own, in order of preference.
    pub const DEFAULT: &'static [Self] = &[Self::EdDsa, Self::Es256, Self::Rs256, Self::Es384, Self::Es512];

    /// Returns the identifier that is offered to clients in `pubKeyCredParams`.
    #[must_use]
    pub const fn id(self) -> i64 {
        match self {
            Self::EdDsa => -8,
            Self::Es256 => -7,
            Self::Rs256 => -257,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::MlDsa44 => -48,
            Self::MlDsa65 => -49,
            Self::MlDsa87 => -50,
        }
    }

    /// Returns whether the algorithm resists quantum computers.
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87)
    }

    /// Returns the algorithm of an identifier. The fully specified identifiers of RFC 9864 map to the same algorithms
    /// as the older ones, because Doorward accepts only one curve for each algorithm.
    #[must_use]
    pub const fn from_id(id: i64) -> Option<Self> {
        Some(match id {
            -8 | -19 => Self::EdDsa,
            -7 | -9 => Self::Es256,
            -257 => Self::Rs256,
            -35 | -51 => Self::Es384,
            -36 | -52 => Self::Es512,
            -48 => Self::MlDsa44,
            -49 => Self::MlDsa65,
            -50 => Self::MlDsa87,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_identify_their_algorithm() {
        for &algorithm in CoseAlgorithm::ALL {
            assert_eq!(CoseAlgorithm::from_id(algorithm.id()), Some(algorithm));
        }
        assert_eq!(CoseAlgorithm::from_id(-53), None);
    }
}
