// The pages in a real browser (Debian's chromium), against the stand-in of testing.ts. Without a browser these
// tests are skipped; tests/skips.json names them.
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHILD, FAILED, MAILED, RUNNING } from "./testing-data.ts";
import { browserProgram, openedIn, openTab } from "./testing/tab.ts";
import type { Tab, View } from "./testing/tab.ts";

const program = browserProgram();
const hasNoBrowser = program === undefined;

let tab: Tab | undefined;
beforeAll(async () => {
  if (program !== undefined) tab = await openTab(program);
});
afterAll(() => tab?.[Symbol.asyncDispose]());

async function open(place: string): Promise<View> {
  if (tab === undefined) throw new Error("no browser was started");
  return openedIn(tab.page, place);
}

/** For whoever works on the pages: CHASQUI_SCREENSHOTS names the folder. */
async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env["CHASQUI_SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

const rowsOf = (page: Page): Promise<number> => page.locator("tbody tr").count();
const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
const widerThanSeen = (part: Locator): Promise<boolean> =>
  part.evaluate((element) =>
    [element, ...element.querySelectorAll("*")].some(
      (one) =>
        one.clientWidth > 1 &&
        getComputedStyle(one).overflowX === "auto" &&
        one.scrollWidth > one.clientWidth,
    ),
  );

test.skipIf(hasNoBrowser)("the runs, filtered by state and by DAG, and a way to each", async () => {
  await using view = await open("/");
  const { page } = view;
  await view.sees("by ana");
  expect(await rowsOf(page)).toBe(17);
  await page.getByRole("button", { name: "Failed" }).click();
  await expect.poll(() => rowsOf(page)).toBe(3);
  await page.getByLabel("DAG").selectOption("example-failing");
  await expect.poll(() => rowsOf(page)).toBe(1);
  expect(new URL(page.url()).search).toBe("?state=failed&dag=example-failing");
  await page.getByRole("link", { name: /^manual-/ }).click();
  await view.sees("Why it failed");
  expect(await page.title()).toMatch(/^example-failing manual-.*: failed · Chasqui$/);
  await page.goBack();
  await expect.poll(() => rowsOf(page)).toBe(1);
  expect(view.errors).toEqual([]);
});

test.skipIf(hasNoBrowser)(
  "a failed run opens with its evidence and its log, gaps marked",
  async () => {
    await using view = await open(`/runs/${FAILED}`);
    await view.sees('exit code 3: prices.csv:14: "12,9O" is not a number');
    await view.sees("lines 3 to 5 are missing");
    await view.sees("ended, 4 lines, with 1 gap");
    expect(await view.page.getByText("\u001b[31m").count()).toBe(0);
    expect(await view.page.getByRole("button", { name: "Cancel run" }).count()).toBe(0);
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)(
  "a running run is live: states, log lines, the end; and it can be cancelled by keyboard",
  async () => {
    await using view = await open(`/runs/${RUNNING}?task=train`);
    const { page, backend } = view;
    await view.sees("live, 19 lines so far");
    backend.say(RUNNING, "train", "epoch 19/20");
    await view.sees("live, 20 lines so far");
    backend.moveTask(RUNNING, "train", { state: "succeeded", endedTime: new Date().toISOString() });
    await page.locator(".box.good", { hasText: "train" }).first().waitFor();
    await page.getByRole("button", { name: "Cancel run" }).focus();
    await page.keyboard.press("Enter");
    await view.sees(/evaluate waiting → cancelled/); // the dry run, before anything is done
    await page.getByLabel("Why").fill("wrong data");
    await page.keyboard.press("Enter");
    await expect
      .poll(() => backend.posted)
      .toEqual([
        { path: `/api/runs/${RUNNING}/cancel`, body: { dryRun: true } },
        { path: `/api/runs/${RUNNING}/cancel`, body: { reason: "wrong data" } },
      ]);
    backend.settle(RUNNING, {
      state: "cancelled",
      settledTime: new Date().toISOString(),
      reason: "wrong data",
    });
    await page.locator(".run-header .tag.off").waitFor();
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)(
  "a task leads to the run that it started, and that one back",
  async () => {
    await using view = await open(`/runs/${RUNNING}?task=wait-for-export`);
    const { page } = view;
    await page.getByRole("link", { name: CHILD.slice(0, 12) }).click();
    await view.sees("task delay-model-training/wait-for-export");
    expect(new URL(page.url()).pathname).toBe(`/runs/${CHILD}`);
    await page.getByRole("link", { name: "delay-model-training / wait-for-export" }).click();
    await page.waitForURL(new RegExp(RUNNING));
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)(
  "why a task is not at work: causes that lead on, when it is expected, what it waited for",
  async () => {
    await using view = await open(`/runs/${RUNNING}?task=publish`);
    const { page, backend } = view;
    const panel = page.getByRole("region", { name: "Task publish" });
    await panel.getByText("evaluate waits for train, train-baseline").waitFor();
    expect(await panel.locator(".causes li").allInnerTexts()).toEqual([
      "publish waits for evaluate",
      "evaluate waits for train, train-baseline",
      "train is at work (attempt 1)",
    ]);
    expect(await panel.getByText(/^Expected to start/).innerText()).toMatch(
      /^Expected to start in 1 h .* an estimate: the median of 7 earlier runs$/,
    );
    const waits = panel.getByRole("list", { name: "What it waited for" });
    expect(await waits.locator("li").allInnerTexts()).toEqual([
      expect.stringMatching(/^Waited 5.0 s for a slot of its DAG until /),
      expect.stringMatching(/^Has waited \d+ min \d+ s so far for what it needs$/),
    ]);
    await screenshot(page, "explain-task");
    await page.getByText("What is next, and why it is not at work").click();
    const next = page.locator("details.explained").first();
    await next.getByText(/Expected to start in .* by a timer$/).waitFor();
    await screenshot(page, "explain-run");
    await panel.getByRole("link", { name: "train is at work (attempt 1)" }).click();
    const other = page.getByRole("region", { name: "Task train", exact: true });
    await other.getByText("When it is expected to end, nobody can tell.").waitFor();
    backend.moveTask(RUNNING, "train", { state: "succeeded", endedTime: new Date().toISOString() });
    await other.getByText("What it waited for").click();
    await other.getByText("for a slot of its DAG").waitFor();
    expect(await other.getByText(/expected/i).count()).toBe(0); // it is over
    backend.settle(RUNNING, { state: "queued" });
    await view.sees("Why it has not begun");
    await view.sees(/1 of 1 runs of DAG delay-model-training are active/);
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)(
  "the mails of a run: who got none and why, then who got one",
  async () => {
    await using view = await open(`/runs/${MAILED}`);
    await view.sees("12 recipients: 10 sent, 2 left out");
    const without = view.page.locator(".deliveries table").first();
    expect(await without.locator("tbody tr").allInnerTexts()).toEqual([
      expect.stringMatching(/Andina Express[^]*no routes in/),
      expect.stringMatching(/Ruta Sur[^]*no routes in/),
    ]);
    await view.page.getByText("Who got one").click();
    expect(await view.page.locator(".deliveries tbody tr").count()).toBe(12);
  },
);

test.skipIf(hasNoBrowser)("DAGs: paused and resumed, started once, their due times", async () => {
  await using view = await open("/dags");
  const { page, backend } = view;
  const at = "/api/dags/partner-feed/pause";
  await page.getByRole("switch", { name: "partner-feed is active" }).click();
  await view.sees("Of 3 waiting runs 1 would begin: run-01j9m4k2.");
  await page.getByLabel("Why").fill("the feed is back");
  await screenshot(page, "resume");
  await page.getByRole("button", { name: "Yes, resume it" }).click();
  await expect
    .poll(() => backend.posted)
    .toEqual([
      { path: at, body: { paused: false, dryRun: true } },
      { path: at, body: { paused: false, reason: "the feed is back" } },
    ]);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("switch", { name: "carrier-daily-costs is active" }).click();
  await view.sees("2 runs at work go on.");
  await view.sees("3 runs wait on; new ones queue.");
  await page.keyboard.press("Escape"); // kept as it is: only asked
  backend.posted.splice(0, 3);
  await page.getByRole("link", { name: "carrier-daily-costs", exact: true }).click();
  await view.sees("the DAG was paused");
  await view.sees("0 19 * * *");
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByLabel("Key").fill("2026-11-21");
  await page.getByLabel("Version").fill("1");
  await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/\/runs\//);
  expect(backend.posted).toMatchObject([
    { path: "/api/dags/carrier-daily-costs/runs", body: { key: "2026-11-21", version: 1 } },
  ]);
  expect(view.errors).toEqual([]);
});

test.skipIf(hasNoBrowser)(
  "a question: in the bar, in the list, on its run; its form is filled in and answered",
  async () => {
    await using view = await open("/approvals");
    const { page, backend } = view;
    await view.sees("Nothing waits for an approval.");
    backend.ask({
      ...{ runId: RUNNING, dagId: "demand-training", task: "train", attempt: 1 },
      message: "Publish the prices of October?",
      form: {
        required: ["discount"],
        properties: {
          discount: { type: "number", minimum: 0, title: "Discount", description: "in percent" },
          channel: { enum: ["web", "shops"], default: "shops", title: "Channel" },
          urgent: { type: "boolean", default: false, title: "Urgent" },
          note: { type: "string", title: "Note" },
        },
      },
      approvers: ["ana", "ben@example.com"],
      onReject: "fail",
      fallback: "reject",
      askedTime: new Date(Date.now() - 60_000).toISOString(),
      untilTime: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await page.locator("nav .count", { hasText: "1" }).waitFor();
    await page.getByRole("link", { name: "Publish the prices of October?" }).click();
    await view.sees("for ana, ben@example.com");
    await view.sees("then it is rejected");
    await page.getByRole("button", { name: "Approve" }).click();
    expect(backend.posted).toEqual([]); // the browser wants the field that must be filled in
    await page.getByLabel("Discount").fill("12.5");
    await page.getByLabel("Urgent").check();
    await page.getByLabel("Comment").fill("looks right");
    await screenshot(page, "question");
    await page.getByRole("button", { name: "Approve" }).click();
    const values = { discount: 12.5, channel: "shops", urgent: true };
    const body = { task: "train", attempt: 1, approve: true, comment: "looks right", values };
    await expect
      .poll(() => backend.posted)
      .toEqual([{ path: `/api/runs/${RUNNING}/answer`, body }]);
    await page.getByRole("button", { name: "Reject" }).click();
    await view.sees("go was approved by user:ben");
    backend.moveTask(RUNNING, "train", { state: "succeeded" });
    await expect.poll(() => page.locator(".question").count()).toBe(0);
    await page.locator("nav .count").waitFor({ state: "detached" });
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)("what went wrong is said, and what was known stays", async () => {
  await using view = await open("/");
  await view.sees("by ana");
  view.backend.breakDown();
  view.backend.moveTask(RUNNING, "train", { state: "failed" }); // the list hears of a change and reads again
  await view.sees("state-machine does not answer");
  await view.sees("It may be starting. Try again.");
  expect(await rowsOf(view.page)).toBe(17);
});

test.skipIf(hasNoBrowser)(
  "backfills: progress, dates, a pause, and a cancel that says what ends",
  async () => {
    await using view = await open("/backfills");
    await view.page.getByText("1 succeeded, 1 skipped, 1 running, 1 waiting").waitFor();
    await view.page.getByRole("link", { name: /^\d.* to \d/ }).click();
    await view.page.getByText("its run succeeded, and reprocess is failed").waitFor();
    expect(await rowsOf(view.page)).toBe(4);
    await view.page.getByRole("button", { name: "Pause" }).click();
    await expect
      .poll(() => view.backend.posted.map(({ path }) => path))
      .toEqual(["/api/backfills/bf-0123456789abcdefghjkmnpqrs/pause"]);
    await view.page.getByRole("button", { name: "Cancel" }).click();
    const dialog = view.page.getByRole("dialog", {
      name: "Cancel the backfill of carrier-daily-costs",
    });
    await dialog.getByText("1 run at work is cancelled: ").waitFor();
    await screenshot(view.page, "backfill-cancel");
    await dialog.getByLabel("Why").fill("wrong rates");
    await dialog.getByRole("button", { name: "Yes, cancel it" }).click();
    await expect
      .poll(() => view.backend.posted.slice(1).map(({ body }) => body))
      .toEqual([
        { keepRuns: false, dryRun: true },
        { keepRuns: false, reason: "wrong rates" },
      ]);
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)(
  "a backfill is made on its DAG's page: what would happen is seen before",
  async () => {
    await using view = await open("/dags/carrier-daily-costs");
    const { page, backend } = view;
    await page.getByRole("button", { name: "Backfill" }).click();
    const dialog = page.getByRole("dialog", { name: "Backfill carrier-daily-costs" });
    await dialog.getByRole("button", { name: "See what would happen" }).click();
    expect(backend.posted).toEqual([]); // the browser wants the first date
    await dialog.getByLabel("From", { exact: true }).fill("2026-10-01");
    await dialog.getByLabel(/^To/).fill("2026-10-12");
    await dialog.getByRole("button", { name: "Again if it failed" }).click();
    await dialog.getByLabel(/^Runs at once/).fill("2");
    await dialog.getByLabel(/^Reason/).fill("new rates");
    await screenshot(page, "backfill-form");
    await dialog.getByRole("button", { name: "See what would happen" }).click();
    await view.sees("8 runs would start, at most 2 at once; 4 dates would be skipped.");
    await view.sees("the schedule excludes it (holidays)");
    expect(await dialog.locator("tbody tr").count()).toBe(12);
    await screenshot(page, "backfill-foreseen");
    await dialog.getByRole("button", { name: "Change" }).click();
    await dialog.getByRole("button", { name: "Single dates" }).click();
    await dialog.getByLabel(/^Dates/).fill("2026-10-06, 2026-10-13");
    await dialog.getByRole("button", { name: "See what would happen" }).click();
    await dialog.getByRole("button", { name: "Start 8 runs" }).click();
    await page.waitForURL(/\/backfills\/bf-0123456789abcdefghjkmnpqrs$/);
    const rest = { reprocess: "failed", maxActive: 2, newestFirst: false, reason: "new rates" };
    const span = { ...rest, from: "2026-10-01", to: "2026-10-12" };
    const dates = { ...rest, dates: ["2026-10-06", "2026-10-13"] };
    expect(backend.posted.map(({ path }) => path)).toEqual(
      Array.from({ length: 3 }, () => "/api/dags/carrier-daily-costs/backfills"),
    );
    const requestId: unknown = expect.any(String);
    expect(backend.posted.map(({ body }) => body)).toEqual([
      { ...span, requestId, dryRun: true },
      { ...dates, requestId, dryRun: true },
      { ...dates, requestId },
    ]);
    expect(view.errors).toEqual([]);
  },
);

test.skipIf(hasNoBrowser)("no page is wider than a telephone or a laptop", async () => {
  await using view = await open("/");
  const { page } = view;
  const atWidths = async (look: (at: string) => Promise<void>): Promise<void> => {
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await expect.poll(() => page.evaluate(() => window.innerWidth)).toBe(width);
      await look(String(width));
    }
  };
  for (const place of [
    "/",
    "/dags",
    "/triggers",
    "/backfills",
    "/backfills/bf-0123456789abcdefghjkmnpqrs",
    `/runs/${RUNNING}`,
    `/runs/${MAILED}`,
    "/dags/carrier-daily-costs",
  ]) {
    await page.goto(view.backend.url + place);
    await page.locator("table.list").first().waitFor();
    await atWidths(async (at) =>
      expect(await overflowOf(page), `${place} at ${at}`).toBeLessThanOrEqual(0),
    );
  }
  await page.getByRole("button", { name: "Backfill" }).click(); // the last page is a DAG's
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("From", { exact: true }).fill("2026-10-01");
  await atWidths(async (at) => {
    await screenshot(page, `backfill-form-${at}`);
    expect(await widerThanSeen(dialog), `the form at ${at}`).toBe(false);
  });
  await dialog.getByRole("button", { name: "See what would happen" }).click();
  await dialog.locator("table.list").waitFor();
  await atWidths(async (at) => {
    await screenshot(page, `backfill-foreseen-${at}`);
    expect(await widerThanSeen(dialog), `the dates at ${at}`).toBe(false);
  });
  expect(view.errors).toEqual([]);
});
