// doorward-admin restores the terminal whenever it ends. The tests run the binary in a real terminal.

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

/** Starts the app, and prints the terminal settings before the app starts and after it ends. */
const open = (env = {}, command = app()) => openTerminal({
  command: ["sh", "-c", 'echo before the app; stty -g; "$@"; code=$?; stty -g; stty -a; exit $code', "sh", ...command],
  columns: 100, rows: 34, env,
});

const modes = async (terminal) => Object.fromEntries(await Promise.all(
  ["alternate_on", "cursor_flag", "mouse_any_flag"].map(async (name) => [name, await terminal.state(name)]),
));
const IN_APP = { alternate_on: "1", cursor_flag: "0", mouse_any_flag: "1" };
const RESTORED = { alternate_on: "0", cursor_flag: "1", mouse_any_flag: "0" };

/** Waits until the app exits, checks the terminal and returns the screen. */
async function checkRestored(terminal, code) {
  const screen = await terminal.until(`ended with ${code}\n`);
  assert.deepEqual(await modes(terminal), RESTORED);
  assert.match(screen, /^before the app\n/, "the previous screen is not restored");
  const [first, second] = screen.match(SETTINGS);
  assert.equal(second, first, "the terminal settings are not restored");
  for (const setting of ["echo", "icanon", "isig", "icrnl", "opost"]) {
    assert.match(screen, new RegExp(`(^| )${setting}\\b`, "m"));
  }
  // If bracketed paste were still on, its markers would be visible. If echo were off, the text would be invisible.
  await terminal.paste("pasted text");
  const line = (await terminal.until("pasted text")).split("\n").find((text) => text.includes("pasted text"));
  assert.equal(line, "pasted text");
  return screen;
}

/** Starts the app, ends it with `end` and checks the terminal. */
async function startAndEnd(end, code, env) {
  const terminal = await open(env);
  try {
    await terminal.until("Busiest tenants");
    assert.deepEqual(await modes(terminal), IN_APP);
    await end(terminal);
    return await checkRestored(terminal, code);
  } finally {
    await terminal.close();
  }
}

describe("the terminal is restored", () => {
  test("after quitting", async () => {
    const screen = await startAndEnd((terminal) => terminal.press("q"), 0);
    assert.doesNotMatch(screen, /Busiest/);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    test(`after ${signal}`, async () => {
      await startAndEnd(async (terminal) => process.kill(await terminal.pid(), signal), 0);
    });
  }

  test("after a panic, whose message is visible", async () => {
    const env = { DOORWARD_ADMIN_FAIL_ON_F12: "panic", RUST_BACKTRACE: "0" };
    const screen = await startAndEnd((terminal) => terminal.press("F12"), 101, env);
    assert.match(screen, /^thread 'main' .*panicked at admin-tui\/src\/terminal\.rs:\d+:\d+:\nrequested by DOORWARD_ADMIN_FAIL_ON_F12$/m);
  });

  test("after a terminal error, whose message is visible", async () => {
    const screen = await startAndEnd((terminal) => terminal.press("F12"), 1, { DOORWARD_ADMIN_FAIL_ON_F12: "error" });
    assert.match(screen, /^doorward-admin: requested by DOORWARD_ADMIN_FAIL_ON_F12$/m);
  });

  test("after an error before the first frame, whose message is visible", async () => {
    const terminal = await open({}, app("no.token"));
    try {
      const screen = await checkRestored(terminal, 2);
      assert.match(screen, /^doorward-admin: .*no\.token/m);
    } finally {
      await terminal.close();
    }
  });
});

describe("Ctrl+Z", () => {
  test("suspends the app, and fg resumes it in a window of another size", async () => {
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
      assert.deepEqual(await modes(terminal), RESTORED);
      await terminal.type("stty -a; echo and $((40 + 2))");
      await terminal.press("Enter");
      const screen = await terminal.until("and 42");
      assert.match(screen, /(^| )icanon .*iexten echo /m);
      assert.doesNotMatch(screen, /▌Demo/);
      await terminal.resize(120, 40);
      await terminal.type("fg");
      await terminal.press("Enter");
      await terminal.until((text) => /▌Demo/.test(text) && text.split("\n")[2].includes("─".repeat(120)), "a screen of the new width");
      assert.deepEqual(await modes(terminal), IN_APP);
      // The app cannot handle SIGSTOP. The shell therefore writes to the app's screen and resets the terminal mode.
      process.kill(await terminal.pid(), "SIGSTOP");
      await terminal.until("Stopped");
      await terminal.type("fg");
      await terminal.press("Enter");
      await terminal.until((text) => /▌Demo/.test(text) && !/Stopped|fg/.test(text), "only the screen of the app");
      await terminal.press("1");
      await terminal.until("Busiest tenants");
      assert.deepEqual(await modes(terminal), IN_APP);
      await terminal.press("q");
      await terminal.until((text) => text.trimEnd().endsWith(">"), "the shell's prompt");
      assert.deepEqual(await modes(terminal), RESTORED);
    } finally {
      await terminal.close();
    }
  });

  test("does nothing without a shell with job control", async () => {
    const terminal = await openTerminal({ command: app(), columns: 80, rows: 24 });
    try {
      await terminal.until("Busiest tenants");
      await terminal.press("C-z");
      await terminal.press("2");
      await terminal.until(/▌Demo/);
      assert.deepEqual(await modes(terminal), IN_APP);
      await terminal.press("q");
      await terminal.until("ended with 0");
    } finally {
      await terminal.close();
    }
  });
});
