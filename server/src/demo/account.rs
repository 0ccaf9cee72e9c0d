//! Accounts of the demo application: names and salted password hashes, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use argon2::Argon2;
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::reply::DemoError;
use crate::clock::{Entropy, NoEntropy, random};

/// Name of the preset account, which can be used without a sign-up.
pub(super) const PRESET_NAME: &str = "alice";
/// Password of the preset account, shown on the page.
pub(super) const PRESET_PASSWORD: &str = "correct horse";
/// Maximum number of accounts. It limits the memory.
const MAX_ACCOUNTS: usize = 1_000;
const MAX_CHARACTERS: usize = 64;

/// Argon2id hash of a password with a random salt. Passwords are chosen by users, unlike API keys. The parameters are
/// therefore the strong defaults of the crate (19 MiB, two passes).
#[derive(Clone)]
pub(super) struct PasswordHash {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Hashes a password. Takes tens of milliseconds, so it must not run on the async executor.
    pub(super) fn new(password: &str, salt: [u8; 16]) -> Result<Self, argon2::Error> {
        let mut hash = [0; 32];
        Argon2::default().hash_password_into(password.as_bytes(), &salt, &mut hash)?;
        Ok(Self { salt, hash })
    }

    /// Returns whether the password matches. Takes as long as [`Self::new`].
    pub(super) fn matches(&self, password: &str) -> bool {
        Self::new(password, self.salt).is_ok_and(|computed| verify_slices_are_equal(&computed.hash, &self.hash).is_ok())
    }
}

#[derive(Debug, Clone)]
pub(super) struct Account {
    /// `user_id` in Doorward.
    pub(super) user_id: String,
    pub(super) username: String,
    pub(super) password: PasswordHash,
}

#[derive(Debug)]
pub(super) struct Accounts {
    by_name: Mutex<HashMap<String, Account>>,
    /// Used for unknown names, so that the response time does not reveal which names exist.
    decoy: PasswordHash,
}

impl Accounts {
    /// Creates the preset account. Its user id is the same after every start, so its credentials remain usable.
    pub(super) fn with_preset(entropy: &dyn Entropy) -> std::io::Result<Self> {
        let hash = |password: &str| {
            let salt = random(entropy).map_err(std::io::Error::other)?;
            PasswordHash::new(password, salt).map_err(|error| std::io::Error::other(error.to_string()))
        };
        let preset = Account {
            user_id: PRESET_NAME.to_owned(),
            username: PRESET_NAME.to_owned(),
            password: hash(PRESET_PASSWORD)?,
        };
        let by_name = Mutex::new(HashMap::from([(preset.username.clone(), preset)]));
        Ok(Self { by_name, decoy: hash("")? })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn named(&self, username: &str) -> Option<Account> {
        self.lock().get(username).cloned()
    }

    pub(super) fn with_id(&self, user_id: &str) -> Option<Account> {
        self.lock().values().find(|account| account.user_id == user_id).cloned()
    }

    /// Returns the hash of the account's password; for an unknown name, a hash that no account uses.
    pub(super) fn hash_of(&self, username: &str) -> PasswordHash {
        self.named(username).map_or_else(|| self.decoy.clone(), |account| account.password)
    }

    pub(super) fn add(&self, account: Account) -> Result<(), DemoError> {
        let mut accounts = self.lock();
        if accounts.contains_key(&account.username) {
            return Err(DemoError::new(409, "username_taken", "This name is taken", ""));
        }
        if accounts.len() >= MAX_ACCOUNTS {
            return Err(DemoError::new(503, "demo_full", "The demo has no room for more accounts", ""));
        }
        accounts.insert(account.username.clone(), account);
        Ok(())
    }
}

/// Returns a random user id. If a name is registered again after a restart, it must not get the old credentials.
pub(super) fn new_user_id(entropy: &dyn Entropy) -> Result<String, NoEntropy> {
    Ok(uuid::Builder::from_random_bytes(random(entropy)?).into_uuid().to_string())
}

pub(super) fn valid_username(name: &str) -> Result<String, DemoError> {
    let name = name.trim().to_lowercase();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if name.is_empty() || name.chars().count() > MAX_CHARACTERS || !name.chars().all(allowed) {
        return Err(DemoError::field("A name has 1 to 64 letters, digits, or . - _ @"));
    }
    Ok(name)
}

pub(super) fn valid_password(password: &str) -> Result<(), DemoError> {
    if (8..=MAX_CHARACTERS).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(DemoError::field("A password must have 8 to 64 characters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn preset_account_accepts_only_its_password() {
        let accounts = Accounts::with_preset(&SystemEntropy::default()).unwrap();
        assert!(accounts.hash_of("alice").matches("correct horse"));
        assert!(!accounts.hash_of("alice").matches("correct horse "));
        assert!(!accounts.hash_of("nobody").matches("correct horse"));
        assert_eq!(accounts.with_id("alice").unwrap().username, "alice");
    }

    #[test]
    fn names_are_unique_regardless_of_case() {
        let entropy = SystemEntropy::default();
        let accounts = Accounts::with_preset(&entropy).unwrap();
        let account = |name: &str| Account {
            user_id: new_user_id(&entropy).unwrap(),
            username: valid_username(name).unwrap(),
            password: accounts.decoy.clone(),
        };
        accounts.add(account("Bob")).unwrap();
        assert!(accounts.add(account(" bob ")).is_err());
        assert!(accounts.add(account("ALICE")).is_err());
    }

    #[test]
    fn hashes_of_the_same_password_differ_by_salt() {
        let hash = |salt| PasswordHash::new("correct horse", [salt; 16]).unwrap().hash;
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn names_and_passwords_are_limited_in_length_and_characters() {
        assert!(valid_username("").is_err() && valid_username("a b").is_err() && valid_username("<b>").is_err());
        assert!(valid_username(&"x".repeat(65)).is_err());
        assert!(valid_password("short").is_err() && valid_password("long enough").is_ok());
    }
}
