//! Rules for trust policies in a tenant's configuration.

use doorward_shared::{
    CoseAlgorithm,
    admin::ConfigProblem,
    config::{AttestationPreference, TenantConfig, TrustMode, TrustPolicies, TrustPolicy},
};
use uuid::Uuid;

/// Maximum number of models in an allow list or deny list.
const MAX_MODELS: usize = 256;

/// Returns the problems of the trust policies: invalid lists, and conflicts with other settings.
pub fn problems(config: &TenantConfig) -> Vec<ConfigProblem> {
    let mut found = of_policies(&config.trust);
    for (is_mfa, preference) in
        [(false, config.webauthn.attestation_preference), (true, config.mfa.attestation_preference)]
    {
        let section = if is_mfa { "mfa" } else { "webauthn" };
        let policy = config.trust.of(is_mfa);
        let is_used = policy.registration != TrustMode::Off;
        if is_used && policy.needs_attestation() && preference == AttestationPreference::None {
            let message = format!(
                "needs an attestation, but with `{section}.attestation_preference` `none` no browser sends one; set it to `direct`"
            );
            found.push(problem(is_mfa, attestation_setting(policy), message));
        }
        let offered = &config.webauthn.algorithms;
        if let Some(accepted) = policy.algorithms.as_deref().filter(|_| is_used)
            && !accepted.iter().any(|one| offered.contains(one))
        {
            let message = format!(
                "contains none of the algorithms of `webauthn.algorithms` ({}), so no new credential could be accepted",
                names(offered)
            );
            found.push(problem(is_mfa, "algorithms", message));
        }
    }
    found
}

/// Returns those problems of trust policies that are independent of other settings.
pub fn of_policies(policies: &TrustPolicies) -> Vec<ConfigProblem> {
    [false, true].into_iter().flat_map(|is_mfa| of_policy(is_mfa, policies.of(is_mfa))).collect()
}

fn of_policy(is_mfa: bool, policy: &TrustPolicy) -> Vec<ConfigProblem> {
    let mut found = Vec::new();
    let mut add = |setting: &str, message: Option<String>| {
        found.extend(message.map(|message| problem(is_mfa, setting, message)));
    };
    if policy.login == TrustMode::Enforce && policy.registration != TrustMode::Enforce {
        let message = "`enforce` needs `enforce` for registrations too; otherwise, users could register credentials \
                       that are refused at the next login";
        add("login", Some(message.to_owned()));
    }
    if let Some(allowed) = &policy.allow_aaguids {
        add("allow_aaguids", not_empty(allowed).or_else(|| models(allowed)));
        if allowed.contains(&Uuid::nil()) {
            let message = "contains 00000000-0000-0000-0000-000000000000, which stands for no model";
            add("allow_aaguids", Some(message.to_owned()));
        }
        if let Some(both) = allowed.iter().find(|one| policy.deny_aaguids.contains(one)) {
            add("deny_aaguids", Some(format!("contains {both}, which is also in `allow_aaguids`")));
        }
    }
    add("deny_aaguids", models(&policy.deny_aaguids));
    add("deny_statuses", repeated(&policy.deny_statuses));
    if let Some(algorithms) = &policy.algorithms {
        add("algorithms", not_empty(algorithms).or_else(|| repeated(algorithms)));
    }
    found
}

fn models(listed: &[Uuid]) -> Option<String> {
    if listed.len() > MAX_MODELS {
        return Some(format!("contains {} models; at most {MAX_MODELS} are allowed", listed.len()));
    }
    repeated(listed)
}

fn not_empty<T>(listed: &[T]) -> Option<String> {
    listed.is_empty().then(|| "must not be empty; null accepts all".to_owned())
}

fn repeated<T: PartialEq + std::fmt::Display>(listed: &[T]) -> Option<String> {
    let again = |(index, one): &(usize, &T)| listed.iter().take(*index).any(|other| other == *one);
    listed.iter().enumerate().find(again).map(|(_, one)| format!("contains {one} twice"))
}

/// Returns the name of the first setting in the policy that requires an attestation.
const fn attestation_setting(policy: &TrustPolicy) -> &'static str {
    if policy.attestation_required {
        "attestation_required"
    } else if policy.allow_aaguids.is_some() {
        "allow_aaguids"
    } else {
        "min_certification"
    }
}

fn names(algorithms: &[CoseAlgorithm]) -> String {
    algorithms.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
}

fn problem(is_mfa: bool, setting: &str, message: String) -> ConfigProblem {
    let kind = if is_mfa { "second_factors" } else { "passkeys" };
    ConfigProblem { field: format!("trust.{kind}.{setting}"), message }
}
