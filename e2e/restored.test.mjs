// However doorward-admin ends, the terminal is as it was: looked at in a real one, with the real binary.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startServer } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const ADMIN = process.env.DOORWARD_ADMIN_BIN ?? fileURLToPath(new URL("../target/debug/doorward-admin", import.meta.url));
const SETTINGS = /^[0-9a-f]+(:[0-9a-f]+){10,}$/gm;

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

const app = (token = "admin.token") => [ADMIN, "--url", server.admin_url, "--token-file", join(server.data_dir, token)];

/** The app between two looks at the terminal's settings. */
const open = (env = {}, command = app()) => openTerminal({
  command: ["sh", "-c", 'echo before the app; stty -g; "$@"; code=$?; stty -g; stty -a; exit $code', "sh", ...command],
  columns: 100, rows: 34, env,
});

const modes = async (terminal) => Object.fromEntries(await Promise.all(
  ["alternate_on", "cursor_flag", "mouse_any_flag"].map(async (name) => [name, await terminal.state(name)]),
));
const TAKEN = { alternate_on: "1", cursor_flag: "0", mouse_any_flag: "1" };
const FREE = { alternate_on: "0", cursor_flag: "1", mouse_any_flag: "0" };

/** Waits for the app's end, and looks at what is left. Answers the screen. */
async function asItWas(terminal, code) {
  const screen = await terminal.until(`ended with ${code}\n`);
  assert.deepEqual(await modes(terminal), FREE);
  assert.match(screen, /^before the app\n/, "the screen from before is not back");
  const [first, second] = screen.match(SETTINGS);
  assert.equal(second, first, "the terminal's settings are not what they were");
  for (const setting of ["echo", "icanon", "isig", "icrnl", "opost"]) {
    assert.match(screen, new RegExp(`(^| )${setting}\\b`, "m"));
  }
  // A bracketed paste would show its marks; without echo nothing would show.
  await terminal.paste("what is pasted");
  const line = (await terminal.until("what is pasted")).split("\n").find((text) => text.includes("what is pasted"));
  assert.equal(line, "what is pasted");
  return screen;
}

/** Starts the app, ends it, and looks. */
async function ended(end, code, env) {
  const terminal = await open(env);
  try {
    await terminal.until("Busiest tenants");
    assert.deepEqual(await modes(terminal), TAKEN);
    await end(terminal);
    return await asItWas(terminal, code);
  } finally {
    await terminal.close();
  }
}

describe("the terminal is as it was", () => {
  test("after quitting", async () => {
    const screen = await ended((terminal) => terminal.press("q"), 0);
    assert.doesNotMatch(screen, /Busiest/);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    test(`after ${signal}`, async () => {
      await ended(async (terminal) => process.kill(await terminal.pid(), signal), 0);
    });
  }

  test("after a panic, which can be read", async () => {
    const env = { DOORWARD_ADMIN_FAIL_ON_F12: "panic", RUST_BACKTRACE: "0" };
    const screen = await ended((terminal) => terminal.press("F12"), 101, env);
    assert.match(screen, /^thread 'main' .*panicked at admin-tui\/src\/terminal\.rs:\d+:\d+:\nrequested by DOORWARD_ADMIN_FAIL_ON_F12$/m);
  });

  test("after an error of the terminal, which can be read", async () => {
    const screen = await ended((terminal) => terminal.press("F12"), 1, { DOORWARD_ADMIN_FAIL_ON_F12: "error" });
    assert.match(screen, /^doorward-admin: requested by DOORWARD_ADMIN_FAIL_ON_F12$/m);
  });

  test("after an error before the first frame, which can be read", async () => {
    const terminal = await open({}, app("no.token"));
    try {
      const screen = await asItWas(terminal, 2);
      assert.match(screen, /^doorward-admin: .*no\.token/m);
    } finally {
      await terminal.close();
    }
  });
});

describe("Ctrl+Z", () => {
  test("leaves the terminal to the shell, and fg leads back, in a window of another size", async () => {
    const terminal = await openTerminal({
      command: ["bash", "--noprofile", "--norc", "-i"], columns: 100, rows: 34, env: { PS1: "> " },
    });
    try {
      await terminal.until(/^>/m);
      await terminal.type(`${app().join(" ")}`);
      await terminal.press("Enter");
      await terminal.until("Busiest tenants");
      await terminal.press("2");
      await terminal.until(/▌Demo/);
      await terminal.press("C-z");
      await terminal.until("Stopped");
      assert.deepEqual(await modes(terminal), FREE);
      await terminal.type("stty -a; echo and $((40 + 2))");
      await terminal.press("Enter");
      const screen = await terminal.until("and 42");
      assert.match(screen, /(^| )icanon .*iexten echo /m);
      assert.doesNotMatch(screen, /▌Demo/);
      await terminal.resize(120, 40);
      await terminal.type("fg");
      await terminal.press("Enter");
      await terminal.until((text) => /▌Demo/.test(text) && text.split("\n")[2].includes("─".repeat(120)), "all of the new width");
      assert.deepEqual(await modes(terminal), TAKEN);
      // Stopped by others without a word: the shell writes over the app's screen, and takes the keys.
      process.kill(await terminal.pid(), "SIGSTOP");
      await terminal.until("Stopped");
      await terminal.type("fg");
      await terminal.press("Enter");
      await terminal.until((text) => /▌Demo/.test(text) && !/Stopped|fg/.test(text), "the app's screen alone");
      await terminal.press("1");
      await terminal.until("Busiest tenants");
      assert.deepEqual(await modes(terminal), TAKEN);
      await terminal.press("q");
      await terminal.until((text) => text.trimEnd().endsWith(">"), "the shell's prompt");
      assert.deepEqual(await modes(terminal), FREE);
    } finally {
      await terminal.close();
    }
  });

  test("without a shell that could lead back changes nothing", async () => {
    const terminal = await openTerminal({ command: app(), columns: 80, rows: 24 });
    try {
      await terminal.until("Busiest tenants");
      await terminal.press("C-z");
      await terminal.press("2");
      await terminal.until(/▌Demo/);
      assert.deepEqual(await modes(terminal), TAKEN);
      await terminal.press("q");
      await terminal.until("ended with 0");
    } finally {
      await terminal.close();
    }
  });
});
