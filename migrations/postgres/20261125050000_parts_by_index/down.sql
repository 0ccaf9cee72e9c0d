-- Only SQLite has what this version brings: there, all users and addresses were looked at by one thread.
SELECT 1;
