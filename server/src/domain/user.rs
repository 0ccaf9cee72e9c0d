//! Users of a tenant.

use doorward_shared::{TenantId, Timestamp, UserId};
use uuid::Uuid;

/// A user the tenant's backend has named in a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whose user it is.
    pub tenant_id: TenantId,
    /// Doorward's id.
    pub id: UserId,
    /// The tenant's own id, `user_id` on the wire: 1 to 64 bytes, unique in the tenant.
    pub external_id: String,
    /// The name the user signs in with.
    pub name: String,
    /// The user's name for people.
    pub display_name: String,
    /// URL of a picture; empty where there is none.
    pub icon: String,
    /// When the user was first seen.
    pub created_at: Timestamp,
    /// When a name or the picture last changed.
    pub updated_at: Timestamp,
}

/// The most bytes a user handle may have (WebAuthn §5.4.3).
pub const MAX_USER_HANDLE_BYTES: usize = 64;

impl User {
    /// The user handle that new credentials carry: the bytes of the tenant's own id.
    #[must_use]
    pub fn handle(&self) -> &[u8] {
        self.external_id.as_bytes()
    }

    /// Whether a user handle from an authenticator is this user's: the bytes of `external_id`, or, as older
    /// registrations have it, the 16 bytes of the UUID it spells.
    #[must_use]
    pub fn owns_handle(&self, handle: &[u8]) -> bool {
        handle == self.handle()
            || Uuid::parse_str(&self.external_id).is_ok_and(|uuid| handle == uuid.as_bytes().as_slice())
    }
}

/// The tenant ids a user handle may stand for, the likelier first: its text, then the UUID its 16 bytes are. No user's id
/// contains U+0000.
#[must_use]
pub fn external_ids_of_handle(handle: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(handle).ok().filter(|text| !text.contains('\0')).map(str::to_owned);
    let uuid = Uuid::from_slice(handle).ok().map(|uuid| uuid.to_string());
    text.into_iter().chain(uuid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(external_id: &str) -> User {
        User {
            tenant_id: TenantId::new(Uuid::nil()),
            id: UserId::new(Uuid::nil()),
            external_id: external_id.to_owned(),
            name: String::new(),
            display_name: String::new(),
            icon: String::new(),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_handle_is_the_text_or_the_uuid_it_spells() {
        let id = "7f3a2c1e-0000-4000-8000-000000000001";
        let uuid = Uuid::parse_str(id).unwrap_or_default();
        assert!(user(id).owns_handle(id.as_bytes()));
        assert!(user(id).owns_handle(uuid.as_bytes()));
        assert!(!user("alice").owns_handle(b"alicia"));
        assert_eq!(external_ids_of_handle(uuid.as_bytes()).last().map(String::as_str), Some(id));
        assert_eq!(external_ids_of_handle(b"alice"), ["alice"]);
    }
}
