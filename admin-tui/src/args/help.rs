//! Examples and notes at the end of help texts.

pub(super) const EXAMPLES: &str = "\
Examples:
  doorward-admin                     start the interactive app
  doorward-admin --profile prod tenants list
  doorward-admin audit --follow --outcome failed
  KEY=$(doorward-admin keys create --tenant Shop --name backend --quiet)

Order of precedence: flags (including --profile), environment variables, the default profile, the local server.
Exit codes: 0 success, 1 refused or failed, 2 wrong usage or settings.";

pub(super) const TENANTS_CREATE: &str = "\
Examples:
  doorward-admin tenants create --name Shop --rp-id example.com --origin https://example.com --api-key
  doorward-admin tenants create --name Shop --from config.json --quiet

The RP ID is a domain. The host of each web origin must be this domain or a subdomain of it. Passkeys are bound to the RP ID and do not work after it changes.";

pub(super) const CONFIG_SET: &str = "\
Example:
  doorward-admin tenants config get Shop > shop.json
  $EDITOR shop.json
  doorward-admin tenants config set Shop shop.json --dry-run
  doorward-admin tenants config set Shop shop.json

If the file has no `mfa`, that part is unchanged. A new RP ID stops all passkeys of the tenant from working; this change needs a confirmation or --yes.";

pub(super) const CONFIG_EDIT: &str = "\
Opens the current configuration as JSON. After you close the editor, the file is validated and the changes are shown before they are saved. After an error the file is kept, and the message contains its path.";

pub(super) const KEYS_CREATE: &str = "\
Examples:
  doorward-admin keys create --tenant Shop --name backend --expires 90d
  KEY=$(doorward-admin keys create --tenant Shop --name backend --quiet)";

pub(super) const TOKENS_CREATE: &str = "\
Example:
  (umask 077; doorward-admin tokens create --name alice --role auditor --expires 30d --quiet > alice.token)";

pub(super) const AUDIT: &str = "\
Examples:
  doorward-admin audit --tenant Shop --outcome failed --since 1h
  doorward-admin audit --follow --json | jq -r .error_code
  doorward-admin audit --error-code origin_mismatch --not-network 10.0.0.0/8
  doorward-admin audit --since 30d --export november.csv

Entries are shown oldest first. An export file can be read by its owner only and appears when it is complete. It replaces an existing file only with --force.";

pub(super) const EXPLAIN: &str = "\
Examples:
  doorward-admin explain 019c0000-0000-7000-8000-000000000000
  doorward-admin explain 019c0000-0000-7000-8000-000000000000 --json

The values come from the audit entry of the refusal. Entries of older versions do not contain them.";

pub(super) const DOCTOR: &str = "\
Examples:
  doorward-admin doctor Shop
  doorward-admin doctor Shop --json | jq -r '.[] | select(.severity == \"error\").command // empty'

Reads the configuration, the keys and at most 1000 refusals of the last 7 days, and changes nothing. The printed commands need jq. The exit code is 1 if there is a finding of the severity error.";
