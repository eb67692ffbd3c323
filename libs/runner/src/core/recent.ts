// A set that remembers the newest members only: cancels and refusals that may concern something still to come.
// Invariant: at most `max` members, the oldest forgotten first.

export interface Recent {
  add(member: string): void;
  has(member: string): boolean;
  readonly size: number;
}

export function recent(options: { readonly max: number }): Recent {
  const members = new Set<string>();
  return {
    add(member) {
      members.delete(member);
      members.add(member);
      if (members.size <= options.max) return;
      const [oldest] = members;
      if (oldest !== undefined) members.delete(oldest);
    },
    has: (member) => members.has(member),
    get size() {
      return members.size;
    },
  };
}
