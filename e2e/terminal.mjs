// A real terminal (a separate tmux server) that runs a program, with input, output and screenshots.

import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { picture } from "./terminal-picture.mjs";

const run = promisify(execFile);
const POLL_INTERVAL_MS = 2;
const STABLE_MS = 80;

let started = 0;

/**
 * A tmux client in control mode. Commands need no new processes, so the screen can be read hundreds of times a second.
 * Responses arrive in the order of the commands, each between `%begin` and `%end` or `%error`.
 */
function control(socket) {
  const client = spawn("tmux", ["-L", socket, "-C", "attach-session", "-t", "t", "-f", "no-output,ignore-size"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  // The first response belongs to `attach-session`.
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
  const closed = () => { for (const { reject } of waiting.splice(0)) reject(new Error("the terminal is closed")); };
  client.once("exit", closed);
  client.stdin.on("error", closed);
  return (...args) => new Promise((resolve, reject) => {
    if (client.exitCode !== null) throw new Error("the terminal is closed");
    waiting.push({ resolve, reject });
    // Between single quotes, only the single quote itself is special.
    client.stdin.write(`${args.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(" ")}\n`);
  });
}

/**
 * Starts `command` (an array) in a terminal of `columns` × `rows`. `until` polls the screen. After `timeout`
 * milliseconds, `until` fails with the content of the screen.
 */
export async function openTerminal({ command, columns, rows, env = {}, timeout = 15_000 }) {
  started += 1;
  const socket = `doorward-e2e-${process.pid}-${started}`;
  const variables = Object.entries({ COLORTERM: "truecolor", ...env }).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  await run("tmux", [
    "-L", socket, "-f", "/dev/null",
    "new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows), ...variables, "--", "sh",
    // After the program, the shell prints the exit code and keeps running, so that the screen can still be read.
    "-c", '"$@"; printf "\\nended with %s\\n" "$?"; exec cat', "sh", ...command,
  ]);
  const tmux = control(socket);
  await tmux("set", "-g", "status", "off");
  await tmux("set", "-g", "escape-time", "0");
  // The window must keep its size if a client of another size attaches.
  await tmux("resize-window", "-t", "t", "-x", String(columns), "-y", String(rows));

  const state = async (name) => (await tmux("display-message", "-p", "-t", "t", `#{${name}}`)).trim();
  const text = () => tmux("capture-pane", "-p", "-t", "t");
  return {
    /** Returns the screen as text. */
    text,
    /** Returns the screen with the escape sequences of its colours. */
    colors: () => tmux("capture-pane", "-p", "-e", "-t", "t"),
    /** Presses keys, named as in tmux: `Enter`, `Escape`, `C-c`, `j`. */
    async press(...keys) {
      for (const key of keys) await tmux("send-keys", "-t", "t", key);
    },
    /** Types literal text. */
    type: (letters) => tmux("send-keys", "-t", "t", "-l", letters),
    /** Pastes text, with the markers of bracketed paste if the program enabled it. */
    async paste(letters) {
      await tmux("set-buffer", letters);
      await tmux("paste-buffer", "-p", "-t", "t");
    },
    /** Resizes the terminal. */
    resize: (wide, high) => tmux("resize-window", "-t", "t", "-x", String(wide), "-y", String(high)),
    /** Returns a tmux format variable of the terminal, such as `alternate_on`, `cursor_flag` or `pane_pid`. */
    state,
    /** Returns the process id of the last descendant of the shell. */
    async pid() {
      for (let pid = await state("pane_pid"); ;) {
        const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ");
        if (child === "") return Number(pid);
        pid = child;
      }
    },
    /** Waits until the screen matches a text, a pattern or a predicate. Returns the screen. */
    async until(expected, description = String(expected)) {
      const matches = typeof expected === "function" ? expected
        : expected instanceof RegExp ? (screen) => expected.test(screen)
          : (screen) => screen.includes(expected);
      const end = performance.now() + timeout;
      for (;;) {
        const screen = await text();
        if (matches(screen)) return screen;
        if (performance.now() > end) throw new Error(`the terminal does not show ${description}:\n${screen}`);
        await pause(POLL_INTERVAL_MS);
      }
    },
    /** Writes the screen as SVG once it is stable. */
    async picture(file, title) {
      const capture = () => tmux("capture-pane", "-p", "-e", "-N", "-t", "t");
      let screen = await capture();
      for (let tries = 0; tries < 50; tries += 1) {
        await pause(STABLE_MS);
        const next = await capture();
        if (next === screen) break;
        screen = next;
      }
      await writeFile(file, picture(screen, { columns, rows, title }));
    },
    /** Ends the terminal and its processes. */
    close: () => run("tmux", ["-L", socket, "kill-server"]).catch(() => {}),
  };
}
