//! Identifiers. Each kind of UUID has its own type, so that a user id cannot be used as a tenant id.

use serde::{Deserialize, Deserializer, Serialize, de};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            #[must_use]
            pub const fn new(id: Uuid) -> Self { Self(id) }

            #[must_use]
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::parse_str(text).map(Self) }
        }

        // Written by hand because responses would otherwise contain the error text of uuid's implementation.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| de::Error::custom("not a UUID"))
            }
        }
    };
}

uuid_id!(
    /// A tenant: one relying party with its own users, keys and audit log.
    TenantId
);
uuid_id!(
    /// Internal id of a user. `user_id` in the APIs is the user id, a string that the application chooses.
    UserId
);
uuid_id!(
    /// An audit entry (UUIDv7). Ids are in the order of commit.
    AuditId
);
uuid_id!(
    /// A tenant's API key; the public part of `dw_<key id>_<secret>`.
    ApiKeyId
);
uuid_id!(
    /// An admin token.
    AdminTokenId
);
uuid_id!(
    /// A tenant's signing key. It is the `kid` in JWT headers and JWKS documents.
    SigningKeyId
);
uuid_id!(
    /// Doorward's id of a transaction. `transaction_id` in the APIs is the application's own id for it.
    TransactionRowId
);

impl AuditId {
    /// Returns the time in the first 48 bits (RFC 9562, section 5.7).
    #[must_use]
    pub fn time(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX))
    }
}

impl TenantId {
    /// Tenant id of the audit entries that concern no tenant.
    pub const INSTALLATION: Self = Self(Uuid::nil());
}
