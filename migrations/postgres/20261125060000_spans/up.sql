-- Only SQLite has what this version brings: entries of several nodes are not written in their order.
SELECT 1;
