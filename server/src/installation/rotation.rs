//! Rotation of the master key under the exclusive process lock: no other server or command can use the database.
//!
//! 1. The new key is created as `master.key.new`, or comes from the operator.
//! 2. The check text, encrypted with the new key, is stored as a marker. While the marker exists, only a rotation may
//!    open the database. If the data folder lacks one of the two keys, `signing-key reset` may open it too.
//! 3. All sealed values are encrypted again, in bounded units of work.
//! 4. One unit of work removes the marker and replaces the check text. The database now uses the new key.
//! 5. `master.key.new` replaces `master.key`.
//!
//! After a crash, the next rotation continues with the same new key.

use std::sync::Arc;

use super::{
    access,
    error::OpenError,
    location::Location,
    master_key::{decrypts, seal_check_text, wrong_key},
    rotation_file, stored,
};
use crate::{
    app::{App, AppSettings},
    clock::{SystemClock, SystemEntropy},
    crypto::{MasterKey, MasterKeySource},
    db::{Connection, Database, DatabaseOptions},
    service::{
        ServiceError,
        admin::{
            AdminContext,
            master_key_rotation::{self as service, Resealed},
            sealed_formats,
        },
    },
    store::installation,
};

/// Result of a rotation.
#[derive(Debug, Clone, Copy)]
pub struct Rotated {
    /// Number of signing keys that are encrypted with the new key.
    pub signing_keys: usize,
    /// Number of signing keys that neither the old nor the new key decrypts. They were already unusable before the
    /// rotation.
    pub undecryptable: usize,
    /// Whether the new key replaced the symbolic link `master.key` itself. This happens if the target of the link could
    /// not be replaced.
    pub replaced_link: bool,
}

/// Rotates the master key of the installation, or completes an interrupted rotation. `new` is a new key that the
/// operator provides; if it is `None`, a key is created in the data folder. `context` returns the context of the
/// change, which names the actor.
///
/// # Errors
/// [`OpenError::Database`] if another process uses the database; [`OpenError::NewKeyNeeded`], [`OpenError::SameKey`],
/// [`OpenError::ChangingKey`], [`OpenError::OtherRotation`], [`OpenError::WrongMasterKey`], [`OpenError::LinkTarget`]
/// or [`OpenError::MountedKey`] if the keys cannot be used for this rotation. In these cases, nothing was changed.
pub async fn rotate_master_key<E: From<OpenError>>(
    location: &Location,
    new: Option<MasterKeySource>,
    options: DatabaseOptions,
    settings: AppSettings,
    context: impl FnOnce(Arc<App>) -> Result<AdminContext, E>,
) -> Result<Rotated, E> {
    let is_provided = new.is_some();
    let keys = Keys::load(location, new)?;
    let Opened { app, new_key, state } = open(location, keys, options, settings).await?;
    let context = context(app)?;
    let mut rotated = reseal(&context, new_key, state).await.map_err(OpenError::Rotation)?;
    context.app.db.close().await;
    // A key that the operator provides is not moved. A file `master.key.new` may still exist in this case, if an
    // earlier rotation created it and stopped before its first change. Nothing is encrypted with the key in this file.
    if !is_provided {
        rotated.replaced_link = rotation_file::make_current(&location.master_key, context.app.entropy.as_ref())?;
    }
    Ok(rotated)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No value is encrypted with the new key.
    NotBegun,
    /// Some values may be encrypted with the new key.
    Begun,
    /// All values are encrypted with the new key.
    Done,
}

/// The current key and the new one.
#[derive(Clone)]
struct Keys {
    old: Arc<MasterKey>,
    /// The new key; `None` if Doorward must still create it in the data folder.
    new: Option<Arc<MasterKey>>,
    /// Source of the new key, if the operator provides it.
    provided: Option<MasterKeySource>,
    location: Location,
}

impl Keys {
    fn load(location: &Location, provided: Option<MasterKeySource>) -> Result<Self, OpenError> {
        let source = &location.master_key;
        if let Some(provided) = &provided
            && !provided.is_repeatable()?
        {
            return Err(OpenError::ChangingKey(provided.origin().clone()));
        }
        if provided.is_none() && source.in_data_folder().is_none() {
            return Err(OpenError::NewKeyNeeded(source.origin().clone()));
        }
        let new = match &provided {
            Some(provided) => Some(provided.load()?),
            None => rotation_file::load(source),
        };
        Ok(Self { old: Arc::new(source.load()?), new: new.map(Arc::new), provided, location: location.clone() })
    }

    /// Returns how far the rotation has progressed.
    fn state(&self, connection: &mut Connection, database: String) -> Result<State, OpenError> {
        let text = stored::check_text(Some(&mut *connection))?.ok_or(OpenError::NoInstallation { database })?;
        let marker = installation::get(connection, installation::ROTATION)?;
        let opens = |key: Option<&Arc<MasterKey>>, text: &str| key.is_some_and(|key| decrypts(key, text));
        let (old, new) = (opens(Some(&self.old), &text), opens(self.new.as_ref(), &text));
        match marker {
            None if old && new => Err(OpenError::SameKey),
            None if new => Ok(State::Done),
            _ if !old => Err(wrong_key(&self.location.master_key, &text)),
            None => Ok(State::NotBegun),
            Some(marker) if opens(self.new.as_ref(), &marker) => Ok(State::Begun),
            Some(_) => {
                let source = self.provided.as_ref().unwrap_or(&self.location.master_key);
                Err(OpenError::OtherRotation(source.origin().clone()))
            }
        }
    }
}

struct Opened {
    app: Arc<App>,
    new_key: Arc<MasterKey>,
    state: State,
}

/// Opens the database under the exclusive lock if the keys can be used for this rotation.
async fn open(
    location: &Location,
    keys: Keys,
    options: DatabaseOptions,
    settings: AppSettings,
) -> Result<Opened, OpenError> {
    access::check(&location.data_dir, &options.url)?;
    let options = DatabaseOptions { exclusive: true, ..options };
    let name = options.url.to_string();
    let (database, checked) = (name.clone(), keys.clone());
    let db = Database::open_if(options, move |connection| match connection {
        Some(connection) => checked.state(connection, database).map(drop),
        None => Err(OpenError::NoInstallation { database }),
    });
    let db = db.await?;
    rotation_file::remove_leftovers(&location.master_key)?;
    let again = keys.clone();
    let state = db.read(move |connection| again.state(connection, name.clone())).await?;
    let entropy = Arc::new(SystemEntropy::default());
    if state == State::NotBegun && keys.provided.is_none() {
        rotation_file::check_replaceable(&location.master_key, entropy.as_ref())?;
    }
    let new_key = match keys.new {
        Some(key) => key,
        None => Arc::new(rotation_file::load_or_create(&location.master_key, entropy.as_ref())?),
    };
    let app = App::new(db, keys.old, Arc::new(SystemClock), entropy, settings)?;
    Ok(Opened { app, new_key, state })
}

async fn reseal(context: &AdminContext, new: Arc<MasterKey>, state: State) -> Result<Rotated, ServiceError> {
    let check_text = seal_check_text(&new, context.app.entropy.as_ref()).map_err(service::failed)?;
    if state == State::NotBegun {
        sealed_formats::check(context).await?;
        service::begin(context, check_text.clone()).await?;
    }
    let resealed = service::reseal_signing_keys(context, &new).await?;
    service::reseal_digest_key(context, &new).await?;
    if state != State::Done {
        service::finish(context, check_text, resealed).await?;
    }
    let Resealed { signing_keys, undecryptable } = resealed;
    Ok(Rotated { signing_keys, undecryptable, replaced_link: false })
}
