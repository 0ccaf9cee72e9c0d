//! Names of the environment variables that are not settings of the server. The server refuses unknown variables that
//! begin with `DOORWARD_`, so it must know these names.

/// Variables of `doorward-admin`.
pub const ADMIN_APP: [&str; 7] = [
    "DOORWARD_ADMIN_CA_FILE",
    "DOORWARD_ADMIN_CONFIG",
    "DOORWARD_ADMIN_PROFILE",
    "DOORWARD_ADMIN_THEME",
    "DOORWARD_ADMIN_TOKEN",
    "DOORWARD_ADMIN_TOKEN_FILE",
    "DOORWARD_ADMIN_URL",
];

/// Variables that commands of `doorward` read, but that are not settings of `doorward serve`.
pub const COMMANDS: [&str; 5] =
    ["DOORWARD_API_KEY", "DOORWARD_CONFIG", "DOORWARD_IMPORT_FROM", "DOORWARD_MIGRATE_FROM", "DOORWARD_MIGRATE_TO"];

/// Variables of the tests and of the scripts in the repository.
pub const DEVELOPMENT: [&str; 6] = [
    "DOORWARD_ACCEPT",
    "DOORWARD_ADMIN_BIN",
    "DOORWARD_ADMIN_FAIL_ON_F12",
    "DOORWARD_BIN",
    "DOORWARD_TEST_CRASHES",
    "DOORWARD_TEST_POSTGRES_URL",
];
