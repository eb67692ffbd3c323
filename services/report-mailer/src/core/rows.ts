// What a query answers, as the rest of the service sees it: plain cells, exact numbers kept as text.

/** int8 and numeric arrive as text, so that no amount is ever rounded on its way into a mail. */
export type Cell = string | number | boolean | null;

export type Row = Readonly<Record<string, Cell>>;
