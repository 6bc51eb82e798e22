/**
 * Mends a source while it is compiled: goes on where dtc would stop, and notes each time what it assumed.
 *
 * What stands outside of nodes and what overrides nodes that are not there waits until all is read; then it is put in
 * its place, what is referred to and not there gets a stub, and cells are completed.
 */
import { InvalidInput, type SourcePosition } from '../../diagnostic.ts';
import { type Label, LiveNode, type LiveProperty, liveNodes, mergeNode } from '../dts/live-tree.ts';
import type { Mending, ParsedTree } from '../dts/mending.ts';
import type { SourceMap } from '../dts/source-map.ts';
import { type Assumption, refText } from './assumption.ts';
import { addCells } from './cells.ts';
import { hollowNodes } from './listing.ts';
import { concernsMemory, isRegion, looksLikeMemory } from './memory-role.ts';
import { StandIns } from './stand-ins.ts';

/** What waits for the end of the source. */
type Waiting =
  | { readonly kind: 'loose'; readonly body: LiveNode; readonly at: number }
  | { readonly kind: 'brace'; readonly at: number }
  | {
      readonly kind: 'override';
      readonly ref: string;
      readonly body: LiveNode;
      readonly labels: readonly Label[];
      readonly at: number;
    };

interface Macro {
  readonly word: string;
  readonly at: number;
}

/** A value of which a part is not known. */
interface UnknownValue {
  /** The macros in it; none for what a boot loader did not print. */
  readonly macros: readonly Macro[];
  /** Not only a cell of it: there is no value at all. */
  readonly whole: boolean;
}

const ROOT_PROPERTIES = [
  '#address-cells',
  '#size-cells',
  'compatible',
  'model',
  'interrupt-parent',
  'dma-coherent',
];
/** More is not mended. */
const MOST = 1000;
const MEMORY_NAME = /memory|pool|cma/i;

export interface MenderOptions {
  readonly isOverlay: boolean;
  /** The source is a patch: its nodes may end anywhere. */
  readonly isDiff: boolean;
  /** It is what a boot loader lists. */
  readonly isListing: boolean;
}

export class Mender implements Mending {
  readonly isOverlay: boolean;
  readonly assumptions: Assumption[] = [];
  /** A part of the source is somewhere else: a file that it includes, or what stands around it. */
  isPart = false;
  /** And more than single nodes of it: what is not defined here may be defined there. */
  isFragment = false;
  readonly #options: MenderOptions;
  #sources: SourceMap | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #unknown = new Map<number, UnknownValue>();
  #macros: Macro[] = [];
  #unprinted = false;
  readonly #toldMacros = new Set<string>();
  #unclosed = false;
  #madeReserved = false;

  constructor(options: MenderOptions) {
    this.#options = options;
    this.isOverlay = options.isOverlay;
  }

  /** What should stand around it, or be included, is not given. */
  lacksFile(): void {
    this.isPart = true;
    this.isFragment = true;
  }

  begin(sources: SourceMap): void {
    this.#sources = sources;
  }

  assume(code: string, at: number | undefined, message: string, more: Partial<Assumption> = {}): void {
    const position = this.#positionOf(at);
    if (this.assumptions.length >= MOST) {
      const text = `more than ${MOST} things would have to be assumed: this is no device-tree source`;
      const found = { code: 'assumed-too-much', severity: 'error', message: text } as const;
      throw new InvalidInput([{ ...found, ...(position && { position }) }]);
    }
    this.assumptions.push({ code, message, ...(position && { position }), ...more });
  }

  version(at: number): void {
    this.lacksFile();
    this.assume('assumed-version', at, '"/dts-v1/;" is missing: put before it');
  }

  plugin(at: number): void {
    this.assume('assumed-plugin', at, 'an overlay, though "/plugin/;" is missing');
  }

  semicolon(at: number, after: string): void {
    this.assume('assumed-semicolon', at, `";" is missing after ${after}: put there`);
  }

  unclosed(opened: number, name: string): void {
    // Of nodes within each other the innermost tells it.
    if (this.#unclosed) return;
    this.#unclosed = true;
    const node = name === '' ? 'the root' : name;
    const isCut = !this.#options.isDiff || MEMORY_NAME.test(node);
    this.assume('assumed-end', opened, 'its nodes are closed there, and nothing is missing', {
      ...(isCut && { lacks: `the source ends within ${node}` }),
    });
  }

  macro(at: number, word: string): void {
    this.#macros.push({ word, at });
  }

  unprinted(): void {
    this.#unprinted = true;
  }

  valueRead(property: LiveProperty): void {
    if (this.#macros.length === 0 && !this.#unprinted) return;
    const macros = this.#macros;
    this.#unknown.set(property.at, { macros, whole: this.#unprinted || property.value.length === 0 });
    this.#macros = [];
    this.#unprinted = false;
  }

  reservationRead(at: number): void {
    const [first] = this.#macros;
    this.#macros = [];
    if (first === undefined) return;
    this.assume('assumed-macro', at, 'it is 0', {
      lacks: `no file that is given defines ${first.word}, which /memreserve/ needs`,
      instead: `-D ${first.word}=VALUE gives it`,
    });
  }

  loose(body: LiveNode, at: number): void {
    this.lacksFile();
    this.#waiting.push({ kind: 'loose', body, at });
  }

  strayBrace(at: number): boolean {
    const isMine = this.#options.isDiff || this.#waiting.some(({ kind }) => kind === 'loose');
    if (isMine) this.#waiting.push({ kind: 'brace', at });
    return isMine;
  }

  override(ref: string, body: LiveNode, labels: readonly Label[], at: number): void {
    this.isPart = true;
    this.#waiting.push({ kind: 'override', ref, body, labels, at });
  }

  directive(directive: string, ref: string, at: number): void {
    this.isPart = true;
    const message = `${directive} left out: no file that is given defines ${refText(ref)}`;
    this.assume('assumed-directive', at, message);
  }

  finish(tree: ParsedTree): void {
    this.#placeLoose(tree);
    const { root } = tree;
    if (root === undefined && !this.#waiting.some(({ kind }) => kind === 'override')) return;
    tree.root ??= new LiveNode('', -1);
    const standIns = new StandIns(tree.root, tree.labels, {
      assume: (code, at, message, more) => this.assume(code, at, message, more),
      isWhole: !this.isFragment,
    });
    for (const one of this.#waiting) {
      if (one.kind === 'override') standIns.override(one.ref, one.body, one.labels, one.at);
    }
    this.#fillUnknown(tree.root);
    if (tree.isPlugin) return;
    if (standIns.references()) this.isPart = true;
    if (this.isPart) this.#addCells(tree.root, standIns);
    for (const node of hollowNodes(tree.root, this.#options.isListing)) {
      this.assume('assumed-listing', node.places[0], 'it is empty', {
        lacks: `${node.name} was listed without what is in it`,
        instead: 'fdt print shows all',
      });
    }
  }

  /** What stands outside of nodes belongs to the root; what a brace closes whose beginning is not there, to nobody. */
  #placeLoose(tree: ParsedTree): void {
    let lastBrace = -1;
    this.#waiting.forEach(({ kind }, index) => {
      if (kind === 'brace') lastBrace = index;
    });
    const isEnd = !this.#waiting.slice(lastBrace + 1).some(({ kind }) => kind !== 'brace');
    let braces = this.#waiting.filter(({ kind }) => kind === 'brace').length;
    let told = false;
    for (const one of this.#waiting) {
      if (one.kind === 'brace') braces--;
      if (one.kind !== 'loose') continue;
      const { body, at } = one;
      const [child] = body.children;
      const [property] = body.properties;
      const isOfOther = braces > (isEnd ? 1 : 0);
      if (property !== undefined && (isOfOther || !ROOT_PROPERTIES.includes(property.name))) {
        const lacks = `"${property.name}" stands in no node that is shown`;
        const matters = looksLikeMemory(property);
        this.assume(
          'assumed-left-out',
          at,
          matters ? 'left out' : `${lacks}: left out`,
          matters ? { lacks } : {},
        );
        continue;
      }
      if (child !== undefined && isRegion(child)) {
        this.assume('assumed-reserved-memory', at, 'a child of /reserved-memory', {
          lacks: `the node around ${child.name} is not shown`,
        });
        this.#made(tree, body, at, true);
        continue;
      }
      if (!told && tree.root === undefined && !tree.isPlugin) {
        this.assume('assumed-root', at, 'wrapped in a root node: "/ { … };"');
      }
      told = true;
      this.#made(tree, body, at, false);
    }
  }

  /** Puts a body that stands for the root's, or for that of /reserved-memory, in its place. */
  #made(tree: ParsedTree, body: LiveNode, at: number, isReserved: boolean): void {
    if (tree.isPlugin) {
      tree.addFragment(isReserved ? '/reserved-memory' : '/', body, at);
      return;
    }
    tree.root ??= new LiveNode('', -1);
    let from = body;
    if (isReserved) {
      from = new LiveNode('', -1);
      const reserved = new LiveNode('reserved-memory', -1);
      for (const child of body.children) reserved.addChild(child);
      if (tree.root.liveChild('reserved-memory') === undefined) this.#madeReserved = true;
      from.addChild(reserved);
    }
    mergeNode(tree.root, from, tree.labels);
  }

  /** Values of which something is not known: memory's are left out, in others it is 0. */
  #fillUnknown(root: LiveNode): void {
    if (this.#unknown.size === 0) return;
    for (const node of liveNodes(root)) {
      for (const property of [...node.properties]) {
        const unknown = property.deleted ? undefined : this.#unknown.get(property.at);
        if (unknown !== undefined) this.#fill(node, property, unknown);
      }
    }
  }

  #fill(node: LiveNode, property: LiveProperty, { macros, whole }: UnknownValue): void {
    const { name, at } = property;
    const path = node.path;
    const matters = concernsMemory(node, name);
    const [first] = macros;
    if (matters || whole) node.drop(property);
    if (first === undefined) {
      const lacks = `the boot loader does not print the value of "${name}" in ${path}`;
      const more = { lacks, instead: `fdt print ${path} ${name} may show it` };
      this.assume('assumed-unprinted', at, matters ? 'left out' : `${lacks}: left out`, matters ? more : {});
    } else if (matters) {
      this.assume('assumed-macro', first.at, 'the property is left out', {
        lacks: `no file that is given defines ${first.word}, which "${name}" of ${path} needs`,
        instead: `-D ${first.word}=VALUE gives it`,
      });
    } else {
      for (const { word: macro, at } of macros) {
        if (this.#toldMacros.has(macro)) continue;
        this.#toldMacros.add(macro);
        const what = whole ? `"${name}" left out` : `${macro} taken for 0`;
        const message = `${what}: no file that is given defines ${whole ? macro : 'it'}, and memory does not depend on it`;
        this.assume('assumed-macro', at, message);
      }
    }
  }

  #addCells(root: LiveNode, standIns: StandIns): void {
    const isMade = (node: LiveNode) => this.#madeReserved || standIns.isMade(node);
    for (const { node, message, lacks } of addCells(root, isMade)) {
      this.assume(
        'assumed-cells',
        node.places[0] ?? node.children[0]?.places[0],
        message,
        lacks ? { lacks } : {},
      );
    }
  }

  #positionOf(at: number | undefined): SourcePosition | undefined {
    return at === undefined || at < 0 ? undefined : this.#sources?.originAt(at);
  }
}
