// The last lines of a terminal, drawn again and again in place.
// Invariants:
//   L1. It never draws more lines than the terminal has rows, so that going up always reaches its first line.
//   L2. What was printed before it stays.

export interface LiveArea {
  /** Draws these lines in place of the last ones. */
  draw(lines: readonly string[]): void;
  /** Prints lines above the area, for good. */
  print(lines: readonly string[]): void;
  /** Leaves the last drawing where it is; later drawings begin below it. */
  done(): void;
}

export interface Terminal {
  write(text: string): void;
  /** Read at each drawing: people resize windows. */
  readonly rows: number;
}

const UP_AND_CLEAR = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\r\u001b[0J`);

export function createLiveArea(terminal: Terminal): LiveArea {
  let drawn: readonly string[] = [];
  const put = (above: readonly string[], lines: readonly string[]): void => {
    const room = Math.max(1, terminal.rows - 1);
    const shown =
      lines.length <= room
        ? lines
        : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
    terminal.write(
      `${UP_AND_CLEAR(drawn.length)}${[...above, ...shown].map((line) => `${line}\n`).join("")}`,
    );
    drawn = shown;
  };
  return {
    draw(lines) {
      if (lines.join("\n") !== drawn.join("\n")) put([], lines);
    },
    print: (lines) => put(lines, drawn),
    done() {
      drawn = [];
    },
  };
}
