//! Examples and remarks at the end of help texts.

pub(super) const EXAMPLES: &str = "\
Examples:
  doorward quickstart                     a server, a tenant and a page to try passkeys on
  doorward serve --data-dir /srv/doorward the server alone
  doorward check-config                   every setting, its value, and where it comes from

Settings are read from flags, then variables (DOORWARD_…), then the file named by --config or DOORWARD_CONFIG.";

pub(super) const SERVE: &str = "\
Examples:
  doorward serve
  doorward serve --data-dir /srv/doorward --public-addr 0.0.0.0:8000
  doorward serve --database-url postgres://doorward@db.internal/doorward --config /etc/doorward.toml

A database password is better set in DOORWARD_DATABASE_URL than on the command line, which other users can read.";

pub(super) const QUICKSTART: &str = "\
Makes a tenant named \"Demo\" for http://localhost:8080 unless there is one, and prints the address of the page to open.
Browsers allow passkeys on http only for localhost, so open the page by that name.";

pub(super) const PROBE: &str = "\
Examples:
  DOORWARD_API_KEY=dw_… doorward probe --tenant 0198c0de-… --origin https://app.example.com
  doorward probe --url https://passkeys.example.com --json \\
      --tenant 0198c0de-… --origin https://app.example.com

The key is better given in DOORWARD_API_KEY: other users can read the command line. The credentials the probe makes are deleted at its end, unless --keep is given. Exits with 0 when every ceremony succeeded.";

pub(super) const TENANT_CREATE: &str = "\
Examples:
  doorward tenant create --name Shop --rp-id example.com --origin https://example.com --api-key
  doorward tenant create --name Shop --rp-id example.com --origin https://shop.example.com \\
      --origin android:apk-key-hash:… --cors-origin 'https://*.example.com'

The RP ID is a domain that each web origin equals or lies under; passkeys are bound to it for good. The API key is printed this once.";

pub(super) const MIGRATE_STORAGE: &str = "\
Examples:
  doorward migrate-storage --data-dir /srv/doorward \\
      --from /srv/doorward/doorward.db --to postgres://doorward@db.internal/doorward
  DOORWARD_MIGRATE_TO=postgres://… doorward migrate-storage --from /srv/doorward/doorward.db --json

Stop every server of the installation first: a database that somebody works on is refused. The source is read, never changed. When it is interrupted, run it again: it goes on where it was. At its end every table is read again on both sides and compared by number and digest of its rows. Passwords are better given in DOORWARD_MIGRATE_FROM and DOORWARD_MIGRATE_TO than on the command line, which other users can read.";
