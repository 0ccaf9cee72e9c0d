-- The log in its order, with all that it is looked through for: who walks it for a part of a text reads no entry that has not got
-- it.
DROP INDEX audit_logs_by_id;
CREATE INDEX audit_logs_by_id ON audit_logs (id, type, actor, source_ip);
