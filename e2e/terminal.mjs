// A real terminal (tmux, on a server of its own) that runs a program, is typed into and read; and pictures of it.

import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { picture } from "./terminal-picture.mjs";

const run = promisify(execFile);
const LOOK_EVERY_MS = 2;
const STANDS_STILL_MS = 80;

let started = 0;

/**
 * A client of tmux that stays connected (its control mode): a command costs no process, so that the screen can be looked
 * at hundreds of times a second. Answers come in the order of the commands, between `%begin` and `%end` or `%error`.
 */
function control(socket) {
  const client = spawn("tmux", ["-L", socket, "-C", "attach-session", "-t", "t", "-f", "no-output,ignore-size"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  // The first answer is that to attaching itself.
  const waiting = [{ resolve() {}, reject() {} }];
  let mark;
  let lines;
  createInterface({ input: client.stdout }).on("line", (line) => {
    if (mark === undefined) {
      if (line.startsWith("%begin ")) [mark, lines] = [line.slice("%begin ".length), []];
    } else if (line === `%end ${mark}` || line === `%error ${mark}`) {
      const { resolve, reject } = waiting.shift();
      if (line.startsWith("%end")) resolve(lines.map((text) => `${text}\n`).join(""));
      else reject(new Error(`tmux: ${lines.join(" ")}`));
      mark = undefined;
    } else {
      lines.push(line);
    }
  });
  const gone = () => { for (const { reject } of waiting.splice(0)) reject(new Error("the terminal is gone")); };
  client.once("exit", gone);
  client.stdin.on("error", gone);
  return (...args) => new Promise((resolve, reject) => {
    if (client.exitCode !== null) throw new Error("the terminal is gone");
    waiting.push({ resolve, reject });
    // In single quotes everything is itself, but for the quote.
    client.stdin.write(`${args.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(" ")}\n`);
  });
}

/**
 * Starts `command` (an array) in a terminal of `columns` × `rows`. What the screen shows is waited for, never guessed:
 * `until` looks again until it is there, and fails with the screen as it is after `timeout` milliseconds.
 */
export async function openTerminal({ command, columns, rows, env = {}, timeout = 15_000 }) {
  started += 1;
  const socket = `doorward-e2e-${process.pid}-${started}`;
  const variables = Object.entries({ COLORTERM: "truecolor", ...env }).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  await run("tmux", [
    "-L", socket, "-f", "/dev/null",
    "new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows), ...variables, "--", "sh",
    // The shell says when the program ended, and stays: what is left of the screen can be looked at.
    "-c", '"$@"; printf "\\nended with %s\\n" "$?"; exec cat', "sh", ...command,
  ]);
  const tmux = control(socket);
  await tmux("set", "-g", "status", "off");
  await tmux("set", "-g", "escape-time", "0");
  // A client of another size must not change the window's.
  await tmux("resize-window", "-t", "t", "-x", String(columns), "-y", String(rows));

  const state = async (name) => (await tmux("display-message", "-p", "-t", "t", `#{${name}}`)).trim();
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
    /** Pastes text; with the marks of a bracketed paste if the program asked for them. */
    async paste(letters) {
      await tmux("set-buffer", letters);
      await tmux("paste-buffer", "-p", "-t", "t");
    },
    /** Makes the terminal another size. */
    resize: (wide, high) => tmux("resize-window", "-t", "t", "-x", String(wide), "-y", String(high)),
    /** What tmux knows of the terminal, by the name of its format: `alternate_on`, `cursor_flag`, `pane_pid`. */
    state,
    /** The process that was started last: the shell's child, or its child. */
    async pid() {
      for (let pid = await state("pane_pid"); ;) {
        const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ");
        if (child === "") return Number(pid);
        pid = child;
      }
    },
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
        await pause(STANDS_STILL_MS);
        const next = await look();
        if (next === screen) break;
        screen = next;
      }
      await writeFile(file, picture(screen, { columns, rows, title }));
    },
    /** Ends the terminal and what runs in it. */
    close: () => run("tmux", ["-L", socket, "kill-server"]).catch(() => {}),
  };
}
