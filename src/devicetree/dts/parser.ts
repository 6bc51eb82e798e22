/**
 * The statements of a source, in order, each applied to the tree as soon as it is read.
 *
 * dtc: dtc-parser.y, and livetree.c for what a statement does. After an error the parser goes on behind the next
 * semicolon or closing brace, so that one run finds several.
 */
import type { MemReserve } from '../tree.ts';
import { CH } from './chars.ts';
import type { ExpressionReader } from './expression.ts';

import type { LabelIndex } from './label-index.ts';
import { DTS_LIMITS } from './limits.ts';
import { announce, attach, EMPTY, type Label, LiveNode, LiveProperty, mergeNode } from './live-tree.ts';
import { type Report, StatementFailed } from './report.ts';
import type { Scanner } from './scanner.ts';
import { nearest } from './suggest.ts';
import type { ValueReader } from './value-reader.ts';

export interface ParsedSource {
  readonly root: LiveNode | undefined;
  readonly memReserves: readonly MemReserve[];
  readonly isPlugin: boolean;
}

export interface ParserParts {
  readonly scanner: Scanner;
  readonly expressions: ExpressionReader;
  readonly values: ValueReader;
  readonly labels: LabelIndex;
  readonly report: Report;
}

export class Parser {
  readonly #scanner: Scanner;
  readonly #expressions: ExpressionReader;
  readonly #values: ValueReader;
  readonly #labels: LabelIndex;
  readonly #report: Report;
  readonly #memReserves: MemReserve[] = [];
  #root: LiveNode | undefined;
  #isPlugin = false;
  #sawVersion = false;
  #fragments = 0;
  #nodes = 0;
  #properties = 0;

  constructor({ scanner, expressions, values, labels, report }: ParserParts) {
    this.#scanner = scanner;
    this.#expressions = expressions;
    this.#values = values;
    this.#labels = labels;
    this.#report = report;
  }

  parse(): ParsedSource {
    for (;;) {
      try {
        if (this.#scanner.skip() < 0) break;
        this.#statement();
      } catch (error) {
        if (!(error instanceof StatementFailed)) throw error;
        this.#recover(false);
      }
    }
    if (!this.#sawVersion && !this.#report.failed) {
      this.#report.error({
        code: 'dts-no-version',
        at: 0,
        message: 'expected "/dts-v1/;" at the start of the source',
        hint: 'sources without it are of a version that dtc no longer reads either',
      });
    }
    if ((this.#root === undefined || this.#root.deleted) && !this.#report.failed) {
      this.#report.error({
        code: 'dts-no-root',
        at: this.#scanner.position,
        message: `the source ${this.#root === undefined ? 'defines no node' : 'deletes the root node'}; expected "/ { … };"`,
      });
    }
    return { root: this.#root, memReserves: this.#memReserves, isPlugin: this.#isPlugin };
  }

  #statement(): void {
    const scanner = this.#scanner;
    const at = scanner.position;
    if (scanner.take('/dts-v1/')) {
      this.#version(at);
      return;
    }
    if (!this.#sawVersion) {
      this.#sawVersion = true;
      this.#report.error({
        code: 'dts-no-version',
        at,
        message: 'expected "/dts-v1/;" at the start of the source',
        hint: 'is this a file that others include?',
      });
    }
    if (scanner.take('/plugin/')) {
      this.#report.syntax('dts-syntax', at, '"/plugin/;" must follow "/dts-v1/;" directly');
    } else if (scanner.take('/delete-node/')) {
      this.#target('/delete-node/')?.delete(at);
    } else if (scanner.take('/omit-if-no-ref/')) {
      const target = this.#target('/omit-if-no-ref/');
      if (target !== undefined) target.omitIfUnused = true;
    } else {
      this.#labelledStatement(at);
    }
  }

  /** After `/dts-v1/`. */
  #version(at: number): void {
    const scanner = this.#scanner;
    this.#semicolon('"/dts-v1/"');
    let isPlugin = false;
    if (scanner.skip() === CH.slash && scanner.take('/plugin/')) {
      this.#semicolon('"/plugin/"');
      isPlugin = true;
    }
    if (this.#root !== undefined || this.#memReserves.length > 0) {
      this.#report.error({
        code: 'dts-late-version',
        at,
        message: '"/dts-v1/;" stands behind a node; expected it only at the start',
        hint: 'leave it out of files that others include',
      });
    } else if (this.#sawVersion && isPlugin !== this.#isPlugin) {
      this.#report.error({
        code: 'dts-version-mismatch',
        at,
        message: 'one "/dts-v1/;" has "/plugin/;" behind it and another has not',
      });
    }
    this.#sawVersion = true;
    this.#isPlugin ||= isPlugin;
  }

  /** A root node, an override or a reservation, with the labels before it. */
  #labelledStatement(at: number): void {
    const scanner = this.#scanner;
    const labels = this.#readLabels();
    const code = scanner.skip();
    if (code === CH.slash && scanner.take('/memreserve/')) {
      this.#memReserve(at);
      return;
    }
    if (code === CH.ampersand) {
      this.#override(labels);
      return;
    }
    if (code === CH.slash) {
      scanner.at++;
      if (scanner.skip() === CH.braceOpen) {
        if (labels[0] !== undefined) {
          this.#report.syntax(
            'dts-syntax',
            labels[0].at,
            'the root node takes no label',
            'refer to it with &{/}',
          );
        }
        const body = this.#body('', at, 1);
        if (this.#root === undefined) {
          this.#root = body;
          announce(body, this.#labels);
        } else {
          mergeNode(this.#root, body, this.#labels);
        }
        return;
      }
    }
    const word = scanner.name().slice(0, 60);
    let hint: string | undefined;
    if (word !== '') hint = `"${word}" stands outside of any node; is a "};" before it too many?`;
    else if (code === CH.braceClose) hint = 'this "}" closes no node; is it one too many?';
    this.#report.syntax(
      'dts-syntax',
      at,
      'expected a node: "/ {", "&label {" or "&{/path} {", /delete-node/ or /memreserve/',
      hint,
    );
  }

  #memReserve(at: number): void {
    const address = this.#expressions.primary();
    const size = this.#expressions.primary();
    this.#semicolon('/memreserve/');
    if (this.#root !== undefined) {
      this.#report.error({
        code: 'dts-late-memreserve',
        at,
        message: '/memreserve/ stands behind a node; expected it before the first one',
      });
    }
    if (size === 0) {
      this.#report.warning({
        code: 'dts-empty-memreserve',
        at,
        message: '/memreserve/ of size 0 reserves nothing',
        hint: 'in a blob that dtc writes it ends the list, and hides those behind it',
      });
    }
    this.#memReserves.push({ address: BigInt(address), size: BigInt(size) });
  }

  /** The node that /delete-node/ or /omit-if-no-ref/ names at the top level. */
  #target(directive: string): LiveNode | undefined {
    const scanner = this.#scanner;
    if (scanner.skip() !== CH.ampersand) {
      this.#report.syntax(
        'dts-syntax',
        scanner.position,
        `expected "&label" or "&{/path}" after ${directive} outside of a node`,
      );
    }
    const at = scanner.position;
    const ref = scanner.reference();
    this.#semicolon(`${directive} &${ref}`);
    const node = this.#root === undefined ? undefined : this.#labels.resolve(this.#root, ref);
    if (node === undefined) this.#noSuchNode(ref, at);
    return node;
  }

  /** `&label { … };` */
  #override(labels: readonly Label[]): void {
    const scanner = this.#scanner;
    if (labels[1] !== undefined) {
      this.#report.syntax(
        'dts-syntax',
        labels[1].at,
        'expected "&" and the node to override after one label',
      );
    }
    const at = scanner.position;
    const ref = scanner.reference();
    const isPath = scanner.text.charCodeAt(scanner.at - 1) === CH.braceClose;
    if (scanner.skip() !== CH.braceOpen) {
      this.#report.syntax(
        'dts-syntax',
        scanner.position,
        `expected "{" after &${ref}`,
        'an override sets properties: &label { property; };',
      );
    }
    const target = this.#root === undefined ? undefined : this.#labels.resolve(this.#root, ref);
    if (this.#isPlugin && isPath && !ref.startsWith('/') && ref.includes('/')) {
      this.#report.error({
        code: 'dts-relative-target',
        at,
        message: `a plugin cannot refer to &{${ref}}: the base tree's paths below labels are not known`,
        hint: 'give that node a label in the base tree',
      });
    }
    const becomesFragment =
      this.#isPlugin && labels.length === 0 && (isPath || target === undefined || this.#root === undefined);
    if (becomesFragment) {
      const body = this.#body('__overlay__', at, 3);
      this.#addFragment(ref, body, at);
      return;
    }
    const body = this.#body('', at, target?.depth ?? 1);
    if (target === undefined) {
      this.#noSuchNode(ref, at);
      return;
    }
    for (const label of [...labels].reverse()) {
      target.addLabel(label);
      this.#labels.labelled(label.name, target);
    }
    mergeNode(target, body, this.#labels);
  }

  /** livetree.c: add_orphan_node() */
  #addFragment(ref: string, overlay: LiveNode, at: number): void {
    this.#nodes++;
    if (this.#root === undefined) this.#root = new LiveNode('', -1);
    const fragment = new LiveNode(`fragment@${this.#fragments++}`, at);
    const isPath = ref.startsWith('/');
    const target = new LiveProperty(
      isPath ? 'target-path' : 'target',
      isPath ? new TextEncoder().encode(`${ref}\0`) : Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      at,
    );
    if (!isPath) target.markers = [{ kind: 'phandle', offset: 0, ref, at }];
    target.made = 'names what the fragment overrides';
    fragment.addProperty(target);
    fragment.addChild(overlay);
    attach(this.#root, fragment, this.#labels);
  }

  /** `{ … };` of a node; the scanner stands on the brace. */
  #body(name: string, at: number, depth: number): LiveNode {
    const scanner = this.#scanner;
    const opened = scanner.position;
    if (depth > DTS_LIMITS.nodeDepth) {
      this.#report.fatal(
        'dts-too-deep',
        at,
        `nodes are nested more than ${DTS_LIMITS.nodeDepth} deep, which Linux does not keep`,
      );
    }
    if (++this.#nodes > DTS_LIMITS.nodes) {
      this.#report.fatal('dts-too-many-nodes', at, `more than ${DTS_LIMITS.nodes} nodes`);
    }
    const node = new LiveNode(name, at);
    scanner.at++;
    for (;;) {
      try {
        const code = scanner.skip();
        if (code === CH.braceClose) break;
        if (code < 0) this.#failUnclosed(opened, name);
        this.#member(node, code, depth);
      } catch (error) {
        if (!(error instanceof StatementFailed)) throw error;
        this.#expressions.reset();
        this.#recover(true);
      }
    }
    scanner.at++;
    const end = scanner.position;
    if (scanner.skip() === CH.semicolon) {
      scanner.at++;
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

  /** One property, child node or deletion inside a node. */
  #member(node: LiveNode, first: number, depth: number): void {
    const scanner = this.#scanner;
    const labels = this.#readLabels();
    const code = labels.length === 0 ? first : scanner.skip();
    const at = scanner.position;
    if (code === CH.slash) {
      this.#directive(node, labels, at, depth);
      return;
    }
    const name = scanner.name();
    if (name === '') this.#failMember(code, at);
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
      this.#semicolon('/delete-property/');
      this.#addProperty(node, property, labels);
      return;
    }
    let omit = false;
    const all = [...labels];
    while (scanner.skip() === CH.slash && scanner.take('/omit-if-no-ref/')) {
      omit = true;
      all.push(...this.#readLabels());
    }
    scanner.skip();
    if (scanner.take('/delete-node/')) {
      const child = new LiveNode(this.#nameAfter('/delete-node/'), at);
      child.deleted = true;
      this.#semicolon('/delete-node/');
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
    const child = this.#body(name, at, depth + 1);
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

  #readLabels(): Label[] {
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

  #semicolon(after: string): void {
    const scanner = this.#scanner;
    const end = scanner.position;
    if (scanner.skip() !== CH.semicolon) {
      this.#report.syntax('dts-syntax', end, `expected ";" after ${after}`);
    }
    scanner.at++;
  }

  #noSuchNode(ref: string, at: number): void {
    const isPath = ref.includes('/');
    const guess = isPath ? undefined : nearest(ref, this.#labels.labels());
    this.#report.error({
      code: 'dts-no-such-node',
      at,
      message: isPath ? `there is no node at &{${ref}}` : `no node has the label "${ref}"`,
      hint:
        guess === undefined
          ? 'a node must be defined before it is overridden; is an /include/ or #include missing?'
          : `did you mean &${guess}?`,
    });
  }

  /** Steps over the rest of a statement that was given up: behind its semicolon, or up to a closing brace. */
  #recover(inNode: boolean): void {
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

const NO_LABELS: Label[] = [];
