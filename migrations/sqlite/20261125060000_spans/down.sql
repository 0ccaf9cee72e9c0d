DROP TRIGGER audit_span_lost;
DROP TRIGGER audit_span_gained;
DROP TABLE audit_spans;
