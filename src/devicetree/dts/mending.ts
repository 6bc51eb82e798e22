/**
 * What a compilation asks where a source is not as dtc wants it, when somebody is there who mends it. Nobody is
 * unless asked for: a source is then compiled exactly as dtc compiles it.
 */
import type { LabelIndex } from './label-index.ts';
import type { Label, LiveNode, LiveProperty } from './live-tree.ts';
import type { SourceMap } from './source-map.ts';

/** What the parser has read at the end of the source. */
export interface ParsedTree {
  root: LiveNode | undefined;
  readonly labels: LabelIndex;
  readonly isPlugin: boolean;
  /** Adds a fragment with that body to a plugin. */
  addFragment(ref: string, body: LiveNode, at: number): void;
}

/** Positions are those of the source map. */
export interface Mending {
  /** The source is laid over a board: it is a plugin, whatever it says. */
  readonly isOverlay: boolean;
  begin(sources: SourceMap): void;
  /** `/dts-v1/;` is missing. */
  version(at: number): void;
  /** `/plugin/;` is missing. */
  plugin(at: number): void;
  /** A semicolon is missing where a line, or a node, ends. */
  semicolon(at: number, after: string): void;
  /** The source ends within a node. */
  unclosed(opened: number, name: string): void;
  /** A word stands where a number belongs, with what may follow it in parentheses. */
  macro(at: number, word: string): void;
  /** A boot loader has not printed a value. */
  unprinted(at: number): void;
  /** A property's value was read; what `macro` and `unprinted` told before is about it. */
  valueRead(property: LiveProperty): void;
  /** A /memreserve/ was read. */
  reservationRead(at: number): void;
  /** A node or property that stands outside of any node. */
  loose(body: LiveNode, at: number): void;
  /** A brace that closes nothing. @returns whether it can be left out */
  strayBrace(at: number, root: LiveNode | undefined): boolean;
  /** An override of a node that was not defined so far. */
  override(ref: string, body: LiveNode, labels: readonly Label[], at: number): void;
  /** /delete-node/ or /omit-if-no-ref/ of such a node. */
  directive(directive: string, ref: string, at: number): void;
  /** All is read: puts everything in its place. */
  finish(tree: ParsedTree): void;
}
