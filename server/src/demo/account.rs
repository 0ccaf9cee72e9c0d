//! Accounts of the demo application: names and salted password hashes, in memory and in a file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use argon2::Argon2;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};

use super::reply::DemoError;
use crate::{
    clock::{Entropy, NoEntropy, random},
    secret_file,
};

/// Name of the preset account, which can be used without a sign-up.
pub(super) const PRESET_NAME: &str = "alice";
/// Password of the preset account, shown on the page.
pub(super) const PRESET_PASSWORD: &str = "correct horse";
/// Maximum number of accounts, which limits memory use.
const MAX_ACCOUNTS: usize = 1_000;
const MAX_CHARACTERS: usize = 64;

/// Argon2id hash of a password with a random salt. Users choose passwords, which are therefore easier to guess than API
/// keys. For this reason, the parameters are the strong defaults of the crate (19 MiB, two passes).
#[derive(Clone, Serialize, Deserialize)]
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

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// `user_id` in Doorward.
    pub(super) user_id: String,
    pub(super) username: String,
    pub(super) password: PasswordHash,
}

#[derive(Debug)]
pub(super) struct Accounts {
    by_name: Mutex<BTreeMap<String, Account>>,
    file: PathBuf,
    /// Hash that is verified for unknown names, so that the response time does not reveal which names exist.
    decoy: PasswordHash,
}

impl Accounts {
    /// Reads the accounts from the file, if it exists, and adds the preset account. The user id of the preset account
    /// is the same after every start, so its credentials remain usable.
    pub(super) fn open(file: PathBuf, entropy: &dyn Entropy) -> io::Result<Self> {
        let hash = |password: &str| {
            let salt = random(entropy).map_err(io::Error::other)?;
            PasswordHash::new(password, salt).map_err(|error| io::Error::other(error.to_string()))
        };
        let preset = Account {
            user_id: PRESET_NAME.to_owned(),
            username: PRESET_NAME.to_owned(),
            password: hash(PRESET_PASSWORD)?,
        };
        let mut by_name = read(&file)?;
        by_name.insert(preset.username.clone(), preset);
        Ok(Self { by_name: Mutex::new(by_name), file, decoy: hash("")? })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Account>> {
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

    /// Adds an account and writes the file.
    pub(super) fn add(&self, account: Account, entropy: &dyn Entropy) -> Result<(), DemoError> {
        let mut accounts = self.lock();
        if accounts.contains_key(&account.username) {
            return Err(DemoError::new(409, "username_taken", "This name is taken", ""));
        }
        if accounts.len() >= MAX_ACCOUNTS {
            return Err(DemoError::new(503, "demo_full", "The demo has no room for more accounts", ""));
        }
        let name = account.username.clone();
        accounts.insert(name.clone(), account);
        if let Err(error) = write(&self.file, &accounts, entropy) {
            tracing::error!(%error, file = %self.file.display(), "the demo cannot store an account");
            accounts.remove(&name);
            return Err(DemoError::internal());
        }
        Ok(())
    }
}

fn read(file: &Path) -> io::Result<BTreeMap<String, Account>> {
    let named = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", file.display()));
    match fs::read(file) {
        Ok(text) => {
            let accounts: Vec<Account> = serde_json::from_slice(&text).map_err(|error| named(&error))?;
            Ok(accounts.into_iter().map(|account| (account.username.clone(), account)).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(named(&error)),
    }
}

fn write(file: &Path, accounts: &BTreeMap<String, Account>, entropy: &dyn Entropy) -> io::Result<()> {
    let stored: Vec<&Account> = accounts.values().collect();
    secret_file::replace(file, &serde_json::to_vec(&stored)?, entropy)
}

/// Returns a random id. If the accounts file is lost and a name is registered again, the new account therefore does not
/// get the old credentials.
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

    fn accounts(folder: &tempfile::TempDir) -> Accounts {
        Accounts::open(folder.path().join("accounts.json"), &SystemEntropy::default()).unwrap()
    }

    #[test]
    fn preset_account_accepts_only_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = accounts(&folder);
        assert!(accounts.hash_of("alice").matches("correct horse"));
        assert!(!accounts.hash_of("alice").matches("correct horse "));
        assert!(!accounts.hash_of("nobody").matches("correct horse"));
        assert_eq!(accounts.with_id("alice").unwrap().username, "alice");
    }

    #[test]
    fn names_are_unique_regardless_of_case() {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), SystemEntropy::default());
        let accounts = accounts(&folder);
        let account = |name: &str| Account {
            user_id: new_user_id(&entropy).unwrap(),
            username: valid_username(name).unwrap(),
            password: accounts.decoy.clone(),
        };
        accounts.add(account("Bob"), &entropy).unwrap();
        assert!(accounts.add(account(" bob "), &entropy).is_err());
        assert!(accounts.add(account("ALICE"), &entropy).is_err());
    }

    #[test]
    fn accounts_survive_a_restart() {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), SystemEntropy::default());
        let password = PasswordHash::new("a good password", [7; 16]).unwrap();
        let account = Account { user_id: "u1".into(), username: "bob".into(), password };
        accounts(&folder).add(account, &entropy).unwrap();
        let again = accounts(&folder);
        assert_eq!(again.named("bob").unwrap().user_id, "u1");
        assert!(again.hash_of("bob").matches("a good password"));
        assert!(again.hash_of("alice").matches("correct horse"));
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
