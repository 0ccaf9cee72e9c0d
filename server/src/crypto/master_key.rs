//! The installation's master key: seals tenants' private keys at rest, with AES-256-GCM (NIST SP 800-38D).
//!
//! The key is a file beside the data, made at the first start. Who has the database alone cannot sign tokens.

use std::{
    fmt,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use doorward_shared::{Base64Url, SigningKeyId, TenantId};
use zeroize::Zeroizing;

use crate::clock::{Entropy, NoEntropy, random};

/// Bytes of the key.
pub const MASTER_KEY_BYTES: usize = 32;
/// Names how the rest of a sealed key is to be read.
const VERSION: u8 = 1;

/// Why there is no master key, or why it does not open a sealed key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// There is no such file.
    #[error("there is no master key at {}", .0.display())]
    Missing(PathBuf),
    /// Others than the owner may read the file.
    #[error("the master key {} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no key.
    #[error("the master key {} must be a file of exactly 32 bytes; restore it from a backup", .0.display())]
    Malformed(PathBuf),
    /// The file cannot be read or written.
    #[error("the master key {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No key or nonce could be made.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// The cipher failed.
    #[error("the private key cannot be sealed")]
    Seal,
    /// Sealed under another master key, for another tenant or key, or damaged.
    #[error("the sealed private key does not open: another master key, or a damaged or misplaced row")]
    Open,
}

/// Seals and opens. Prints nothing of the key; the cipher's state is wiped when dropped.
pub struct MasterKey(LessSafeKey);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// Takes the bytes of a key.
    ///
    /// # Errors
    /// [`MasterKeyError::Seal`] when the cipher does not take them.
    pub fn from_bytes(bytes: &[u8; MASTER_KEY_BYTES]) -> Result<Self, MasterKeyError> {
        UnboundKey::new(&AES_256_GCM, bytes).map(|key| Self(LessSafeKey::new(key))).map_err(|_| MasterKeyError::Seal)
    }

    /// Reads the key's file, or makes it when there is none.
    ///
    /// Not for an installation whose database already holds signing keys: there, a missing file is an error
    /// ([`MasterKey::load`]), not a reason to make another key that opens none of them.
    ///
    /// # Errors
    /// As [`MasterKey::load`], but for a missing file; [`MasterKeyError::NoEntropy`].
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        match Self::load(path) {
            Err(MasterKeyError::Missing(_)) => {
                create(path, entropy)?;
                // Read back, since another process may have been first: then its key is the key.
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the key's file.
    ///
    /// # Errors
    /// [`MasterKeyError::Missing`]; [`MasterKeyError::Permissions`] when group or others may do anything with it;
    /// [`MasterKeyError::Malformed`] when it does not have 32 bytes; [`MasterKeyError::Io`].
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => MasterKeyError::Missing(path.to_owned()),
            _ => io_error(error),
        })?;
        // Asked of the open file, not of its name: what is checked is what is read.
        let metadata = file.metadata().map_err(io_error)?;
        if !metadata.is_file() {
            return Err(MasterKeyError::Malformed(path.to_owned()));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Permissions { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new([0; MASTER_KEY_BYTES]);
        if metadata.len() != MASTER_KEY_BYTES as u64 || file.read_exact(bytes.as_mut_slice()).is_err() {
            return Err(MasterKeyError::Malformed(path.to_owned()));
        }
        Self::from_bytes(&bytes)
    }

    /// Seals a private key for one tenant's key of one id.
    ///
    /// # Errors
    /// [`MasterKeyError::NoEntropy`], [`MasterKeyError::Seal`].
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
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), context(tenant, key), &mut buffer)
            .map_err(|_| MasterKeyError::Seal)?;
        Ok([&[VERSION], nonce.as_slice(), buffer.as_slice(), tag.as_ref()].concat())
    }

    /// Opens what was sealed for this tenant's key of this id.
    ///
    /// # Errors
    /// [`MasterKeyError::Open`].
    pub fn open(
        &self,
        tenant: TenantId,
        key: SigningKeyId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let (&version, rest) = sealed.split_first().ok_or(MasterKeyError::Open)?;
        let (&nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(MasterKeyError::Open)?;
        if version != VERSION {
            return Err(MasterKeyError::Open);
        }
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(nonce), context(tenant, key), &mut buffer)
            .map_err(|_| MasterKeyError::Open)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

/// What a sealed key is bound to: moved to another tenant or id, it does not open.
fn context(tenant: TenantId, key: SigningKeyId) -> Aad<Vec<u8>> {
    let purpose: &[u8] = b"doorward signing key";
    Aad::from([purpose, &[VERSION], tenant.uuid().as_bytes(), key.uuid().as_bytes()].concat())
}

/// Makes the file, complete or not at all: a crash leaves no half a key behind, and two processes that start at the same
/// time end up with one key. An existing file is never touched.
fn create(path: &Path, entropy: &dyn Entropy) -> Result<(), MasterKeyError> {
    let io_error = |source| MasterKeyError::Io { path: path.to_owned(), source };
    let key = Zeroizing::new(random::<MASTER_KEY_BYTES>(entropy)?);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", Base64Url::encode(&random::<9>(entropy)?)));
    let draft = PathBuf::from(draft);
    let written = write_new(&draft, key.as_slice()).and_then(|()| match fs::hard_link(&draft, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without hard links: written in place, without the care for crashes.
        Err(_) => match write_new(path, key.as_slice()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        },
    });
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(io_error)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(io_error)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    // The umask may have taken away the owner's own bits.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

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
    fn opens_what_it_sealed_for_this_tenant_and_key_only() {
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
    fn a_change_of_any_byte_is_noticed() {
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
    fn the_file_is_made_once_for_its_owner_alone() {
        let (folder, path) = folder();
        let entropy = SystemEntropy::default();
        assert!(matches!(MasterKey::load(&path), Err(MasterKeyError::Missing(_))));
        let sealed =
            MasterKey::load_or_create(&path, &entropy).unwrap().seal(tenant(1), key(1), PLAIN, &entropy).unwrap();
        let again = MasterKey::load_or_create(&path, &entropy).unwrap();
        assert_eq!(again.open(tenant(1), key(1), &sealed).unwrap().as_slice(), PLAIN);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, 32));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn those_who_start_together_get_one_key() {
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
    fn a_file_others_can_read_is_refused_with_the_remedy() {
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
    fn whatever_is_no_key_is_refused_and_left_alone() {
        for content in [&b""[..], &[1; 31], &[1; 33], &[1; 64]] {
            let (_folder, path) = folder();
            write_new(&path, content).unwrap();
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
    fn debug_prints_no_key() {
        assert_eq!(format!("{:?}", MasterKey::from_bytes(&[7; 32]).unwrap()), "MasterKey(…)");
    }
}
