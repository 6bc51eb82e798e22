import { Option } from 'commander';
import type { KernelViews } from '../../kernel/kernel-views.ts';
import { layoutMap, type MapLayout } from '../../report/map-layout.ts';
import { mapSvg } from '../../report/map-svg.ts';
import { type MemoryMap, memoryMap } from '../../report/memory-map.ts';
import type { PfnRange, PhysAddr } from '../../units.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { memmapJson } from '../json/memmap-json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { columnsFor, renderMap } from '../render/memmap.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { watchScreen } from '../terminal/watch-screen.ts';
import { readSize } from '../words/arguments.ts';
import { mapWindow } from '../words/map-window.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** Rows of cells that a picture has at most. */
const ROWS = 24;
/** The same of a picture that is no text. */
const SVG = { columns: 64, rows: 32 };

interface MemmapOptions extends BoardOptions {
  readonly from?: PhysAddr;
  readonly to?: PhysAddr;
  readonly watch?: boolean;
  /** The file, or that it goes to standard output. */
  readonly svg?: string | true;
}

/** A map and the part of it that was asked for. */
interface Seen {
  readonly map: MemoryMap;
  readonly window: PfnRange | undefined;
}

const seen = (kernel: KernelViews, name: string | undefined, options: MemmapOptions): Seen => {
  const map = memoryMap(kernel);
  return { map, window: mapWindow(map, kernel.heaps(), name, options) };
};

const layoutFor = ({ map, window }: Seen, columns: number): MapLayout =>
  layoutMap(map, { columns, rows: ROWS, ...(window && { window }) });

/** Draws the map again whenever the session has changed, until Ctrl-C. */
async function watch(sh: Shell, name: string | undefined, options: MemmapOptions): Promise<void> {
  if (options.svg !== undefined)
    throw new UsageError('--watch draws in the terminal: --svg would be ignored');
  if (sh.options.json === true) throw new UsageError('--watch draws a picture: --json would be ignored');
  if (sh.options.board !== undefined) {
    throw new UsageError('a boot in memory never changes: --watch follows a session');
  }
  const session = await sh.machine('memmap', options);
  const ink = await sh.ink('out');
  await watchScreen(sh, () => {
    const { page, unicode } = sh;
    const found = session.view((kernel) => seen(kernel, name, options));
    return renderMap(found.map, layoutFor(found, columnsFor(page.width)), ink, { ...page, unicode });
  });
}

/** The picture, into a file or to standard output. @throws UnreadableInput when the file cannot be written */
async function writeSvg(sh: Shell, found: Seen, file: string | true): Promise<void> {
  const svg = mapSvg(
    found.map,
    layoutMap(found.map, { ...SVG, ...(found.window && { window: found.window }) }),
  );
  if (file === true)
    await sh.answer(
      () => ({}),
      () => svg,
    );
  else await writeOutput(sh, file, svg);
}

/** `dmaheap memmap`: physical memory as a picture. */
export function memmapCommand({ program, shell }: Registry): void {
  const command = completes(program.command('memmap'), 'heap')
    .summary('physical memory as a picture')
    .description(
      'Draws physical memory: each cell some pages, each kind of thing its own character, names beside the row where a thing begins. Cells are as small as a screen allows; rows that are all alike are shown once. A cell of several kinds is marked. Below: the largest buffer that each area can give now, what is free, what is reserved, the largest buffers, and what is smaller than a cell.',
    )
    .argument('[area]', 'a heap, a region or a CMA area, shown alone')
    .addHelpText(
      'after',
      examples(
        'dmaheap memmap',
        'dmaheap memmap video-cma@60000000',
        'dmaheap memmap --board board.dtb --cmdline "cma=64M" --svg map.svg',
        `dmaheap memmap --json | jq '.areas[] | {name, free, largest_request}'`,
      ),
    )
    .addOption(new Option('--from <address>', 'the first byte to show').argParser(readSize))
    .addOption(new Option('--to <address>', 'where to end').argParser(readSize))
    .option('--svg [file]', 'a picture for browsers and reports, in a file or on standard output')
    .option('--watch', 'draw again whenever the session changes, until Ctrl-C')
    .action(async (name: string | undefined, options: MemmapOptions) => {
      const sh = shell(command);
      if (options.watch === true) return watch(sh, name, options);
      if (options.svg !== undefined && sh.options.json === true) {
        throw new UsageError('--svg is a picture: --json would be ignored');
      }
      const machine = await sh.machine('memmap', options);
      const found = machine.view((kernel) => seen(kernel, name, options));
      if (options.svg !== undefined) return writeSvg(sh, found, options.svg);
      const { page, unicode } = sh;
      const layout = layoutFor(found, columnsFor(page.width));
      await sh.answer(
        () => memmapJson(found.map, layout.window),
        (ink) => `${sh.assumedMark}${renderMap(found.map, layout, ink, { ...page, unicode })}`,
      );
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
