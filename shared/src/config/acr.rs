//! Levels of assurance, and a tenant's names for them.

use serde::{Deserialize, Deserializer, Serialize};

text_enum! {
    /// Level of assurance of a login or transaction, based on the authentication assurance levels of NIST SP 800-63B-4.
    pub enum AssuranceLevel {
        /// One factor: the user has the authenticator.
        Aal1 => "aal1",
        /// Two factors.
        Aal2 => "aal2",
        /// Two factors, with a device-bound authenticator whose attestation was verified and whose model is certified.
        Aal3 => "aal3",
    }
}

/// A tenant's names for the levels of assurance: values of the claim `acr` and of `min_acr`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AcrNames {
    /// Name of the level AAL1. Null means the default, `aal1`.
    #[serde(deserialize_with = "null_as_aal1")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128))]
    pub aal1: String,
    /// Name of the level AAL2. Null means the default, `aal2`.
    #[serde(deserialize_with = "null_as_aal2")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128))]
    pub aal2: String,
    /// Name of the level AAL3. Null means the default, `aal3`.
    #[serde(deserialize_with = "null_as_aal3")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 128))]
    pub aal3: String,
}

impl Default for AcrNames {
    fn default() -> Self {
        let name = |level: AssuranceLevel| level.as_str().to_owned();
        Self { aal1: name(AssuranceLevel::Aal1), aal2: name(AssuranceLevel::Aal2), aal3: name(AssuranceLevel::Aal3) }
    }
}

impl AcrNames {
    /// Returns the name of a level.
    #[must_use]
    pub fn name(&self, level: AssuranceLevel) -> &str {
        match level {
            AssuranceLevel::Aal1 => &self.aal1,
            AssuranceLevel::Aal2 => &self.aal2,
            AssuranceLevel::Aal3 => &self.aal3,
        }
    }

    /// Returns the level with this name.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<AssuranceLevel> {
        AssuranceLevel::ALL.iter().copied().find(|level| self.name(*level) == name)
    }

    /// Returns the names of a level and of all higher levels.
    pub fn at_least(&self, minimum: AssuranceLevel) -> impl Iterator<Item = &str> {
        AssuranceLevel::ALL.iter().filter(move |level| **level >= minimum).map(|level| self.name(*level))
    }
}

fn null_as_aal1<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    super::null_as(reader, AcrNames::default().aal1)
}
fn null_as_aal2<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    super::null_as(reader, AcrNames::default().aal2)
}
fn null_as_aal3<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    super::null_as(reader, AcrNames::default().aal3)
}
