//! Converts API keys and signing keys.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
};
use doorward_shared::{ApiKeyId, Base64Url, SigningKeyId, TenantId, Timestamp, admin::SigningAlgorithm};
use zeroize::Zeroizing;

use super::{
    super::report::TenantReport,
    config,
    rows::{SecretRow, SigningKeyRow},
};
use crate::{
    app::App,
    crypto::{DigestKey, RsaPrivateKey, api_key::imported_secret, key_hash, signing_key},
    domain::{ApiKey, SigningKeyRecord},
    service::ServiceError,
};

/// Number of characters of a secret that its hint shows. The whole secret has 86 characters.
const HINT_CHARS: usize = 4;

/// Returns the API keys with their hashes and digests. A key whose secret the Hanko server did not generate is reported
/// and not imported.
pub(super) fn api_keys(
    app: &App,
    digest_key: Option<&DigestKey>,
    tenant: TenantId,
    rows: &[SecretRow],
    report: &mut TenantReport,
) -> Result<Vec<ApiKey>, ServiceError> {
    let mut keys = Vec::new();
    for row in rows.iter().filter(|row| row.is_api_secret) {
        report.tally("api_keys").read += 1;
        let secret = row.key.as_deref().and_then(imported_secret);
        let (Some(secret), Ok(id)) = (secret, row.id.parse::<ApiKeyId>()) else {
            report.tally("api_keys").refused += 1;
            let reason = "not imported: its secret was not generated (64 random bytes in base64url). Create a new key \
                          with `doorward api-key create`";
            report.problem(format!("API key {:?}", row.name), reason);
            continue;
        };
        keys.push(ApiKey {
            tenant_id: tenant,
            id,
            name: config::name(&row.name, "Imported key", "API key", report),
            hint: format!("{}…", secret.expose().get(..HINT_CHARS).unwrap_or_default()),
            hash: key_hash::hash(&secret, app.entropy.as_ref())?,
            digest: digest_key.map(|key| key.digest(tenant, &secret)),
            created_at: time(row.created_at),
            expires_at: None,
            last_used_at: None,
            disabled_at: None,
        });
    }
    Ok(keys)
}

/// Decrypts the signing keys. `rows` and the result are sorted from the oldest key to the newest, which signs. Returns
/// `None` if the newest key cannot be imported.
pub(super) fn signing_keys(
    app: &App,
    tenant: TenantId,
    rows: &[SigningKeyRow],
    secrets: &[SecretRow],
    report: &mut TenantReport,
) -> Option<Vec<SigningKeyRecord>> {
    let secrets: Vec<&str> =
        secrets.iter().filter(|row| !row.is_api_secret).filter_map(|row| row.key.as_deref()).collect();
    let mut keys: Vec<SigningKeyRecord> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        report.tally("signing_keys").read += 1;
        // The newest key signs. Each key gets a later `signs_from` than the key before it, even if both were created in
        // the same millisecond.
        let earliest = keys.last().map(|key| key.signs_from.plus_millis(1));
        let signs_from = time(row.created_at).max(earliest.unwrap_or(time(row.created_at)));
        match signing_key(app, tenant, row, &secrets, signs_from) {
            Ok(key) => keys.push(key),
            Err(reason) => {
                report.tally("signing_keys").refused += 1;
                report.problem(format!("signing key {}", row.id), format!("not imported: {reason}"));
                if index + 1 == rows.len() {
                    report.skip("its newest signing key cannot be imported, so its tokens could not be verified");
                    return None;
                }
            }
        }
    }
    Some(keys)
}

fn signing_key(
    app: &App,
    tenant: TenantId,
    row: &SigningKeyRow,
    secrets: &[&str],
    signs_from: Timestamp,
) -> Result<SigningKeyRecord, String> {
    let sealed = Base64Url::decode(&row.key_data).map_err(|error| error.to_string())?;
    let jwk = secrets.iter().find_map(|secret| decrypt(&sealed.0, secret));
    let jwk = jwk.ok_or("none of the tenant's secrets decrypts it")?;
    let key = RsaPrivateKey::from_jwk(&jwk).ok_or("it is not a private RSA key")?;
    let id: SigningKeyId = key.key_id.parse().map_err(|_| format!("its id {:?} is not a UUID", key.key_id))?;
    let algorithm = SigningAlgorithm::Rs256;
    signing_key::import(tenant, id, algorithm, &key.pkcs8, signs_from, &app.master_key, app.entropy.as_ref())
        .map_err(|error| error.to_string())
}

/// Decrypts a signing key with AES-256-GCM. The AES key is the SHA-256 of the secret's text. `sealed` consists of the
/// nonce, the ciphertext and the tag.
fn decrypt(sealed: &[u8], secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (&nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let key = UnboundKey::new(&AES_256_GCM, digest(&SHA256, secret.as_bytes()).as_ref()).ok()?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// Converts a time in microseconds.
pub(super) const fn time(micros: i64) -> Timestamp {
    Timestamp::from_millis(micros.div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_example_is_decrypted_only_with_its_secret() {
        let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw==";
        let sealed = "oKGio6SlpqeoqaqrgX9Vrlgy72xkrA5LU5uJECAi5eL5sLQA6UGM30MO7a_imoLy1kV5QiF2";
        let sealed = Base64Url::decode(sealed).unwrap().0;
        assert_eq!(decrypt(&sealed, secret).unwrap().as_slice(), br#"{"kid":"demo","kty":"RSA"}"#);
        assert!(decrypt(&sealed, &secret.replace("AAEC", "AAED")).is_none());
        assert!(decrypt(&sealed[..20], secret).is_none());
    }
}
