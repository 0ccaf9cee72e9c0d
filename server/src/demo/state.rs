//! Settings and state of the demo.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use doorward_shared::{TenantId, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use secrecy::SecretString;

use super::{account::Accounts, backend::Backend, session::Sessions};
use crate::clock::{Clock, Entropy};

#[derive(Debug, Clone)]
pub struct DemoConfig {
    /// URL of the public API, such as `http://127.0.0.1:8000`.
    pub public_url: String,
    pub tenant_id: TenantId,
    pub api_key: SecretString,
    /// Expected `iss` of the tokens.
    pub issuer: String,
    /// RP ID of the tenant, which is also the `aud` claim of its tokens: `localhost`.
    pub rp_id: String,
    /// Origin of the page, which is one of the tenant's origins: `http://localhost:8080`.
    pub origin: String,
    /// File in which the accounts are stored, so that they survive a restart.
    pub accounts_file: PathBuf,
}

#[derive(Debug)]
pub(super) struct Demo {
    pub(super) config: DemoConfig,
    pub(super) backend: Backend,
    pub(super) keys: KeyCache,
    pub(super) accounts: Accounts,
    pub(super) sessions: Sessions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Demo {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Cache of the tenant's public keys (JWKS), with the time of the fetch. The keys are fetched at first use, when they
/// expire, and when a token has an unknown key id.
#[derive(Debug, Default)]
pub(super) struct KeyCache(pub(super) Mutex<Option<(Timestamp, JwkSet)>>);
