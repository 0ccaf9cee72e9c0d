//! Users of a tenant.

use doorward_shared::{TenantId, Timestamp, UserId, admin::UserIdKind};
use uuid::Uuid;

/// A user, created by a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub tenant_id: TenantId,
    /// Internal id.
    pub id: UserId,
    /// User id (`user_id` in the API): 1 to 64 bytes, unique in the tenant.
    pub external_id: String,
    /// Login name.
    pub name: String,
    pub display_name: String,
    /// URL of an icon; empty if the user has none.
    pub icon: String,
    pub created_at: Timestamp,
    /// Time of the last change of a name or the icon.
    pub updated_at: Timestamp,
    /// Time at which an administrator disabled the user; `None` while the user is enabled.
    pub disabled_at: Option<Timestamp>,
}

/// The user that an administrator's request names by an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSelector {
    pub id: String,
    /// Kind of the id; `None` if both kinds are searched.
    pub by: Option<UserIdKind>,
}

/// Maximum length of a user handle in bytes (WebAuthn §5.4.3).
pub const MAX_USER_HANDLE_BYTES: usize = 64;

impl User {
    /// Returns the user handle of new credentials: the bytes of `external_id`.
    pub fn handle(&self) -> &[u8] {
        self.external_id.as_bytes()
    }

    /// Returns the user handles that the user's credentials may have: the bytes of `external_id` and, if it is the text
    /// of a UUID, the 16 bytes of this UUID. Older registrations may have used these 16 bytes.
    pub fn handles(&self) -> Vec<Vec<u8>> {
        let uuid = Uuid::parse_str(&self.external_id).ok().map(|uuid| uuid.as_bytes().to_vec());
        std::iter::once(self.handle().to_vec()).chain(uuid).collect()
    }

    /// Returns whether a user handle belongs to this user.
    pub fn owns_handle(&self, handle: &[u8]) -> bool {
        handle == self.handle() || self.handles().iter().any(|own| own == handle)
    }
}

/// Returns the values of `external_id` to which a user handle may belong: the handle as text, then the UUID that the 16
/// bytes of the handle encode. No `external_id` contains U+0000.
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
            disabled_at: None,
        }
    }

    #[test]
    fn user_handle_is_the_id_text_or_its_uuid_bytes() {
        let id = "7f3a2c1e-0000-4000-8000-000000000001";
        let uuid = Uuid::parse_str(id).unwrap_or_default();
        assert!(user(id).owns_handle(id.as_bytes()));
        assert!(user(id).owns_handle(uuid.as_bytes()));
        assert!(!user("alice").owns_handle(b"alicia"));
        assert_eq!(user(id).handles(), [id.as_bytes(), uuid.as_bytes()]);
        assert_eq!(user("alice").handles(), [b"alice"]);
        assert_eq!(external_ids_of_handle(uuid.as_bytes()).last().map(String::as_str), Some(id));
        assert_eq!(external_ids_of_handle(b"alice"), ["alice"]);
    }
}
