DROP INDEX transactions_by_time;
DROP INDEX audit_logs_refused_of_tenant;
DROP INDEX audit_logs_refused;
DROP INDEX audit_counts_unsettled;
ALTER TABLE audit_counts DROP COLUMN unsettled;
DROP TABLE audit_days;
