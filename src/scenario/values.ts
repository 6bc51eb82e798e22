/** Reads the values of steps once, before anything runs: texts, sizes, names; what is wrong is collected. */

import { closest } from '../devicetree/closest.ts';
import type { FaultRule } from '../kernel/faults/fault-rule.ts';
import { unknownSubject } from '../kernel/faults/fault-subjects.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import type { ConfigFile } from '../profile/dot-config.ts';
import { areWords, flagNames, parseFlags, type ReadWords } from '../profile/open-flag-words.ts';
import { type Names, parseWord } from '../uapi/call-names.ts';
import type { ArchOpenFlags } from '../uapi/fcntl.ts';
import { formatHex, parseByte, parseSigned, parseSize, parseWhole } from '../units.ts';
import { BoundNames, type Kind } from './bound-names.ts';
import { MAX_PROBLEMS, MAX_TEMPLATE_NAMES } from './limits.ts';
import type { Getter, Machine } from './moment.ts';
import { BadValue, type Path, type Problem } from './problem.ts';
import { isTemplate, lookUp, TextTooLong, template, type Vars, variablesOf } from './template.ts';
import type { Flags, Size, Whole } from './value-forms.ts';

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  descriptor: 'a descriptor',
  mapping: 'a mapping',
  attachment: 'an attachment',
  rule: 'a fault rule',
  memory: "a device's memory",
};

/** What no step has made yet is what a program has in a variable that nobody set: no valid number. */
function unmade(machine: Machine, name: string): number {
  machine.unmade.push(name);
  return -1;
}

/** The number that a name stands for. */
function numberOf(machine: Machine, name: string): number | undefined {
  machine.used.push(name);
  return machine.names.get(name);
}

/** What a scenario needs of the world while its steps are read. */
export interface GivenFunctions {
  /** Bytes for `write`. @throws Error whose message says what is wrong */
  readFile(file: string): Uint8Array;
  /** A kernel's configuration out of a file, gzip too. Absent: `readFile` gives its text. @throws Error likewise */
  readonly readConfig?: (file: string) => ConfigFile;
  /**
   * SHA-256 in hexadecimal, for expectations of it. No part of the core: what a browser has is asynchronous, and
   * a library in JavaScript takes ten
   * times as long as node:crypto (6 ms for 1 MiB).
   */
  readonly sha256?: (bytes: Uint8Array) => string;
}

export class Values {
  readonly problems: Problem[] = [];
  readonly names = new BoundNames();
  /** The scenario's seed. */
  readonly seed: number;
  readonly #given: GivenFunctions;
  readonly #tasks = new Set([SHELL_TASK]);
  #anyTask = false;
  readonly #faults: (readonly [FaultRule, Path])[] = [];
  #toldNames = false;
  /** The loops around the step that is read, with the first value of each variable. */
  vars: Vars | undefined;

  constructor(seed: number, given: GivenFunctions) {
    this.seed = seed;
    this.#given = given;
  }

  /** SHA-256 in hexadecimal; a problem where nobody gave it. */
  sha256(path: Path): (bytes: Uint8Array) => string {
    const { sha256 } = this.#given;
    if (sha256 !== undefined) return sha256;
    this.problem(
      path,
      'scenario-expectation',
      'no function for SHA-256 was given to the reader of this scenario',
    );
    return () => '';
  }

  /** A step has a task of that name; `undefined` where it is known only when it runs. */
  hasTask(name: string | undefined): void {
    if (name === undefined) this.#anyTask = true;
    else this.#tasks.add(name);
  }

  /** Remembers a fault rule until all tasks of the scenario are known. */
  strikes(rule: FaultRule, path: Path): void {
    this.#faults.push([rule, path]);
  }

  /** Tells rules about tasks that no step has. */
  checkFaults(): void {
    if (this.#anyTask) return;
    for (const [rule, path] of this.#faults) {
      const unknown = unknownSubject(rule, { tasks: [...this.#tasks] });
      if (unknown !== undefined) this.problem(path, 'scenario-fault', unknown.message, unknown.hint);
    }
  }

  problem(path: Path, code: string, message: string, hint?: string, atKey = false): void {
    this.problems.push({ path, code, message, ...(hint !== undefined && { hint }), ...(atKey && { atKey }) });
  }

  /** Runs `body` with one variable more. */
  within<T>(name: string, value: string, body: () => T): T {
    const { vars } = this;
    this.vars = { name, value, outer: vars };
    try {
      return body();
    } finally {
      this.vars = vars;
    }
  }

  /** More names with variables than uses are compared with: told once. */
  tooManyNames(): void {
    if (this.#toldNames) return;
    this.#toldNames = true;
    const message = `more than ${MAX_TEMPLATE_NAMES} names that 'as' gives have variables or numbers`;
    this.problem(['steps'], 'scenario-too-many', message, undefined, true);
  }

  /** A text with its variables. */
  text(value: string, path: Path): Getter<string> {
    if (!isTemplate(value)) return () => value;
    this.#checkVariables(value, path);
    const made = this.#template(value, path);
    return ({ vars }) => made(vars);
  }

  size(value: Size, path: Path): Getter<bigint> {
    return this.#parsed(value, path, parseSize, 'a size or an address: 8M, 4096, 0x60000000');
  }

  /** A size that need not be there. */
  optionalSize(value: Size | undefined, path: Path): Getter<bigint> | undefined {
    return value === undefined ? undefined : this.size(value, path);
  }

  whole(value: Whole, path: Path): Getter<number> {
    return this.#parsed(value, path, (text) => parseWhole(text), 'a whole number');
  }

  /** A whole number that may be no larger than `most`. */
  count(value: Whole, path: Path, most: number): Getter<number> {
    return this.#parsed(value, path, (text) => parseWhole(text, most), `a whole number, ${most} at most`);
  }

  /** A signed 64-bit number. */
  signed(value: Size, path: Path): Getter<bigint> {
    return this.#parsed(value, path, parseSigned, 'a number');
  }

  byte(value: Whole, path: Path): Getter<number> {
    return this.#parsed(value, path, parseByte, 'a byte, 0 to 255');
  }

  /** Flags of open(2). */
  flags(value: Flags, path: Path): Getter<number> {
    return this.flagWords(value, path, parseFlags, 'flags of open(2) joined by |, such as O_RDWR|O_CLOEXEC');
  }

  /** Words or a number, of which some are other numbers on other architectures. */
  flagWords(value: Flags, path: Path, read: ReadWords, expected: string): Getter<number> {
    const words = this.#parsed(value, path, (text) => (areWords(text, read) ? text : undefined), expected);
    let last: { readonly text: string; readonly of: ArchOpenFlags; readonly flags: number } | undefined;
    return (at) => {
      const text = words(at);
      const of = at.machine.kernel.profile.arch.openFlags;
      if (last?.text !== text || last.of !== of) last = { text, of, flags: read(text, of) ?? 0 };
      return last.flags;
    };
  }

  /** A word of a table, or a number. */
  word(value: Flags, path: Path, names: Names): Getter<number> {
    const known = Object.keys(names);
    const near = typeof value === 'string' ? closest(value.toUpperCase(), known) : undefined;
    const expected =
      near === undefined
        ? `a number or one of ${known.join(', ')}`
        : `a number or a name; did you mean ${near}?`;
    return this.#parsed(value, path, (text) => parseWord(names, text), expected);
  }

  /** Anything else that is read from a text. */
  read<T>(
    value: string | number | bigint,
    path: Path,
    parse: (text: string) => T | undefined,
    expected: string,
  ): Getter<T> {
    return this.#parsed(value, path, parse, expected);
  }

  /** A number, or a name that a step before has made. */
  ref(value: string | number | bigint, path: Path, kind: Kind): Getter<number> {
    if (typeof value !== 'string') return () => Number(value);
    const number = parseWhole(value);
    if (number !== undefined) return () => number;
    const known = this.problems.length < MAX_PROBLEMS && this.#checkVariables(value, path);
    const wrong = known ? this.names.check(value, kind, this.vars) : undefined;
    if (wrong?.problem === 'other-kind') {
      const is = wrong.kinds.map((one) => KIND_WORDS[one]).join(' or ');
      this.problem(path, 'scenario-name-kind', `'${value}' is ${is}: ${KIND_WORDS[kind]} is wanted here`);
    } else if (wrong !== undefined) {
      this.problem(
        path,
        'scenario-unknown-name',
        `no step before this one makes ${KIND_WORDS[kind]} called '${value}'`,
        wrong.near === undefined
          ? `give it a name where it is made: as: ${value}`
          : `did you mean ${wrong.near}?`,
      );
    }
    if (!isTemplate(value)) return ({ machine }) => numberOf(machine, value) ?? unmade(machine, value);
    const made = this.#template(value, path);
    return ({ machine, vars }) => {
      const name = made(vars);
      return numberOf(machine, name) ?? parseWhole(name) ?? unmade(machine, name);
    };
  }

  /** The bytes of a file, read before anything runs where its name is known. */
  file(value: string, path: Path): Getter<Uint8Array> {
    const load = (name: string): Uint8Array => {
      try {
        return this.#given.readFile(name);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const { code = 'scenario-file', hint } = error as Error & Partial<Pick<Problem, 'code' | 'hint'>>;
        throw new BadValue({ code, message: error.message, path, ...(hint !== undefined && { hint }) });
      }
    };
    if (isTemplate(value)) {
      const name = this.text(value, path);
      return (at) => load(name(at));
    }
    try {
      const bytes = load(value);
      return () => bytes;
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.problems.push(error.problem);
      return () => new Uint8Array();
    }
  }

  #parsed<T>(
    value: string | number | bigint,
    path: Path,
    parse: (text: string) => T | undefined,
    expected: string,
  ): Getter<T> {
    const bad = (text: string): Problem => ({
      code: 'scenario-bad-value',
      message: `'${path.findLast((step) => typeof step === 'string') ?? 'value'}': expected ${expected}, found ${text}`,
      path,
    });
    const must = (text: string): T => {
      const read = parse(text);
      if (read === undefined) throw new BadValue(bad(text));
      return read;
    };
    if (typeof value === 'string' && isTemplate(value)) {
      this.#checkVariables(value, path);
      const made = this.#template(value, path);
      return ({ vars }) => must(made(vars));
    }
    const text = String(value);
    const read = parse(text);
    if (read === undefined) {
      this.problems.push(bad(text));
      return () => must(text);
    }
    return () => read;
  }

  /** A text with variables, whose length is a problem of its place. */
  #template(text: string, path: Path): (vars: Vars | undefined) => string {
    const made = template(text);
    return (vars) => {
      try {
        return made(vars);
      } catch (error) {
        if (!(error instanceof TextTooLong)) throw error;
        throw new BadValue({ code: 'scenario-text-too-long', message: error.message, path });
      }
    };
  }

  /** @returns whether some loop has each of them */
  #checkVariables(text: string, path: Path): boolean {
    const before = this.problems.length;
    for (const name of variablesOf(text)) {
      if (lookUp(this.vars, name) !== undefined) continue;
      const known: string[] = [];
      for (let at = this.vars; at !== undefined; at = at.outer) known.push(at.name);
      const near = closest(name, known);
      const hint =
        near !== undefined
          ? `did you mean \${${near}}?`
          : known.length > 0
            ? `the loops around this step have ${known.join(', ')}`
            : 'only steps inside for and repeat have variables';
      this.problem(
        path,
        'scenario-unknown-variable',
        `no loop around this step has a variable '${name}'`,
        hint,
      );
    }
    return this.problems.length === before;
  }
}

/** Flags as people read them: with their number. */
export const flagsText = (flags: number): string => `${flagNames(flags).join('|')} (${formatHex(flags)})`;
