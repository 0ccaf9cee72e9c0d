//! What is known about the authenticator of a credential: its attestation, and the entry of its model in the FIDO
//! Metadata Service.

text_enum! {
    /// What the attestation of a credential proves.
    pub enum AttestationTrust {
        /// Nothing. There is no attestation statement, or it could not be verified.
        None => "none",
        /// The credential's own key signed the statement, so the statement does not prove the model of the
        /// authenticator.
        SelfSigned => "self",
        /// The key of an attestation certificate signed the statement, but the metadata of the stated model contains no
        /// root certificate that issued this certificate. The statement does not prove the model of the authenticator.
        UnknownIssuer => "unknown_issuer",
        /// The key of an attestation certificate signed the statement, and a root certificate in the metadata of the
        /// model issued this certificate. The statement proves the model of the authenticator.
        Chain => "chain",
    }
}

text_enum! {
    /// Certification level of an authenticator model in the FIDO metadata, lowest first.
    pub enum CertificationLevel {
        /// Level 1: protects against remote software attacks.
        L1 => "L1",
        /// Level 1+: like level 1, and the authenticator's software resists attacks.
        L1Plus => "L1plus",
        /// Level 2: runs in a restricted environment.
        L2 => "L2",
        /// Level 2+: level 2, with an evaluation of the source code.
        L2Plus => "L2plus",
        /// Level 3: resists simple attacks on the hardware.
        L3 => "L3",
        /// Level 3+: resists attacks on the chip.
        L3Plus => "L3plus",
    }
}

text_enum! {
    /// Status of an authenticator model in the FIDO metadata. Certification levels are not listed here.
    pub enum AuthenticatorStatus {
        /// The model is not certified.
        NotFidoCertified => "NOT_FIDO_CERTIFIED",
        /// The manufacturer stated how the model meets the requirements; nobody checked this statement.
        SelfAssertionSubmitted => "SELF_ASSERTION_SUBMITTED",
        /// The manufacturer offers an update, for example one that solves an earlier problem.
        UpdateAvailable => "UPDATE_AVAILABLE",
        /// The model's user verification can be bypassed.
        UserVerificationBypass => "USER_VERIFICATION_BYPASS",
        /// An attestation key of the model is compromised.
        AttestationKeyCompromise => "ATTESTATION_KEY_COMPROMISE",
        /// Keys of users can be extracted remotely.
        UserKeyRemoteCompromise => "USER_KEY_REMOTE_COMPROMISE",
        /// Keys of users can be extracted by somebody who has the authenticator.
        UserKeyPhysicalCompromise => "USER_KEY_PHYSICAL_COMPROMISE",
        /// The manufacturer no longer supports the model.
        Retired => "RETIRED",
        /// The model must not be trusted.
        Revoked => "REVOKED",
    }
}
