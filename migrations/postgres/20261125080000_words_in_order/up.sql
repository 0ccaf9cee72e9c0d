-- Only SQLite has what this version brings: PostgreSQL looks at each new row, whatever an index has of it, for whether it may be seen.
SELECT 1;
