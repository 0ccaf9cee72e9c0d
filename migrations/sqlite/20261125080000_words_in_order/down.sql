DROP INDEX audit_logs_by_id;
CREATE INDEX audit_logs_by_id ON audit_logs (id, type);
