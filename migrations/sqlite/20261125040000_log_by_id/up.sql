-- An entry's id begins with its time (RFC 9562, version 7): the key alone holds the order of the log. Instead of indexes
-- by time there are some for one user's entries, and for those from one address.
-- Refusals name whoever they were asked for, and that may be too long for an index.
UPDATE audit_logs SET actor = substr(actor, 1, 256) WHERE length(actor) > 256;
DROP INDEX audit_logs_of_tenant;
DROP INDEX audit_logs_by_time;
DROP INDEX audit_logs_refused;
DROP INDEX audit_logs_refused_of_tenant;
CREATE INDEX audit_logs_by_id ON audit_logs (id, type);
CREATE INDEX audit_logs_refused ON audit_logs (id) WHERE error_code IS NOT NULL;
CREATE INDEX audit_logs_refused_of_tenant ON audit_logs (tenant_id, id) WHERE error_code IS NOT NULL;
CREATE INDEX audit_logs_of_actor ON audit_logs (tenant_id, actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_logs_of_source ON audit_logs (tenant_id, source_ip, id);

-- Each actor and address of a log, once: a part of one is looked for among these, and not in every entry. Triggers add
-- them, purges take away those that are left without an entry. No foreign key to tenants, as in audit_logs.
CREATE TABLE audit_actors (
    tenant_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (tenant_id, actor)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit_sources (
    tenant_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    PRIMARY KEY (tenant_id, source_ip)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_actors SELECT DISTINCT tenant_id, actor FROM audit_logs WHERE actor IS NOT NULL;
INSERT INTO audit_sources SELECT DISTINCT tenant_id, source_ip FROM audit_logs;

CREATE TRIGGER audit_actor_known AFTER INSERT ON audit_logs WHEN NEW.actor IS NOT NULL BEGIN
    INSERT INTO audit_actors (tenant_id, actor) VALUES (NEW.tenant_id, NEW.actor) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER audit_source_known AFTER INSERT ON audit_logs BEGIN
    INSERT INTO audit_sources (tenant_id, source_ip) VALUES (NEW.tenant_id, NEW.source_ip) ON CONFLICT DO NOTHING;
END;

-- What all logs together hold, by day and type: what each counter had when it was settled. The rest is in the counters
-- that are not settled.
ALTER TABLE audit_counts ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
UPDATE audit_counts SET settled = count;
CREATE TABLE audit_totals (
    day INTEGER NOT NULL,
    type TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, type)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_totals SELECT day, type, SUM(count) FROM audit_counts GROUP BY day, type;

-- Each day's busiest tenants come first.
DROP INDEX audit_days_by_day;
CREATE INDEX audit_days_by_day ON audit_days (day, entries, tenant_id);
