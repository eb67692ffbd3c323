// The faults, in the order of their numbers.
import type { Fault } from "../fault.ts";
import { busFaults } from "./bus.ts";
import { machineFaults } from "./machine.ts";
import { coreFaults } from "./cores.ts";
import { storeFaults } from "./stores.ts";

export const faults: readonly Fault[] = [
  ...machineFaults,
  ...coreFaults,
  ...busFaults,
  ...storeFaults,
];
