/** How each kind looks in a picture: a colour for the light and the dark theme, and a pattern, so that no colour is needed. */
import { MAP_KINDS, type MapKind } from './map-kinds.ts';
import { type Shape, shape } from './shape.ts';

/** A kind's look. */
interface Look {
  readonly light: string;
  readonly dark: string;
  /** What is drawn over the colour, in tiles of 8 by 8; nothing where the colour stands alone. */
  readonly pattern: readonly Shape[];
}

const line = (d: string, width = 1.5): Shape =>
  shape('path', { d, stroke: 'currentColor', 'stroke-width': width, fill: 'none' });
const dot = (cx: number, cy: number, r: number): Shape =>
  shape('circle', { cx, cy, r, fill: 'currentColor' });

const RISING = line('M-2 2L2 -2M0 8L8 0M6 10L10 6');
const FALLING = line('M-2 6L2 10M0 0L8 8M6 -2L10 2');

/** The colours are Okabe and Ito's, or near to them, which colour-blind readers tell apart. */
export const LOOKS: Readonly<Record<MapKind, Look>> = {
  kernel: { light: '#b57ba0', dark: '#9a5f87', pattern: [line('M0 4H8', 2)] },
  initrd: { light: '#c99bb9', dark: '#8a5578', pattern: [line('M4 0V8', 2)] },
  dtb: { light: '#d6b3c9', dark: '#7d4d6d', pattern: [line('M0 4H8M4 0V8')] },
  firmware: { light: '#a78fb8', dark: '#6f5a80', pattern: [RISING, FALLING] },
  early: { light: '#dcc7d5', dark: '#66465b', pattern: [dot(2, 2, 1), dot(6, 6, 1)] },
  used: { light: '#e3b8c8', dark: '#80405a', pattern: [dot(4, 4, 1.6)] },
  bounce: { light: '#f0e442', dark: '#8d8413', pattern: [line('M0 2Q2 6 4 2T8 2')] },
  atomic: { light: '#e8d98a', dark: '#756a24', pattern: [line('M0 6L4 2L8 6')] },
  reserved: { light: '#e9b44c', dark: '#94681a', pattern: [RISING] },
  'no-map': { light: '#d98e32', dark: '#a35c0e', pattern: [RISING, FALLING] },
  buffer: { light: '#00a67a', dark: '#00966c', pattern: [] },
  device: { light: '#d55e00', dark: '#c8590a', pattern: [line('M0 2H8M0 6H8M2 0V8M6 0V8', 0.8)] },
  taken: { light: '#c95b5b', dark: '#a84040', pattern: [FALLING] },
  'area-free': { light: '#bfe0f7', dark: '#1c4866', pattern: [line('M0 4H8', 0.8)] },
  'pool-free': { light: '#9fc5ea', dark: '#24507f', pattern: [line('M0 2H8M0 6H8', 0.8)] },
  free: { light: '#f1f1ee', dark: '#262a2e', pattern: [dot(4, 4, 0.5)] },
};

/** The theme of what is no kind: `chosen` is the border of what a reader has picked. */
const PAGE = {
  light: {
    page: '#fff',
    text: '#1b1b1b',
    quiet: '#555',
    line: '#888',
    ink: 'rgba(0,0,0,.5)',
    chosen: '#c2006b',
  },
  dark: {
    page: '#15181b',
    text: '#ececec',
    quiet: '#a9adb2',
    line: '#777',
    ink: 'rgba(255,255,255,.45)',
    chosen: '#ff7ac0',
  },
} as const;

type Theme = keyof typeof PAGE;

function variables(theme: Theme): string {
  const own = Object.entries(PAGE[theme]).map(([name, colour]) => `--map-${name}:${colour}`);
  const kinds = MAP_KINDS.map((kind) => `--map-kind-${kind}:${LOOKS[kind][theme]}`);
  return `.dmaheap-map{${[...own, ...kinds].join(';')}}`;
}

const patternId = (prefix: string, kind: MapKind): string => `${prefix}pattern-${kind}`;

/** The patterns, to which the filled shapes of a picture refer. @param prefix of all ids of the picture */
export const mapPatterns = (prefix: string): Shape =>
  shape(
    'defs',
    {},
    ...MAP_KINDS.filter((kind) => LOOKS[kind].pattern.length > 0).map((kind) =>
      shape(
        'pattern',
        { id: patternId(prefix, kind), width: 8, height: 8, patternUnits: 'userSpaceOnUse' },
        ...LOOKS[kind].pattern,
      ),
    ),
  );

/** A box that is filled as its kind is. */
export function kindBox(kind: MapKind, box: Shape['attributes'], prefix: string): readonly Shape[] {
  const colour = shape('rect', { ...box, class: `k-${kind}` });
  if (LOOKS[kind].pattern.length === 0) return [colour];
  return [colour, shape('rect', { ...box, fill: `url(#${patternId(prefix, kind)})` })];
}

/** The style of all pictures of maps. It follows the theme of the reader; paper is light. */
export const MAP_STYLE = [
  variables('light'),
  `@media (prefers-color-scheme:dark){${variables('dark')}}`,
  `@media print{${variables('light')}}`,
  '.dmaheap-map{background:var(--map-page);color:var(--map-text);font:13px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}',
  '.dmaheap-map text{fill:var(--map-text)}.dmaheap-map .quiet{fill:var(--map-quiet)}',
  '.dmaheap-map .ground{fill:var(--map-page)}.dmaheap-map .corner{fill:var(--map-text)}',
  '.dmaheap-map .head{font-weight:bold}.dmaheap-map pattern{color:var(--map-ink)}',
  '.dmaheap-map .edge{stroke:var(--map-text);stroke-width:1.2;fill:none}',
  '.dmaheap-map .fold{stroke:var(--map-page);stroke-width:1.5;fill:none}',
  '.dmaheap-map .frame{stroke:var(--map-line);stroke-width:1;fill:none}',
  '.dmaheap-map :target rect,.dmaheap-map .chosen rect{stroke:var(--map-chosen);stroke-width:3}',
  ...MAP_KINDS.map((kind) => `.dmaheap-map .k-${kind}{fill:var(--map-kind-${kind})}`),
].join('');
