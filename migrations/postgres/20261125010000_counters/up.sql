-- What lists of tenants show and sort by, kept by triggers: whatever writes, lists never count rows.
CREATE TABLE tenant_summaries (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- The name with its ASCII letters folded, as it is sorted and searched.
    name_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    users BIGINT NOT NULL DEFAULT 0,
    credentials BIGINT NOT NULL DEFAULT 0,
    api_keys BIGINT NOT NULL DEFAULT 0,
    last_activity BIGINT NOT NULL
);

INSERT INTO tenant_summaries
SELECT
    id,
    lower(display_name COLLATE "C"),
    created_at,
    (SELECT COUNT(*) FROM users WHERE users.tenant_id = tenants.id),
    (SELECT COUNT(*) FROM credentials WHERE credentials.tenant_id = tenants.id),
    (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = tenants.id AND revoked_at IS NULL),
    GREATEST(created_at, (SELECT MAX(created_at) FROM audit_logs WHERE audit_logs.tenant_id = tenants.id))
FROM tenants;

CREATE INDEX tenant_summaries_by_name ON tenant_summaries (name_key, tenant_id);
CREATE INDEX tenant_summaries_by_time ON tenant_summaries (created_at, tenant_id);
CREATE INDEX tenant_summaries_by_activity ON tenant_summaries (last_activity, tenant_id);
CREATE INDEX tenant_summaries_by_users ON tenant_summaries (users, tenant_id);

-- Counts that are not in tenant_summaries yet: added in the change's own transaction, so that registrations of one
-- tenant do not wait for each other's row; folded in a few seconds later. The truth is the sum of both.
CREATE TABLE tenant_count_changes (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    users BIGINT NOT NULL DEFAULT 0,
    credentials BIGINT NOT NULL DEFAULT 0,
    api_keys BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);

CREATE FUNCTION summarise_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenant_summaries (tenant_id, name_key, created_at, last_activity)
        VALUES (NEW.id, lower(NEW.display_name COLLATE "C"), NEW.created_at, NEW.created_at);
    ELSE
        UPDATE tenant_summaries SET name_key = lower(NEW.display_name COLLATE "C") WHERE tenant_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tenants_summarised AFTER INSERT ON tenants
FOR EACH ROW EXECUTE FUNCTION summarise_tenant();
CREATE TRIGGER tenants_renamed AFTER UPDATE OF display_name ON tenants
FOR EACH ROW EXECUTE FUNCTION summarise_tenant();

CREATE FUNCTION count_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tenant_count_changes (tenant_id, users)
    SELECT tenant_id, CASE TG_OP WHEN 'INSERT' THEN COUNT(*) ELSE -COUNT(*) END FROM changed GROUP BY tenant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_added AFTER INSERT ON users
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_users();
CREATE TRIGGER users_deleted AFTER DELETE ON users
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_users();

CREATE FUNCTION count_credentials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tenant_count_changes (tenant_id, credentials)
    SELECT tenant_id, CASE TG_OP WHEN 'INSERT' THEN COUNT(*) ELSE -COUNT(*) END FROM changed GROUP BY tenant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER credentials_added AFTER INSERT ON credentials
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_credentials();
CREATE TRIGGER credentials_deleted AFTER DELETE ON credentials
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_credentials();

CREATE FUNCTION count_api_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.revoked_at IS NULL THEN
        INSERT INTO tenant_count_changes (tenant_id, api_keys) VALUES (OLD.tenant_id, -1);
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') AND NEW.revoked_at IS NULL THEN
        INSERT INTO tenant_count_changes (tenant_id, api_keys) VALUES (NEW.tenant_id, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER api_keys_counted AFTER INSERT OR DELETE OR UPDATE OF revoked_at ON api_keys
FOR EACH ROW EXECUTE FUNCTION count_api_keys();

-- What the logs hold by day and tenant, settled from the counters a few seconds after them: charts and the busiest
-- tenants need no sum over all types. No foreign key to tenants, as in audit_logs.
CREATE TABLE audit_days (
    tenant_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

INSERT INTO audit_days
SELECT
    tenant_id,
    day,
    SUM(count),
    SUM(CASE WHEN type LIKE '%\_final\_succeeded' THEN count ELSE 0 END),
    SUM(CASE WHEN type LIKE '%\_failed' OR type LIKE '%\_rejected' THEN count ELSE 0 END)
FROM audit_counts
GROUP BY tenant_id, day;
CREATE INDEX audit_days_by_day ON audit_days (day, tenant_id) INCLUDE (entries, succeeded, refused);

-- Whether a counter changed since it was settled; what is counted from now on did.
ALTER TABLE audit_counts ADD COLUMN unsettled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE audit_counts ALTER COLUMN unsettled SET DEFAULT TRUE;
CREATE INDEX audit_counts_unsettled ON audit_counts (tenant_id, day, type, slot) WHERE unsettled;

-- Refusals are few among many entries, and the first thing operators look for.
CREATE INDEX audit_logs_refused ON audit_logs (created_at, id) WHERE error_code IS NOT NULL;
CREATE INDEX audit_logs_refused_of_tenant ON audit_logs (tenant_id, created_at, id) WHERE error_code IS NOT NULL;

CREATE INDEX transactions_by_time ON transactions (tenant_id, created_at, id);
