/**
 * How much a source may ask for before it is refused. Real boards stay far below; a hostile source would
 * otherwise take memory or time out of proportion to its size.
 */
import { MAX_DEPTH } from '../dtb-reader.ts';

export const DTS_LIMITS = {
  /** Levels of nodes, the root's included. A blob could not hold more that Linux keeps. */
  nodeDepth: MAX_DEPTH,
  /** Parentheses, conditionals and unary operators inside each other. */
  expressionDepth: 256,
  /** Bytes of one property's value. */
  valueBytes: 16 * 2 ** 20,
  /** Bytes of all values together. */
  totalBytes: 64 * 2 ** 20,
  /** /include/ inside /include/. */
  includeDepth: 100,
  /** /include/ and /incbin/ in one compilation. */
  includes: 1000,
  /** Characters of text, the included files' too. */
  textLength: 32 * 2 ** 20,
  /** Nodes, those in overrides too. */
  nodes: 32_768,
  /** Properties, those in overrides and deletions too. */
  properties: 131_072,
  /** Labels and references. */
  marks: 65_536,
  /** Characters of a label, a path or the name of a node or property. */
  nameLength: 1023,
  /** Errors reported before giving up. */
  errors: 20,
} as const;
