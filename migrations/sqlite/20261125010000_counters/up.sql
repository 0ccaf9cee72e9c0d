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
