-- Only SQLite has what this version brings: it goes by spans.
SELECT 1;
