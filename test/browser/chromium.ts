/** Pages in headless Chromium, as a person has them: opened from a file, without a network. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's Chromium; another one is named by CHROMIUM. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Starts the browser; whoever starts it closes it. Without what looks for hosts when a browser starts. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** A page that was opened, and what must have stayed empty. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of scripts, refusals of its policy, and dialogs: a hostile name shows here. */
  readonly complaints: string[];
  /** Addresses that it asked for, its own file left out. */
  readonly requests: string[];
}

/** Opens a file of this machine. @param options colour scheme, width and so on */
export async function openFile(
  browser: Browser,
  path: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  const url = pathToFileURL(path).href;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) requests.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, requests };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

/** What axe-core finds wrong with a page as it is now, one line a place. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  // Over the debugger's protocol: the page's policy would refuse a script of ours.
  await page.evaluate(axeSource);
  const violations = await page.evaluate<readonly AxeViolation[]>(
    'axe.run(document).then(({ violations }) => violations)',
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** A node of Chromium's accessibility tree. */
export interface AccessibleNode {
  readonly role: string;
  readonly name: string;
}

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: unknown };
  readonly name?: { readonly value?: unknown };
}

/** Chromium's accessibility tree, in the order of the page: what a screen reader is given. */
export async function accessibleNodes(page: Page): Promise<readonly AccessibleNode[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const { nodes } = (await session.send('Accessibility.getFullAXTree')) as { nodes: readonly AxNode[] };
    return nodes.flatMap(({ ignored, role, name }) =>
      ignored ? [] : [{ role: String(role?.value ?? ''), name: String(name?.value ?? '') }],
    );
  } finally {
    await session.detach();
  }
}
