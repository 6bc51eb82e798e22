/**
 * Where the nodes and properties of a compiled tree come from. Positions stay numbers until they are asked for,
 * so an origin costs one object.
 */
import type { SourcePosition } from '../../diagnostic.ts';
import type { OriginPosition } from '../source.ts';
import type { LiveNode, LiveProperty, Marker, Setting } from './live-tree.ts';
import type { Pieces, ValueForm } from './pieces.ts';
import type { SourceMap } from './source-map.ts';

/** A place in a source, with its includes, or in a blob. */
export type Place = SourcePosition | OriginPosition;

/** What a property was before something else replaced it. */
export interface EarlierSetting {
  readonly kind: 'set' | 'deleted';
  readonly position?: Place | undefined;
  /** Its value then; of a deletion, the value that was deleted. */
  readonly value: Uint8Array;
}

/** A cell, a string, a byte string, a reference or a file inside a value. */
export interface ValuePiece {
  /** Its first byte in the value. */
  readonly offset: number;
  readonly position: Place;
  /** What begins here; undefined for the further cells in the same brackets. */
  readonly form?: ValueForm | undefined;
}

/** A reference or a label in a value. */
export type ValueMark = Pick<Marker, 'kind' | 'offset' | 'ref' | 'leads'>;

/** Where a property comes from. */
export interface PropertyOrigin {
  /** The statement that set the value. */
  readonly position?: Place | undefined;
  /** Why the property is there, when no statement sets it: `numbered for a reference`. */
  readonly made?: string | undefined;
  /** What it was before, oldest first. */
  readonly earlier: readonly EarlierSetting[];
  readonly labels: readonly string[];
  /** Where the parts of the value stand. */
  readonly pieces: readonly ValuePiece[];
  /** Its references and labels, in order. */
  readonly marks: readonly ValueMark[];
}

/** Where a node comes from. */
export interface NodeOrigin {
  /** Its definition. */
  readonly position?: Place | undefined;
  readonly made?: string | undefined;
  /** Its definition and every override, in order. */
  readonly places: readonly Place[];
  readonly labels: readonly string[];
}

/** What the numbers of a compilation mean. */
export interface OriginTables {
  readonly sources: SourceMap;
  readonly pieces: Pieces;
}

export class CompiledPropertyOrigin implements PropertyOrigin {
  readonly #tables: OriginTables;
  readonly #property: LiveProperty;

  constructor(tables: OriginTables, property: LiveProperty) {
    this.#tables = tables;
    this.#property = property;
  }

  get position(): OriginPosition | undefined {
    return positionOf(this.#tables, this.#property.at);
  }

  get made(): string | undefined {
    return this.#property.made;
  }

  get earlier(): readonly EarlierSetting[] {
    return (this.#property.earlier ?? []).map((setting: Setting) => {
      const position = positionOf(this.#tables, setting.at);
      return {
        kind: setting.deleted ? ('deleted' as const) : ('set' as const),
        value: setting.value,
        ...(position === undefined ? {} : { position }),
      };
    });
  }

  get labels(): readonly string[] {
    return labelsOf(this.#property);
  }

  get pieces(): readonly ValuePiece[] {
    const { pieces, sources } = this.#tables;
    const { firstPiece, pieceCount } = this.#property;
    return Array.from({ length: pieceCount }, (_, i) => ({
      offset: pieces.offset(firstPiece + i),
      form: pieces.form(firstPiece + i),
      get position() {
        return sources.originAt(pieces.position(firstPiece + i));
      },
    }));
  }

  get marks(): readonly ValueMark[] {
    return this.#property.markers ?? [];
  }
}

export class CompiledNodeOrigin implements NodeOrigin {
  readonly #tables: OriginTables;
  readonly #node: LiveNode;

  constructor(tables: OriginTables, node: LiveNode) {
    this.#tables = tables;
    this.#node = node;
  }

  get position(): OriginPosition | undefined {
    return positionOf(this.#tables, this.#node.places[0] ?? -1);
  }

  get made(): string | undefined {
    return this.#node.made;
  }

  get places(): readonly OriginPosition[] {
    return this.#node.places.map((at) => this.#tables.sources.originAt(at));
  }

  get labels(): readonly string[] {
    return labelsOf(this.#node);
  }
}

const positionOf = ({ sources }: OriginTables, at: number): OriginPosition | undefined =>
  at < 0 ? undefined : sources.originAt(at);

/** The labels in the order in which dtc prints them. */
const labelsOf = ({ labels = [] }: Pick<LiveNode | LiveProperty, 'labels'>): string[] =>
  labels
    .filter(({ deleted }) => !deleted)
    .map(({ name }) => name)
    .reverse();
