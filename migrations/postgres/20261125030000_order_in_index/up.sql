-- With the order of the list in the index, a user's rows are read in it. Without, SQLite walked all of the tenant's rows in
-- their order instead, to be spared sorting.
DROP INDEX credentials_of_user;
CREATE INDEX credentials_of_user ON credentials (tenant_id, user_id, created_at, id);
DROP INDEX transactions_of_user;
CREATE INDEX transactions_of_user ON transactions (tenant_id, user_id, created_at, id);
