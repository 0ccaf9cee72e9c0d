-- All logs together in spans of some thousand entries each, and how many of a type are in one: far places in them, and
-- totals of parts of a day, need no entry but those of a span's length. A span ends before `end_id`, and begins where the
-- one before it ends. A job adds spans at the end; whatever comes or goes behind that is counted here.
CREATE TABLE audit_spans (
    end_id TEXT NOT NULL,
    type TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (end_id, type)
) STRICT, WITHOUT ROWID;

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
