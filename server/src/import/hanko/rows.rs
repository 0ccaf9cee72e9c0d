//! Rows of the source, and the queries that read them. Times are microseconds since the Unix epoch, in UTC.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text},
};

use super::session::TableRow;

/// Implements [`TableRow`] for a row type. `$id` is the column that identifies the row in the report, and `$user` is
/// the column with the user id of the user to whom the row belongs.
macro_rules! table_row {
    ($row:ty, $id:ident $(, of $user:ident)?) => {
        impl TableRow for $row {
            fn tenant_id(&self) -> &str {
                &self.tenant_id
            }

            fn shown_id(&self) -> &str {
                &self.$id
            }

            fn user_id(&self) -> Option<&str> {
                let ids: &[&str] = &[$(&self.$user)?];
                ids.first().copied()
            }
        }
    };
}

table_row!(UserRow, user_id);
table_row!(CredentialRow, id, of user_id);
table_row!(TransactionRow, identifier, of user_id);
table_row!(AuditRow, id);

pub(super) const TENANTS: &str = "SELECT id::text AS id, display_name::text AS display_name, (EXTRACT(EPOCH FROM \
    created_at) * 1000000)::bigint AS created_at, (EXTRACT(EPOCH FROM updated_at) * 1000000)::bigint AS updated_at \
    FROM tenants ORDER BY created_at, id";

#[derive(Debug, Clone, QueryableByName)]
pub(super) struct TenantRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) display_name: String,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) updated_at: i64,
}

pub(super) const CONFIGS: &str = "SELECT c.tenant_id::text AS tenant_id, c.id::text AS config_id, r.id::text AS \
    relying_party_id, r.rp_id::text AS rp_id, r.display_name::text AS rp_name, r.icon::text AS icon, \
    w.timeout::bigint AS timeout, w.user_verification::text AS user_verification, w.attachment::text AS attachment, \
    w.attestation_preference::text AS attestation, w.resident_key_requirement::text AS resident_key, k.id::text AS \
    cors_id, k.allow_unsafe AS allow_unsafe, m.timeout::bigint AS mfa_timeout, m.user_verification::text AS \
    mfa_user_verification, m.attachment::text AS mfa_attachment, m.attestation_preference::text AS mfa_attestation, \
    m.resident_key_requirement::text AS mfa_resident_key FROM configs c LEFT JOIN webauthn_configs w ON w.config_id \
    = c.id LEFT JOIN relying_parties r ON r.webauthn_config_id = w.id LEFT JOIN cors k ON k.config_id = c.id LEFT \
    JOIN mfa_configs m ON m.config_id = c.id WHERE c.tenant_id::text = ANY($1) ORDER BY c.created_at DESC, c.id, \
    w.id, r.id, k.id, m.id";

/// A configuration with its parts, such as the relying party. The columns of a missing part are NULL; the first two
/// columns are never NULL.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct ConfigRow {
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = Text)]
    pub(super) config_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) relying_party_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) rp_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) rp_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) icon: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) timeout: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) user_verification: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) attachment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) attestation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) resident_key: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) cors_id: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub(super) allow_unsafe: Option<bool>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) mfa_timeout: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) mfa_user_verification: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) mfa_attachment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) mfa_attestation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) mfa_resident_key: Option<String>,
}

/// An origin of a relying party, or of the CORS settings.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct OriginRow {
    #[diesel(sql_type = Text)]
    pub(super) owner: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) origin: Option<String>,
}

pub(super) const SECRETS: &str = "SELECT config_id::text AS config_id, id::text AS id, name::text AS name, \
    key::text AS key, is_api_secret, (EXTRACT(EPOCH FROM created_at) * 1000000)::bigint AS created_at FROM secrets \
    WHERE config_id::text = ANY($1) ORDER BY created_at, id";

/// An API key, or a secret that encrypts signing keys.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct SecretRow {
    #[diesel(sql_type = Text)]
    pub(super) config_id: String,
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) key: Option<String>,
    #[diesel(sql_type = Bool)]
    pub(super) is_api_secret: bool,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
}

pub(super) const SIGNING_KEYS: &str = "SELECT tenant_id::text AS tenant_id, id::bigint AS id, key_data, \
    (EXTRACT(EPOCH FROM created_at) * 1000000)::bigint AS created_at FROM jwks WHERE tenant_id::text = ANY($1) ORDER \
    BY created_at, id";

/// An encrypted signing key.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct SigningKeyRow {
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Text)]
    pub(super) key_data: String,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
}

pub(super) const USERS: &str = "SELECT id::text AS id, tenant_id::text AS tenant_id, user_id::text AS user_id, \
    name::text AS name, icon::text AS icon, display_name::text AS display_name, (EXTRACT(EPOCH FROM created_at) * \
    1000000)::bigint AS created_at, (EXTRACT(EPOCH FROM updated_at) * 1000000)::bigint AS updated_at FROM \
    webauthn_users WHERE tenant_id IS NOT NULL";

#[derive(Debug, Clone, QueryableByName)]
pub(super) struct UserRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = Text)]
    pub(super) user_id: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) icon: String,
    #[diesel(sql_type = Text)]
    pub(super) display_name: String,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) updated_at: i64,
}

pub(super) const CREDENTIALS: &str = "SELECT c.id::text AS id, u.tenant_id::text AS tenant_id, u.user_id::text \
    AS user_id, c.public_key AS public_key, c.attestation_type::text AS attestation_format, c.aaguid::text AS \
    aaguid, c.sign_count::bigint AS sign_count, c.name::text AS name, (EXTRACT(EPOCH FROM c.last_used_at) * \
    1000000)::bigint AS last_used_at, c.backup_eligible AS backup_eligible, c.backup_state AS backup_state, c.is_mfa \
    AS is_mfa, t.names AS transports, (EXTRACT(EPOCH FROM c.created_at) * 1000000)::bigint AS created_at FROM \
    webauthn_credentials c JOIN webauthn_users u ON u.id = c.webauthn_user_id LEFT JOIN (SELECT \
    webauthn_credential_id, json_agg(name ORDER BY name)::text AS names FROM webauthn_credential_transports GROUP BY \
    webauthn_credential_id) t ON t.webauthn_credential_id = c.id WHERE u.tenant_id IS NOT NULL";

/// A credential, with the tenant and the user id of its owner.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct CredentialRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = Text)]
    pub(super) user_id: String,
    #[diesel(sql_type = Text)]
    pub(super) public_key: String,
    #[diesel(sql_type = Text)]
    pub(super) attestation_format: String,
    #[diesel(sql_type = Text)]
    pub(super) aaguid: String,
    #[diesel(sql_type = BigInt)]
    pub(super) sign_count: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) last_used_at: Option<i64>,
    #[diesel(sql_type = Bool)]
    pub(super) backup_eligible: bool,
    #[diesel(sql_type = Bool)]
    pub(super) backup_state: bool,
    #[diesel(sql_type = Bool)]
    pub(super) is_mfa: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) transports: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
}

pub(super) const TRANSACTIONS: &str = "SELECT t.id::text AS id, t.tenant_id::text AS tenant_id, \
    t.identifier::text AS identifier, t.data AS data, u.user_id::text AS user_id, (EXTRACT(EPOCH FROM t.created_at) \
    * 1000000)::bigint AS created_at FROM transactions t JOIN webauthn_users u ON u.id = t.webauthn_user_id";

/// A transaction, with the user id of its owner.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct TransactionRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = Text)]
    pub(super) identifier: String,
    #[diesel(sql_type = Text)]
    pub(super) data: String,
    #[diesel(sql_type = Text)]
    pub(super) user_id: String,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
}

pub(super) const AUDIT: &str = "SELECT id::text AS id, tenant_id::text AS tenant_id, type::text AS kind, \
    error::text AS error, meta_http_request_id::text AS request_id, meta_source_ip::text AS source_ip, \
    meta_user_agent::text AS user_agent, actor_user_id::text AS actor, transaction_id::text AS transaction_id, \
    (EXTRACT(EPOCH FROM created_at) * 1000000)::bigint AS created_at FROM audit_logs WHERE tenant_id IS NOT NULL";

#[derive(Debug, Clone, QueryableByName)]
pub(super) struct AuditRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) error: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) request_id: String,
    #[diesel(sql_type = Text)]
    pub(super) source_ip: String,
    #[diesel(sql_type = Text)]
    pub(super) user_agent: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) actor: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) transaction_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(super) created_at: i64,
}

/// A maximum in one tenant: the most credentials of a user, the most bytes of a transaction, or the latest time of
/// creation.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct LargestRow {
    #[diesel(sql_type = Text)]
    pub(super) tenant_id: String,
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

/// Origins of relying parties, in the order in which they were stored.
pub(super) const ORIGINS: &str = "SELECT relying_party_id::text AS owner, origin::text AS origin FROM webauthn_origins \
    WHERE relying_party_id::text = ANY($1) ORDER BY created_at, id";
pub(super) const CORS_ORIGINS: &str = "SELECT cors_id::text AS owner, origin::text AS origin FROM cors_origins \
    WHERE cors_id::text = ANY($1) ORDER BY created_at, id";
pub(super) const MOST_CREDENTIALS: &str = "SELECT u.tenant_id::text AS tenant_id, MAX(n) AS number FROM \
    (SELECT webauthn_user_id, COUNT(*) AS n FROM webauthn_credentials GROUP BY webauthn_user_id) c \
    JOIN webauthn_users u ON u.id = c.webauthn_user_id WHERE u.tenant_id IS NOT NULL GROUP BY u.tenant_id";
pub(super) const LARGEST_DATA: &str = "SELECT tenant_id::text AS tenant_id, MAX(octet_length(data))::bigint AS number \
    FROM transactions GROUP BY tenant_id";
/// Creation time of each tenant's newest user or credential.
pub(super) const NEWEST_ROW: &str = "SELECT u.tenant_id::text AS tenant_id, (EXTRACT(EPOCH FROM \
    MAX(GREATEST(u.created_at, c.created_at))) * 1000000)::bigint AS number FROM webauthn_users u LEFT JOIN \
    webauthn_credentials c ON c.webauthn_user_id = u.id WHERE u.tenant_id IS NOT NULL GROUP BY u.tenant_id";
/// Selects the ids in the list `$1` that belong to existing users. [`EXISTING_CREDENTIALS`] does the same for
/// credentials.
pub(super) const EXISTING_USERS: &str =
    "SELECT id::text AS value FROM webauthn_users WHERE id = ANY($1::text[]::uuid[])";
pub(super) const EXISTING_CREDENTIALS: &str = "SELECT id::text AS value FROM webauthn_credentials WHERE id = ANY($1)";
/// Kinds of rows that are not imported: rows that belong to no tenant, and ceremonies in progress. Each element
/// consists of a description and a FROM clause.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("configurations without a tenant", "FROM configs WHERE tenant_id IS NULL"),
    ("secrets without a configuration", "FROM secrets WHERE config_id IS NULL"),
    ("signing keys without a tenant", "FROM jwks WHERE tenant_id IS NULL"),
    ("users without a tenant", "FROM webauthn_users WHERE tenant_id IS NULL"),
    (
        "credentials without a user or tenant",
        "FROM webauthn_credentials c LEFT JOIN webauthn_users u ON u.id = c.webauthn_user_id WHERE u.tenant_id IS NULL",
    ),
    ("audit entries without a tenant", "FROM audit_logs WHERE tenant_id IS NULL"),
    ("ceremonies in progress: the clients must start again", "FROM webauthn_session_data WHERE expires_at > now()"),
];
