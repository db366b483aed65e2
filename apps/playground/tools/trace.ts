// What a visitor waits for, from Chromium's own trace: node tools/trace.ts. Build the page first; a busy machine makes all of
// it slower.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { openSite } from "../test/site.ts";
import { answered, launch, show, visit } from "../test/visit.ts";

const CATEGORIES = [
  "devtools.timeline",
  "loading",
  "toplevel",
  "disabled-by-default-devtools.timeline",
  "blink.user_timing",
];
/** Milliseconds from which work on the main thread counts as long. */
const LONG = 50;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the processor's, where the trace has it: a busy machine lets a task wait. */
  readonly tdur?: number;
  readonly args?: {
    readonly name?: string;
    readonly data?: {
      readonly weighted_score_delta?: number;
      readonly had_recent_input?: boolean;
      readonly duration?: number;
      readonly interactionId?: number;
    };
  };
}

/** Events of Chromium while something is done on a page. */
async function traced(browser: Browser, page: Page, work: () => Promise<void>): Promise<TraceEvent[]> {
  const path = "reports/trace.json";
  await browser.startTracing(page, { path, categories: CATEGORIES });
  await work();
  await browser.stopTracing();
  return (JSON.parse(await readFile(path, "utf8")) as { traceEvents: TraceEvent[] }).traceEvents;
}

/** Work on the main thread of the page that took long, in milliseconds of its processor, the longest first. */
function longTasks(events: readonly TraceEvent[]): number[] {
  const mains = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events
    .filter(({ name, pid, tid }) => name.endsWith("RunTask") && mains.has(`${pid} ${tid}`))
    .map(({ dur = 0, tdur = dur }) => Math.min(dur, tdur) / 1000)
    .filter((milliseconds) => milliseconds > LONG)
    .sort((a, b) => b - a);
}

/** How far parts of the page have moved without a press just before: what is called CLS. */
function layoutShift(events: readonly TraceEvent[]): number {
  return events
    .filter(({ name, args }) => name === "LayoutShift" && args?.data?.had_recent_input === false)
    .reduce((sum, { args }) => sum + (args?.data?.weighted_score_delta ?? 0), 0);
}

/** The longest interaction, from the press to what is painted next. */
function slowestInteraction(events: readonly TraceEvent[]): number {
  const presses = events.filter(({ name, args }) => name === "EventTiming" && (args?.data?.interactionId ?? 0) > 0);
  return Math.max(0, ...presses.map(({ args }) => args!.data!.duration ?? 0));
}

/** Milliseconds between frames while something goes on. */
function frames(page: Page, milliseconds: number): Promise<number[]> {
  return page.evaluate(
    (length) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = [];
        const begun = performance.now();
        let last = begun;
        const step = (now: number) => {
          gaps.push(now - last);
          last = now;
          if (now - begun < length) requestAnimationFrame(step);
          else resolve(gaps.slice(1).sort((a, b) => a - b));
        };
        requestAnimationFrame(step);
      }),
    milliseconds,
  );
}

const rounded = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`;
const line = (what: string, value: string) => console.log(`${what.padEnd(44)} ${value}`);

const site = await openSite();
const browser = await launch();
try {
  const { page } = await visit(browser, { viewport: { width: 1280, height: 900 } });
  const opening = await traced(browser, page, async () => {
    await page.goto(site.address);
    await page.locator("[data-status=empty]").waitFor();
    await page.waitForLoadState("networkidle");
  });
  const paints = await page.evaluate(() =>
    performance.getEntriesByType("paint").map(({ name, startTime }) => ({ name, startTime })),
  );
  for (const { name, startTime } of paints) line(name, rounded(startTime));
  line("long tasks while opening", longTasks(opening).map(rounded).join(", ") || "none");
  line("layout shift while opening", layoutShift(opening).toFixed(4));

  const using = await traced(browser, page, async () => {
    const begun = performance.now();
    await page.getByRole("button", { name: "Who wrote the opera Carmen?" }).click();
    await answered(page);
    line("first answer, its model fetched here", rounded(performance.now() - begun));
    await page.getByRole("button", { name: "Where is the Eiffel Tower?" }).click();
    await page.locator('[data-answer-to*="Eiffel"]').waitFor();
    await page.getByRole("textbox", { name: "Text" }).pressSequentially(" Really?", { delay: 60 });
    await page.getByRole("button", { name: "Search by meaning" }).click();
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.getByRole("button", { name: "Classify a text" }).click();
    await page.locator(".states").waitFor();
    await page.getByRole("button", { name: "Layer 2, head 1" }).click();
    await page.waitForTimeout(300);
  });
  line("slowest interaction (press to paint)", rounded(slowestInteraction(using)));
  line("long tasks while using it", longTasks(using).map(rounded).join(", ") || "none");

  await show(page, site.address, { task: "text-classification", text: "Who wrote the opera Carmen?" });
  await answered(page);
  const shown = await page.locator(".facts").textContent();
  line("the same once its files are kept", /model ready in [\d.]+ s/.exec(shown ?? "")?.[0] ?? "");

  await show(page, site.address, { task: "text-classification", panel: "train" });
  await page.getByRole("button", { name: "Take example lines" }).click();
  await page.getByLabel("Epochs").fill("100");
  const training = await traced(browser, page, async () => {
    await page.locator("[data-panel=train]").getByRole("button", { name: "Train" }).click();
    await page.getByText(/^Step \d/).waitFor();
    const gaps = await frames(page, 5000);
    line("frames while training, 5 s", `${gaps.length}`);
    for (const share of [0.5, 0.95, 0.99, 1]) {
      const gap = gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))]!;
      line(`  ${share === 1 ? "longest" : `${share * 100}% are`} within`, rounded(gap));
    }
  });
  line("long tasks while training", longTasks(training).map(rounded).join(", ") || "none");
  line("layout shift while training", layoutShift(training).toFixed(4));
} finally {
  await browser.close();
  await site.close();
}
