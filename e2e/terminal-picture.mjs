// Converts a coloured screen, as tmux prints it, to a small SVG with selectable text.

// The cell size matches the font, so that box-drawing characters connect.
const CELL = { width: 8.4, height: 16.25, size: 14 };
const MARGIN = 12;
const PAPER = "#16181d";
const INK = "#d7dae0";
// The sixteen basic colours of a dark terminal.
const PALETTE = [
  "#2b303b", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
  "#6b7280", "#ff8088", "#b5e890", "#ffd88a", "#82c4ff", "#e09cf5", "#7fdbe6", "#ffffff",
];

// Uses non-breaking spaces, because SVG collapses ordinary ones.
const escape = (text) => text.replace(/ /g, "\u00a0").replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);

/** Returns a colour of the 256-colour palette: 16 basic colours, a colour cube, and greys. */
function indexed(index) {
  if (index < 16) return PALETTE[index];
  if (index >= 232) return rgb(...Array(3).fill(8 + (index - 232) * 10));
  const level = (value) => (value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const rgb = (...parts) => `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;

/** Applies the parameters of one `ESC [ … m` (ECMA-48 §8.3.117) to a style. */
function restyle(style, parameters) {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) next = {};
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 3) next = { ...next, italic: true };
    else if (code === 4) next = { ...next, underline: true };
    else if (code === 7) next = { ...next, reverse: true };
    else if (code === 9) next = { ...next, strike: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next = { ...next, italic: false };
    else if (code === 24) next = { ...next, underline: false };
    else if (code === 27) next = { ...next, reverse: false };
    else if (code === 29) next = { ...next, strike: false };
    else if (code === 38 || code === 48) {
      const side = code === 38 ? "ink" : "paper";
      if (codes[at + 1] === 5) { next = { ...next, [side]: indexed(codes[at + 2]) }; at += 2; }
      else if (codes[at + 1] === 2) { next = { ...next, [side]: rgb(...codes.slice(at + 2, at + 5)) }; at += 4; }
    }
    else if (code === 39) next = { ...next, ink: undefined };
    else if (code === 49) next = { ...next, paper: undefined };
    else if (code >= 30 && code <= 37) next = { ...next, ink: PALETTE[code - 30] };
    else if (code >= 40 && code <= 47) next = { ...next, paper: PALETTE[code - 40] };
    else if (code >= 90 && code <= 97) next = { ...next, ink: PALETTE[code - 82] };
    else if (code >= 100 && code <= 107) next = { ...next, paper: PALETTE[code - 92] };
  }
  return next;
}

/** Returns the width of a character in cells: 2 for wide East Asian characters and emoji, 0 for marks, 1 for others. */
function cells(character) {
  if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(character) ? 2 : 1;
}

/** Splits a line into runs of equal style, each with its column, width in cells and text. */
function runsOf(line, style) {
  const runs = [];
  let column = 0;
  for (const [, parameters, character] of line.matchAll(/\u001b\[([\d;:]*)m|([^\u001b])/gu)) {
    if (character === undefined) {
      style = restyle(style, parameters);
      continue;
    }
    const width = cells(character);
    const last = runs.at(-1);
    // Wide characters are separate runs, because fonts do not draw them exactly two cells wide.
    if (last !== undefined && last.style === style && width < 2 && !last.wide) {
      last.text += character;
      last.cells += width;
    } else {
      runs.push({ style, column, cells: width, text: character, wide: width === 2 });
    }
    column += width;
  }
  return { runs, style };
}

function draw({ style, column, cells: width, text }, row) {
  const [ink, paper] = style.reverse ? [style.paper ?? PAPER, style.ink ?? INK] : [style.ink ?? INK, style.paper];
  const x = (MARGIN + column * CELL.width).toFixed(1);
  const y = MARGIN + row * CELL.height;
  const length = (width * CELL.width).toFixed(1);
  let drawn = paper ? `<rect x="${x}" y="${y.toFixed(2)}" width="${length}" height="${CELL.height}" fill="${paper}"/>` : "";
  if (text.trim() !== "") {
    const look = [
      ink === INK ? "" : ` fill="${ink}"`, style.bold ? ' font-weight="bold"' : "", style.dim ? ' opacity="0.6"' : "",
      style.italic ? ' font-style="italic"' : "",
      style.underline ? ' text-decoration="underline"' : style.strike ? ' text-decoration="line-through"' : "",
    ].join("");
    drawn += `<text x="${x}" y="${(y + 12.75).toFixed(2)}" textLength="${length}"${look}>${escape(text)}</text>`;
  }
  return drawn;
}

/** Returns the SVG of a screen (`tmux capture-pane -p -e -N`). */
export function picture(screen, { columns, rows, title }) {
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = Math.ceil(rows * CELL.height + 2 * MARGIN);
  let style = {};
  const body = screen.split("\n").slice(0, rows).map((line, row) => {
    const read = runsOf(line, style);
    style = read.style;
    return read.runs.map((part) => draw(part, row)).join("");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}"`,
    ` font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="${CELL.size}" fill="${INK}">`,
    `<title>${escape(title)}</title><rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    ...body.filter((line) => line !== ""),
    "</svg>\n",
  ].join("\n");
}
