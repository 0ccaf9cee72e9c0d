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
) WITH (fillfactor = 90);
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
-- There is no foreign key to tenants, because its check would lock the row of the tenant in every ceremony. The
-- transaction that adds a challenge also adds an audit entry, and new_audit_ticks and the check that follows it
-- keep this transaction from adding rows of a deleted tenant.
CREATE TABLE challenges (
    tenant_id TEXT COLLATE "C" NOT NULL,
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

-- The order of ids is the order of commit (see new_audit_ticks). There is no foreign key to tenants, because the nil id
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

-- Returns the time of the next entry's id, in units of 1/4096 ms. It is above the times of all committed ids. For its
-- first entry, a transaction takes a shared lock, reads the newest id, and takes a second shared lock on the time in
-- that id. Shared locks never wait. They show readers which transactions may still commit a smaller id (`open_writers`
-- in store/audit/ids.rs). The caller checks after this call that the tenant was not deleted, so that a job can wait
-- for the transactions that passed the check before the deletion.
CREATE FUNCTION new_audit_ticks() RETURNS BIGINT LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    is_first BOOLEAN := coalesce(current_setting('doorward.audit_writer', true), '') = '';
    newest TEXT;
    newest_ticks BIGINT := 0;
    digits TEXT;
BEGIN
    IF is_first THEN
        PERFORM pg_advisory_xact_lock_shared(418581342580);
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
    RETURN greatest(floor(extract(epoch FROM clock_timestamp()) * 4096000)::bigint, newest_ticks + 1);
END $$;

-- Returns an id with this time: a UUID of version 7 (RFC 9562, section 6.2, method 3). `random` is its last 17
-- characters.
CREATE FUNCTION audit_id(ticks BIGINT, random TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    digits TEXT := lpad(to_hex(ticks), 15, '0');
BEGIN
    RETURN substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-7' || substr(digits, 13, 3) || '-' || random;
END $$;

-- Fails with a foreign key violation for a deleted tenant.
CREATE FUNCTION check_tenant(tenant TEXT) RETURNS VOID LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE id = tenant AND deleted_at IS NULL) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the tenant of an audit entry was deleted', TABLE = 'tenants';
    END IF;
END $$;

-- Returns an id for a new entry. It is above every committed id.
CREATE FUNCTION new_audit_id(tenant TEXT, random TEXT) RETURNS TEXT LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ticks BIGINT := new_audit_ticks();
BEGIN
    IF tenant <> '00000000-0000-0000-0000-000000000000' THEN
        PERFORM check_tenant(tenant);
    END IF;
    RETURN audit_id(ticks, random);
END $$;

-- The functions below execute a step for several ceremonies, which the elements of the arrays describe. Each row is
-- found by its complete key in a statement of its own, which a sharded engine sends to the shard of one tenant. A function
-- is never changed, because older nodes still call it: a new version gets a new name.

-- Returns the ids of entries: NULL stays NULL, other elements are replaced. The caller holds all its row locks, so that
-- ids are in the order of commit.
CREATE FUNCTION new_audit_ids(ids TEXT[], tenant_ids TEXT[], randoms TEXT[]) RETURNS TEXT[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ticks BIGINT := new_audit_ticks();
BEGIN
    FOR i IN 1 .. cardinality(ids) LOOP
        CONTINUE WHEN ids[i] IS NULL;
        PERFORM check_tenant(tenant_ids[i]);
        ids[i] := audit_id(ticks + i, randoms[i]);
    END LOOP;
    RETURN ids;
END $$;

-- Adds the entries that have an id.
CREATE FUNCTION add_audit_entries(
    tenant_ids TEXT[], ids TEXT[], types TEXT[], errors TEXT[], error_codes TEXT[], request_ids TEXT[],
    source_ips TEXT[], user_agents TEXT[], actors TEXT[], credential_ids TEXT[], transaction_ids TEXT[],
    api_key_ids TEXT[], details TEXT[], times BIGINT[]
) RETURNS VOID LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO audit_logs (tenant_id, id, type, error, error_code, request_id, source_ip, user_agent, actor,
        credential_id, transaction_id, api_key_id, detail, created_at)
    SELECT * FROM unnest(tenant_ids, ids, types, errors, error_codes, request_ids, source_ips, user_agents, actors,
        credential_ids, transaction_ids, api_key_ids, details, times) AS entry (tenant, id)
    WHERE entry.id IS NOT NULL;
END $$;

-- Adds challenges and their audit entries, and the transactions of those that have one. Returns the ids of the entries.
-- The id is NULL, and nothing is added, if the transaction's identifier is already used or its user was deleted.
CREATE FUNCTION start_ceremonies(
    tenant_ids TEXT[], challenge_values TEXT[], ceremonies TEXT[], user_ids TEXT[], transaction_keys TEXT[],
    states TEXT[], starts BIGINT[], ends BIGINT[], identifiers TEXT[], transaction_data TEXT[], randoms TEXT[],
    types TEXT[], errors TEXT[], error_codes TEXT[], request_ids TEXT[], source_ips TEXT[], user_agents TEXT[],
    actors TEXT[], credential_ids TEXT[], transaction_ids TEXT[], api_key_ids TEXT[], details TEXT[], times BIGINT[]
) RETURNS TEXT[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ids TEXT[] := array_fill(NULL::TEXT, ARRAY[cardinality(tenant_ids)]);
BEGIN
    FOR i IN 1 .. cardinality(tenant_ids) LOOP
        IF transaction_keys[i] IS NOT NULL THEN
            -- Locks the user like `users::hold`.
            PERFORM FROM users WHERE tenant_id = tenant_ids[i] AND id = user_ids[i] AND deleted_at IS NULL
                FOR KEY SHARE;
            CONTINUE WHEN NOT FOUND;
            INSERT INTO transactions (tenant_id, id, identifier, user_id, data, created_at, updated_at)
            VALUES (tenant_ids[i], transaction_keys[i], identifiers[i], user_ids[i], transaction_data[i], starts[i],
                starts[i])
            ON CONFLICT DO NOTHING;
            CONTINUE WHEN NOT FOUND;
        END IF;
        ids[i] := '';
    END LOOP;
    ids := new_audit_ids(ids, tenant_ids, randoms);
    INSERT INTO challenges (tenant_id, value, ceremony, user_id, transaction_id, state, created_at, expires_at)
    SELECT started.tenant, started.value, started.ceremony, started.owner, started.transaction, started.state,
        started.start, started.expiry
    FROM unnest(tenant_ids, challenge_values, ceremonies, user_ids, transaction_keys, states, starts, ends, ids)
        AS started (tenant, value, ceremony, owner, transaction, state, start, expiry, entry)
    WHERE started.entry IS NOT NULL;
    PERFORM add_audit_entries(tenant_ids, ids, types, errors, error_codes, request_ids, source_ips, user_agents, actors,
        credential_ids, transaction_ids, api_key_ids, details, times);
    RETURN ids;
END $$;

-- Deletes challenges, stores the use of their credentials, confirms their transactions and adds the audit entries. Each
-- of these changes happens only if the one before it happened. Returns which challenges were deleted, and the ids of
-- the entries. See `challenges::take_if_enabled`, `credentials::record_use` and `transactions::confirm`.
CREATE FUNCTION finish_ceremonies(
    challenge_values TEXT[], sign_counts BIGINT[], backup_states BOOLEAN[], used_at BIGINT[], tenant_ids TEXT[],
    used_ids TEXT[], user_ids TEXT[], registered_at BIGINT[], eligible BOOLEAN[], observed_counts BIGINT[],
    trusts TEXT[], transaction_keys TEXT[], randoms TEXT[],
    types TEXT[], errors TEXT[], error_codes TEXT[], request_ids TEXT[], source_ips TEXT[], user_agents TEXT[],
    actors TEXT[], credential_ids TEXT[], transaction_ids TEXT[], api_key_ids TEXT[], details TEXT[], times BIGINT[],
    OUT taken BOOLEAN[], OUT ids TEXT[]
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    taken := array_fill(false, ARRAY[cardinality(tenant_ids)]);
    ids := array_fill(NULL::TEXT, ARRAY[cardinality(tenant_ids)]);
    FOR i IN 1 .. cardinality(tenant_ids) LOOP
        DELETE FROM challenges WHERE tenant_id = tenant_ids[i] AND value = challenge_values[i]
            AND EXISTS (SELECT FROM tenants WHERE id = tenant_ids[i] AND disabled_at IS NULL AND deleted_at IS NULL);
        CONTINUE WHEN NOT FOUND;
        taken[i] := true;
        UPDATE credentials SET sign_count = sign_counts[i], backup_state = backup_states[i], last_used_at = used_at[i]
        WHERE tenant_id = tenant_ids[i] AND id = used_ids[i] AND user_id = user_ids[i] AND created_at = registered_at[i]
            AND backup_eligible = eligible[i] AND sign_count = observed_counts[i] AND attestation_trust = trusts[i]
            AND disabled_at IS NULL AND user_disabled_at IS NULL;
        CONTINUE WHEN NOT FOUND;
        IF transaction_keys[i] IS NOT NULL THEN
            UPDATE transactions SET updated_at = greatest(created_at + 1, used_at[i])
            WHERE tenant_id = tenant_ids[i] AND id = transaction_keys[i];
        END IF;
        ids[i] := '';
    END LOOP;
    ids := new_audit_ids(ids, tenant_ids, randoms);
    PERFORM add_audit_entries(tenant_ids, ids, types, errors, error_codes, request_ids, source_ips, user_agents, actors,
        credential_ids, transaction_ids, api_key_ids, details, times);
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
