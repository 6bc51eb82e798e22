/**
 * What stands inside a node: properties, child nodes and deletions, and the small things that statements outside
 * of nodes share with them.
 */

import { CH } from './chars.ts';
import type { ExpressionReader } from './expression.ts';
import type { LabelIndex } from './label-index.ts';
import { DTS_LIMITS } from './limits.ts';
import { EMPTY, type Label, LiveNode, LiveProperty } from './live-tree.ts';
import { type Report, StatementFailed } from './report.ts';
import type { Scanner } from './scanner.ts';
import type { ValueReader } from './value-reader.ts';

const NO_LABELS: Label[] = [];

export interface ParserParts {
  readonly scanner: Scanner;
  readonly expressions: ExpressionReader;
  readonly values: ValueReader;
  readonly labels: LabelIndex;
  readonly report: Report;
}

export class NodeReader {
  readonly #scanner: Scanner;
  readonly #expressions: ExpressionReader;
  readonly #values: ValueReader;
  readonly #report: Report;
  #nodes = 0;
  #properties = 0;

  constructor({ scanner, expressions, values, report }: ParserParts) {
    this.#scanner = scanner;
    this.#expressions = expressions;
    this.#values = values;
    this.#report = report;
  }

  /** `{ … };` of a node; the scanner stands on the brace. */
  body(name: string, at: number, depth: number): LiveNode {
    const scanner = this.#scanner;
    const opened = scanner.position;
    if (depth > DTS_LIMITS.nodeDepth) {
      this.#report.fatal(
        'dts-too-deep',
        at,
        `nodes are nested more than ${DTS_LIMITS.nodeDepth} deep, which Linux does not keep`,
      );
    }
    this.countNode(at);
    const node = new LiveNode(name, at);
    scanner.at++;
    for (;;) {
      try {
        const code = scanner.skip();
        if (code === CH.braceClose) break;
        if (code < 0) {
          if (this.#report.mending === undefined) this.#failUnclosed(opened, name);
          this.#report.mending.unclosed(opened, name);
          return node;
        }
        this.member(node, code, depth);
      } catch (error) {
        if (!(error instanceof StatementFailed)) throw error;
        this.#expressions.reset();
        this.recover(true);
      }
    }
    scanner.at++;
    const end = scanner.position;
    if (scanner.skip() === CH.semicolon) {
      scanner.at++;
    } else if (this.#report.mending !== undefined) {
      this.#report.mending.semicolon(end, 'the "}" of a node');
    } else {
      this.#report.error({
        code: 'dts-syntax',
        at: end,
        message: 'expected ";" after the "}" of a node',
        hint: 'a node ends with "};"',
      });
    }
    return node;
  }

  #failUnclosed(opened: number, name: string): never {
    this.#report.fatal(
      'dts-unclosed-node',
      opened,
      `node "${name === '' ? '/' : name}" is not closed at the end of the source`,
      'add "};"',
    );
  }

  /** One property, child node or deletion inside a node; the scanner stands on its first character. */
  member(node: LiveNode, first: number, depth: number): void {
    const scanner = this.#scanner;
    const labels = this.readLabels();
    const code = labels.length === 0 ? first : scanner.skip();
    const at = scanner.position;
    if (code === CH.slash) {
      this.#directive(node, labels, at, depth);
      return;
    }
    const name = scanner.name();
    if (name === '') this.#failMember(code, at);
    const end = scanner.position;
    const next = scanner.skip();
    if (next === CH.braceOpen) {
      this.#child(node, name, labels, at, depth);
      return;
    }
    let property: LiveProperty;
    if (next === CH.equals) {
      scanner.at++;
      property = this.#values.read(name, at);
    } else if (next === CH.semicolon) {
      scanner.at++;
      property = new LiveProperty(name, EMPTY, at);
    } else if (scanner.mended(end, next, name)) {
      property = new LiveProperty(name, EMPTY, at);
    } else {
      this.#report.syntax(
        'dts-syntax',
        scanner.position,
        `expected "=", ";" or "{" after "${name}"`,
        'does the line before end without a semicolon?',
      );
    }
    this.#addProperty(node, property, labels);
  }

  #directive(node: LiveNode, labels: readonly Label[], at: number, depth: number): void {
    const scanner = this.#scanner;
    if (scanner.take('/delete-property/')) {
      const property = new LiveProperty(this.#nameAfter('/delete-property/'), EMPTY, at, true);
      this.semicolon('/delete-property/');
      this.#addProperty(node, property, labels);
      return;
    }
    let omit = false;
    const all = [...labels];
    while (scanner.skip() === CH.slash && scanner.take('/omit-if-no-ref/')) {
      omit = true;
      all.push(...this.readLabels());
    }
    scanner.skip();
    if (scanner.take('/delete-node/')) {
      const child = new LiveNode(this.#nameAfter('/delete-node/'), at);
      child.deleted = true;
      this.semicolon('/delete-node/');
      node.addChild(child);
    } else if (omit) {
      const childAt = scanner.position;
      const name = this.#nameAfter('/omit-if-no-ref/');
      if (scanner.skip() !== CH.braceOpen) {
        this.#report.syntax('dts-syntax', scanner.position, `expected "{" after "${name}"`);
      }
      this.#child(node, name, all, childAt, depth).omitIfUnused = true;
    } else {
      this.#failMember(CH.slash, at);
    }
  }

  #child(node: LiveNode, name: string, labels: readonly Label[], at: number, depth: number): LiveNode {
    const child = this.body(name, at, depth + 1);
    for (let i = labels.length - 1; i >= 0; i--) {
      const label = labels[i];
      if (label !== undefined) child.addLabel(label);
    }
    node.addChild(child);
    return child;
  }

  #addProperty(node: LiveNode, property: LiveProperty, labels: readonly Label[]): void {
    for (let i = labels.length - 1; i >= 0; i--) {
      const label = labels[i];
      if (label !== undefined) property.addLabel(label);
    }
    if (node.children.length > 0) {
      this.#report.error({
        code: 'dts-property-after-node',
        at: property.at,
        message: `property "${property.name}" stands behind a child node`,
        hint: 'properties come before child nodes',
      });
    }
    if (++this.#properties > DTS_LIMITS.properties) {
      this.#report.fatal(
        'dts-too-many-properties',
        property.at,
        `more than ${DTS_LIMITS.properties} properties`,
      );
    }
    node.addProperty(property);
  }

  #nameAfter(directive: string): string {
    const scanner = this.#scanner;
    const code = scanner.skip();
    const at = scanner.position;
    const name = scanner.name();
    if (name !== '') return name;
    return this.#report.syntax(
      'dts-syntax',
      at,
      `expected a name after ${directive} inside a node`,
      code === CH.ampersand ? `${directive} with a reference stands outside of nodes` : undefined,
    );
  }

  #failMember(code: number, at: number): never {
    if (code === CH.slash) {
      this.#report.syntax(
        'dts-syntax',
        at,
        'expected a property, a child node, "}", /delete-property/, /delete-node/ or /omit-if-no-ref/',
      );
    }
    this.#report.syntax(
      'dts-syntax',
      at,
      'expected a property, a child node or "}"',
      code === CH.ampersand ? 'an override with "&" stands outside of nodes' : undefined,
    );
  }

  /** Counts a node, against the limit. */
  countNode(at: number): void {
    if (++this.#nodes > DTS_LIMITS.nodes) {
      this.#report.fatal('dts-too-many-nodes', at, `more than ${DTS_LIMITS.nodes} nodes`);
    }
  }

  /** The labels here, none or more. */
  readLabels(): Label[] {
    const scanner = this.#scanner;
    let labels = NO_LABELS;
    for (;;) {
      scanner.skip();
      const at = scanner.position;
      const name = scanner.label();
      if (name === undefined) return labels;
      if (labels.length === 0) labels = [];
      this.#report.countMark(at);
      labels.push({ name, at, deleted: false });
    }
  }

  /** Steps over a semicolon, or reports that it is missing. */
  semicolon(after: string): void {
    const scanner = this.#scanner;
    const end = scanner.position;
    const code = scanner.skip();
    if (code !== CH.semicolon) {
      if (scanner.mended(end, code, after)) return;
      this.#report.syntax('dts-syntax', end, `expected ";" after ${after}`);
    }
    scanner.at++;
  }

  /** Steps over the rest of a statement that was given up: behind its semicolon, or up to a closing brace. */
  recover(inNode: boolean): void {
    const scanner = this.#scanner;
    for (let braces = 0; ; ) {
      let code: number;
      try {
        code = scanner.skip();
        if (code < 0) return;
        if (code === CH.quote) {
          scanner.quoted();
          continue;
        }
      } catch (error) {
        if (!(error instanceof StatementFailed)) throw error;
        continue;
      }
      if (code === CH.braceClose && braces === 0 && inNode) return;
      scanner.at++;
      if (code === CH.braceOpen) braces++;
      else if (code === CH.braceClose) braces = Math.max(0, braces - 1);
      else if (code === CH.semicolon && braces === 0) return;
    }
  }
}
