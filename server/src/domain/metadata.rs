//! Metadata of authenticator models, from the FIDO Metadata Service (MDS).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use doorward_shared::{AttestationTrust, AuthenticatorStatus, CertificationLevel, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CertificateKeyId, Credential, aaguid};

/// Identifies an entry of the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelId {
    /// A FIDO2 model, identified by its AAGUID.
    Aaguid(Uuid),
    /// A U2F model, identified by the key of one of its attestation certificates.
    KeyId(CertificateKeyId),
}

impl ModelId {
    /// Parses an AAGUID or a key identifier.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self::Aaguid).or_else(|| CertificateKeyId::parse(text).map(Self::KeyId))
    }
}

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Aaguid(aaguid) => aaguid.fmt(f),
            Self::KeyId(id) => id.fmt(f),
        }
    }
}

/// A status report of the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    pub status: String,
    /// First day of the status, `YYYY-MM-DD`.
    #[serde(rename = "effectiveDate", skip_serializing_if = "Option::is_none", default)]
    pub effective_date: Option<String>,
}

/// An entry of the metadata as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRecord {
    pub id: ModelId,
    pub description: String,
    pub reports: Vec<StatusReport>,
    /// Fingerprints of the model's root certificates. [`MetadataRecords::roots`] contains these certificates.
    pub roots: Vec<String>,
}

/// The metadata as it is stored. Many entries share their root certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataRecords {
    pub entries: Vec<ModelRecord>,
    /// DER certificates by their fingerprints (SHA-256).
    pub roots: BTreeMap<String, Vec<u8>>,
}

/// An import of metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataImport {
    /// Number of the imported BLOB. It increases with each publication.
    pub number: u64,
    /// Day by which the next BLOB should be published, `YYYY-MM-DD`.
    pub next_update: String,
    pub imported_at: Timestamp,
    /// Number of models.
    pub entries: u64,
}

impl MetadataImport {
    /// Returns whether the next BLOB should have been published before today.
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        is_outdated(&self.next_update, now)
    }
}

/// Returns whether a day, `YYYY-MM-DD`, is in the past.
pub fn is_outdated(day: &str, now: Timestamp) -> bool {
    // Texts of the form `YYYY-MM-DD` sort in the order of the days.
    now.to_string().get(..day.len()).is_some_and(|today| day < today)
}

/// What the metadata says about an authenticator model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticatorMetadata {
    pub description: String,
    /// Highest level of certification; `None` for a model that is not certified, or is revoked.
    pub certification: Option<CertificationLevel>,
    /// All statuses that were ever reported, for any version of the model.
    pub statuses: BTreeSet<AuthenticatorStatus>,
    roots: Vec<Arc<[u8]>>,
    /// The certificates in `roots` that no model with another AAGUID uses.
    own_roots: Vec<Arc<[u8]>>,
}

impl AuthenticatorMetadata {
    pub fn new(description: String, reports: &[StatusReport], roots: Vec<Arc<[u8]>>) -> Self {
        let statuses: BTreeSet<_> = reports.iter().filter_map(|report| report.status.parse().ok()).collect();
        let certification = reports.iter().filter_map(|report| level(&report.status)).max();
        Self {
            description,
            certification: certification.filter(|_| !statuses.contains(&AuthenticatorStatus::Revoked)),
            statuses,
            own_roots: roots.clone(),
            roots,
        }
    }

    /// Creates metadata without root certificates.
    #[cfg(test)]
    pub(crate) fn with_statuses(statuses: &[&str]) -> Self {
        let report = |status: &&str| StatusReport { status: (*status).to_owned(), effective_date: None };
        Self::new(String::new(), &statuses.iter().map(report).collect::<Vec<_>>(), Vec::new())
    }

    /// Returns the root certificates (DER) of the model. Each root certificate has issued attestation certificates of
    /// the model, or is itself an attestation certificate of the model.
    pub fn roots(&self) -> &[Arc<[u8]>] {
        &self.roots
    }

    /// Returns the certificates in [`Self::roots`] that no model with another AAGUID uses.
    pub fn own_roots(&self) -> &[Arc<[u8]>] {
        &self.own_roots
    }
}

/// Returns the level of a certification status.
fn level(status: &str) -> Option<CertificationLevel> {
    match status.strip_prefix("FIDO_CERTIFIED")? {
        // This status was used before levels existed. Its requirements were those of level 1.
        "" => Some(CertificationLevel::L1),
        suffix => suffix.strip_prefix('_')?.parse().ok(),
    }
}

/// Returns, for each root certificate, the number of AAGUIDs whose models use it.
fn users_of_roots(entries: &[ModelRecord]) -> HashMap<&str, usize> {
    let mut users = HashMap::new();
    for entry in entries.iter().filter(|entry| matches!(entry.id, ModelId::Aaguid(_))) {
        for fingerprint in entry.roots.iter().collect::<BTreeSet<_>>() {
            *users.entry(fingerprint.as_str()).or_default() += 1;
        }
    }
    users
}

/// The imported metadata, which all requests share. It is immutable; an import creates a new value.
#[derive(Debug, Default)]
pub struct Metadata {
    number: u64,
    models: HashMap<ModelId, AuthenticatorMetadata>,
}

impl Metadata {
    /// Creates metadata of some models.
    #[cfg(test)]
    pub(crate) fn of_models(models: impl IntoIterator<Item = (ModelId, AuthenticatorMetadata)>) -> Self {
        Self { number: 1, models: models.into_iter().collect() }
    }

    pub fn new(number: u64, records: MetadataRecords) -> Self {
        let roots: HashMap<String, Arc<[u8]>> =
            records.roots.into_iter().map(|(fingerprint, der)| (fingerprint, Arc::from(der))).collect();
        let users = users_of_roots(&records.entries);
        let model = |record: &ModelRecord| {
            let find = |fingerprint: &String| roots.get(fingerprint).cloned();
            let is_own = |fingerprint: &&String| users.get(fingerprint.as_str()).is_none_or(|users| *users < 2);
            let all = record.roots.iter().filter_map(find).collect();
            let mut model = AuthenticatorMetadata::new(record.description.clone(), &record.reports, all);
            model.own_roots = record.roots.iter().filter(is_own).filter_map(find).collect();
            (record.id, model)
        };
        let models = records.entries.iter().map(model).collect();
        Self { number, models }
    }

    /// Returns the number of the imported BLOB; 0 if nothing was imported.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the metadata of a model. This does not prove that an authenticator is of this model.
    pub fn by_aaguid(&self, aaguid: Uuid) -> Option<&AuthenticatorMetadata> {
        self.models.get(&ModelId::Aaguid(aaguid))
    }

    /// Returns the metadata of a U2F model, by the key of its attestation certificate.
    pub fn by_key_id(&self, id: &CertificateKeyId) -> Option<&AuthenticatorMetadata> {
        self.models.get(&ModelId::KeyId(*id))
    }

    /// Returns the models for whose metadata `accepts` returns `true`.
    pub fn models(&self, accepts: impl Fn(&AuthenticatorMetadata) -> bool) -> Vec<ModelId> {
        self.models.iter().filter(|(_, model)| accepts(model)).map(|(id, _)| *id).collect()
    }

    /// Returns the metadata of a credential's model, if the attestation proves the model.
    pub fn of(&self, credential: &Credential) -> Option<&AuthenticatorMetadata> {
        self.proven(credential.attestation_trust, credential.aaguid, credential.attestation_key_id.as_ref())
    }

    /// Like [`Metadata::of`], for a credential that is not stored yet.
    pub fn proven(
        &self,
        trust: AttestationTrust,
        aaguid: Uuid,
        key_id: Option<&CertificateKeyId>,
    ) -> Option<&AuthenticatorMetadata> {
        if trust != AttestationTrust::Chain {
            return None;
        }
        key_id.map_or_else(|| self.by_aaguid(aaguid), |id| self.by_key_id(id))
    }

    /// Returns the name of a model: from the metadata, or from the list of common authenticators. The AAGUID may be
    /// unproven. If there is a key identifier, it determines the model and the AAGUID is ignored, because only the key
    /// identifier is verified.
    pub fn name(&self, aaguid: Uuid, key_id: Option<&CertificateKeyId>) -> Option<&str> {
        let model = key_id.map_or_else(|| self.by_aaguid(aaguid), |id| self.by_key_id(id));
        let name = model.map(|model| model.description.as_str()).filter(|name| !name.is_empty());
        name.or_else(|| if key_id.is_none() { aaguid::model(aaguid) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certified(statuses: &[&str]) -> AuthenticatorMetadata {
        AuthenticatorMetadata::with_statuses(statuses)
    }

    #[test]
    fn certification_is_the_highest_reported_level() {
        assert_eq!(certified(&[]).certification, None);
        assert_eq!(certified(&["NOT_FIDO_CERTIFIED"]).certification, None);
        assert_eq!(certified(&["FIDO_CERTIFIED"]).certification, Some(CertificationLevel::L1));
        let levels = ["FIDO_CERTIFIED_L2", "FIDO_CERTIFIED_L1plus", "FIDO_CERTIFIED"];
        assert_eq!(certified(&levels).certification, Some(CertificationLevel::L2));
        assert_eq!(certified(&["FIDO_CERTIFIED_L3plus"]).certification, Some(CertificationLevel::L3Plus));
        assert!(CertificationLevel::L1Plus < CertificationLevel::L2);
    }

    #[test]
    fn revoked_model_is_not_certified() {
        let revoked = certified(&["REVOKED", "FIDO_CERTIFIED_L2", "UNKNOWN_STATUS"]);
        assert_eq!(revoked.certification, None);
        assert_eq!(revoked.statuses, BTreeSet::from([AuthenticatorStatus::Revoked]));
    }

    #[test]
    fn names_come_from_the_metadata_then_from_the_list() {
        let yubikey = Uuid::from_u128(0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8);
        let key_id = CertificateKeyId([1; 20]);
        assert_eq!(Metadata::default().name(yubikey, None), Some("YubiKey 5"));
        // The AAGUID of a credential with a key identifier is not signed.
        assert_eq!(Metadata::default().name(yubikey, Some(&key_id)), None);
        let record = |id, name: &str| ModelRecord { id, description: name.to_owned(), reports: vec![], roots: vec![] };
        let entries = vec![record(ModelId::Aaguid(yubikey), "Key"), record(ModelId::KeyId(key_id), "")];
        let metadata = Metadata::new(1, MetadataRecords { entries, ..MetadataRecords::default() });
        assert_eq!((metadata.name(yubikey, None), metadata.name(yubikey, Some(&key_id))), (Some("Key"), None));
    }

    #[test]
    fn day_is_outdated_when_it_is_over() {
        let noon: Timestamp = Timestamp::from_millis(1_795_867_200_000);
        let today = noon.to_string()[..10].to_owned();
        assert!(!is_outdated(&today, noon));
        assert!(is_outdated("2026-11-27", noon), "{today}");
        assert!(!is_outdated("2027-01-01", noon));
    }
}
