// Renames of DAGs: who is whose earlier name, who retires, what is refused.
import { expect, test } from "vitest";
import { ancestorsOf, renamesOf } from "./lineage.ts";

const was: Readonly<Record<string, string[]>> = { c: ["b"], b: ["a"], x: ["y"], y: ["x"] };
const dag = (id: string, ...was: string[]) => ({ id, was });
const known = (id: string, ...was: string[]) => ({ id, was, retired: false });
const retired = (id: string, ...was: string[]) => ({ id, was, retired: true });

test.each([
  ["c", ["b", "a"]],
  ["a", []],
  ["x", ["y"]],
])("the earlier names of %s are %j, nearest first, whatever circles there are", (id, names) => {
  expect(ancestorsOf(id, (name) => was[name])).toEqual(names);
});

test.each([
  ["a rename", [dag("new", "old")], [known("old")], ["old"]],
  ["applied again", [dag("new", "old")], [known("new", "old"), retired("old")], []],
  ["a name that was never here", [dag("new", "old")], [], []],
  ["a rename of a rename", [dag("c", "b")], [known("b", "a"), retired("a")], ["b"]],
  ["back to the old name", [dag("old", "new")], [known("new", "old"), retired("old")], ["new"]],
  ["two that become one", [dag("sum", "a", "b")], [known("a"), known("b")], ["a", "b"]],
  ["nothing renamed", [dag("a"), dag("b")], [known("a"), known("c")], []],
])("%s", (_what, applied, there, retire) => {
  expect(renamesOf(applied, there)).toEqual({ problems: [], retire });
});

test.each([
  [
    "two heirs in the folder",
    [dag("a", "old"), dag("b", "old")],
    [known("old")],
    "b: was old, and so was a",
  ],
  [
    "an heir that is there already",
    [dag("b", "old")],
    [known("a", "old"), retired("old")],
    "b: was old, and so was a",
  ],
  ["a name that is in the folder", [dag("new", "old"), dag("old")], [known("old")], "new: was old"],
  [
    "an old name that is applied",
    [dag("old")],
    [known("new", "old"), retired("old")],
    "new: was old",
  ],
  [
    "an heir of an earlier heir",
    [dag("z", "a")],
    [known("c", "b"), retired("b", "a"), retired("a")],
    "z: was a, and so was c",
  ],
])("%s is refused", (_what, applied, there, message) => {
  const { problems } = renamesOf(applied, there);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(message);
});
