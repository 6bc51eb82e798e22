/** How each kind looks in a picture: a colour for the light and the dark theme, and a pattern, so that no colour is needed. */
import type { MapKind } from './map-kinds.ts';

/** A kind's look. The tile is 8 by 8. */
interface Look {
  readonly light: string;
  readonly dark: string;
  /** What is drawn over the colour, as elements of SVG that use `currentColor`. */
  readonly pattern: string;
}

const line = (path: string, width = 1.5): string =>
  `<path d="${path}" stroke="currentColor" stroke-width="${width}" fill="none"/>`;
const dot = (x: number, y: number, r: number): string =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="currentColor"/>`;

const RISING = line('M-2 2L2 -2M0 8L8 0M6 10L10 6');
const FALLING = line('M-2 6L2 10M0 0L8 8M6 -2L10 2');

/** The colours are Okabe and Ito's, or near to them, which colour-blind readers tell apart. */
export const LOOKS: Readonly<Record<MapKind, Look>> = {
  kernel: { light: '#b57ba0', dark: '#9a5f87', pattern: line('M0 4H8', 2) },
  initrd: { light: '#c99bb9', dark: '#8a5578', pattern: line('M4 0V8', 2) },
  dtb: { light: '#d6b3c9', dark: '#7d4d6d', pattern: line('M0 4H8M4 0V8') },
  firmware: { light: '#a78fb8', dark: '#6f5a80', pattern: `${RISING}${FALLING}` },
  early: { light: '#dcc7d5', dark: '#66465b', pattern: dot(2, 2, 1) + dot(6, 6, 1) },
  used: { light: '#e3b8c8', dark: '#80405a', pattern: dot(4, 4, 1.6) },
  bounce: { light: '#f0e442', dark: '#8d8413', pattern: line('M0 2Q2 6 4 2T8 2') },
  atomic: { light: '#e8d98a', dark: '#756a24', pattern: line('M0 6L4 2L8 6') },
  reserved: { light: '#e9b44c', dark: '#94681a', pattern: RISING },
  'no-map': { light: '#d98e32', dark: '#a35c0e', pattern: `${RISING}${FALLING}` },
  buffer: { light: '#00a67a', dark: '#00966c', pattern: '' },
  device: { light: '#d55e00', dark: '#c8590a', pattern: line('M0 2H8M0 6H8M2 0V8M6 0V8', 0.8) },
  taken: { light: '#c95b5b', dark: '#a84040', pattern: FALLING },
  'area-free': { light: '#bfe0f7', dark: '#1c4866', pattern: line('M0 4H8', 0.8) },
  'pool-free': { light: '#9fc5ea', dark: '#24507f', pattern: line('M0 2H8M0 6H8', 0.8) },
  free: { light: '#f1f1ee', dark: '#262a2e', pattern: dot(4, 4, 0.5) },
};

/** The name of a kind's colour, and the reference to its pattern. @param prefix of all ids of the picture */
export const colourName = (kind: MapKind): string => `--map-${kind}`;
export const patternId = (prefix: string, kind: MapKind): string => `${prefix}pattern-${kind}`;
