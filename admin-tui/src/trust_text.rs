//! Descriptions of the effects of trust policies, for the commands and the terminal app.

use doorward_shared::{admin::TrustImpact, counted};

/// Describes how many users would lose credentials.
pub fn describe(impact: TrustImpact) -> String {
    let TrustImpact { users_losing_all: all, users_losing_some: some, credentials_lost } = impact;
    if credentials_lost == 0 {
        return "The trust policies take no credential away from any user.".to_owned();
    }
    let users = |count: u64| if count == 1 { "1 user loses".to_owned() } else { format!("{count} users lose") };
    let refused = counted(credentials_lost, "credential");
    let keep = if some == 1 { "keeps" } else { "keep" };
    format!(
        "The trust policies refuse {refused} that can be used now. {} all credentials and can no longer log in; {} some \
         and {keep} others.",
        users(all),
        users(some)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impact_is_described_with_counts() {
        let impact = TrustImpact { users_losing_all: 37, users_losing_some: 1, credentials_lost: 40 };
        assert_eq!(
            describe(impact),
            "The trust policies refuse 40 credentials that can be used now. 37 users lose all credentials and can no \
             longer log in; 1 user loses some and keeps others."
        );
        assert_eq!(describe(TrustImpact::default()), "The trust policies take no credential away from any user.");
    }
}
