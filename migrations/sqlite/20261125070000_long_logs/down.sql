DROP TRIGGER audit_actor_known;
DROP TRIGGER audit_source_known;
DROP TRIGGER audit_span_gained;
DROP TRIGGER audit_span_lost;
DROP TABLE audit_long_logs;
ALTER TABLE audit_actors DROP COLUMN entries;
ALTER TABLE audit_sources DROP COLUMN entries;
CREATE TRIGGER audit_actor_known AFTER INSERT ON audit_logs WHEN NEW.actor IS NOT NULL AND (
    SELECT id FROM audit_logs
    WHERE tenant_id = NEW.tenant_id AND actor = NEW.actor AND actor IS NOT NULL AND id < NEW.id
    ORDER BY id DESC LIMIT 1
) IS NULL BEGIN
    INSERT INTO audit_actors (tenant_id, actor) VALUES (NEW.tenant_id, NEW.actor) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER audit_source_known AFTER INSERT ON audit_logs WHEN (
    SELECT id FROM audit_logs
    WHERE tenant_id = NEW.tenant_id AND source_ip = NEW.source_ip AND id < NEW.id
    ORDER BY id DESC LIMIT 1
) IS NULL BEGIN
    INSERT INTO audit_sources (tenant_id, source_ip) VALUES (NEW.tenant_id, NEW.source_ip) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER audit_span_gained AFTER INSERT ON audit_logs
WHEN NEW.id < (SELECT end_id FROM audit_spans ORDER BY end_id DESC LIMIT 1) BEGIN
    INSERT INTO audit_spans (end_id, type, count)
    VALUES ((SELECT end_id FROM audit_spans WHERE end_id > NEW.id ORDER BY end_id LIMIT 1), NEW.type, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER audit_span_lost AFTER DELETE ON audit_logs
WHEN OLD.id < (SELECT end_id FROM audit_spans ORDER BY end_id DESC LIMIT 1) BEGIN
    UPDATE audit_spans SET count = count - 1
    WHERE end_id = (SELECT end_id FROM audit_spans WHERE end_id > OLD.id ORDER BY end_id LIMIT 1) AND type = OLD.type;
END;
