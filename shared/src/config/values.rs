//! Values of ceremony settings.

text_enum! {
    /// WebAuthn §5.8.7: the kind of authenticator that the user probably has. Browsers adapt their dialogs to it.
    pub enum Hint {
        /// A security key.
        SecurityKey => "security-key",
        /// An authenticator of the user's device.
        ClientDevice => "client-device",
        /// A phone that is connected through a QR code and Bluetooth.
        Hybrid => "hybrid",
    }
}

text_enum! {
    /// Format of an attestation statement (WebAuthn §8 and the IANA registry of formats).
    pub enum AttestationFormat {
        /// Security keys and some platforms.
        Packed => "packed",
        /// Windows Hello.
        Tpm => "tpm",
        /// Android key store.
        AndroidKey => "android-key",
        /// Older Android versions.
        AndroidSafetynet => "android-safetynet",
        /// Older security keys.
        FidoU2f => "fido-u2f",
        /// Apple devices that an organisation manages.
        Apple => "apple",
        /// Several statements of other formats.
        Compound => "compound",
        /// No statement.
        None => "none",
    }
}

text_enum! {
    /// What happens when a signature counter does not increase (WebAuthn §6.1.1).
    pub enum CounterPolicy {
        /// Reject the login.
        Refuse => "refuse",
        /// Accept the login if the credential is eligible for backup, because its copies may have separate counters.
        /// Store the counter and record the regression. Reject logins with all other credentials.
        Record => "record",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that defines the enum derives no default")]
impl Default for CounterPolicy {
    fn default() -> Self {
        Self::Refuse
    }
}
