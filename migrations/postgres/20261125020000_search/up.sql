-- Searches find users by the beginning of a name, in either case of ASCII letters.
CREATE INDEX users_by_name ON users (tenant_id, lower(name));
CREATE INDEX users_by_display_name ON users (tenant_id, lower(display_name));
