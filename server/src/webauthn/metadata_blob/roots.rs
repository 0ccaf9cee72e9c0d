//! Root certificates that may issue the certificate of a BLOB's signer.

use doorward_shared::Timestamp;
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate, pem::Pem};

use super::error::BlobError;

/// GlobalSign Root CA R3, SHA-256 `CB:B5:22:D7:B7:F1:27:AD:6A:01:13:86:5B:DF:1C:D4:10:2E:7D:07:59:AF:63:5A:7C:F4:72:0D:C9:63:C5:3B`.
const GLOBALSIGN_R3: &[u8] = include_bytes!("globalsign_root_r3.pem");
/// GlobalSign Root R46, SHA-256 `4F:A3:12:6D:8D:3A:11:D1:C4:85:5A:4F:80:7C:BA:D6:CF:91:9D:3A:5A:88:B0:3B:EA:2C:63:72:D9:3C:40:C9`.
const GLOBALSIGN_R46: &[u8] = include_bytes!("globalsign_root_r46.pem");

/// Accepted root certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// The certificates, each in DER.
    certificates: Vec<Vec<u8>>,
    are_default: bool,
}

impl Default for Roots {
    /// Returns the root certificates of the FIDO Alliance's service.
    fn default() -> Self {
        let certificates = [GLOBALSIGN_R3, GLOBALSIGN_R46].into_iter().flat_map(from_pem).collect();
        Self { certificates, are_default: true }
    }
}

impl Roots {
    /// Reads the root certificates that an operator has chosen: one or more in PEM, or one in DER.
    ///
    /// # Errors
    /// [`BlobError::Root`] if there is no certificate, or a certificate cannot be parsed.
    pub fn from_file(bytes: &[u8]) -> Result<Self, BlobError> {
        let pem: Vec<Vec<u8>> = from_pem(bytes);
        let certificates = if pem.is_empty() { vec![bytes.to_vec()] } else { pem };
        if certificates.iter().all(|der| matches!(X509Certificate::from_der(der), Ok(([], _)))) {
            return Ok(Self { certificates, are_default: false });
        }
        Err(BlobError::Root)
    }

    pub(super) const fn are_default(&self) -> bool {
        self.are_default
    }

    /// Returns the certificates that are valid at the time `now`.
    pub(super) fn valid_at(&self, now: Timestamp) -> Vec<&[u8]> {
        let is_valid = |der: &&[u8]| {
            X509Certificate::from_der(der).is_ok_and(|(_, certificate)| {
                let validity = certificate.validity();
                (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now.seconds())
            })
        };
        self.certificates.iter().map(Vec::as_slice).filter(is_valid).collect()
    }
}

fn from_pem(bytes: &[u8]) -> Vec<Vec<u8>> {
    Pem::iter_from_buffer(bytes)
        .map_while(Result::ok)
        .filter(|pem| pem.label == "CERTIFICATE")
        .map(|pem| pem.contents)
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;

    #[test]
    fn default_roots_have_the_documented_fingerprints() {
        let roots = Roots::default();
        let fingerprints: Vec<String> = roots
            .certificates
            .iter()
            .map(|der| {
                digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
            })
            .collect();
        assert_eq!(
            fingerprints,
            [
                "CB:B5:22:D7:B7:F1:27:AD:6A:01:13:86:5B:DF:1C:D4:10:2E:7D:07:59:AF:63:5A:7C:F4:72:0D:C9:63:C5:3B",
                "4F:A3:12:6D:8D:3A:11:D1:C4:85:5A:4F:80:7C:BA:D6:CF:91:9D:3A:5A:88:B0:3B:EA:2C:63:72:D9:3C:40:C9",
            ]
        );
        let at = |seconds: i64| roots.valid_at(Timestamp::from_millis(seconds * 1_000)).len();
        // The years 2026, 2030 (R3 has expired) and 2050 (R46 has expired too).
        assert_eq!([at(1_780_000_000), at(1_900_000_000), at(2_530_000_000)], [2, 1, 0]);
    }

    #[test]
    fn root_file_is_pem_or_der() {
        let default = Roots::default();
        let both = [GLOBALSIGN_R3, GLOBALSIGN_R46].concat();
        assert_eq!(Roots::from_file(&both).unwrap().certificates, default.certificates);
        assert_eq!(Roots::from_file(&default.certificates[0]).unwrap().certificates.len(), 1);
        for wrong in [&b""[..], b"text", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Roots::from_file(wrong), Err(BlobError::Root));
        }
    }
}
