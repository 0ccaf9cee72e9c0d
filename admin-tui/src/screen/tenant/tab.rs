//! The tabs of a tenant, and the keys of their rows.

use doorward_shared::admin::{SecretItem, SigningKeyItem, TransactionSummary, UserSummary};

use crate::ui::Keyed;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Activity,
    ApiKeys,
    SigningKeys,
    Users,
    Transactions,
    Trust,
    Configuration,
}

impl Tab {
    pub const ALL: [Self; 7] = [
        Self::Activity,
        Self::ApiKeys,
        Self::SigningKeys,
        Self::Users,
        Self::Transactions,
        Self::Trust,
        Self::Configuration,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Activity => "Activity",
            Self::Configuration => "Configuration",
            Self::ApiKeys => "API keys",
            Self::SigningKeys => "Signing keys",
            Self::Users => "Users",
            Self::Transactions => "Transactions",
            Self::Trust => "Trust",
        }
    }

    /// Returns the tab `by` positions to the right, wrapping around.
    pub(super) fn shifted(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or(self)
    }
}

impl Keyed for SecretItem {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl Keyed for SigningKeyItem {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl Keyed for UserSummary {
    fn key(&self) -> String {
        self.user.id.to_string()
    }
}

impl Keyed for TransactionSummary {
    fn key(&self) -> String {
        self.transaction.id.to_string()
    }
}
