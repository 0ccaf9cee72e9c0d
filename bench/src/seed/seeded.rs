//! The file `seeded.json`, from which `doorward-load` computes the users and keys of a seeded installation.

use std::{fs, path::Path};

use doorward_server::{clock::SystemEntropy, secret_file};
use serde::{Deserialize, Serialize};

use super::{Plan, SeedError};

/// Access to a seeded installation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeded {
    #[serde(flatten)]
    pub plan: Plan,
    /// Secret part that all API keys share.
    pub api_secret: String,
}

impl std::fmt::Debug for Seeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seeded").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Seeded {
    pub fn api_key(&self, tenant: u64) -> String {
        format!("dw_{}_{}", self.plan.api_key_id(tenant).uuid().simple(), self.api_secret)
    }

    /// Writes the file so that only its owner can read it. Replaces an existing file.
    pub fn save(&self, path: &Path) -> Result<(), SeedError> {
        let failed = |reason: String| SeedError::File { path: path.display().to_string(), reason };
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.to_string()))?;
        secret_file::replace(path, text.as_bytes(), &SystemEntropy::default())
            .map_err(|error| failed(error.to_string()))
    }

    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, SeedError> {
        let failed = |reason: String| SeedError::File { path: path.display().to_string(), reason };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    }
}
