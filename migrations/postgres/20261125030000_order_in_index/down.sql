DROP INDEX credentials_of_user;
CREATE INDEX credentials_of_user ON credentials (tenant_id, user_id, created_at);
DROP INDEX transactions_of_user;
CREATE INDEX transactions_of_user ON transactions (tenant_id, user_id, created_at);
