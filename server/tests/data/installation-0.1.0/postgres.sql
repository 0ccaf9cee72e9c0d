CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
-- Ids, and names that are sorted or searched, have the collation "C". Like SQLite, it compares bytes, and `lower`
-- changes only ASCII letters.
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
    -- The tenants that the token may use, as a JSON list; NULL for all tenants.
    tenants TEXT,
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
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT,
    -- Number of changes of disabled_at. An undo applies only to the change that it knows.
    state_version BIGINT NOT NULL DEFAULT 0,
    -- Not NULL while a job deletes the data of a deleted tenant.
    deleted_at BIGINT
);
CREATE INDEX tenants_by_time ON tenants (created_at, id);
CREATE INDEX tenants_deleted ON tenants (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE api_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    -- Keyed digest of an imported key, which contains no id. NULL for keys that Doorward generated.
    secret_digest TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    disabled_at BIGINT,
    state_version BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (tenant_id, secret_digest) WHERE secret_digest IS NOT NULL;

CREATE TABLE signing_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id TEXT COLLATE "C" NOT NULL,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retired_at BIGINT,
    withdrawn_at BIGINT,
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
    disabled_at BIGINT,
    state_version BIGINT NOT NULL DEFAULT 0,
    -- Not NULL while a job deletes the transactions of a deleted user.
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_by_external_id ON users (tenant_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX users_deleted ON users (tenant_id, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_by_time ON users (tenant_id, created_at, id);
-- For searches by the beginning of a name. They ignore the case of ASCII letters.
CREATE INDEX users_by_name ON users (tenant_id, lower(name));
CREATE INDEX users_by_display_name ON users (tenant_id, lower(display_name));

CREATE TABLE credentials (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    -- Derived from the key, for the queries about trust policies.
    algorithm TEXT NOT NULL,
    attestation_format TEXT NOT NULL,
    attestation_trust TEXT NOT NULL,
    attestation_key_id TEXT,
    aaguid TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    transports TEXT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backup_state BOOLEAN NOT NULL,
    is_mfa BOOLEAN NOT NULL,
    user_verified BOOLEAN NOT NULL,
    discoverable BOOLEAN,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT,
    state_version BIGINT NOT NULL DEFAULT 0,
    -- Copy of users.disabled_at, so that a login checks both in the row that it updates.
    user_disabled_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
-- The index also contains everything that trust policies examine, so that their effects on all users are found by one
-- scan of this index. A login changes none of its columns, except if the credential becomes eligible for backup.
CREATE INDEX credentials_of_user ON credentials (tenant_id, user_id, created_at, id)
    INCLUDE (is_mfa, backup_eligible, algorithm, attestation_trust, aaguid, attestation_key_id, disabled_at, user_disabled_at);
CREATE INDEX credentials_by_time ON credentials (tenant_id, created_at, id);

-- Attestation statements, so that they can be judged again with newer metadata. Logins do not read this table.
CREATE TABLE attestations (
    tenant_id TEXT COLLATE "C" NOT NULL,
    credential_id TEXT COLLATE "C" NOT NULL,
    -- Number of the metadata that was used last; 0 for none. The large columns follow it.
    judged_with BIGINT NOT NULL,
    client_data_hash BYTEA NOT NULL,
    attestation_object BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX attestations_by_metadata ON attestations (judged_with, tenant_id, credential_id);

-- Models of authenticators in the metadata, by AAGUID or by the key identifier of a certificate.
CREATE TABLE metadata_entries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    reports TEXT NOT NULL,
    roots TEXT NOT NULL
);

CREATE TABLE metadata_roots (
    fingerprint TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    certificate BYTEA NOT NULL
);

-- There is no index by user or expiry, because it would slow down every ceremony, and challenges exist only for
-- minutes. The job that deletes expired challenges scans the table by its key.
-- There is no foreign key to users: without an index, the deletion of a user would scan all challenges of the tenant.
-- No ceremony can end for a deleted user, because each needs the user or a credential.
CREATE TABLE challenges (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    value TEXT COLLATE "C" NOT NULL,
    ceremony TEXT NOT NULL,
    user_id TEXT COLLATE "C",
    transaction_id TEXT COLLATE "C",
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, value)
);

-- Ids (`jti`) of redeemed tokens, until the tokens have expired. The job that deletes expired challenges deletes them.
CREATE TABLE redeemed_tokens (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    jti TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, jti)
);

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
CREATE INDEX transactions_of_user ON transactions (tenant_id, user_id, created_at, id);
CREATE INDEX transactions_by_time ON transactions (tenant_id, created_at, id);

-- Data that tenant lists show, sort and search. Functions that change users, credentials or API keys update the counts.
CREATE TABLE tenant_summaries (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- The display name with ASCII letters in lower case.
    name_key TEXT COLLATE "C" NOT NULL,
    -- The RP ID of the configuration, which is always in lower case.
    rp_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    users BIGINT NOT NULL DEFAULT 0,
    credentials BIGINT NOT NULL DEFAULT 0,
    api_keys BIGINT NOT NULL DEFAULT 0,
    last_activity BIGINT NOT NULL
);
-- Each sort order has one index. It also contains the name and the RP ID, so that a search reads only
-- the index.
CREATE INDEX tenant_summaries_by_name ON tenant_summaries (name_key, tenant_id, rp_id);
CREATE INDEX tenant_summaries_by_rp_id ON tenant_summaries (rp_id, tenant_id, name_key);
CREATE INDEX tenant_summaries_by_time ON tenant_summaries (created_at, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_activity ON tenant_summaries (last_activity, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_users ON tenant_summaries (users, tenant_id, name_key, rp_id);
CREATE INDEX tenant_summaries_by_api_keys ON tenant_summaries (api_keys, tenant_id, name_key, rp_id);

-- The order of ids is the order of commit (see new_audit_id). There is no foreign key to tenants, because the nil id
-- identifies the installation's own log, and a log is deleted after its tenant. The indexes contain the columns of
-- filters, so that a scan reads only matching table rows. The index of all logs does not contain the API key, because a
-- key belongs to one tenant.
CREATE TABLE audit_logs (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    error TEXT,
    error_code TEXT COLLATE "C",
    request_id TEXT COLLATE "C" NOT NULL,
    source_ip TEXT COLLATE "C" NOT NULL,
    user_agent TEXT NOT NULL,
    actor TEXT COLLATE "C",
    credential_id TEXT COLLATE "C",
    transaction_id TEXT COLLATE "C",
    api_key_id TEXT COLLATE "C",
    detail TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
        INCLUDE (type, error_code, actor, source_ip, request_id, credential_id, transaction_id, api_key_id, created_at)
) WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000);
CREATE INDEX audit_logs_by_id ON audit_logs (id)
    INCLUDE (tenant_id, type, error_code, actor, source_ip, request_id, credential_id, transaction_id, created_at);
CREATE INDEX audit_logs_by_actor ON audit_logs (tenant_id, actor, id) WHERE actor IS NOT NULL;

-- Returns an id for a new entry. It is above every committed id. It is a UUID of version 7 and begins with this
-- server's time in units of 1/4096 ms (RFC 9562, section 6.2, method 3). For its first entry, a transaction takes a
-- shared lock, reads the newest id, and takes a second shared lock on the time in that id. Shared locks never wait.
-- They show readers which transactions may still commit a smaller id (`open_writers` in store/audit/ids.rs).
-- Fails with a foreign key violation for a deleted tenant. This check follows the lock, so that a job can wait for the
-- transactions that passed it before the deletion.
CREATE FUNCTION new_audit_id(tenant TEXT, random TEXT) RETURNS TEXT LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    is_first BOOLEAN := coalesce(current_setting('doorward.audit_writer', true), '') = '';
    newest TEXT;
    newest_ticks BIGINT := 0;
    ticks BIGINT;
    digits TEXT;
BEGIN
    IF is_first THEN
        PERFORM pg_advisory_xact_lock_shared(418581342580);
    END IF;
    IF tenant <> '00000000-0000-0000-0000-000000000000'
        AND NOT EXISTS (SELECT FROM tenants WHERE id = tenant AND deleted_at IS NULL) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the tenant of an audit entry was deleted', TABLE = 'tenants';
    END IF;
    SELECT id INTO newest FROM audit_logs ORDER BY id DESC LIMIT 1;
    IF newest IS NOT NULL THEN
        digits := substr(newest, 1, 8) || substr(newest, 10, 4) || substr(newest, 16, 3);
        newest_ticks := ('x' || digits)::bit(60)::bigint;
    END IF;
    IF is_first THEN
        PERFORM pg_advisory_xact_lock_shared((newest_ticks >> 32)::int, newest_ticks::bit(32)::int);
        PERFORM set_config('doorward.audit_writer', 'yes', true);
    END IF;
    ticks := greatest(floor(extract(epoch FROM clock_timestamp()) * 4096000)::bigint, newest_ticks + 1);
    digits := lpad(to_hex(ticks), 15, '0');
    RETURN substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-7' || substr(digits, 13, 3) || '-' || random;
END $$;

-- The number of entries by tenant, UTC day and type. The transaction of each entry updates it. A counter is the sum of
-- several rows, so that transactions of one tenant rarely wait for each other. The second index does not contain the
-- count, so an update of a counter does not change this index.
CREATE TABLE audit_counts (
    tenant_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    shard SMALLINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, type, shard)
) WITH (fillfactor = 70);
CREATE INDEX audit_counts_by_day ON audit_counts (day, tenant_id, type, shard);
INSERT INTO __diesel_schema_migrations (version) VALUES ('20261124000000');
