// CSV as RFC 4180 has it, read into objects by the names of the first line.

export function parseCsv(text) {
  const [names, ...lines] = cellsOf(text);
  return lines.map((cells, i) => {
    if (cells.length !== names.length)
      throw new Error(
        `line ${i + 2} has ${cells.length} cells: want ${names.length}, as the first line has`,
      );
    return Object.fromEntries(names.map((name, column) => [name, cells[column]]));
  });
}

function cellsOf(text) {
  const lines = [];
  let cells = [];
  // A cell is quoted, with "" for a quote, or plain; then a comma, a line's end, or the end of all.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null)
      throw new Error(`line ${lines.length + 1}: cannot read the cell at offset ${at}`);
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]);
    if (match[3] !== ",") {
      lines.push(cells);
      cells = [];
    }
  }
  if (cells.length > 0) lines.push([...cells, ""]);
  return lines;
}
