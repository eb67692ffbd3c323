// What differs between a server's answer and the topology.
import { expect, test } from "vitest";
import { differences, inWords, streamConfig, streamEssentials } from "./topology-config.ts";

test("zero, false, null and absent are the same; everything else is told apart", () => {
  const want = streamConfig("CHASQUI_EVENTS");
  const { discard_new_per_subject: _, ...is } = want;
  expect(differences(is, want, streamEssentials)).toEqual([]);
  expect(
    differences({ ...want, subjects: ["other"] }, want, streamEssentials).map(inWords),
  ).toEqual(['subjects is ["other"], want ["chasqui.event.>"]']);
  expect(differences({}, { a: 1 }, ["a", "b"]).map(inWords)).toEqual(["a is null, want 1"]);
});

test("what ops own is kept when it is known", () => {
  const ops = { num_replicas: 3, max_bytes: 5, placement: { cluster: "east" } };
  expect(streamConfig("CHASQUI_TASKS", ops)).toMatchObject(ops);
  expect(streamConfig("CHASQUI_TASKS")).toMatchObject({
    num_replicas: 1,
    max_msgs_per_subject: 1,
    discard_new_per_subject: true,
    discard: "new",
  });
});
