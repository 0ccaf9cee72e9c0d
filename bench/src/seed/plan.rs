//! What a seed number stands for: every tenant, user and key of an installation, computed from its place alone.
//!
//! The seeder writes them down, and `doorward-load` computes the same ones again, so that it can log in as any of a
//! million users without having been told their keys.

use doorward_authenticator::{ClientError, Key, sha256};
use doorward_shared::{ApiKeyId, AuditId, TenantId, UserId};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::{
    names::{Names, mailbox},
    random::Random,
};

const DAY: i64 = 86_400_000;
/// Over how long a time before the log begins tenants and users came.
const HISTORY: i64 = 400 * DAY;

/// How much there is to be, and where the numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The seed number.
    pub seed: u64,
    /// How many tenants.
    pub tenants: u64,
    /// How many users in all.
    pub users: u64,
    /// How many audit rows in all.
    pub rows: u64,
    /// Over how many days.
    pub days: u32,
    /// When the last of these days ends: milliseconds since the Unix epoch.
    pub until: i64,
    /// Whether some names are hostile.
    pub hostile: bool,
}

/// What a random number is for: the same place gives other numbers for other things.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(super) enum Use {
    Tenant = 1,
    Key,
    SigningKey,
    User,
    Account,
    Log,
}

/// A user's two credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A passkey: logins, transactions, and second factors, too.
    Passkey,
    /// A second factor only.
    SecondFactor,
}

impl Plan {
    /// When the log begins.
    #[must_use]
    pub fn since(&self) -> i64 {
        self.until - i64::from(self.days) * DAY
    }

    /// Numbers for one use at one place.
    pub(super) fn random(&self, purpose: Use, tenant: u64, user: u64) -> Random {
        Random::of(&[self.seed, purpose as u64, tenant, user])
    }

    /// How names are chosen.
    pub(super) const fn names(&self) -> Names {
        Names { hostile: self.hostile }
    }

    /// The number of the first user of a tenant, of all users; a few tenants have many. Each has one while there are
    /// enough.
    #[must_use]
    pub fn first_user(&self, tenant: u64) -> u64 {
        let each = u64::from(self.users >= self.tenants);
        let shared = self.users - each * self.tenants;
        each * tenant + part(shared, self.position(tenant).sqrt())
    }

    /// How many users a tenant has.
    #[must_use]
    pub fn users_of(&self, tenant: u64) -> u64 {
        self.first_user(tenant + 1) - self.first_user(tenant)
    }

    /// How many audit rows a tenant has: the first of ten has more than half, of 100 000 more than one in twenty.
    #[must_use]
    pub fn rows_of(&self, tenant: u64) -> u64 {
        let before = |tenant: u64| part(self.rows, self.position(tenant).sqrt().sqrt());
        before(tenant + 1) - before(tenant)
    }

    /// Square roots are exact to the last bit everywhere (IEEE 754), so every machine shares out alike.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn position(&self, tenant: u64) -> f64 {
        tenant.min(self.tenants) as f64 / self.tenants.max(1) as f64
    }

    /// When a tenant came.
    #[must_use]
    pub fn tenant_since(&self, tenant: u64) -> i64 {
        self.since() - HISTORY + share(HISTORY / 2, tenant, self.tenants)
    }

    /// When a tenant's user came.
    #[must_use]
    pub fn user_since(&self, tenant: u64, user: u64) -> i64 {
        let came = self.tenant_since(tenant);
        came + share(self.since() - came, user + 1, self.users_of(tenant) + 1)
    }

    /// A tenant's id.
    #[must_use]
    pub fn tenant_id(&self, tenant: u64) -> TenantId {
        let mut random = self.random(Use::Tenant, tenant, 0);
        TenantId::new(id_at(self.tenant_since(tenant), &mut random))
    }

    /// The id of a tenant's API key.
    #[must_use]
    pub fn api_key_id(&self, tenant: u64) -> ApiKeyId {
        ApiKeyId::new(Builder::from_random_bytes(self.random(Use::Key, tenant, 0).bytes()).into_uuid())
    }

    /// A tenant's RP ID.
    #[must_use]
    pub fn rp_id(&self, tenant: u64) -> String {
        format!("t{tenant}.example.com")
    }

    /// The origin of a tenant's pages.
    #[must_use]
    pub fn origin(&self, tenant: u64) -> String {
        format!("https://t{tenant}.example.com")
    }

    /// A user's internal id.
    #[must_use]
    pub fn user_id(&self, tenant: u64, user: u64) -> UserId {
        let mut random = self.random(Use::User, tenant, user);
        UserId::new(id_at(self.user_since(tenant, user), &mut random))
    }

    /// A user's id as the tenant knows it: numbers, mail addresses or UUIDs, as each tenant has it.
    #[must_use]
    pub fn external_id(&self, tenant: u64, user: u64) -> String {
        let mut random = self.random(Use::Account, tenant, user);
        match tenant % 3 {
            0 => format!("user-{user:06}"),
            1 => format!("{}.{user}@t{tenant}.example.com", mailbox(&mut random)),
            _ => Builder::from_random_bytes(random.bytes()).into_uuid().to_string(),
        }
    }

    /// The id of a user's credential.
    #[must_use]
    pub fn credential_id(&self, tenant: u64, user: u64, kind: CredentialKind) -> [u8; 32] {
        self.digest(tenant, user, 1 + u64::from(kind == CredentialKind::SecondFactor))
    }

    /// The key pair of both of a user's credentials. Anybody who knows the seed number can make it.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] when the library gives no key.
    pub fn key(&self, tenant: u64, user: u64) -> Result<Key, ClientError> {
        Key::from_secret(&self.digest(tenant, user, 0))
    }

    fn digest(&self, tenant: u64, user: u64, what: u64) -> [u8; 32] {
        let mut text = *b"doorward-seed\0\0\0________________________________";
        let numbers = [self.seed, tenant, user, what].map(u64::to_be_bytes);
        for (place, byte) in text.iter_mut().skip(16).zip(numbers.as_flattened()) {
            *place = *byte;
        }
        sha256(&text)
    }
}

/// A whole number of `total`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts far below 2^52, times at most 1"
)]
fn part(total: u64, share: f64) -> u64 {
    (total as f64 * share) as u64
}

/// `length · place / places`.
fn share(length: i64, place: u64, places: u64) -> i64 {
    let wide = i128::from(length) * i128::from(place) / i128::from(places.max(1));
    i64::try_from(wide).unwrap_or(length)
}

/// A version 7 UUID of this time.
pub(super) fn id_at(at: i64, random: &mut Random) -> Uuid {
    let mut bytes = [0; 10];
    for (place, byte) in bytes.iter_mut().zip(random.bytes()) {
        *place = byte;
    }
    Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or(0), &bytes).into_uuid()
}

/// An audit row's id.
pub(super) fn audit_id(at: i64, random: &mut Random) -> AuditId {
    AuditId::new(id_at(at, random))
}
