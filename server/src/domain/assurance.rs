//! Level of assurance of a ceremony, based on NIST SP 800-63B-4.

use doorward_shared::{AuthenticatorStatus, config::AssuranceLevel};

use super::{AuthenticatorMetadata, Ceremony, Credential, Metadata};

/// Statuses of models whose attestation, user verification or key storage was broken. A status applies to all versions
/// of a model, because an attestation does not state the version of the authenticator.
const COMPROMISED: [AuthenticatorStatus; 4] = [
    AuthenticatorStatus::AttestationKeyCompromise,
    AuthenticatorStatus::UserVerificationBypass,
    AuthenticatorStatus::UserKeyRemoteCompromise,
    AuthenticatorStatus::UserKeyPhysicalCompromise,
];

/// Properties of a finished ceremony that determine its level of assurance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    pub ceremony: Ceremony,
    /// Whether the authenticator verified the user (flag UV).
    pub user_verified: bool,
    /// Whether the credential may be copied to other devices (flag BE).
    pub backup_eligible: bool,
    /// Whether the attestation of the credential proves a model that is certified and not compromised.
    pub certified: bool,
}

impl Evidence {
    /// Returns the level of assurance.
    ///
    /// A registration has the lowest level: it proves possession of a new authenticator, but not that the holder is the
    /// user. Factors that the application checked before a second-factor login do not count, because Doorward has not
    /// verified them.
    pub const fn level(self) -> AssuranceLevel {
        match self.ceremony {
            Ceremony::Registration | Ceremony::MfaRegistration => AssuranceLevel::Aal1,
            _ if !self.user_verified => AssuranceLevel::Aal1,
            _ if self.backup_eligible || !self.certified => AssuranceLevel::Aal2,
            _ => AssuranceLevel::Aal3,
        }
    }
}

/// Returns the highest level that a credential can reach in a ceremony. This assumes that every authenticator can
/// verify its user, because the user can set a PIN after the registration.
pub fn reachable(ceremony: Ceremony, credential: &Credential, metadata: &Metadata) -> AssuranceLevel {
    let Credential { backup_eligible, .. } = *credential;
    Evidence { ceremony, user_verified: true, backup_eligible, certified: is_certified(credential, metadata) }.level()
}

/// Returns whether a level requires user verification.
pub fn needs_user_verification(minimum: AssuranceLevel) -> bool {
    minimum > AssuranceLevel::Aal1
}

/// Returns whether the attestation of a credential proves a model that is certified and not compromised.
pub fn is_certified(credential: &Credential, metadata: &Metadata) -> bool {
    metadata.of(credential).is_some_and(is_certified_model)
}

fn is_certified_model(model: &AuthenticatorMetadata) -> bool {
    model.certification.is_some() && COMPROMISED.iter().all(|status| !model.statuses.contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metadata::StatusReport;
    use AssuranceLevel::{Aal1, Aal2, Aal3};

    fn level(ceremony: Ceremony, user_verified: bool, backup_eligible: bool, certified: bool) -> AssuranceLevel {
        Evidence { ceremony, user_verified, backup_eligible, certified }.level()
    }

    #[test]
    fn level_depends_on_user_verification_and_on_the_authenticator() {
        for ceremony in [Ceremony::Login, Ceremony::Transaction, Ceremony::MfaLogin] {
            for (backup_eligible, certified) in [(false, false), (true, false), (false, true), (true, true)] {
                assert_eq!(level(ceremony, false, backup_eligible, certified), Aal1);
                let verified = if certified && !backup_eligible { Aal3 } else { Aal2 };
                assert_eq!(level(ceremony, true, backup_eligible, certified), verified);
            }
        }
        for ceremony in [Ceremony::Registration, Ceremony::MfaRegistration] {
            assert_eq!(level(ceremony, true, false, true), Aal1);
        }
    }

    #[test]
    fn compromised_model_is_not_certified() {
        let is_certified = |statuses: &[&str]| {
            let report = |status: &&str| StatusReport { status: (*status).to_owned(), effective_date: None };
            let reports: Vec<StatusReport> = statuses.iter().map(report).collect();
            is_certified_model(&AuthenticatorMetadata::new(String::new(), &reports, Vec::new()))
        };
        assert!(is_certified(&["FIDO_CERTIFIED_L1", "UPDATE_AVAILABLE"]));
        assert!(!is_certified(&["NOT_FIDO_CERTIFIED"]));
        for status in COMPROMISED {
            assert!(!is_certified(&["FIDO_CERTIFIED_L2", status.as_str(), "UPDATE_AVAILABLE"]), "{status}");
        }
    }

    #[test]
    fn user_verification_is_needed_where_the_level_requires_it() {
        for &minimum in AssuranceLevel::ALL {
            let without = level(Ceremony::Login, false, false, true);
            assert_eq!(needs_user_verification(minimum), without < minimum, "{minimum}");
        }
    }
}
