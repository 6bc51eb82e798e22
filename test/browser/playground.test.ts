/** The playground as a person uses it, in a real browser: from the built file, without a network. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileSource, encodeDtb } from '../../src/index.ts';
import { decodeLink } from '../../src/playground/link-codec.ts';
import { readScenario } from '../../src/scenario/index.ts';
import { projectPath } from '../small-board.ts';
import { accessibleNodes, axeViolations, launchChromium, type OpenPage, openFile } from './chromium.ts';

const PLAYGROUND = projectPath('dist/playground.html');
const CAMERA = readFileSync(projectPath('fixtures/boards/camera-soc.dts'), 'utf8');
const HEAP = 'video-cma@60000000';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Opens the playground for one test; at its end nothing was asked for, and no script complained. */
async function withPlayground(
  use: (page: Page, opened: OpenPage) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const opened = await openFile(browser, PLAYGROUND, options);
  await opened.page.waitForSelector('#kernel option:nth-child(2)', { state: 'attached' });
  await use(opened.page, opened);
  expect(opened.complaints).toEqual([]);
  expect(opened.requests.filter((url) => !url.startsWith('blob:'))).toEqual([]);
  await opened.page.context().close();
}

/** Pastes as a keyboard does. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((board) => {
    const box = document.querySelector('textarea');
    if (box === null) throw new Error('no box');
    box.value = board;
    box.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste' }));
  }, text);
}

async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  await page.evaluate(
    ([file, base64]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], file));
      document.body.dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
      );
    },
    [name, bytes.toString('base64')] as const,
  );
}

const textOf = async (page: Page, part: string) => (await page.locator(part).textContent()) ?? '';
const booted = (page: Page) => page.waitForSelector('#answer:not([hidden])');
const checked = (page: Page) =>
  page.waitForFunction(() => !document.querySelector('#checks')?.textContent?.includes('are running'));
const cells = (page: Page, part: string) => page.locator(`${part} tbody th`).allInnerTexts();

test('the file is small, and its policy lets it load nothing', () => {
  const html = readFileSync(PLAYGROUND, 'utf8');
  expect(Buffer.byteLength(html)).toBeLessThan(800_000);
  expect(html).toMatch(
    /content="default-src 'none'; script-src 'sha256-[\w+/=]+' 'sha256-[\w+/=]+'; style-src 'sha256-/,
  );
  expect(html).not.toMatch(
    /unsafe-|https?:\/\/(?!json-schema|opensource|www\.w3\.org)\S+\.(js|css|png|woff)/,
  );
});

describe('a board', () => {
  test('that is pasted boots: heaps, regions, checks', () =>
    withPlayground(async (page) => {
      await paste(page, CAMERA);
      await booted(page);
      expect(await cells(page, '#heaps')).toEqual([
        'system',
        'default_cma_region',
        'linux,cma',
        HEAP,
        'vpu-pool@50000000',
        'npu-pool@52000000',
      ]);
      expect(await textOf(page, '#status')).toContain('6 heaps');
      await checked(page);
      expect(await textOf(page, '#checks')).toContain('pool-rounding');
      expect(await textOf(page, '#commands')).toContain('dmaheap boot board.dts');
    }));

  test('that is typed boots by a key, with a kernel and a command line', () =>
    withPlayground(async (page) => {
      await page.fill('#board', CAMERA);
      expect(await page.isVisible('#answer')).toBe(false);
      await page.selectOption('#kernel', '6.12');
      await page.fill('#cmdline', 'cma=16M');
      await page.press('#cmdline', 'Enter');
      await booted(page);
      expect(await textOf(page, '#status')).toMatch(/Linux 6\.12\..*CMA 16 MiB \(cma=\)/);
      expect(await textOf(page, '#commands')).toContain('--kernel=6.12 --cmdline=cma=16M');
    }));

  test.each(['boards/camera-soc.dtb', 'boards/camera-soc.yaml', 'reconstruct/dmesg-as-board.txt'])(
    '%s that is dropped boots',
    (path) =>
      withPlayground(async (page) => {
        const name = path.replace(/.*\//, '');
        await drop(page, name, readFileSync(projectPath(`fixtures/${path}`)));
        await booted(page);
        expect((await cells(page, '#heaps')).length).toBeGreaterThan(2);
        const verb = name.endsWith('.txt') ? 'reconstruct' : 'boot';
        expect(await textOf(page, '#commands')).toContain(`dmaheap ${verb} ${name}`);
        expect(await axeViolations(page)).toEqual([]);
      }),
  );

  test('that has no memory is told, and boots with the memory of the page', () =>
    withPlayground(async (page) => {
      await paste(page, '/dts-v1/;\n/ { };\n');
      await page.waitForSelector('#problems li');
      expect(await textOf(page, '#problems')).toContain('the board has no memory');
      expect(await page.isVisible('#answer')).toBe(false);
      expect(await axeViolations(page)).toEqual([]);
      await page.fill('#memory', 'much');
      await page.press('#memory', 'Enter');
      expect(await textOf(page, '#problems')).toContain('much is no memory');
      await page.fill('#memory', '0x40000000:512M 0x80000000:1G');
      await page.press('#memory', 'Enter');
      await booted(page);
      expect(await textOf(page, '#problems')).toBe('');
      expect(await textOf(page, '#commands')).toContain(
        'dmaheap boot board.dts --memory=0x40000000:512M --memory=0x80000000:1G\n',
      );
    }));
});

describe('a click', () => {
  test('allocates, fails with reasons, frees; the keyboard does the same', () =>
    withPlayground(async (page) => {
      await page.click('#example');
      await booted(page);
      await page.fill('#size', '12M');
      await page.fill('#name', 'frame');
      await page.click(`[data-key="heap ${HEAP}"]`);
      expect(await textOf(page, '#result')).toBe(`alloc ${HEAP} 12 MiB: descriptor 4 at 0x60000000.`);
      await page.fill('#size', '80M');
      // The focus is where it was, so Enter allocates again.
      await page.focus(`[data-key="heap ${HEAP}"]`);
      await page.keyboard.press('Enter');
      expect(await textOf(page, '#result')).toContain('ENOMEM (Cannot allocate memory)');
      expect(await textOf(page, '#result')).toContain('the whole area');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-key'))).toBe(
        `heap ${HEAP}`,
      );
      const nodes = await accessibleNodes(page);
      expect(nodes).toContainEqual({ role: 'button', name: `Allocate from ${HEAP}` });
      expect(nodes).toContainEqual({ role: 'button', name: 'Free descriptor 4' });
      for (const name of ['frame', '0x60000000', '12 MiB']) {
        expect(
          nodes.some((node) => node.name === name),
          name,
        ).toBe(true);
      }
      expect(await axeViolations(page)).toEqual([]);
      await page.click('[data-key="fd 4"]');
      expect(await textOf(page, '#buffers')).toContain('There are no buffers yet');
      await page.fill('#size', 'much');
      await page.click(`[data-key="heap ${HEAP}"]`);
      expect(await textOf(page, '#result')).toContain('much is no size');
      expect(await textOf(page, '#commands')).toMatch(
        /alloc --name=frame video-cma@60000000 12M\ndmaheap alloc --name=frame video-cma@60000000 80M\ndmaheap free 4$/,
      );
    }));

  test('shows a region alone: zoom', () =>
    withPlayground(async (page) => {
      await page.click('#example');
      await booted(page);
      await page.click(`[data-key="heap ${HEAP}"]`);
      expect(await textOf(page, '#map')).toContain('0x40000000');
      await page.click(`[data-key="map ${HEAP}"]`);
      const map = await textOf(page, '#map');
      expect(map).toContain('0x60000000');
      expect(map).not.toContain('0x40000000');
      expect(await page.getAttribute(`[data-key="map ${HEAP}"]`, 'aria-pressed')).toBe('true');
      const before = await page.locator('#map g.buffer rect').count();
      await page.click(`[data-key="heap ${HEAP}"]`);
      expect(await page.locator('#map g.buffer rect').count()).toBeGreaterThan(before);
      await page.locator('#map g.buffer rect').first().click();
      expect(await textOf(page, '#map p')).toContain('1024 pages at 0x60000000');
      expect(await axeViolations(page)).toEqual([]);
    }));

  test('gives a link, a scenario and the board', () =>
    withPlayground(async (page) => {
      await page.click('#example');
      await booted(page);
      await page.click(`[data-key="heap ${HEAP}"]`);
      await page.click('#copy-link');
      await page.waitForFunction(() => location.hash.length > 1);
      const link = page.url();
      expect(await decodeLink(link)).toMatchObject({
        file: 'camera-soc.dts',
        bytes: new TextEncoder().encode(CAMERA),
        steps: [{ do: 'alloc', heap: HEAP, size: 4n << 20n }],
      });
      const [scenario] = await Promise.all([page.waitForEvent('download'), page.click('#save-scenario')]);
      const text = readFileSync(await scenario.path(), 'utf8');
      expect(scenario.suggestedFilename()).toBe('scenario.yaml');
      expect(() => readScenario(text, 'scenario.yaml')).not.toThrow();
      const [board] = await Promise.all([page.waitForEvent('download'), page.click('#save-board')]);
      expect(board.suggestedFilename()).toBe('camera-soc.dts');
      expect(readFileSync(await board.path(), 'utf8')).toBe(CAMERA);
      // As somebody else opens it: from its address, and pasted.
      await page.goto('about:blank');
      await page.goto(link);
      await booted(page);
      expect(await cells(page, '#buffers')).toEqual(['4']);
      await page.goto('about:blank');
      await page.goto(link.replace(/#.*/, ''));
      await page.fill('#link', link);
      await page.press('#link', 'Enter');
      await booted(page);
      expect(await cells(page, '#buffers')).toEqual(['4']);
    }));
});

describe('a hostile link', () => {
  test.each([
    ['dmaheap1=AAAA', 'cut off or damaged'],
    ['<script>alert(1)</script>', 'no link of this page'],
    ['constructor', 'no link of this page'],
    [`dmaheap1=${'A'.repeat(40_000)}`, 'longer than 32 KiB'],
  ])('%.40s is refused', (fragment, says) =>
    withPlayground(async (page) => {
      await page.goto(`${page.url()}#${fragment}`);
      await page.waitForSelector('#problems p');
      expect(await textOf(page, '#problems')).toContain(says);
      expect(await axeViolations(page)).toEqual([]);
    }),
  );
});

/** Nodes whose names would run, reorder or overflow, were they not text. */
const LONG = 'a'.repeat(63);
const NAMES = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '\u00e2\u0080\u00aegnp.exe',
  LONG,
];

/** A blob: source cannot have such names. A name's characters are its bytes, here those of U+202E. */
function hostileBlob(): Buffer {
  const regions = NAMES.map(
    (_, i) =>
      `r${i} { compatible = "shared-dma-pool"; reusable; reg = <0 0x${50 + 2 * i}000000 0 0x1000000>; };`,
  );
  const text = `/dts-v1/;
/ {
  #address-cells = <2>; #size-cells = <2>;
  memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };
  reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${regions.join(' ')} };
};`;
  const { tree } = compileSource({ path: 'b.dts', text }, { readFile: () => undefined });
  const nodes = tree.root.children.find(({ name }) => name === 'reserved-memory')?.children ?? [];
  for (const [i, node] of nodes.entries()) Object.assign(node, { name: NAMES[i] });
  return Buffer.from(encodeDtb(tree));
}

test.each([390, 1280])('hostile names are text, at a width of %i', (width) =>
  withPlayground(
    async (page) => {
      await drop(page, '<b>\u202e.dtb', hostileBlob());
      await booted(page);
      await checked(page);
      const heaps = await cells(page, '#heaps');
      expect(heaps).toContain('<script>alert(1)</script>');
      expect(heaps).toContain('<img src=x onerror=alert(1)>');
      expect(heaps).toContain('â\\x80®gnp.exe');
      expect(heaps).toContain(LONG);
      await page.fill('#name', '"><b>\u202e');
      await page.click('[data-key="heap <img src=x onerror=alert(1)>"]');
      expect(await textOf(page, '#buffers')).toContain('"><b>\\u{202e}');
      expect(await textOf(page, 'main')).not.toContain('\u202e');
      expect(await page.locator('script[src], img, b, iframe').count()).toBe(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await axeViolations(page)).toEqual([]);
    },
    { viewport: { width, height: 900 } },
  ),
);

/** A board of 4 GiB in about 100 KB of source. */
function largeBoard(): string {
  const nodes = Array.from(
    { length: 800 },
    (_, i) => `\tdevice@${(0x10000000 + i * 0x1000).toString(16)} {
\t\tcompatible = "vendor,device-${i}";
\t\treg = <0x0 0x${(0x10000000 + i * 0x1000).toString(16)} 0x0 0x1000>;
\t\tclocks = <1 2 3 4 5 6>;
\t};`,
  );
  return `/dts-v1/;
/ {
\t#address-cells = <2>;
\t#size-cells = <2>;
\tmemory@80000000 { device_type = "memory"; reg = <0x0 0x80000000 0x1 0x0>; };
\treserved-memory {
\t\t#address-cells = <2>; #size-cells = <2>; ranges;
\t\tvideo@a0000000 { compatible = "shared-dma-pool"; reusable; reg = <0x0 0xa0000000 0x0 0x20000000>; };
\t};
${nodes.join('\n')}
};
`;
}

test('a pasted source of 100 KB is shown within a second, and a click within 50 ms', () =>
  withPlayground(async (page) => {
    const source = largeBoard();
    expect(source.length).toBeGreaterThan(90_000);
    const firstMap = await page.evaluate(async (text) => {
      const box = document.querySelector('textarea');
      if (box === null) throw new Error('no box');
      box.value = text;
      const start = performance.now();
      box.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste' }));
      await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
      return performance.now() - start;
    }, source);
    await booted(page);
    await checked(page);
    const clicks = await page.evaluate(() =>
      Array.from({ length: 21 }, (_, i) => {
        const heap = i % 2 === 0 ? 'system' : 'video@a0000000';
        const start = performance.now();
        document.querySelector<HTMLButtonElement>(`[data-key="heap ${heap}"]`)?.click();
        document.body.getBoundingClientRect();
        return performance.now() - start;
      }),
    );
    const median = [...clicks].sort((a, b) => a - b)[10] ?? Number.NaN;
    console.info(`first map ${firstMap.toFixed(0)} ms, a click ${median.toFixed(1)} ms (median of 21)`);
    expect(await cells(page, '#buffers')).toHaveLength(21);
    // Twice what is promised: other work may run on the same machine.
    expect(firstMap).toBeLessThan(2000);
    expect(median).toBeLessThan(100);
  }));

test.each(['light', 'dark'] as const)(
  'in the %s theme axe finds nothing before and after a boot',
  (colorScheme) =>
    withPlayground(
      async (page) => {
        expect(await axeViolations(page)).toEqual([]);
        await page.click('#example');
        await booted(page);
        await checked(page);
        await page.click('summary');
        expect(await axeViolations(page)).toEqual([]);
      },
      { colorScheme },
    ),
);
