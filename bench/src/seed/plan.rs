//! The plan of a seeded installation. Every tenant, user and key is computed from the seed and its number.
//!
//! `doorward-seed` writes this data to the database. `doorward-load` computes the same data, so that it can log in as
//! any of a million users without a key file.

use doorward_authenticator::{ClientError, Key, sha256};
use doorward_shared::{ApiKeyId, TenantId, UserId};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::random::Random;

const DAY: i64 = 86_400_000;
/// Length of the period, in milliseconds, in which tenants and users are created. It ends at the start of the log.
const HISTORY: i64 = 400 * DAY;

/// Size and seed of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub seed: u64,
    pub tenants: u64,
    pub users: u64,
    pub rows: u64,
    pub days: u32,
    /// End of the audit log, in milliseconds since the Unix epoch.
    pub until: i64,
    /// Whether to include hostile names, which test escaping.
    pub hostile: bool,
}

/// Purpose of a random number. Each purpose has its own sequence.
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

/// The two credentials of each user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A passkey, accepted for logins, for transactions and as a second factor.
    Passkey,
    /// A second factor only.
    SecondFactor,
}

impl Plan {
    /// Start of the log, in milliseconds since the Unix epoch.
    pub fn since(&self) -> i64 {
        self.until - i64::from(self.days) * DAY
    }

    /// Returns the random sequence for a purpose, tenant and user.
    pub(super) fn random(&self, purpose: Use, tenant: u64, user: u64) -> Random {
        Random::of(&[self.seed, purpose as u64, tenant, user])
    }

    /// Index of the first user of a tenant in the sequence of the users of all tenants. The first tenants have the most
    /// users; each tenant has at least one if there are enough users.
    pub fn first_user(&self, tenant: u64) -> u64 {
        let each = u64::from(self.users >= self.tenants);
        let shared = self.users - each * self.tenants;
        each * tenant + part(shared, self.position(tenant).sqrt())
    }

    pub fn users_of(&self, tenant: u64) -> u64 {
        self.first_user(tenant + 1) - self.first_user(tenant)
    }

    /// Number of audit entries of a tenant. The first tenant has the most: more than half of all entries if there are
    /// 10 tenants, and more than 5 % if there are 100 000.
    pub fn rows_of(&self, tenant: u64) -> u64 {
        let before = |tenant: u64| part(self.rows, self.position(tenant).sqrt().sqrt());
        before(tenant + 1) - before(tenant)
    }

    /// Relative position of a tenant, from 0 to 1. IEEE 754 defines square roots exactly, so the square roots of this
    /// number are equal on every machine.
    fn position(&self, tenant: u64) -> f64 {
        tenant.min(self.tenants) as f64 / self.tenants.max(1) as f64
    }

    pub fn tenant_since(&self, tenant: u64) -> i64 {
        self.since() - HISTORY + share(HISTORY / 2, tenant, self.tenants)
    }

    pub fn user_since(&self, tenant: u64, user: u64) -> i64 {
        let tenant_since = self.tenant_since(tenant);
        tenant_since + share(self.since() - tenant_since, user + 1, self.users_of(tenant) + 1)
    }

    pub fn tenant_id(&self, tenant: u64) -> TenantId {
        let mut random = self.random(Use::Tenant, tenant, 0);
        TenantId::new(id_at(self.tenant_since(tenant), &mut random))
    }

    pub fn api_key_id(&self, tenant: u64) -> ApiKeyId {
        ApiKeyId::new(Builder::from_random_bytes(self.random(Use::Key, tenant, 0).bytes()).into_uuid())
    }

    pub fn rp_id(&self, tenant: u64) -> String {
        format!("t{tenant}.example.com")
    }

    pub fn origin(&self, tenant: u64) -> String {
        format!("https://t{tenant}.example.com")
    }

    pub fn user_id(&self, tenant: u64, user: u64) -> UserId {
        let mut random = self.random(Use::User, tenant, user);
        UserId::new(id_at(self.user_since(tenant, user), &mut random))
    }

    /// User id in one of three common forms, depending on the tenant: `user-` and a number, a mail address, or a UUID.
    pub fn external_id(&self, tenant: u64, user: u64) -> String {
        match tenant % 3 {
            0 => format!("user-{user:06}"),
            1 => format!("user.{user}@t{tenant}.example.com"),
            _ => Builder::from_random_bytes(self.random(Use::Account, tenant, user).bytes()).into_uuid().to_string(),
        }
    }

    pub fn credential_id(&self, tenant: u64, user: u64, kind: CredentialKind) -> [u8; 32] {
        self.digest(tenant, user, 1 + u64::from(kind == CredentialKind::SecondFactor))
    }

    /// Key pair that both credentials of a user share. It is not secret, because it can be computed from the seed.
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

/// Returns `total · share`, rounded down.
fn part(total: u64, share: f64) -> u64 {
    (total as f64 * share) as u64
}

/// Returns `length · place / places`.
fn share(length: i64, place: u64, places: u64) -> i64 {
    let wide = i128::from(length) * i128::from(place) / i128::from(places.max(1));
    i64::try_from(wide).unwrap_or(length)
}

/// Returns a version 7 UUID with this timestamp.
pub(super) fn id_at(at: i64, random: &mut Random) -> Uuid {
    let [bytes @ .., _, _, _, _, _, _] = random.bytes();
    Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or(0), &bytes).into_uuid()
}
