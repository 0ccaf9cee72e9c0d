// Creates the screenshots of doorward-admin for docs/admin-tui.md, with a seeded installation:
//   node e2e/pictures.mjs docs/images

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const run = promisify(execFile);
const binary = (name) => fileURLToPath(new URL(`../target/debug/${name}`, import.meta.url));
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node e2e/pictures.mjs FOLDER");
await mkdir(folder, { recursive: true });

const server = await startServer((data) => run(binary("doorward-seed"), [
  "--data-dir", data, "--tenants", "200", "--users", "5000", "--audit-rows", "60000", "--days", "21", "--quiet",
]));
const open = (columns, rows, env) => openTerminal({
  command: [binary("doorward-admin"), "--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token")],
  // The pictures have a dark background, which this terminal does not report.
  columns, rows, env: { DOORWARD_ADMIN_THEME: "dark", ...env },
});

const wide = await open(120, 34);
const narrow = await open(80, 24);
try {
  const take = (name, title) => wide.picture(join(folder, `admin-${name}.svg`), title);
  await wide.until("Busiest tenants");
  await take("overview", "The overview: vitals of the node, ceremonies and refusals by day, busiest tenants, latest refusals");
  await wide.press("2");
  await wide.until("201 tenants");
  await wide.press("/");
  await wide.type("bank");
  await wide.press("Enter");
  await wide.until(/ \d\d tenants/);
  await wide.press("j");
  await take("tenants", "The filtered list of tenants, with the details of the selected one");
  await wide.press("Enter");
  await wide.until("How to fix");
  await take("tenant", "The activity of a tenant: success of ceremonies, refusals and their fixes, models, keys");
  await wide.press("BTab");
  await wide.until("Relying party");
  await take("config", "A tenant's configuration");
  await wide.press("BTab");
  await wide.until(/ES256[\s\S]*device bound|device bound[\s\S]*ES256/);
  await take("trust", "Trust: the state of the FIDO metadata, the trust policies, algorithms in use, users ready for stricter policies");
  await wide.press("Tab", "Tab", "Tab");
  await wide.until("Begins with");
  await wide.press("Tab", "Tab");
  await wide.until(/Signs in as[\s\S]*▌\S/);
  await wide.press("Enter");
  await wide.until(/Credentials|Passkeys|AAGUID/i);
  await take("user", "A user with credentials");
  await wide.press("3");
  await wide.until("Audit log");
  await wide.press("!");
  await wide.until(/outcome: failed/);
  await wide.press("j", "j");
  await take("audit", "The audit log of all tenants, refusals only, with the details of one entry");
  await wide.press("e");
  await wide.until(/Likely causes|Cause|Fix/i);
  await take("explain", "The explanation of a refused login");
  await wide.press("Escape");
  await wide.until((text) => !/╭ (Why|Expl|Refus)/.test(text));
  await wide.press(":");
  await wide.until("Find ");
  await take("palette", "The palette");

  await narrow.until("Busiest tenants");
  await narrow.picture(join(folder, "admin-80x24.svg"), "The overview in a terminal of 80 by 24 characters");
} finally {
  await Promise.all([wide.close(), narrow.close()]);
  await server.stop();
}
