/**
 * The statements of a source, in order, each applied to the tree as soon as it is read.
 *
 * dtc: dtc-parser.y, and livetree.c for what a statement does. After an error the parser goes on behind the next
 * semicolon or closing brace, so that one run finds several.
 */

import { closest } from '../closest.ts';
import type { MemReserve } from '../tree.ts';
import { CH, isNameChar } from './chars.ts';
import type { ExpressionReader } from './expression.ts';
import type { LabelIndex } from './label-index.ts';
import { announce, attach, type Label, LiveNode, LiveProperty, mergeNode } from './live-tree.ts';
import type { ParsedTree } from './mending.ts';
import { NodeReader, type ParserParts } from './node-reader.ts';
import { type Report, StatementFailed } from './report.ts';
import type { Scanner } from './scanner.ts';

export interface ParsedSource {
  readonly root: LiveNode | undefined;
  readonly memReserves: readonly MemReserve[];
  readonly isPlugin: boolean;
}

export class Parser {
  readonly #scanner: Scanner;
  readonly #expressions: ExpressionReader;
  readonly #nodes: NodeReader;
  readonly #labels: LabelIndex;
  readonly #report: Report;
  readonly #memReserves: MemReserve[] = [];
  #root: LiveNode | undefined;
  #isPlugin = false;
  #sawVersion = false;
  #fragments = 0;

  constructor(parts: ParserParts) {
    const { scanner, expressions, labels, report } = parts;
    this.#scanner = scanner;
    this.#expressions = expressions;
    this.#nodes = new NodeReader(parts);
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
        this.#nodes.recover(false);
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
    if (!this.#report.failed) this.#finishMending();
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
    const { mending } = this.#report;
    if (!this.#sawVersion && mending !== undefined) {
      mending.version(at);
      this.#sawVersion = true;
      if (scanner.take('/plugin/')) {
        this.#nodes.semicolon('"/plugin/"');
        this.#isPlugin = true;
        return;
      }
      this.#overlay(at);
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
    this.#nodes.semicolon('"/dts-v1/"');
    let isPlugin = false;
    if (scanner.skip() === CH.slash && scanner.take('/plugin/')) {
      this.#nodes.semicolon('"/plugin/"');
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
    this.#overlay(at);
  }

  /** Takes an overlay that does not say so for one, where it is mended. */
  #overlay(at: number): void {
    const { mending } = this.#report;
    if (mending?.isOverlay !== true || this.#isPlugin) return;
    mending.plugin(at);
    this.#isPlugin = true;
  }

  #finishMending(): void {
    const tree: ParsedTree = {
      root: this.#root,
      labels: this.#labels,
      isPlugin: this.#isPlugin,
      addFragment: (ref, body, at) => {
        this.#addFragment(ref, body, at);
        tree.root = this.#root;
      },
    };
    this.#report.mending?.finish(tree);
    this.#root = tree.root;
  }

  /** A root node, an override or a reservation, with the labels before it. */
  #labelledStatement(at: number): void {
    const scanner = this.#scanner;
    const start = scanner.at;
    const labels = this.#nodes.readLabels();
    const code = scanner.skip();
    if (code === CH.slash && scanner.take('/memreserve/')) {
      this.#memReserve(at, labels);
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
        const body = this.#nodes.body('', at, 1);
        if (this.#root === undefined) {
          this.#root = body;
          announce(body, this.#labels);
        } else {
          mergeNode(this.#root, body, this.#labels);
        }
        return;
      }
    }
    if (this.#report.mending !== undefined && this.#outside(start, code, at)) return;
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

  /** What stands outside of any node, where it is mended; false when it cannot be. */
  #outside(start: number, code: number, at: number): boolean {
    const scanner = this.#scanner;
    const { mending } = this.#report;
    if (mending === undefined) return false;
    if (code === CH.braceClose) {
      if (!mending.strayBrace(at, this.#root)) return false;
      scanner.at++;
      if (scanner.skip() === CH.semicolon) scanner.at++;
      return true;
    }
    // Labels are read again: they are those of a node or property.
    if (!isNameChar(code) || scanner.position - scanner.at !== at - start) return false;
    scanner.at = start;
    const body = new LiveNode(this.#isPlugin ? '__overlay__' : '', at);
    this.#nodes.member(body, scanner.skip(), 1);
    mending.loose(body, at);
    return true;
  }

  #memReserve(at: number, labels: readonly Label[]): void {
    const address = this.#expressions.primary();
    const size = this.#expressions.primary();
    this.#nodes.semicolon('/memreserve/');
    this.#report.mending?.reservationRead(at);
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
    this.#memReserves.push({
      address: BigInt(address),
      size: BigInt(size),
      ...(labels.length === 0 ? {} : { labels: labels.map(({ name }) => name) }),
    });
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
    this.#nodes.semicolon(`${directive} &${ref}`);
    const node = this.#root === undefined ? undefined : this.#labels.resolve(this.#root, ref);
    if (node === undefined && this.#report.mending !== undefined) {
      this.#report.mending.directive(directive, ref, at);
    } else if (node === undefined) this.#noSuchNode(ref, at);
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
      const body = this.#nodes.body('__overlay__', at, 3);
      this.#addFragment(ref, body, at);
      return;
    }
    const body = this.#nodes.body('', at, target?.depth ?? 1);
    if (target === undefined) {
      if (this.#report.mending === undefined) this.#noSuchNode(ref, at);
      else this.#report.mending.override(ref, body, labels, at);
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
    this.#nodes.countNode(at);
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

  #noSuchNode(ref: string, at: number): void {
    const isPath = ref.includes('/');
    const guess = isPath ? undefined : closest(ref, this.#labels.labels());
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
}
