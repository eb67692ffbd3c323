// Secrets as a test plants them, and how they are looked for: plainly, and in the spellings that programs give to text.

export interface Planted {
  /** What it is, for people. */
  readonly name: string;
  readonly value: string;
}

/** A place as one text, and a word of it that is no secret: what finds the word would find a secret. */
export interface Place {
  readonly name: string;
  readonly text: string;
  readonly marker: string;
}

/** Signs that URLs, JSON and base-64 spell differently, and nothing that a wire or a form refuses. */
export const plant = (name: string): Planted => ({
  name,
  value: `pl4nted/${name}+by:the@test%2B?=${Buffer.from(name).toString("hex")}`,
});

/** As text that came from anywhere may hold it: plain, as an address, as JSON, and as base-64 of something around it. */
export function spellingsOf(value: string): string[] {
  const inner = [0, 1, 2].flatMap((before) => innerBase64(value, before));
  const plain = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
  return [...new Set([...plain, ...inner])];
}

/** What is the same in the base-64 of any text that holds the value after `before` more bytes, modulo three. */
function innerBase64(value: string, before: number): string[] {
  const encoded = Buffer.from(`${"\0".repeat(before)}${value}`).toString("base64");
  const inner = encoded.replace(/=+$/, "").slice(before === 0 ? 0 : before + 1, -1);
  return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
}

/** "place: what, as spelled", one for each secret that a place holds. */
export function hitsOf(places: readonly Place[], secrets: readonly Planted[]): string[] {
  return places.flatMap(({ name: place, text }) =>
    secrets.flatMap(({ name, value }) =>
      spellingsOf(value).flatMap((spelling) => {
        const at = text.indexOf(spelling);
        if (at < 0) return [];
        return [`${place}: ${name}: …${text.slice(Math.max(0, at - 80), at + 120)}…`];
      }),
    ),
  );
}
