//! Examples and remarks at the end of help texts.

pub(super) const EXAMPLES: &str = "\
Examples:
  doorward-admin                     the interactive app
  doorward-admin --profile prod tenants list
  doorward-admin audit --follow --outcome failed
  KEY=$(doorward-admin keys create --tenant Shop --name backend --quiet)

A flag wins over a variable, a variable over the default profile, that over the server that runs here. --profile is a flag, too. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings.";

pub(super) const TENANTS_CREATE: &str = "\
Examples:
  doorward-admin tenants create --name Shop --rp-id example.com --origin https://example.com --api-key
  doorward-admin tenants create --name Shop --from config.json --quiet

The RP ID is a domain that each web origin equals or lies under; passkeys are bound to it for good.";

pub(super) const CONFIG_SET: &str = "\
Example:
  doorward-admin tenants config get Shop > shop.json
  $EDITOR shop.json
  doorward-admin tenants config set Shop shop.json --dry-run
  doorward-admin tenants config set Shop shop.json

Without `mfa` in the file, the present values of that part stay. Another RP ID makes every passkey of the tenant
useless: that is asked for, or confirmed with --yes.";

pub(super) const CONFIG_EDIT: &str = "\
Opens the present configuration as JSON. What was written is checked, what changes is shown, and only then it is saved.
What is refused can be mended: the file is kept, and named.";

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
  doorward-admin audit --since 30d --export november.csv

Entries are shown oldest first, the newest at the end. An export is readable by its owner only, appears under its name
when it is complete, and replaces no file unless --force is given.";
