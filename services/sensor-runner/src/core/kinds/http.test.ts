import { expect, test } from "vitest";
import type { Seen } from "../wait.ts";
import { judgeHttp } from "./http.ts";
import type { Held, HttpConfig } from "./http.ts";

const config: HttpConfig = {
  url: "https://api.example/ready",
  method: "GET",
  headers: {},
  expectStatus: [],
  expectBody: undefined,
  failWhen: "response.body.state == 'broken'",
  connection: undefined,
};
const judge = (
  status: number,
  held: { fits?: Held; fails?: Held } = {},
  expectStatus: number[] = [],
): Seen =>
  judgeHttp(
    { ...config, expectStatus },
    { status, headers: {}, body: "ok", cut: false },
    { fits: undefined, fails: undefined, ...held },
  );

test.each([
  ["any 2xx will do", judge(204), "there", "answered 204"],
  ["anything else will not", judge(302), "not_yet", "answered 302"],
  ["a status that is expected", judge(404, {}, [404]), "there", "answered 404"],
  ["one that is not", judge(200, {}, [404]), "not_yet", "answered 200"],
  ["a body that fits", judge(200, { fits: true }), "there", "answered 200"],
  [
    "a body that does not",
    judge(200, { fits: false }),
    "not_yet",
    "answered 200; the body does not fit yet",
  ],
  [
    "a body that cannot be judged",
    judge(200, { fits: "no such key: ready" }),
    "not_yet",
    "answered 200; no such key: ready",
  ],
  [
    "a failure that cannot be judged is none",
    judge(503, { fits: false, fails: "no such key: state" }),
    "not_yet",
    "answered 503; the body does not fit yet; no such key: state",
  ],
  ["a failure that is not", judge(200, { fits: true, fails: false }), "there", "answered 200"],
  [
    "a failure, whatever else fits",
    judge(200, { fits: true, fails: true }),
    "over",
    "https://api.example/ready answered 200, and fail_when holds: response.body.state == 'broken'",
  ],
])("%s", (_name, seen, is, note) => {
  expect(seen).toMatchObject({ is, note });
});

test("the output is the status and the body", () => {
  expect(judge(200)).toMatchObject({ output: { status: 200, body: "ok" } });
});

test("what was seen is evidence", () => {
  expect(judge(503)).toMatchObject({ evidence: { status: 503 } });
  expect(judge(200, { fails: true })).toMatchObject({
    class: "upstream",
    permanent: false,
    evidence: { status: 200 },
  });
});
