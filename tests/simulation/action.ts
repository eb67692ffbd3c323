/** What may happen next, and how likely it is. */
export type Action = readonly [name: string, weight: number, run: () => void];
