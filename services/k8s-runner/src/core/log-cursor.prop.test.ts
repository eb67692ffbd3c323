// A container's log, read in pieces: cut anywhere, and read again from a whole second on, as the API does it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GAP, START, logCursor, readPosition, writePosition } from "./log-cursor.ts";
import type { Position } from "./log-cursor.ts";

interface Written {
  readonly ms: number;
  readonly text: string;
}

const BASE_MS = Date.parse("2026-01-02T03:04:05Z");
const raw = ({ ms, text }: Written): string =>
  `${new Date(BASE_MS + ms).toISOString().replace("Z", "000000Z")} ${text}`;

/** What the API answers from a whole second on. */
function since(log: readonly Written[], second: string | undefined): string[] {
  const fromMs = second === undefined ? Number.NEGATIVE_INFINITY : Date.parse(second) - BASE_MS;
  return log.filter(({ ms }) => ms >= fromMs).map(raw);
}

const log = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.string({ maxLength: 5 })), { maxLength: 40 })
  .map((steps) => {
    let ms = 0;
    return steps.map(([step, text]): Written => ({ ms: (ms += step), text }));
  });

describe("a log in pieces", () => {
  test("C1, C2: cut anywhere, any number of times, each line comes once, in order", () => {
    fc.assert(
      fc.property(log, fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), (written, cuts) => {
        const cursor = logCursor();
        const seen: string[] = [];
        for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
          cursor.reopen();
          for (const line of since(written, cursor.position().second).slice(0, cut))
            seen.push(...cursor.accept(line).map(({ text }) => text));
        }
        seen.push(...cursor.finish().map(({ text }) => text));
        expect(seen).toEqual(written.map(({ text }) => text));
        expect(cursor.position().counter).toBe(written.length);
      }),
    );
  });

  test("C1: another reader goes on from the position that was written down", () => {
    fc.assert(
      fc.property(log, fc.nat({ max: 40 }), (written, cut) => {
        const first = logCursor();
        const seen = since(written, undefined)
          .slice(0, cut)
          .flatMap((line) => first.accept(line));
        const second = logCursor(readPosition(writePosition(first.position())));
        const rest = since(written, second.position().second).flatMap((line) =>
          second.accept(line),
        );
        const texts = [...seen, ...rest, ...second.finish()].map(({ text }) => text);
        expect(texts).toEqual(written.map(({ text }) => text));
      }),
    );
  });

  test("C2: a log that lost its beginning meanwhile is marked", () => {
    const written = [0, 100, 200, 300].map((ms) => ({ ms, text: `at ${ms}` }));
    const cursor = logCursor();
    for (const line of written.slice(0, 3).map(raw)) cursor.accept(line);
    cursor.reopen();
    const rest = written
      .slice(2)
      .map(raw)
      .flatMap((line) => cursor.accept(line));
    rest.push(...cursor.finish());
    expect(rest.map(({ text }) => text)).toContain(GAP);
  });

  test("lines of an older second that come late are new lines, once", () => {
    const written = [
      { ms: 990, text: "a" },
      { ms: 1_001, text: "b" },
      { ms: 995, text: "late, by stderr" },
      { ms: 1_002, text: "c" },
    ];
    const cursor = logCursor();
    const seen = written.map(raw).flatMap((line) => cursor.accept(line));
    cursor.reopen();
    const again = since(written, cursor.position().second).flatMap((line) => cursor.accept(line));
    expect(seen.map(({ text }) => text)).toEqual(["a", "b", "late, by stderr", "c"]);
    expect(again).toEqual([]);
  });

  test("what has no timestamp is no line; a line may be empty", () => {
    const cursor = logCursor();
    expect(cursor.accept("2026-01-0")).toEqual([]);
    expect(cursor.accept("2026-01-02T03:04:05.5Z ")).toEqual([{ atMs: BASE_MS + 500, text: "" }]);
    expect(cursor.accept("2026-01-02T03:04:05.6Z")).toMatchObject([{ text: "" }]);
  });
});

test("a position survives being written down", () => {
  const positions: Position[] = [
    START,
    { counter: 7, second: "2026-01-02T03:04:05Z", inSecond: 2, last: "2026-01-02T03:04:05.1Z" },
  ];
  for (const position of positions) expect(readPosition(writePosition(position))).toEqual(position);
  expect(readPosition(undefined)).toEqual(START);
  expect(readPosition("nonsense")).toEqual(START);
});
