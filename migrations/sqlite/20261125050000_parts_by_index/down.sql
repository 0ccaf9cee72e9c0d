DROP TRIGGER audit_source_known;
DROP TRIGGER audit_actor_known;
DROP TRIGGER audit_source_forgotten;
DROP TRIGGER audit_actor_forgotten;
DROP TABLE audit_source_parts;
DROP TABLE audit_actor_parts;

ALTER TABLE audit_actors RENAME TO audit_actors_before;
CREATE TABLE audit_actors (
    tenant_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (tenant_id, actor)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_actors SELECT tenant_id, actor FROM audit_actors_before ORDER BY tenant_id, actor;
DROP TABLE audit_actors_before;

ALTER TABLE audit_sources RENAME TO audit_sources_before;
CREATE TABLE audit_sources (
    tenant_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    PRIMARY KEY (tenant_id, source_ip)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_sources SELECT tenant_id, source_ip FROM audit_sources_before ORDER BY tenant_id, source_ip;
DROP TABLE audit_sources_before;

CREATE TRIGGER audit_actor_known AFTER INSERT ON audit_logs WHEN NEW.actor IS NOT NULL BEGIN
    INSERT INTO audit_actors (tenant_id, actor) VALUES (NEW.tenant_id, NEW.actor) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER audit_source_known AFTER INSERT ON audit_logs BEGIN
    INSERT INTO audit_sources (tenant_id, source_ip) VALUES (NEW.tenant_id, NEW.source_ip) ON CONFLICT DO NOTHING;
END;
