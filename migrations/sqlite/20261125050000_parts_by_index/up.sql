-- In all logs together, parts of users and addresses are found by the three characters and more they have in common. A job
-- notes new ones there, outside of the ceremonies; it knows them by their numbers, which are never used again.
DROP TRIGGER audit_actor_known;
DROP TRIGGER audit_source_known;

ALTER TABLE audit_actors RENAME TO audit_actors_before;
CREATE TABLE audit_actors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    UNIQUE (tenant_id, actor)
) STRICT;
INSERT INTO audit_actors (tenant_id, actor) SELECT tenant_id, actor FROM audit_actors_before ORDER BY tenant_id, actor;
DROP TABLE audit_actors_before;

ALTER TABLE audit_sources RENAME TO audit_sources_before;
CREATE TABLE audit_sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    UNIQUE (tenant_id, source_ip)
) STRICT;
INSERT INTO audit_sources (tenant_id, source_ip)
SELECT tenant_id, source_ip FROM audit_sources_before ORDER BY tenant_id, source_ip;
DROP TABLE audit_sources_before;

CREATE VIRTUAL TABLE audit_actor_parts USING fts5 (
    actor, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram'
);
CREATE VIRTUAL TABLE audit_source_parts USING fts5 (
    source_ip, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram'
);
-- The job merges what it adds: no purge is to wait for that.
INSERT INTO audit_actor_parts (audit_actor_parts, rank) VALUES ('automerge', 0);
INSERT INTO audit_source_parts (audit_source_parts, rank) VALUES ('automerge', 0);
CREATE TRIGGER audit_actor_forgotten AFTER DELETE ON audit_actors BEGIN
    DELETE FROM audit_actor_parts WHERE rowid = OLD.id;
END;
CREATE TRIGGER audit_source_forgotten AFTER DELETE ON audit_sources BEGIN
    DELETE FROM audit_source_parts WHERE rowid = OLD.id;
END;

-- Who has an earlier entry is known already. That entry stands beside the new one in an index whose page is at hand; the
-- tables above are other pages, and ceremonies need them no more.
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
