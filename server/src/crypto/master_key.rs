//! Master key of the installation: encrypts tenants' private keys at rest with AES-256-GCM (NIST SP 800-38D).
//!
//! The first start creates the key as a file in the data folder. A stolen database alone is not enough to sign tokens.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use doorward_shared::{SigningKeyId, TenantId};
use zeroize::Zeroizing;

use super::master_key_command::CommandError;
use crate::{
    clock::{Entropy, NoEntropy, random},
    domain::master_key_origin::MasterKeyOrigin,
    secret_file,
};

pub const MASTER_KEY_BYTES: usize = 32;
/// Version of the format of sealed keys, stored in their first byte. Keys that were sealed in an earlier format must
/// stay readable.
const VERSION: u8 = 1;
/// Permission bits that the key file in the data folder must not have: those of group and others.
const PRIVATE: u32 = 0o077;
/// Permission bits that a key file provided by the operator must not have. The group may read this file, because
/// Kubernetes secrets and systemd credentials are readable by the group of the service.
const PROVIDED: u32 = 0o037;

#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(
        "there is no master key at {}: restore it from your copy, or run `doorward signing-key reset` to replace the \
         signing keys of all tenants",
        .0.display()
    )]
    Missing(PathBuf),
    #[error(
        "the master key {} is a symbolic link to {}, which does not exist: correct the link, restore its target, or mount \
         the file system of the target",
        path.display(), target.display()
    )]
    DanglingLink { path: PathBuf, target: PathBuf },
    /// A file that the operator provides does not exist.
    #[error(
        "there is no master key at {}: restore the file from your copy, or create a new key of 32 random bytes, for \
         example with `openssl rand -out FILE 32` and chmod 600",
        .0.display()
    )]
    NotProvided(PathBuf),
    /// Users other than the owner can access the file.
    #[error("the master key {} is accessible to other users (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Permissions { path: PathBuf, mode: u32 },
    #[error("the master key {} must be a file of exactly 32 bytes; restore it from a backup", .0.display())]
    Malformed(PathBuf),
    #[error("the master key {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{origin}: {error}")]
    Command { origin: MasterKeyOrigin, error: CommandError },
    #[error(
        "file descriptor {number} (master_key.descriptor): {source}; open it for reading in the process that starts doorward"
    )]
    Descriptor { number: u32, source: io::Error },
    #[error("{0} must provide a master key: 32 bytes, or 32 bytes in Base64")]
    NoKey(MasterKeyOrigin),
    /// The master key could not be loaded. Contains the reason.
    #[error("{0}")]
    NotLoaded(Arc<MasterKeyError>),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("the private key cannot be encrypted")]
    Seal,
    /// The private key was sealed with another master key, or for another tenant or key id, or it is damaged.
    #[error("the private key cannot be decrypted: it belongs to another master key, or its database row is damaged")]
    Open,
    /// A newer version of Doorward sealed the private key, in the format with this number.
    #[error(
        "the private key is encrypted in format {0}, and this version of Doorward reads only format {known}: use the \
         version that encrypted it, or a newer one",
        known = VERSION
    )]
    NewerFormat(u8),
}

/// The master key. `Debug` does not print it, and its memory is wiped on drop.
///
/// `Err` contains the reason why the key could not be loaded. Administrative operations that need no signing key work
/// without the master key.
pub struct MasterKey(Result<LessSafeKey, Arc<MasterKeyError>>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    pub fn from_bytes(bytes: &[u8; MASTER_KEY_BYTES]) -> Result<Self, MasterKeyError> {
        UnboundKey::new(&AES_256_GCM, bytes)
            .map(|key| Self(Ok(LessSafeKey::new(key))))
            .map_err(|_| MasterKeyError::Seal)
    }

    /// Returns a placeholder for a key that could not be loaded. Sealing and opening fail with
    /// [`MasterKeyError::NotLoaded`], which contains `reason`.
    pub fn not_loaded(reason: MasterKeyError) -> Self {
        Self(Err(Arc::new(reason)))
    }

    fn key(&self) -> Result<&LessSafeKey, MasterKeyError> {
        self.0.as_ref().map_err(|reason| MasterKeyError::NotLoaded(Arc::clone(reason)))
    }

    /// Loads the key from its file, or creates the file if it does not exist.
    ///
    /// Use [`MasterKey::load`] if the database already contains signing keys, because a new key could not decrypt them.
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        match Self::load(path) {
            Err(MasterKeyError::Missing(_)) => {
                let key = Zeroizing::new(random::<MASTER_KEY_BYTES>(entropy)?);
                secret_file::create(path, key.as_slice(), entropy)
                    .map_err(|source| MasterKeyError::Io { path: path.to_owned(), source })?;
                // The file is read again because another process may have created it first.
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Loads the key from its file.
    ///
    /// # Errors
    /// [`MasterKeyError::Missing`] if the file does not exist; [`MasterKeyError::DanglingLink`] if the path is a
    /// symbolic link without a target; [`MasterKeyError::Permissions`] if group or others have any permission;
    /// [`MasterKeyError::Malformed`] if it is not a file of 32 bytes; [`MasterKeyError::Io`] for other errors.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        Self::load_if(path, PRIVATE)
    }

    /// Loads the key from a file that the operator provides. The file may be readable by its group.
    pub fn load_provided(path: &Path) -> Result<Self, MasterKeyError> {
        Self::load_if(path, PROVIDED).map_err(|error| match error {
            MasterKeyError::Missing(path) => MasterKeyError::NotProvided(path),
            other => other,
        })
    }

    fn load_if(path: &Path, refused: u32) -> Result<Self, MasterKeyError> {
        let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => match path.read_link() {
                Ok(target) => MasterKeyError::DanglingLink { path: path.to_owned(), target },
                Err(_) => MasterKeyError::Missing(path.to_owned()),
            },
            _ => io_error(error),
        })?;
        // The permissions are read from the open file, so that the file that is checked is also the file that is read.
        let metadata = file.metadata().map_err(io_error)?;
        if !metadata.is_file() {
            return Err(MasterKeyError::Malformed(path.to_owned()));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & refused != 0 {
            return Err(MasterKeyError::Permissions { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new([0; MASTER_KEY_BYTES]);
        if metadata.len() != MASTER_KEY_BYTES as u64 || file.read_exact(bytes.as_mut_slice()).is_err() {
            return Err(MasterKeyError::Malformed(path.to_owned()));
        }
        Self::from_bytes(&bytes)
    }

    /// Encrypts the private key of one tenant's signing key.
    pub fn seal(
        &self,
        tenant: TenantId,
        key: SigningKeyId,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, MasterKeyError> {
        // Random nonces of 96 bits are safe for 2^32 seals under one key (SP 800-38D §8.3).
        let nonce = random::<NONCE_LEN>(entropy)?;
        let mut buffer = Zeroizing::new(plain.to_vec());
        let tag = self
            .key()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), context(tenant, key), &mut buffer)
            .map_err(|_| MasterKeyError::Seal)?;
        Ok([&[VERSION], nonce.as_slice(), buffer.as_slice(), tag.as_ref()].concat())
    }

    /// Checks that this version of Doorward can read the format of a sealed key.
    ///
    /// # Errors
    /// [`MasterKeyError::NewerFormat`] if a newer version of Doorward sealed the key; [`MasterKeyError::Open`] if
    /// `sealed` is empty or names no known format.
    pub fn check_format(sealed: &[u8]) -> Result<(), MasterKeyError> {
        match sealed.first() {
            Some(&VERSION) => Ok(()),
            Some(&version) if version > VERSION => Err(MasterKeyError::NewerFormat(version)),
            _ => Err(MasterKeyError::Open),
        }
    }

    /// Decrypts a private key that was sealed for this tenant and key id.
    pub fn open(
        &self,
        tenant: TenantId,
        key: SigningKeyId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        Self::check_format(sealed)?;
        let (&nonce, ciphertext) =
            sealed.get(1..).and_then(<[u8]>::split_first_chunk::<NONCE_LEN>).ok_or(MasterKeyError::Open)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .key()?
            .open_in_place(Nonce::assume_unique_for_key(nonce), context(tenant, key), &mut buffer)
            .map_err(|_| MasterKeyError::Open)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

/// Returns the additional authenticated data, which binds a sealed key to its tenant and id.
fn context(tenant: TenantId, key: SigningKeyId) -> Aad<Vec<u8>> {
    let purpose: &[u8] = b"doorward signing key";
    Aad::from([purpose, &[VERSION], tenant.uuid().as_bytes(), key.uuid().as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        sync::Barrier,
        thread,
    };

    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::clock::SystemEntropy;

    const PLAIN: &[u8] = b"a private key";

    fn tenant(id: u128) -> TenantId {
        TenantId::new(Uuid::from_u128(id))
    }

    fn key(id: u128) -> SigningKeyId {
        SigningKeyId::new(Uuid::from_u128(id))
    }

    fn folder() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("master.key");
        (folder, path)
    }

    #[test]
    fn sealed_key_opens_only_for_its_tenant_id_and_master_key() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let entropy = SystemEntropy::default();
        let sealed = master.seal(tenant(1), key(1), PLAIN, &entropy).unwrap();
        assert_eq!(master.open(tenant(1), key(1), &sealed).unwrap().as_slice(), PLAIN);
        assert!(!sealed.windows(PLAIN.len()).any(|part| part == PLAIN));
        assert_ne!(master.seal(tenant(1), key(1), PLAIN, &entropy).unwrap(), sealed, "every seal has its own nonce");

        assert!(matches!(master.open(tenant(2), key(1), &sealed), Err(MasterKeyError::Open)));
        assert!(matches!(master.open(tenant(1), key(2), &sealed), Err(MasterKeyError::Open)));
        let other = MasterKey::from_bytes(&[8; 32]).unwrap();
        assert!(matches!(other.open(tenant(1), key(1), &sealed), Err(MasterKeyError::Open)));
    }

    #[test]
    fn changed_or_truncated_sealed_key_is_rejected() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let sealed = master.seal(tenant(1), key(1), PLAIN, &SystemEntropy::default()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(matches!(master.open(tenant(1), key(1), &changed), Err(MasterKeyError::Open)), "byte {at}");
            assert!(matches!(master.open(tenant(1), key(1), &sealed[..at]), Err(MasterKeyError::Open)), "cut at {at}");
        }
    }

    #[test]
    fn sealed_key_of_a_newer_program_is_named() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let mut sealed = master.seal(tenant(1), key(1), PLAIN, &SystemEntropy::default()).unwrap();
        sealed[0] = 2;
        let error = master.open(tenant(1), key(1), &sealed).unwrap_err().to_string();
        assert!(error.contains("format 2") && error.contains("reads only format 1"), "{error}");
    }

    #[test]
    fn file_is_created_once_and_readable_only_by_its_owner() {
        let (folder, path) = folder();
        let entropy = SystemEntropy::default();
        assert!(matches!(MasterKey::load(&path), Err(MasterKeyError::Missing(_))));
        let sealed =
            MasterKey::load_or_create(&path, &entropy).unwrap().seal(tenant(1), key(1), PLAIN, &entropy).unwrap();
        let again = MasterKey::load_or_create(&path, &entropy).unwrap();
        assert_eq!(again.open(tenant(1), key(1), &sealed).unwrap().as_slice(), PLAIN);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, 32));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file remains");
    }

    #[test]
    fn link_without_a_target_is_named() {
        let (folder, path) = folder();
        let target = folder.path().join("unmounted/master.key");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let provided = MasterKey::load_provided(&path);
        for loaded in [MasterKey::load(&path), provided, MasterKey::load_or_create(&path, &SystemEntropy::default())] {
            let error = loaded.unwrap_err().to_string();
            assert!(error.contains(target.to_str().unwrap()) && error.contains("symbolic link"), "{error}");
            assert!(!error.contains("signing-key reset"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was created");
    }

    #[test]
    fn concurrent_starts_create_one_key() {
        let (_folder, path) = folder();
        let barrier = Barrier::new(8);
        let sealed: Vec<_> = thread::scope(|scope| {
            let start = || {
                let entropy = SystemEntropy::default();
                barrier.wait();
                MasterKey::load_or_create(&path, &entropy).unwrap().seal(tenant(1), key(1), PLAIN, &entropy).unwrap()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let master = MasterKey::load(&path).unwrap();
        assert!(sealed.iter().all(|sealed| master.open(tenant(1), key(1), sealed).is_ok()));
    }

    #[test]
    fn file_accessible_to_others_is_rejected_with_the_fix() {
        let (_folder, path) = folder();
        MasterKey::load_or_create(&path, &SystemEntropy::default()).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refusal = MasterKey::load_or_create(&path, &SystemEntropy::default()).unwrap_err().to_string();
            assert!(refusal.contains(&format!("chmod 600 {}", path.display())), "{refusal}");
            assert!(refusal.contains(&format!("mode {mode:03o}")), "{refusal}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(MasterKey::load(&path).is_ok());
    }

    #[test]
    fn malformed_file_is_rejected_and_not_changed() {
        for content in [&b""[..], &[1; 31], &[1; 33], &[1; 64]] {
            let (_folder, path) = folder();
            secret_file::create(&path, content, &SystemEntropy::default()).unwrap();
            let refused = MasterKey::load_or_create(&path, &SystemEntropy::default());
            assert!(matches!(refused, Err(MasterKeyError::Malformed(_))), "{} bytes", content.len());
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        let (folder, _) = folder();
        assert!(matches!(MasterKey::load(folder.path()), Err(MasterKeyError::Malformed(_))));
        let nowhere = folder.path().join("no/such/folder/master.key");
        let refused = MasterKey::load_or_create(&nowhere, &SystemEntropy::default());
        assert!(matches!(refused, Err(MasterKeyError::Io { .. })));
    }

    #[test]
    fn lost_key_neither_seals_nor_opens() {
        let lost = MasterKey::not_loaded(MasterKeyError::Missing(PathBuf::from("/srv/master.key")));
        let entropy = SystemEntropy::default();
        assert!(matches!(lost.seal(tenant(1), key(1), PLAIN, &entropy), Err(MasterKeyError::NotLoaded(_))));
        let sealed = MasterKey::from_bytes(&[7; 32]).unwrap().seal(tenant(1), key(1), PLAIN, &entropy).unwrap();
        let refusal = lost.open(tenant(1), key(1), &sealed).unwrap_err().to_string();
        assert!(refusal.contains("/srv/master.key") && refusal.contains("signing-key reset"), "{refusal}");
    }

    #[test]
    fn debug_prints_no_key() {
        assert_eq!(format!("{:?}", MasterKey::from_bytes(&[7; 32]).unwrap()), "MasterKey(…)");
    }
}
