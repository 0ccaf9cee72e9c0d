-- What lists of tenants show and sort by, kept by triggers: whatever writes, lists never count rows.
CREATE TABLE tenant_summaries (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- The name with its ASCII letters folded, as it is sorted and searched.
    name_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    users INTEGER NOT NULL DEFAULT 0,
    credentials INTEGER NOT NULL DEFAULT 0,
    api_keys INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tenant_summaries
SELECT
    id,
    lower(display_name),
    created_at,
    (SELECT COUNT(*) FROM users WHERE users.tenant_id = tenants.id),
    (SELECT COUNT(*) FROM credentials WHERE credentials.tenant_id = tenants.id),
    (SELECT COUNT(*) FROM api_keys WHERE api_keys.tenant_id = tenants.id AND revoked_at IS NULL),
    MAX(created_at, COALESCE((SELECT MAX(created_at) FROM audit_logs WHERE audit_logs.tenant_id = tenants.id), 0))
FROM tenants;

CREATE INDEX tenant_summaries_by_name ON tenant_summaries (name_key, tenant_id);
CREATE INDEX tenant_summaries_by_time ON tenant_summaries (created_at, tenant_id);
CREATE INDEX tenant_summaries_by_activity ON tenant_summaries (last_activity, tenant_id);
CREATE INDEX tenant_summaries_by_users ON tenant_summaries (users, tenant_id);

CREATE TRIGGER tenants_summarised AFTER INSERT ON tenants BEGIN
    INSERT INTO tenant_summaries (tenant_id, name_key, created_at, last_activity)
    VALUES (NEW.id, lower(NEW.display_name), NEW.created_at, NEW.created_at);
END;
CREATE TRIGGER tenants_renamed AFTER UPDATE OF display_name ON tenants BEGIN
    UPDATE tenant_summaries SET name_key = lower(NEW.display_name) WHERE tenant_id = NEW.id;
END;
CREATE TRIGGER users_added AFTER INSERT ON users BEGIN
    UPDATE tenant_summaries SET users = users + 1 WHERE tenant_id = NEW.tenant_id;
END;
CREATE TRIGGER users_deleted AFTER DELETE ON users BEGIN
    UPDATE tenant_summaries SET users = users - 1 WHERE tenant_id = OLD.tenant_id;
END;
CREATE TRIGGER credentials_added AFTER INSERT ON credentials BEGIN
    UPDATE tenant_summaries SET credentials = credentials + 1 WHERE tenant_id = NEW.tenant_id;
END;
CREATE TRIGGER credentials_deleted AFTER DELETE ON credentials BEGIN
    UPDATE tenant_summaries SET credentials = credentials - 1 WHERE tenant_id = OLD.tenant_id;
END;
CREATE TRIGGER api_keys_added AFTER INSERT ON api_keys WHEN NEW.revoked_at IS NULL BEGIN
    UPDATE tenant_summaries SET api_keys = api_keys + 1 WHERE tenant_id = NEW.tenant_id;
END;
CREATE TRIGGER api_keys_revoked AFTER UPDATE OF revoked_at ON api_keys BEGIN
    UPDATE tenant_summaries
    SET api_keys = api_keys + (NEW.revoked_at IS NULL) - (OLD.revoked_at IS NULL)
    WHERE tenant_id = NEW.tenant_id;
END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys WHEN OLD.revoked_at IS NULL BEGIN
    UPDATE tenant_summaries SET api_keys = api_keys - 1 WHERE tenant_id = OLD.tenant_id;
END;

-- What the logs hold by day and tenant, settled from the counters a few seconds after them: charts and the busiest
-- tenants need no sum over all types. No foreign key to tenants, as in audit_logs.
CREATE TABLE audit_days (
    tenant_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, day)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_days
SELECT
    tenant_id,
    day,
    SUM(count),
    SUM(CASE WHEN type LIKE '%_final_succeeded' THEN count ELSE 0 END),
    SUM(CASE WHEN type LIKE '%_failed' OR type LIKE '%_rejected' THEN count ELSE 0 END)
FROM audit_counts
GROUP BY tenant_id, day;
CREATE INDEX audit_days_by_day ON audit_days (day, tenant_id, entries, succeeded, refused);

-- Whether a counter changed since it was settled; what is counted from now on did.
ALTER TABLE audit_counts ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 1 CHECK (unsettled IN (0, 1));
UPDATE audit_counts SET unsettled = 0;
CREATE INDEX audit_counts_unsettled ON audit_counts (tenant_id, day, type, slot) WHERE unsettled;

-- Refusals are few among many entries, and the first thing operators look for.
CREATE INDEX audit_logs_refused ON audit_logs (created_at, id) WHERE error_code IS NOT NULL;
CREATE INDEX audit_logs_refused_of_tenant ON audit_logs (tenant_id, created_at, id) WHERE error_code IS NOT NULL;

CREATE INDEX transactions_by_time ON transactions (tenant_id, created_at, id);
