DROP INDEX users_by_display_name;
DROP INDEX users_by_name;
