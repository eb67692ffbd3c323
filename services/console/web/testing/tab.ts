// A tab of a real browser, for all tests of a file: a window of its own would be two seconds of work for each. Each
// test's backend is another origin, so nothing that one leaves in the browser is seen by the next.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Page, Request } from "playwright-core";
import { startFakeBackend } from "../testing.ts";
import type { FakeBackend } from "../testing.ts";

export interface Tab extends AsyncDisposable {
  readonly page: Page;
}

export interface View extends AsyncDisposable {
  readonly backend: FakeBackend;
  readonly page: Page;
  readonly errors: string[];
  sees(text: string | RegExp): Promise<void>;
}

export function browserProgram(): string | undefined {
  const { CHASQUI_CHROMIUM } = process.env;
  const programs = [CHASQUI_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];
  return programs.find((file) => file !== undefined && existsSync(file));
}

export async function openTab(executablePath: string): Promise<Tab> {
  const args = ["--no-sandbox", "--renderer-process-limit=1", "--process-per-site"];
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage({ reducedMotion: "reduce" });
  return { page, [Symbol.asyncDispose]: () => browser.close() };
}

/** A place of a backend of its own. */
export async function openedIn(page: Page, place: string): Promise<View> {
  const backend = await startFakeBackend();
  const errors: string[] = [];
  const onError = (error: Error): unknown => errors.push(String(error));
  const onRequest = (request: Request): void => {
    if (!request.url().startsWith(backend.url)) errors.push(`asks for ${request.url()}`);
  };
  page.on("pageerror", onError);
  page.on("request", onRequest);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(backend.url + place);
  return {
    backend,
    page,
    errors,
    sees: (text) => page.getByText(text).first().waitFor({ timeout: 40_000 }),
    async [Symbol.asyncDispose]() {
      page.off("pageerror", onError);
      page.off("request", onRequest);
      await page.goto(`${backend.url}/icon.svg`); // it asks for nothing when the backend is gone
      await backend[Symbol.asyncDispose]();
    },
  };
}
