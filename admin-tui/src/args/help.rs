//! Examples and notes at the end of help texts.

pub(super) const EXAMPLES: &str = "\
Examples:
  doorward-admin                     start the interactive app
  doorward-admin --profile prod tenant list
  doorward-admin audit --follow --outcome failed
  KEY=$(doorward-admin api-key create --tenant Shop --name backend --quiet)

Order of precedence: flags (including --profile), environment variables, the default profile, the local server.
Exit codes: 0 success, 1 refused or failed, 2 wrong usage or settings, 3 not found, 4 unauthorized, 5 server unavailable, 10 a dry run found changes.";

pub(super) const APPLY: &str = "\
Examples:
  doorward-admin export > tenants.toml
  doorward-admin apply -f tenants.toml --dry-run
  doorward-admin apply -f tenants.toml --yes

The file contains a table for each tenant:
  [[tenant]]
  id = \"0198c0de-…\"             # optional; without it, the tenant is found by its name
  display_name = \"Shop\"
  disabled = false              # optional; without it, the state is unchanged
  [tenant.config.webauthn.relying_party]
  id = \"example.com\"
  display_name = \"Shop\"
  origins = [\"https://example.com\"]

`config` has the members of `tenant config get`. A member that is left out gets its default; those marked with * in docs/admin-api.md keep their value. `attachment = \"any\"` accepts every attachment. All problems of the file are reported before anything is changed. A tenant that another administrator changes at the same time is not overwritten; run the command again.";

pub(super) const EXPORT: &str = "\
Example:
  doorward-admin export > tenants.toml

The output contains no secrets. It is sorted by id, so that it can be compared and kept in version control. `apply` of an export changes nothing.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  doorward-admin completions bash > /etc/bash_completion.d/doorward-admin
  doorward-admin completions zsh > \"${fpath[1]}/_doorward-admin\"
  doorward-admin completions fish > ~/.config/fish/completions/doorward-admin.fish";

pub(super) const MAN: &str = "\
Examples:
  doorward-admin man | man -l -
  doorward-admin man /usr/local/share/man/man1";

pub(super) const TENANT_CREATE: &str = "\
Examples:
  doorward-admin tenant create --name Shop --rp-id example.com --origin https://example.com --api-key
  doorward-admin tenant create --name Shop --from config.json --quiet

The RP ID is a domain. The host of each web origin must be this domain or a subdomain of it. Passkeys are bound to the RP ID and do not work after it changes.";

pub(super) const CONFIG_SET: &str = "\
Example:
  doorward-admin tenant config get Shop > shop.json
  $EDITOR shop.json
  doorward-admin tenant config set Shop shop.json --dry-run
  doorward-admin tenant config set Shop shop.json

A setting that the file leaves out gets its default; those marked with * in docs/admin-api.md keep their value. A new RP ID stops all passkeys of the tenant from working; this change needs the tenant's name or --yes. New trust policies that take credentials away from users need a confirmation as well.";

pub(super) const CONFIG_EDIT: &str = "\
Opens the current configuration as JSON. After you close the editor, the file is validated and the changes are shown before they are saved. After an error the file is kept, and the message contains its path.";

pub(super) const TRUST_PREVIEW: &str = "\
Examples:
  doorward-admin trust preview Shop --enforce
  doorward-admin tenant config get Shop | jq '.trust.passkeys |= (.registration = \"enforce\" | .login = \"enforce\" | .device_bound_only = true)' > shop.json
  doorward-admin trust preview Shop shop.json --limit 20

Only policies with `enforce` for logins take credentials away. With --enforce, the policies in the mode `monitor` are previewed as if they were enforced. Users who lose all credentials come first.";

pub(super) const API_KEY_CREATE: &str = "\
Examples:
  doorward-admin api-key create --tenant Shop --name backend --expires 90d
  KEY=$(doorward-admin api-key create --tenant Shop --name backend --quiet)";

pub(super) const ADMIN_TOKEN_CREATE: &str = "\
Example:
  (umask 077; doorward-admin admin-token create --name alice --role auditor --expires 30d --quiet > alice.token)";

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
