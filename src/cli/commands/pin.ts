import type { PinnedPages } from '../../mm/alloc/pinned-pages.ts';
import { bytesOf, formatHex, formatSize, type PhysRange, parseRange } from '../../units.ts';
import { makeCalls } from '../calls.ts';
import { UsageError } from '../failures.ts';
import { extentJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderTable } from '../terminal/table.ts';

function readRange(text: string): PhysRange {
  const range = parseRange(text);
  if (range !== undefined) return range;
  throw new UsageError(`cannot read "${text}"`, 'Expected @ADDRESS:SIZE: @0x60400000:64K');
}

const rangeText = ({ base, size }: PhysRange): string =>
  `@${formatHex(base)}:${formatSize(size).replace(' ', '')}`;
const rangeJson = (range: PhysRange) => ({ base: formatHex(range.base), length: range.size });

const COLUMNS = [{ title: 'ADDRESS' }, { title: 'PAGES', right: true }, { title: 'BY' }];

function renderPinned(
  pinned: readonly PinnedPages[],
  pageSize: number,
  heading: (line: string) => string,
): string {
  if (pinned.length === 0) return 'No pages are pinned.\n';
  const rows = pinned.map((run) => {
    const { base, size } = bytesOf(run, pageSize);
    const by = run.rule === undefined ? 'pin' : `fault rule ${run.rule}`;
    return [`${formatHex(base)}..${formatHex(base + size - 1n)}`, String(run.pages), by];
  });
  return renderTable(COLUMNS, rows, heading);
}

/** `dmaheap pin [@ADDRESS:SIZE]`: pages that cannot be moved away. */
export function pinCommand({ program, shell }: Registry): void {
  const command = program
    .command('pin')
    .summary('pin pages of a CMA area, or list those that are')
    .description(
      'Pins the pages of a range, as a driver does with get_user_pages(): CMA cannot move them away, and its search goes on behind them. The bitmap does not show it. Without a range, lists what is pinned.',
    )
    .argument('[@address:size]', 'the range; the pages that it touches')
    .addHelpText('after', examples('dmaheap pin @0x60400000:64K', 'dmaheap pin'))
    .action(async (text: string | undefined) => {
      const sh = shell(command);
      const session = await sh.session('pin');
      if (text === undefined) {
        const { pinned, pageSize } = session.view((kernel) => ({
          pinned: kernel.pinned(),
          pageSize: kernel.profile.geometry.pageSize,
        }));
        const members = pinned.map((run) => ({ ...extentJson(run, pageSize), rule: run.rule ?? null }));
        await sh.answer(
          () => ({ schema: 'dmaheap.pinned/1', pinned: members }),
          (ink) => renderPinned(pinned, pageSize, ink.title),
        );
        return;
      }
      const range = readRange(text);
      await makeCalls(sh, session, ({ must }) => must(`pin: ${rangeText(range)}`, { call: 'pin', range }));
      await sh.answer(
        () => ({ schema: 'dmaheap.pin/1', ...rangeJson(range) }),
        () => '',
      );
    });
}

/** `dmaheap unpin @ADDRESS:SIZE|--all`. */
export function unpinCommand({ program, shell }: Registry): void {
  const command = program
    .command('unpin')
    .summary('let pinned pages go')
    .description(
      'Lets a pinned range go, as it was pinned; a fault rule that pinned it goes with it. With --all, every range.',
    )
    .argument('[@address:size]', 'the range, as it was pinned')
    .option('--all', 'all that is pinned')
    .addHelpText('after', examples('dmaheap unpin @0x60400000:64K', 'dmaheap unpin --all'))
    .action(async (text: string | undefined, { all = false }: { all?: boolean }) => {
      const sh = shell(command);
      if (all === (text !== undefined)) throw new UsageError('unpin what?', 'Give @ADDRESS:SIZE, or --all');
      const given = text === undefined ? undefined : readRange(text);
      const session = await sh.session('unpin');
      const unpinned = await makeCalls(sh, session, ({ kernel, call, must }) => {
        if (given !== undefined) {
          must(`unpin: ${rangeText(given)}`, { call: 'unpin', range: given });
          return [given];
        }
        // Of two that are the same the first call takes both.
        const { pageSize } = kernel.profile.geometry;
        const ranges = kernel.pinned().map((run) => bytesOf(run, pageSize));
        return ranges.filter((range) => call({ call: 'unpin', range }).ret === 0);
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.unpin/1', unpinned: unpinned.map(rangeJson) }),
        () => '',
      );
    });
}
