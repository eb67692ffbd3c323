// Which name an attempt has outside. With the planted bug attempt_number_reset the numbers start again.
import type { Mutation } from "./mutations.ts";

export const attemptNumberOf = (attempt: number, mutation: Mutation): number =>
  mutation === "attempt_number_reset" ? 1 : attempt;
