-- In long logs, how many entries each user or address has is kept, up to the end of the last span: totals of what many have
-- need not count these entries. Null where nobody counted.
ALTER TABLE audit_actors ADD COLUMN entries INTEGER;
ALTER TABLE audit_sources ADD COLUMN entries INTEGER;
-- Whose, and whether all of its words are counted.
CREATE TABLE audit_long_logs (
    tenant_id TEXT NOT NULL,
    words TEXT NOT NULL CHECK (words IN ('audit_actors', 'audit_sources')),
    counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)),
    PRIMARY KEY (tenant_id, words)
) STRICT, WITHOUT ROWID;

-- Logs are found to be long when spans are made: all are made anew.
DELETE FROM audit_spans;

DROP TRIGGER audit_actor_known;
DROP TRIGGER audit_source_known;
DROP TRIGGER audit_span_gained;
DROP TRIGGER audit_span_lost;

-- Who is new in a long log has nothing in a span yet; if it does, the next triggers tell, whichever come first.
CREATE TRIGGER audit_actor_known AFTER INSERT ON audit_logs WHEN NEW.actor IS NOT NULL AND (
    SELECT id FROM audit_logs
    WHERE tenant_id = NEW.tenant_id AND actor = NEW.actor AND actor IS NOT NULL AND id < NEW.id
    ORDER BY id DESC LIMIT 1
) IS NULL BEGIN
    INSERT INTO audit_actors (tenant_id, actor, entries) VALUES (
        NEW.tenant_id, NEW.actor,
        (SELECT 0 FROM audit_long_logs WHERE tenant_id = NEW.tenant_id AND words = 'audit_actors')
    ) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER audit_source_known AFTER INSERT ON audit_logs WHEN (
    SELECT id FROM audit_logs
    WHERE tenant_id = NEW.tenant_id AND source_ip = NEW.source_ip AND id < NEW.id
    ORDER BY id DESC LIMIT 1
) IS NULL BEGIN
    INSERT INTO audit_sources (tenant_id, source_ip, entries) VALUES (
        NEW.tenant_id, NEW.source_ip,
        (SELECT 0 FROM audit_long_logs WHERE tenant_id = NEW.tenant_id AND words = 'audit_sources')
    ) ON CONFLICT DO NOTHING;
END;

-- What comes or goes behind the end of the last span.
CREATE TRIGGER audit_span_gained AFTER INSERT ON audit_logs
WHEN NEW.id < (SELECT end_id FROM audit_spans ORDER BY end_id DESC LIMIT 1) BEGIN
    INSERT INTO audit_spans (end_id, type, count)
    VALUES ((SELECT end_id FROM audit_spans WHERE end_id > NEW.id ORDER BY end_id LIMIT 1), NEW.type, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO audit_actors (tenant_id, actor, entries)
    SELECT NEW.tenant_id, NEW.actor, 1 FROM audit_long_logs
    WHERE tenant_id = NEW.tenant_id AND words = 'audit_actors' AND NEW.actor IS NOT NULL
    ON CONFLICT DO UPDATE SET entries = entries + 1;
    INSERT INTO audit_sources (tenant_id, source_ip, entries)
    SELECT NEW.tenant_id, NEW.source_ip, 1 FROM audit_long_logs
    WHERE tenant_id = NEW.tenant_id AND words = 'audit_sources'
    ON CONFLICT DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER audit_span_lost AFTER DELETE ON audit_logs
WHEN OLD.id < (SELECT end_id FROM audit_spans ORDER BY end_id DESC LIMIT 1) BEGIN
    UPDATE audit_spans SET count = count - 1
    WHERE end_id = (SELECT end_id FROM audit_spans WHERE end_id > OLD.id ORDER BY end_id LIMIT 1) AND type = OLD.type;
    UPDATE audit_actors SET entries = entries - 1
    WHERE tenant_id = OLD.tenant_id AND actor = OLD.actor
        AND EXISTS (SELECT 1 FROM audit_long_logs WHERE tenant_id = OLD.tenant_id AND words = 'audit_actors');
    UPDATE audit_sources SET entries = entries - 1
    WHERE tenant_id = OLD.tenant_id AND source_ip = OLD.source_ip
        AND EXISTS (SELECT 1 FROM audit_long_logs WHERE tenant_id = OLD.tenant_id AND words = 'audit_sources');
END;
