//! Rules for the extensions that an initialize request contains. Each message names the member and a correction.

use doorward_shared::extensions::{AssertionExtensions, Extension, PrfInputs, RegistrationExtensions};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    CredentialId,
    json_reader::{self, UnknownMembers},
};

/// Maximum length of an input of the extension `prf`, in bytes.
const MAX_PRF_BYTES: usize = 256;
/// Maximum number of credentials for which a request can contain inputs of the extension `prf`. It equals the maximum
/// of the setting `limits.credentials_per_user`.
const MAX_PRF_CREDENTIALS: usize = 256;
/// Maximum length of a large blob, in bytes.
const MAX_BLOB_BYTES: usize = 4_096;

/// Problem with a member, and how to correct it.
type Message = String;

/// Parses the extensions of a registration's initialize request, and adds those extensions of `others` that the request
/// leaves out. `allowed` lists the extensions that the request may contain.
pub fn of_registration(
    value: Option<Value>,
    allowed: &[Extension],
    others: &RegistrationExtensions,
) -> Result<RegistrationExtensions, Message> {
    let extensions: RegistrationExtensions = read(value)?;
    all_allowed(&extensions.requested(), allowed)?;
    if let Some(inputs) = extensions.prf.as_ref().and_then(|prf| prf.eval.as_ref()) {
        prf_inputs("extensions.prf.eval", inputs)?;
    }
    let extensions = extensions.or(others);
    consistent(&extensions).map_err(|message| format!("extensions.{message}"))?;
    Ok(extensions)
}

/// Checks that the extensions of a registration do not contradict each other.
pub fn consistent(extensions: &RegistrationExtensions) -> Result<(), Message> {
    let enforces = extensions.enforce_credential_protection_policy == Some(true);
    if enforces && extensions.credential_protection_policy.is_none() {
        return Err("enforceCredentialProtectionPolicy needs credentialProtectionPolicy".to_owned());
    }
    Ok(())
}

/// Parses the extensions in the initialize request of a login or transaction. `is_named` states whether the request
/// names the user.
pub fn of_assertion(
    value: Option<Value>,
    allowed: &[Extension],
    is_named: bool,
) -> Result<AssertionExtensions, Message> {
    let extensions: AssertionExtensions = read(value)?;
    all_allowed(&extensions.requested(), allowed)?;
    if let Some(blob) = &extensions.large_blob {
        if blob.read.is_some() == blob.write.is_some() {
            return Err("extensions.largeBlob needs either read or write".to_owned());
        }
        let length = blob.write.as_ref().map_or(0, |write| write.as_bytes().len());
        at_most("extensions.largeBlob.write", length, MAX_BLOB_BYTES, "bytes")?;
    }
    let Some(prf) = &extensions.prf else { return Ok(extensions) };
    if let Some(inputs) = &prf.eval {
        prf_inputs("extensions.prf.eval", inputs)?;
    }
    let by_credential = prf.eval_by_credential.iter().flatten();
    for (id, inputs) in by_credential.clone() {
        if CredentialId::parse(id).is_none() {
            let id = json_reader::shown(id);
            return Err(format!("extensions.prf.evalByCredential.{id} must be the base64url id of a credential"));
        }
        prf_inputs(&format!("extensions.prf.evalByCredential.{}", json_reader::shown(id)), inputs)?;
    }
    let count = by_credential.count();
    at_most("extensions.prf.evalByCredential", count, MAX_PRF_CREDENTIALS, "credentials")?;
    if count > 0 && !is_named {
        return Err("extensions.prf.evalByCredential needs user_id; send eval for a login of any user".to_owned());
    }
    Ok(extensions)
}

/// Removes the `prf` inputs of credentials that are not in `allowed`, because browsers refuse options with inputs of
/// other credentials.
pub fn keep_inputs_of(extensions: &mut AssertionExtensions, allowed: &[CredentialId]) {
    let Some(prf) = &mut extensions.prf else { return };
    if let Some(inputs) = &mut prf.eval_by_credential {
        inputs.retain(|id, _| CredentialId::parse(id).is_some_and(|id| allowed.contains(&id)));
    }
    prf.eval_by_credential = prf.eval_by_credential.take().filter(|inputs| !inputs.is_empty());
}

fn read<T: DeserializeOwned + Default>(value: Option<Value>) -> Result<T, Message> {
    // Wraps the extensions, so that the paths in errors begin with `extensions`.
    #[derive(Deserialize)]
    struct Body<T> {
        extensions: T,
    }
    let Some(extensions) = value else { return Ok(T::default()) };
    let body: Result<Body<T>, _> = json_reader::read(&json!({ "extensions": extensions }), UnknownMembers::Refused);
    body.map(|body| body.extensions).map_err(|error| error.to_string())
}

fn all_allowed(requested: &[Extension], allowed: &[Extension]) -> Result<(), Message> {
    match requested.iter().find(|extension| !allowed.contains(extension)) {
        Some(extension) => Err(format!(
            "the tenant does not allow requests with the extension {extension}; \
             its setting webauthn.allowed_extensions lists those that it allows"
        )),
        None => Ok(()),
    }
}

fn prf_inputs(path: &str, inputs: &PrfInputs) -> Result<(), Message> {
    at_most(&format!("{path}.first"), inputs.first.as_bytes().len(), MAX_PRF_BYTES, "bytes")?;
    let second = inputs.second.as_ref().map_or(0, |second| second.as_bytes().len());
    at_most(&format!("{path}.second"), second, MAX_PRF_BYTES, "bytes")
}

fn at_most(path: &str, length: usize, limit: usize, unit: &str) -> Result<(), Message> {
    if length <= limit { Ok(()) } else { Err(format!("{path} may have at most {limit} {unit}, and has {length}")) }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{Base64Url, extensions::CredentialProtection};

    use super::*;

    fn problem(value: Value) -> Message {
        of_registration(Some(value), Extension::ALL, &RegistrationExtensions::default()).unwrap_err()
    }

    fn registration(value: Option<Value>, allowed: &[Extension]) -> Result<RegistrationExtensions, Message> {
        of_registration(value, allowed, &RegistrationExtensions::default())
    }

    fn login_problem(value: Value) -> Message {
        of_assertion(Some(value), Extension::ALL, true).unwrap_err()
    }

    fn bytes(count: usize) -> String {
        Base64Url::encode(&vec![7; count])
    }

    #[test]
    fn unknown_and_mistyped_extensions_are_named() {
        assert_eq!(problem(json!({ "credprops": true })), "extensions.credprops is unknown; did you mean `credProps`?");
        assert_eq!(problem(json!({ "credProps": "yes" })), "extensions.credProps must be true or false");
        assert_eq!(problem(json!([])), "extensions must be a JSON object");
        let policy = problem(json!({ "credentialProtectionPolicy": "strict" }));
        assert!(
            policy.starts_with("extensions.credentialProtectionPolicy must be one of userVerification"),
            "{policy}"
        );
        let other = problem(json!({ "prf": { "evalByCredential": {} } }));
        assert!(other.starts_with("extensions.prf.evalByCredential is unknown"), "only a login has {other}");
        assert!(login_problem(json!({ "credProps": true })).starts_with("extensions.credProps is unknown"));
        assert_eq!(login_problem(json!({ "prf": { "eval": {} } })), "extensions.prf.eval.first is a required field");
    }

    #[test]
    fn extensions_that_the_tenant_does_not_allow_are_refused() {
        for (value, name) in [
            (json!({ "prf": {} }), "prf"),
            (json!({ "enforceCredentialProtectionPolicy": false }), "credProtect"),
            (json!({ "largeBlob": { "support": "required" } }), "largeBlob"),
        ] {
            let refused = registration(Some(value.clone()), &[Extension::CredProps]).unwrap_err();
            assert!(refused.contains(&format!("the extension {name};")), "{refused}");
            assert!(registration(Some(value), Extension::ALL).is_ok());
        }
        assert!(of_assertion(Some(json!({ "prf": {} })), &[Extension::LargeBlob], false).is_err());
        assert_eq!(registration(None, &[]), Ok(RegistrationExtensions::default()));
    }

    #[test]
    fn inputs_have_a_maximum_size() {
        let first = |count| json!({ "eval": { "first": bytes(count) } });
        assert!(registration(Some(json!({ "prf": first(256) })), Extension::ALL).is_ok());
        assert_eq!(
            problem(json!({ "prf": first(257) })),
            "extensions.prf.eval.first may have at most 256 bytes, and has 257"
        );
        assert!(login_problem(json!({ "prf": first(257) })).contains("256 bytes"));
        assert!(login_problem(json!({ "largeBlob": { "write": bytes(4_097) } })).contains("4096 bytes"));
        let many: serde_json::Map<_, _> =
            (0..257_u32).map(|at| (Base64Url::encode(&at.to_be_bytes()), json!({ "first": "AA" }))).collect();
        assert!(login_problem(json!({ "prf": { "evalByCredential": many } })).contains("256 credentials"));
    }

    #[test]
    fn contradictions_are_refused() {
        let enforce = || json!({ "enforceCredentialProtectionPolicy": true });
        assert!(problem(enforce()).contains("needs credentialProtectionPolicy"));
        let policy = Some(CredentialProtection::UvRequired);
        let tenant = RegistrationExtensions { credential_protection_policy: policy, ..Default::default() };
        let merged = of_registration(Some(enforce()), Extension::ALL, &tenant).unwrap();
        assert_eq!((merged.credential_protection_policy, merged.cred_props), (policy, None));
        for blob in [json!({}), json!({ "read": true, "write": "AA" })] {
            assert_eq!(login_problem(json!({ "largeBlob": blob })), "extensions.largeBlob needs either read or write");
        }
        let by_id = json!({ "prf": { "evalByCredential": { "AAAA": { "first": "AA" } } } });
        assert!(of_assertion(Some(by_id.clone()), Extension::ALL, true).is_ok());
        assert!(of_assertion(Some(by_id), Extension::ALL, false).unwrap_err().contains("needs user_id"));
        let no_id = json!({ "prf": { "evalByCredential": { "a b": { "first": "AA" } } } });
        assert!(login_problem(no_id).contains("must be the base64url id"));
    }

    #[test]
    fn inputs_of_other_credentials_are_left_out() {
        let inputs = json!({ "prf": { "evalByCredential": { "AAAA": { "first": "AA" }, "AQEB": { "first": "AQ" } } } });
        let extensions = of_assertion(Some(inputs), Extension::ALL, true).unwrap();
        let kept = |ids: &[&[u8]]| {
            let mut extensions = extensions.clone();
            let ids: Vec<_> = ids.iter().map(|id| CredentialId::new(id.to_vec()).unwrap()).collect();
            keep_inputs_of(&mut extensions, &ids);
            json!(extensions)
        };
        assert_eq!(kept(&[&[1; 3]]), json!({ "prf": { "evalByCredential": { "AQEB": { "first": "AQ" } } } }));
        assert_eq!(kept(&[&[2; 3]]), json!({ "prf": {} }));
    }
}
