-- Ids and keys compare byte by byte, whatever the database's collation: the order is then SQLite's, too.
CREATE TABLE installation (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE admin_tokens (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX admin_tokens_name ON admin_tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE tenants (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    display_name TEXT COLLATE "C" NOT NULL,
    config TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tenants_by_time ON tenants (created_at, id);

CREATE TABLE api_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE signing_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE users (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    icon TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id)
);
CREATE INDEX users_by_time ON users (tenant_id, created_at, id);

CREATE TABLE credentials (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    attestation_format TEXT NOT NULL,
    attested BOOLEAN NOT NULL,
    aaguid TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    transports TEXT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backup_state BOOLEAN NOT NULL,
    is_mfa BOOLEAN NOT NULL,
    user_verified BOOLEAN NOT NULL,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX credentials_of_user ON credentials (tenant_id, user_id, created_at);
CREATE INDEX credentials_by_time ON credentials (tenant_id, created_at, id);

-- No index by user: a tenant's live challenges are few minutes' worth, and every index would cost each ceremony.
CREATE TABLE challenges (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    value TEXT COLLATE "C" NOT NULL,
    ceremony TEXT NOT NULL,
    user_id TEXT COLLATE "C",
    transaction_id TEXT COLLATE "C",
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, value),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE transactions (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    identifier TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, identifier),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX transactions_of_user ON transactions (tenant_id, user_id, created_at);

-- What the tenant lists show, sort and search by. The functions that change users, credentials and API keys keep the counts.
CREATE TABLE tenant_summaries (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- The display name with ASCII letters in lower case.
    name_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    users BIGINT NOT NULL DEFAULT 0,
    credentials BIGINT NOT NULL DEFAULT 0,
    api_keys BIGINT NOT NULL DEFAULT 0,
    last_activity BIGINT NOT NULL
);
-- One index per sort order. Each contains the name, so that a search reads only the index.
CREATE INDEX tenant_summaries_by_name ON tenant_summaries (name_key, tenant_id);
CREATE INDEX tenant_summaries_by_time ON tenant_summaries (created_at, tenant_id, name_key);
CREATE INDEX tenant_summaries_by_activity ON tenant_summaries (last_activity, tenant_id, name_key);
CREATE INDEX tenant_summaries_by_users ON tenant_summaries (users, tenant_id, name_key);

-- No foreign key to tenants: the nil tenant id stands for the installation's own log.
CREATE TABLE audit_logs (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    type TEXT NOT NULL,
    error TEXT,
    error_code TEXT,
    request_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    actor TEXT,
    credential_id TEXT,
    transaction_id TEXT,
    detail TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_logs_of_tenant ON audit_logs (tenant_id, created_at, id);
CREATE INDEX audit_logs_by_time ON audit_logs (created_at, id);

-- Exact totals, kept with each insert and purge. Several slots, so that commits of one tenant do not wait for
-- each other's row; the total is their sum.
CREATE TABLE audit_counts (
    tenant_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    slot SMALLINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, type, slot)
);
