-- STRICT tables refuse values of other types. Tables with small rows that are mostly read by key are WITHOUT ROWID.
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE admin_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    -- The tenants that the token may use, as a JSON list; NULL for all tenants.
    tenants TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX admin_tokens_name ON admin_tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER,
    -- Number of changes of disabled_at. An undo applies only to the change that it knows.
    state_version INTEGER NOT NULL DEFAULT 0,
    -- Not NULL while a job deletes the data of a deleted tenant.
    deleted_at INTEGER
) STRICT;
CREATE INDEX tenants_by_time ON tenants (created_at, id);
CREATE INDEX tenants_deleted ON tenants (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    -- Keyed digest of an imported key, which contains no id. NULL for keys that Doorward generated.
    secret_digest TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    disabled_at INTEGER,
    state_version INTEGER NOT NULL DEFAULT 0,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (tenant_id, secret_digest) WHERE secret_digest IS NOT NULL;

CREATE TABLE signing_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retired_at INTEGER,
    withdrawn_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE users (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    icon TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER,
    state_version INTEGER NOT NULL DEFAULT 0,
    -- Not NULL while a job deletes the transactions of a deleted user.
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX users_by_external_id ON users (tenant_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX users_deleted ON users (tenant_id, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_by_time ON users (tenant_id, created_at, id);
-- For searches by the beginning of a name. They ignore the case of ASCII letters.
CREATE INDEX users_by_name ON users (tenant_id, lower(name));
CREATE INDEX users_by_display_name ON users (tenant_id, lower(display_name));

CREATE TABLE credentials (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    -- Derived from the key, for the queries about trust policies.
    algorithm TEXT NOT NULL,
    attestation_format TEXT NOT NULL,
    attestation_trust TEXT NOT NULL,
    attestation_key_id TEXT,
    aaguid TEXT NOT NULL,
    sign_count INTEGER NOT NULL,
    transports TEXT NOT NULL,
    backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
    backup_state INTEGER NOT NULL CHECK (backup_state IN (0, 1)),
    is_mfa INTEGER NOT NULL CHECK (is_mfa IN (0, 1)),
    user_verified INTEGER NOT NULL CHECK (user_verified IN (0, 1)),
    discoverable INTEGER CHECK (discoverable IN (0, 1)),
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER,
    state_version INTEGER NOT NULL DEFAULT 0,
    -- Copy of users.disabled_at, so that a login checks both in the row that it updates.
    user_disabled_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT;
-- The index also contains everything that trust policies examine, so that their effects on all users are found by one
-- scan of this index. A login changes none of its columns, except if the credential becomes eligible for backup.
CREATE INDEX credentials_of_user ON credentials
    (tenant_id, user_id, created_at, id, is_mfa, backup_eligible, algorithm, attestation_trust, aaguid, attestation_key_id,
     disabled_at, user_disabled_at);
CREATE INDEX credentials_by_time ON credentials (tenant_id, created_at, id);

-- Attestation statements, so that they can be judged again with newer metadata. Logins do not read this table.
CREATE TABLE attestations (
    tenant_id TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    -- Number of the metadata that was used last; 0 for none. The large columns follow it.
    judged_with INTEGER NOT NULL,
    client_data_hash BLOB NOT NULL,
    attestation_object BLOB NOT NULL,
    PRIMARY KEY (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX attestations_by_metadata ON attestations (judged_with, tenant_id, credential_id);

-- Models of authenticators in the metadata, by AAGUID or by the key identifier of a certificate.
CREATE TABLE metadata_entries (
    id TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    reports TEXT NOT NULL,
    roots TEXT NOT NULL
) STRICT;

CREATE TABLE metadata_roots (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    certificate BLOB NOT NULL
) STRICT;

-- There is no index by user or expiry, because it would slow down every ceremony, and challenges exist only for
-- minutes. The job that deletes expired challenges scans the table by its key.
-- There is no foreign key to users: without an index, the deletion of a user would scan all challenges of the tenant.
-- No ceremony can end for a deleted user, because each needs the user or a credential.
CREATE TABLE challenges (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    ceremony TEXT NOT NULL,
    user_id TEXT,
    transaction_id TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, value)
) STRICT, WITHOUT ROWID;

-- Ids (`jti`) of redeemed tokens, until the tokens have expired. The job that deletes expired challenges deletes them.
CREATE TABLE redeemed_tokens (
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    jti TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, jti)
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    identifier TEXT NOT NULL,
    user_id TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, identifier),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX transactions_of_user ON transactions (tenant_id, user_id, created_at, id);
CREATE INDEX transactions_by_time ON transactions (tenant_id, created_at, id);

-- Data that tenant lists show, sort and search. Functions that change users, credentials or API keys update the counts.
CREATE TABLE tenant_summaries (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- The display name with ASCII letters in lower case.
    name_key TEXT NOT NULL,
    -- The RP ID of the configuration, which is always in lower case.
    rp_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    users INTEGER NOT NULL DEFAULT 0,
    credentials INTEGER NOT NULL DEFAULT 0,
    api_keys INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Each sort order has one index. It also contains the name and the RP ID, so that a search reads only
-- the index.
CREATE INDEX tenant_summaries_by_name ON tenant_summaries (name_key, tenant_id, rp_id);
CREATE INDEX tenant_summaries_by_rp_id ON tenant_summaries (rp_id, tenant_id, name_key);
CREATE INDEX tenant_summaries_by_time ON tenant_summaries (created_at, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_activity ON tenant_summaries (last_activity, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_users ON tenant_summaries (users, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_api_keys ON tenant_summaries (api_keys, tenant_id, name_key, rp_id);

-- The order of ids is the order of commit. There is no foreign key to tenants, because the nil id identifies the
-- installation's own log, and a log is deleted after its tenant. The index by id contains the columns of filters, so
-- that a scan of all logs reads only matching table rows. It does not contain the API key, because a key belongs to one
-- tenant, and each commit would write it twice. A scan of one log reads the table itself.
CREATE TABLE audit_logs (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    error TEXT,
    error_code TEXT,
    request_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    actor TEXT,
    credential_id TEXT,
    transaction_id TEXT,
    api_key_id TEXT,
    detail TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_logs_by_id ON audit_logs
    (id, type, error_code, actor, source_ip, request_id, credential_id, transaction_id, created_at);
CREATE INDEX audit_logs_by_actor ON audit_logs (tenant_id, actor, id) WHERE actor IS NOT NULL;

-- The number of entries by tenant, UTC day and type. The transaction of each entry updates it. SQLite has one writer,
-- so the shard is always 0. The index does not contain the count, so an update of a counter does not change the index.
CREATE TABLE audit_counts (
    tenant_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    type TEXT NOT NULL,
    shard INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, day, type, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_counts_by_day ON audit_counts (day, tenant_id, type, shard);
