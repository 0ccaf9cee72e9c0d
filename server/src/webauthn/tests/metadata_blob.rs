//! BLOBs of the FIDO Metadata Service, signed by a test root.

use aws_lc_rs::rsa::KeySize;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_shared::{AuthenticatorStatus, CertificationLevel, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate};

use super::{
    authenticator::Key,
    certificates::{Certificate, der, oid, sequence},
    fixture::b64,
    trust::Maker,
};
use crate::{
    domain::{Metadata, metadata::ModelId},
    webauthn::{
        PathError,
        metadata_blob::{Blob, BlobError, Roots, check_service, verify_blob},
    },
};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const MODEL: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";

/// The signer of a BLOB.
struct Signer {
    root: Maker,
    key: Key,
    certificate: Certificate,
    alg: &'static str,
}

impl Signer {
    fn new() -> Self {
        let names = sequence(&[&der(0x82, &[b"mds.fidoalliance.org"])]);
        let certificate = Certificate { extensions: vec![(oid::ALTERNATIVE_NAME, false, names)], ..Certificate::new() };
        Self { root: Maker::new("Test root"), key: Key::rs256(KeySize::Rsa2048), certificate, alg: "RS256" }
    }

    fn sign(&self, payload: &Value) -> String {
        let leaf = STANDARD.encode(self.root.issue(&self.certificate, &self.key));
        self.sign_with(&json!({ "alg": self.alg, "typ": "JWT", "x5c": [leaf] }), payload)
    }

    fn sign_with(&self, header: &Value, payload: &Value) -> String {
        let signed = format!("{}.{}", b64(header.to_string().as_bytes()), b64(payload.to_string().as_bytes()));
        let signature = b64(&self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn verify(&self, blob: &str) -> Result<Blob, BlobError> {
        verify_blob(blob.as_bytes(), &Roots::from_file(&self.root.root).unwrap(), NOW)
    }
}

fn payload(root: &[u8]) -> Value {
    json!({
        "legalHeader": "…", "no": 12, "nextUpdate": "2026-12-24",
        "entries": [
            {
                "aaguid": MODEL,
                "metadataStatement": {
                    "description": " A key ", "protocolFamily": "fido2", "icon": "data:image/png;base64,AAAA",
                    "attestationTypes": ["basic_full"],
                    "attestationRootCertificates": [format!(" {}\n", STANDARD.encode(root)), "AAAA", "no base64 !"],
                },
                "statusReports": [
                    { "status": "UPDATE_AVAILABLE", "effectiveDate": "2026-02-02" },
                    { "status": "FIDO_CERTIFIED_L2", "effectiveDate": "2026-01-01", "certificateNumber": "1" },
                ],
                "timeOfLastStatusChange": "2026-02-02",
            },
            {
                "attestationCertificateKeyIdentifiers": ["bf7bcaa0d0c6187a8c6abbdd16a15640e7c7bde2", "x"],
                "metadataStatement": {
                    "description": "U2F", "attestationTypes": ["basic_surrogate"],
                    "attestationRootCertificates": [STANDARD.encode(root)],
                },
                "statusReports": [],
            },
            { "aaid": "4e4e#4005", "metadataStatement": { "description": "UAF" }, "statusReports": [] },
            { "aaguid": Uuid::nil().to_string(), "statusReports": [] },
        ],
    })
}

#[test]
fn content_of_a_signed_blob_is_read() {
    let signer = Signer::new();
    let root = Maker::new("Maker").root;
    let blob = signer.verify(&format!("{}\n", signer.sign(&payload(&root)))).unwrap();
    assert_eq!((blob.number, blob.next_update.as_str()), (12, "2026-12-24"));
    assert_eq!((blob.records.entries.len(), blob.records.roots.len()), (2, 1));
    let metadata = Metadata::new(blob.number, blob.records);
    let model = metadata.by_aaguid(MODEL.parse().unwrap()).unwrap();
    assert_eq!((model.description.as_str(), model.certification), ("A key", Some(CertificationLevel::L2)));
    assert!(model.statuses.iter().eq(&[AuthenticatorStatus::UpdateAvailable]));
    assert_eq!(model.roots().iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>(), [root.as_slice()]);
    let Some(ModelId::KeyId(id)) = ModelId::parse("bf7bcaa0d0c6187a8c6abbdd16a15640e7c7bde2") else { panic!("an id") };
    // A model that supports only self attestation has no root certificates.
    assert_eq!(metadata.by_key_id(&id).map(|model| model.roots().len()), Some(0));
}

#[test]
fn untrusted_signers_are_rejected() {
    const EXPIRED: [&str; 2] = ["200101000000Z", "250101000000Z"];
    let signer = Signer::new();
    let blob = signer.sign(&payload(&[]));
    let verify = |roots: &Roots, now: Timestamp| verify_blob(blob.as_bytes(), roots, now);
    assert!(signer.verify(&blob).is_ok());
    // None of the default roots issued the certificate.
    assert_eq!(verify(&Roots::default(), NOW), Err(BlobError::Signer(PathError::UnknownIssuer)));
    let other = Roots::from_file(&Maker::new("Test root").root).unwrap();
    assert_eq!(verify(&other, NOW), Err(BlobError::Signer(PathError::UnknownIssuer)));
    let own = Roots::from_file(&signer.root.root).unwrap();
    // The root has expired at the time that is passed here.
    assert_eq!(verify(&own, Timestamp::from_millis(2_000_000_000_000)), Err(BlobError::Signer(PathError::NotValidNow)));
    let mut expired = Signer::new();
    expired.certificate.validity = EXPIRED;
    let blob = expired.sign(&payload(&[]));
    assert_eq!(expired.verify(&blob), Err(BlobError::Signer(PathError::NotValidNow)));
    let mut root = Signer::new();
    root.root.authority.validity = EXPIRED;
    root.root.root = root.root.authority.issued(&root.root.key, &root.root.authority, &root.root.key);
    assert_eq!(root.verify(&root.sign(&payload(&[]))), Err(BlobError::Signer(PathError::UnknownIssuer)));
}

/// Extended key usage with `id-kp-serverAuth` (1) or `id-kp-emailProtection` (4).
fn usage(purposes: &[u8]) -> (&'static [u8], bool, Vec<u8>) {
    let purpose = |last: &u8| der(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 3, *last]]);
    (oid::EXTENDED_KEY_USAGE, false, sequence(&[&purposes.iter().flat_map(purpose).collect::<Vec<_>>()]))
}

#[test]
fn default_roots_require_certificates_of_the_service() {
    let signer = Signer::new();
    let check = |name: &[u8], leaf: Vec<_>, intermediate: Vec<_>| {
        let extensions = [vec![(oid::ALTERNATIVE_NAME, false, sequence(&[name]))], leaf].concat();
        let leaf = signer.root.issue(&Certificate { extensions, ..Certificate::new() }, &signer.key);
        let intermediate =
            signer.root.issue(&Certificate { extensions: intermediate, ..Certificate::new() }, &signer.key);
        check_service(&X509Certificate::from_der(&leaf).unwrap().1, &[&leaf, &intermediate])
    };
    let service = der(0x82, &[b"mds.fidoalliance.org"]);
    assert_eq!(check(&service, vec![], vec![]), Ok(()));
    assert_eq!(check(&service, vec![usage(&[1])], vec![usage(&[4, 1])]), Ok(()));
    let names = [&b"mds.fidoalliance.org.example.com"[..], b"*.fidoalliance.org", b""].map(|name| der(0x82, &[name]));
    for name in names.into_iter().chain([der(0x81, &[b"mds.fidoalliance.org"])]) {
        assert_eq!(check(&name, vec![], vec![]), Err(BlobError::SignerName));
    }
    // Three cases: the leaf may be used only for e-mail, its authority may be used only for e-mail, or its authority
    // may issue certificates only for one domain.
    assert_eq!(check(&service, vec![usage(&[4])], vec![]), Err(BlobError::SignerPurpose));
    assert_eq!(check(&service, vec![], vec![usage(&[4])]), Err(BlobError::SignerPurpose));
    let names = sequence(&[&der(0xa0, &[&sequence(&[&der(0x82, &[b"example.com"])])])]);
    let constraints = (oid::NAME_CONSTRAINTS, false, names);
    assert_eq!(check(&service, vec![], vec![constraints]), Err(BlobError::SignerPurpose));
}

#[test]
fn changed_blobs_are_rejected() {
    let signer = Signer::new();
    let blob = signer.sign(&payload(&[]));
    let [header, body, signature] = blob.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = b64(payload(&[1]).to_string().as_bytes());
    assert_eq!(signer.verify(&format!("{header}.{other}.{signature}")), Err(BlobError::Signature));
    let foreign = Signer { key: Key::rs256(KeySize::Rsa2048), ..Signer::new() }.sign(&payload(&[]));
    let foreign = foreign.rsplit_once('.').unwrap().1.to_owned();
    assert_eq!(signer.verify(&format!("{header}.{body}.{foreign}")), Err(BlobError::Signature));
    for form in ["", "a", "a.b", "a.b.c", "..", "e30.e30.e30", &format!("{header}.{body}.{signature}.x")] {
        assert!(matches!(signer.verify(form), Err(BlobError::Form(_))), "{form:.20}");
    }
    let leaf = STANDARD.encode(signer.root.issue(&signer.certificate, &signer.key));
    let with = |header: Value| signer.verify(&signer.sign_with(&header, &payload(&[])));
    for algorithm in ["none", "HS256", "RS1", ""] {
        let error = BlobError::Algorithm(algorithm.to_owned());
        assert_eq!(with(json!({ "alg": algorithm, "x5c": [leaf] })), Err(error));
    }
    assert_eq!(with(json!({ "alg": "ES256", "x5c": [leaf] })), Err(BlobError::Signature));
    assert_eq!(with(json!({ "alg": "RS256" })), Err(BlobError::Signer(PathError::Length)));
    assert_eq!(with(json!({ "alg": "RS256", "x5c": ["AAAA"] })), Err(BlobError::Signer(PathError::Malformed)));
    assert!(matches!(with(json!({ "alg": "RS256", "x5c": [leaf], "crit": ["b64"] })), Err(BlobError::Form(_))));
    assert!(with(json!({ "alg": "RS256", "x5c": [leaf] })).is_ok());
}

#[test]
fn invalid_content_is_rejected() {
    let signer = Signer::new();
    let with = |member: &str, value: Value| {
        let mut payload = payload(&[]);
        payload[member] = value;
        signer.verify(&signer.sign(&payload))
    };
    for (member, value) in [
        ("no", json!(0)),
        ("no", json!(u64::MAX)),
        ("no", json!("12")),
        ("nextUpdate", json!("24.12.2026")),
        ("nextUpdate", json!("tomorrow!!")),
        ("entries", json!({})),
        ("entries", json!([{ "aaguid": MODEL, "statusReports": vec![json!({ "status": "REVOKED" }); 201] }])),
    ] {
        assert!(matches!(with(member, value.clone()), Err(BlobError::Content(_))), "{member} {value:.20}");
    }
}

#[test]
fn elliptic_curve_signatures_are_verified() {
    let signer = Signer { key: Key::es256(), alg: "ES256", ..Signer::new() };
    let blob = signer.sign(&payload(&[]));
    let (signed, signature) = blob.rsplit_once('.').unwrap();
    // A JWS contains r and s as 32 bytes each. The DER encoding is not valid here.
    assert_eq!(signer.verify(&blob), Err(BlobError::Signature));
    let signature = doorward_shared::Base64Url::decode(signature).unwrap().0;
    let mut fixed = Vec::new();
    let mut rest = &signature[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let digits = &number[number.len().saturating_sub(32)..];
        fixed.extend(vec![0; 32 - digits.len()]);
        fixed.extend(digits);
        rest = &rest[2 + length..];
    }
    assert!(signer.verify(&format!("{signed}.{}", b64(&fixed))).is_ok());
}
