// A real terminal (tmux, on a server of its own) that runs a program, is typed into and read; and pictures of it.

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { picture } from "./terminal-picture.mjs";

const run = promisify(execFile);
const LOOK_EVERY_MS = 40;

let started = 0;

/**
 * Starts `command` (an array) in a terminal of `columns` × `rows`. What the screen shows is waited for, never guessed:
 * `until` looks again until it is there, and fails with the screen as it is after `timeout` milliseconds.
 */
export async function openTerminal({ command, columns, rows, env = {}, timeout = 15_000 }) {
  started += 1;
  const socket = `doorward-e2e-${process.pid}-${started}`;
  const tmux = async (...args) => (await run("tmux", ["-L", socket, "-f", "/dev/null", ...args])).stdout;
  const variables = Object.entries({ COLORTERM: "truecolor", ...env }).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  await tmux(
    "new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows), ...variables, "--", "sh",
    // The shell says when the program ended, and stays: what is left of the screen can be looked at.
    "-c", '"$@"; printf "\\nended with %s\\n" "$?"; exec cat', "sh", ...command,
  );
  await tmux("set", "-g", "status", "off");
  await tmux("set", "-g", "escape-time", "0");

  const text = () => tmux("capture-pane", "-p", "-t", "t");
  return {
    /** The screen as text. */
    text,
    /** Presses keys, by tmux's names: `Enter`, `Escape`, `C-c`, `j`. */
    async press(...keys) {
      for (const key of keys) await tmux("send-keys", "-t", "t", key);
    },
    /** Types text, letter by letter as it is. */
    type: (letters) => tmux("send-keys", "-t", "t", "-l", letters),
    /** Makes the terminal another size. */
    resize: (wide, high) => tmux("resize-window", "-t", "t", "-x", String(wide), "-y", String(high)),
    /** Waits until the screen shows something (text, pattern, or what a function accepts); answers the screen. */
    async until(wanted, why = String(wanted)) {
      const shows = typeof wanted === "function" ? wanted
        : wanted instanceof RegExp ? (screen) => wanted.test(screen)
          : (screen) => screen.includes(wanted);
      const end = performance.now() + timeout;
      for (;;) {
        const screen = await text();
        if (shows(screen)) return screen;
        if (performance.now() > end) throw new Error(`the terminal does not show ${why}:\n${screen}`);
        await pause(LOOK_EVERY_MS);
      }
    },
    /** Writes the screen with its colours as an SVG picture, once it stands still. */
    async picture(file, title) {
      const look = () => tmux("capture-pane", "-p", "-e", "-N", "-t", "t");
      let screen = await look();
      for (let tries = 0; tries < 50; tries += 1) {
        await pause(2 * LOOK_EVERY_MS);
        const next = await look();
        if (next === screen) break;
        screen = next;
      }
      await writeFile(file, picture(screen, { columns, rows, title }));
    },
    /** Ends the terminal and what runs in it. */
    close: () => tmux("kill-server").catch(() => {}),
  };
}
