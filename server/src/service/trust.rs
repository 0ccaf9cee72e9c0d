//! Applies a tenant's trust policy in ceremonies.

use std::sync::Arc;

use doorward_shared::{
    ErrorCode,
    config::{AcrNames, TrustMode},
    refusal::{Check, RefusalDetail},
};

use super::{Refusal, RequestContext, ServiceError, tenant_cache::TenantSnapshot};
use crate::{
    app::App,
    domain::{
        Metadata,
        trust::{self, TrustFacts},
    },
    webauthn::VerificationError,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrustStep {
    Registration,
    /// Logins, second-factor logins and transactions.
    Login,
}

/// Judges credentials by the tenant's trust policies in one ceremony.
#[derive(Debug, Clone)]
pub(super) struct TrustCheck {
    tenant: Arc<TenantSnapshot>,
    step: TrustStep,
    /// The metadata with which credentials are judged; `None` for logins if the policies for passkeys and for second
    /// factors both have the mode `off`.
    metadata: Option<Arc<Metadata>>,
}

impl TrustCheck {
    /// Creates the check of a registration. The attestation is judged with `metadata`.
    pub(super) fn of_registration(context: &RequestContext, metadata: &Arc<Metadata>) -> Self {
        let (tenant, metadata) = (Arc::clone(&context.tenant), Some(Arc::clone(metadata)));
        Self { tenant, step: TrustStep::Registration, metadata }
    }

    /// Creates the check of a login, second-factor login or transaction.
    pub(super) async fn of_login(context: &RequestContext) -> Result<Self, ServiceError> {
        let check = Self { tenant: Arc::clone(&context.tenant), step: TrustStep::Login, metadata: None };
        let is_off = [false, true].iter().all(|is_mfa| check.mode(*is_mfa) == TrustMode::Off);
        Ok(if is_off { check } else { Self { metadata: Some(context.app.metadata().await?), ..check } })
    }

    /// Returns the names of the levels of assurance.
    pub(super) fn acr_names(&self) -> &AcrNames {
        &self.tenant.tenant.config.acr
    }

    fn mode(&self, is_mfa: bool) -> TrustMode {
        let policy = self.tenant.tenant.config.trust.of(is_mfa);
        match self.step {
            TrustStep::Registration => policy.registration,
            TrustStep::Login => policy.login,
        }
    }

    /// Judges a credential. In the mode `monitor`, returns the refusal that `enforce` would have caused. Returns `None`
    /// if the policy accepts the credential or is off.
    ///
    /// # Errors
    /// The refusal, if the mode is `enforce`.
    pub(super) fn judge(&self, facts: &TrustFacts) -> Result<Option<Refusal>, Refusal> {
        let mode = self.mode(facts.is_mfa);
        let Some(metadata) = self.metadata.as_ref().filter(|_| mode != TrustMode::Off) else { return Ok(None) };
        let policy = self.tenant.tenant.config.trust.of(facts.is_mfa);
        match trust::violation(policy, metadata, facts).map(refusal) {
            Some(refusal) if mode == TrustMode::Enforce => Err(refusal),
            violation => Ok(violation),
        }
    }

    /// Counts a ceremony that succeeded only because the mode of the policy is not `enforce`.
    pub(super) fn count(&self, app: &App, distrusted: Option<&Refusal>) {
        if distrusted.is_some() {
            app.metrics.trust_monitored(match self.step {
                TrustStep::Registration => "registration",
                TrustStep::Login => "login",
            });
        }
    }
}

fn refusal(detail: RefusalDetail) -> Refusal {
    let reason = match detail.check {
        Some(Check::TrustAlgorithm) => "the tenant's trust policy does not accept the algorithm of the credential",
        Some(Check::TrustDeviceBound) => "the tenant's trust policy refuses credentials that can be backed up",
        Some(Check::TrustDenied) => "the tenant's trust policy refuses this model of authenticator",
        Some(Check::TrustStatus) => {
            "the tenant's trust policy refuses this model of authenticator because of its status in the FIDO metadata"
        }
        Some(Check::TrustAllowed) => {
            "the tenant's trust policy accepts only listed and proven models of authenticators"
        }
        Some(Check::TrustCertification) => {
            "the tenant's trust policy accepts only proven models of authenticators with a higher certification"
        }
        _ => "the tenant's trust policy requires an attestation that proves the model of the authenticator",
    };
    Refusal::Verification(VerificationError::new(ErrorCode::TrustPolicy, reason, detail))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_its_own_reason() {
        let checks = ErrorCode::TrustPolicy.checks();
        let reasons: BTreeSet<String> =
            checks.iter().map(|check| refusal(RefusalDetail::new(*check)).reason().to_string()).collect();
        assert_eq!((reasons.len(), checks.len()), (7, 7), "{reasons:?}");
    }
}
