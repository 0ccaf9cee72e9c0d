-- People are looked for by how their names begin, in either case.
CREATE INDEX users_by_name ON users (tenant_id, lower(name));
CREATE INDEX users_by_display_name ON users (tenant_id, lower(display_name));
