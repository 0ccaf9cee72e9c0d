//! Examples and notes at the end of help texts.

pub(super) const EXAMPLES: &str = "\
Examples:
  doorward quickstart                     run a server with a demo tenant and a demo page
  doorward serve --data-dir /srv/doorward run the server
  doorward check-config                   print every setting with its value and source

Settings are read from flags, then environment variables (DOORWARD_…), then the file given by --config or DOORWARD_CONFIG.
Exit codes: 0 success, 1 refused or failed, 2 wrong usage or settings, 3 not found, 5 database unavailable, 10 a dry run found changes.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  doorward completions bash > /etc/bash_completion.d/doorward
  doorward completions zsh > \"${fpath[1]}/_doorward\"
  doorward completions fish > ~/.config/fish/completions/doorward.fish";

pub(super) const MAN: &str = "\
Examples:
  doorward man | man -l -
  doorward man /usr/local/share/man/man1";

pub(super) const SERVE: &str = "\
Examples:
  doorward serve
  doorward serve --data-dir /srv/doorward --public-addr 0.0.0.0:8000
  doorward serve --database-url postgres://doorward@db.internal/doorward --config /etc/doorward.toml

Set a database password in DOORWARD_DATABASE_URL, not on the command line, which other users can read.";

pub(super) const QUICKSTART: &str = "\
Creates a tenant named \"Demo\" for http://localhost:8080 unless it exists, and prints the address of the demo page.
Browsers allow passkeys over http only on localhost, so open the page with that name.";

pub(super) const PROBE: &str = "\
Examples:
  DOORWARD_API_KEY=dw_… doorward probe --tenant 0198c0de-… --origin https://app.example.com
  doorward probe --url https://passkeys.example.com --json \\
      --tenant 0198c0de-… --origin https://app.example.com

Set the key in DOORWARD_API_KEY, because other users can read the command line. The probe verifies every token. At the end it deletes its user with all credentials and transactions unless --keep is given; only audit entries remain. The exit code is 0 if every step succeeded.";

pub(super) const TENANT_CREATE: &str = "\
Examples:
  doorward tenant create --name Shop --rp-id example.com --origin https://example.com --api-key
  doorward tenant create --name Shop --rp-id example.com --origin https://shop.example.com \\
      --origin android:apk-key-hash:… --cors-origin 'https://*.example.com'
  doorward tenant create --name Trial --rp-id localhost --origin http://localhost:3000 --mfa-attachment any

Second factors exclude authenticators that are built into a device, unless you set --mfa-attachment any. Each web origin must be the RP ID or one of its subdomains. Passkeys are permanently bound to the RP ID. The API key is printed only once.";

pub(super) const SIGNING_KEY_RESET: &str = "\
Use this command only if master.key and all copies of it are lost. API keys, admin tokens and passkeys stay valid.
Stop every server first. For up to 10 minutes, applications with a cached JWKS document reject new tokens.";

pub(super) const MASTER_KEY_ROTATE: &str = "\
Examples:
  doorward master-key rotate --data-dir /srv/doorward
  doorward master-key rotate --new-command 'systemd-creds decrypt /etc/doorward/master.cred -'

Stop every server and command first; a database in use is refused. An interrupted run continues where it stopped; until then, no server starts. Without a flag for the new key, a new key replaces master.key in the data folder; copy it to all other nodes. With such a flag, change the settings of the master key afterwards. Backups that were made before need the old key: keep a copy of it with them.";

pub(super) const MIGRATE_STORAGE: &str = "\
Examples:
  doorward migrate-storage --data-dir /srv/doorward \\
      --from /srv/doorward/doorward.db --to postgres://doorward@db.internal/doorward
  DOORWARD_MIGRATE_TO=postgres://… doorward migrate-storage --from /srv/doorward/doorward.db --json

Stop all servers of the installation first; a database in use is refused. Pending migrations are applied to the source; otherwise it is not changed. An interrupted run continues where it stopped. At the end all tables are compared on both sides by number of rows and digest. Set passwords in DOORWARD_MIGRATE_FROM and DOORWARD_MIGRATE_TO, not on the command line, which other users can read.";

pub(super) const IMPORT_HANKO: &str = "\
Examples:
  DOORWARD_IMPORT_FROM=postgres://hanko@db.internal/passkey doorward import hanko --dry-run
  DOORWARD_IMPORT_FROM=postgres://hanko@db.internal/passkey doorward import hanko --data-dir /srv/doorward

The database is only read, in one snapshot. Tenants keep their ids, API keys, signing keys, users, credentials, transactions and audit log. Run the command again to import what has changed since; an interrupted run continues in this way too. The report names everything that was not imported. Doorward and the Hanko server may run meanwhile. Set the password in DOORWARD_IMPORT_FROM, not on the command line, which other users can read. docs/migrating.md describes the whole move.";

pub(super) const IMPORT_TENANT: &str = "\
Examples:
  doorward import tenant shop.jsonl
  doorward import tenant users.jsonl --into Shop

The whole file is checked before anything is written; an error names the line. Running the command again with the same file changes nothing. docs/migrating.md describes the format, and how tables of other systems become such a file.";

pub(super) const EXPORT: &str = "\
Example:
  doorward export Shop --to shop.jsonl

The file contains no secrets (API keys and signing keys), no attestations and no audit log. A server may run meanwhile.";

pub(super) const BACKUP: &str = "\
Examples:
  doorward backup --data-dir /srv/doorward --to /backup/doorward-2026-11-28.db
  doorward backup verify /backup/doorward-2026-11-28.db

The copy is consistent, whatever the server writes meanwhile. It does not contain master.key: keep a copy of that file in another place.
On PostgreSQL use pg_dump.";

pub(super) const RESTORE: &str = "\
Example:
  doorward restore --data-dir /srv/doorward --from /backup/doorward-2026-11-28.db

The backup is verified if its manifest is beside it. Stop the server first, and move doorward.db, doorward.db-wal and doorward.db-shm away. The data folder needs the master.key of the backup.
Keys and credentials that were revoked after the backup are valid again. On PostgreSQL use pg_restore.";

pub(super) const MDS_IMPORT: &str = "\
Examples:
  curl -o blob.jwt https://mds3.fidoalliance.org/
  doorward mds import blob.jwt
  doorward mds import blob.jwt --root test-root.pem

The signature, the certificates of the signer and the number of the BLOB are checked. With the default root certificates,
the certificate of the signer must be for mds.fidoalliance.org. With --root, only this root certificate is accepted.";
