-- People are looked for by how their names begin, in either case; "C" folds ASCII letters only, as SQLite does.
CREATE INDEX users_by_name ON users (tenant_id, lower(name COLLATE "C"));
CREATE INDEX users_by_display_name ON users (tenant_id, lower(display_name COLLATE "C"));
