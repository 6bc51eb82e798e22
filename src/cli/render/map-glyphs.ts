/** The characters of a map on a terminal: each kind has its own, so that the colours only help. */
import type { MapKind } from '../../report/map-kinds.ts';
import { FOLD_MARK } from '../../report/map-words.ts';
import type { Hue } from '../terminal/ink.ts';

/** A kind as a character, in a terminal that has Unicode and in one that has not, and its colour. */
interface Glyph {
  readonly unicode: string;
  readonly ascii: string;
  readonly hue: Hue;
}

const letter = (text: string, hue: Hue): Glyph => ({ unicode: text, ascii: text, hue });

export const GLYPHS: Readonly<Record<MapKind, Glyph>> = {
  kernel: letter('K', 'magenta'),
  initrd: letter('I', 'magenta'),
  dtb: letter('T', 'magenta'),
  firmware: letter('F', 'magenta'),
  early: letter('k', 'magenta'),
  used: letter('u', 'magenta'),
  bounce: letter('b', 'yellow'),
  atomic: letter('a', 'yellow'),
  reserved: letter('R', 'yellow'),
  'no-map': letter('X', 'yellow'),
  buffer: { unicode: '█', ascii: '#', hue: 'green' },
  device: letter('D', 'red'),
  taken: letter('?', 'red'),
  'area-free': { unicode: '─', ascii: '-', hue: 'cyan' },
  'pool-free': { unicode: '═', ascii: '=', hue: 'cyan' },
  free: { unicode: '·', ascii: '.', hue: 'dim' },
};

/** The second of two buffers that lie side by side. */
export const OTHER_BUFFER: Glyph = { unicode: '▓', ascii: '@', hue: 'green' };
/** Where a region begins right behind another. */
export const BORDER = '[';
/** Several kinds in one cell. */
export const MIXED = '%';

/** Rows that are all alike and shown once. */
export const FOLD = { unicode: FOLD_MARK, ascii: ':' };

/** The glyph for a terminal. */
export const glyphText = (glyph: Omit<Glyph, 'hue'>, unicode: boolean): string =>
  unicode ? glyph.unicode : glyph.ascii;
