//! Units of work on SQLite or PostgreSQL.
