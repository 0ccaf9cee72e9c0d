//! Content of a metadata BLOB (FIDO Metadata Service §3.1, FIDO Metadata Statement §4). Doorward reads only the members
//! that it needs; for example, it skips icons.

use doorward_shared::bytes::hex;
use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{self, SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use uuid::Uuid;
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate};

use super::error::BlobError;
use crate::domain::{
    CertificateKeyId,
    metadata::{MetadataRecords, ModelId, ModelRecord, StatusReport},
};

/// Maximum number of models. The published BLOB contains about 500.
const MAX_MODELS: usize = 20_000;
/// Maximum number of identifiers, status reports or root certificates of one entry.
const MAX_ITEMS: usize = 200;
/// Maximum length of a description in characters.
const MAX_DESCRIPTION: usize = 200;

/// Types of attestation that use certificates. Root certificates are ignored in entries that list none of these types.
const WITH_CERTIFICATES: [&str; 3] = ["basic_full", "attca", "anonca"];

/// The content of a BLOB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    pub number: u64,
    /// Latest day for the publication of the next BLOB, `YYYY-MM-DD`.
    pub next_update: String,
    pub records: MetadataRecords,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    no: u64,
    next_update: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: Option<String>,
    #[serde(default)]
    attestation_certificate_key_identifiers: Vec<String>,
    metadata_statement: Option<Statement>,
    #[serde(default)]
    status_reports: Vec<StatusReport>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Statement {
    description: String,
    attestation_types: BTreeSet<String>,
    attestation_root_certificates: Vec<String>,
}

impl Blob {
    pub(super) fn parse(json: &[u8]) -> Result<Self, BlobError> {
        let payload: Payload = serde_json::from_slice(json).map_err(|error| BlobError::Content(error.to_string()))?;
        if !is_date(&payload.next_update) {
            return Err(BlobError::Content("nextUpdate is not a date".to_owned()));
        }
        // In the database, 0 means "nothing was imported", and the column holds a signed 64-bit number.
        if payload.no == 0 || i64::try_from(payload.no).is_err() {
            return Err(BlobError::Content("no is not a positive number".to_owned()));
        }
        let mut models = BTreeMap::new();
        let mut roots = BTreeMap::new();
        for entry in payload.entries {
            entry.add_to(&mut models, &mut roots)?;
            if models.len() > MAX_MODELS {
                return Err(BlobError::Content(format!("it has more than {MAX_MODELS} models")));
            }
        }
        let records = MetadataRecords { entries: models.into_values().collect(), roots };
        Ok(Self { number: payload.no, next_update: payload.next_update, records })
    }
}

impl Entry {
    /// Adds a record for each identifier of the entry. Entries of UAF, an older protocol, have no identifier that
    /// WebAuthn uses. If two entries have the same identifier, the reports and root certificates of both are merged.
    fn add_to(
        self,
        models: &mut BTreeMap<ModelId, ModelRecord>,
        roots: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<(), BlobError> {
        let aaguid = self.aaguid.as_deref().and_then(|text| Uuid::parse_str(text).ok()).filter(|id| !id.is_nil());
        let key_ids =
            self.attestation_certificate_key_identifiers.iter().filter_map(|text| CertificateKeyId::parse(text));
        let ids: Vec<ModelId> = aaguid.map(ModelId::Aaguid).into_iter().chain(key_ids.map(ModelId::KeyId)).collect();
        let statement = self.metadata_statement.unwrap_or_default();
        for count in [ids.len(), self.status_reports.len(), statement.attestation_root_certificates.len()] {
            if count > MAX_ITEMS {
                return Err(BlobError::Content(format!("an entry has more than {MAX_ITEMS} items of one kind")));
            }
        }
        let mut fingerprints = Vec::new();
        if !ids.is_empty() && statement.attestation_types.iter().any(|it| WITH_CERTIFICATES.contains(&it.as_str())) {
            for der in statement.attestation_root_certificates.iter().filter_map(|text| certificate(text)) {
                let fingerprint = fingerprint(&der);
                roots.insert(fingerprint.clone(), der);
                fingerprints.push(fingerprint);
            }
        }
        let description: String = statement.description.trim().chars().take(MAX_DESCRIPTION).collect();
        for id in ids {
            let record = models.entry(id).or_insert_with(|| ModelRecord {
                id,
                description: description.clone(),
                reports: Vec::new(),
                roots: Vec::new(),
            });
            record.reports.extend(self.status_reports.iter().cloned());
            record.roots.extend(fingerprints.iter().cloned());
        }
        Ok(())
    }
}

/// Decodes a root certificate. Returns `None` if it cannot be parsed; the model then does not have this root.
fn certificate(text: &str) -> Option<Vec<u8>> {
    // Some manufacturers published certificates with line breaks.
    let compact: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(compact).ok()?;
    matches!(X509Certificate::from_der(&der), Ok(([], _))).then_some(der)
}

fn fingerprint(der: &[u8]) -> String {
    hex(digest::digest(&SHA256, der).as_ref())
}

fn is_date(text: &str) -> bool {
    text.len() == "YYYY-MM-DD".len()
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}
