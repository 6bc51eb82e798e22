/** The names that an export gives to descriptors, mappings, attachments and rules, and who has them. */
import type { Ref } from '../value-forms.ts';

export class Names {
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #descriptors = new Map<string, Map<number, string>>();
  readonly #mappings = new Map<string, Map<number, string>>();
  readonly #attachments = new Map<number, string>();
  readonly #rules = new Map<number, string>();
  readonly #memory = new Map<number, string>();
  /** The tasks that are alive, and who acted last. */
  readonly #alive = new Set<string>(['shell']);
  readonly #waiting = new Set<string>();
  #last = 'shell';

  /** A name that nothing else has: the wish, or the wish with the first number that is free. */
  fresh(wish: string, numbered = false): string {
    if (!numbered && !this.#taken.has(wish)) {
      this.#taken.add(wish);
      return wish;
    }
    let count = this.#counts.get(wish) ?? (numbered ? 0 : 1);
    let name: string;
    do name = `${wish}${++count}`;
    while (this.#taken.has(name));
    this.#counts.set(wish, count);
    this.#taken.add(name);
    return name;
  }

  /** A base whose names with 0, 1, … up to `count` are free. */
  freshMany(wish: string, count: number): string {
    for (let i = 1; ; i++) {
      const base = i === 1 ? wish : `${wish}${i}_`;
      const all = Array.from({ length: count }, (_, at) => `${base}${at}`);
      if (this.#taken.has(base) || all.some((name) => this.#taken.has(name))) continue;
      this.#taken.add(base);
      for (const name of all) this.#taken.add(name);
      return base;
    }
  }

  bindDescriptor(task: string, fd: number, name: string): void {
    tableOf(this.#descriptors, task).set(fd, name);
  }

  /** A descriptor's name; a number that no step made stays one. */
  descriptor(task: string, fd: number): Ref {
    return this.#descriptors.get(task)?.get(fd) ?? fd;
  }

  bindMapping(task: string, id: number, name: string): void {
    tableOf(this.#mappings, task).set(id, name);
  }

  mapping(task: string, id: number): Ref {
    return this.#mappings.get(task)?.get(id) ?? id;
  }

  bindAttachment(id: number, name: string): void {
    this.#attachments.set(id, name);
  }

  attachment(id: number): Ref {
    return this.#attachments.get(id) ?? id;
  }

  bindMemory(id: number, name: string): void {
    this.#memory.set(id, name);
  }

  /** What a driver holds, by its number. */
  memory(id: number): Ref {
    return this.#memory.get(id) ?? id;
  }

  bindRule(id: number, name: string): void {
    this.#rules.set(id, name);
  }

  rule(id: number): Ref {
    return this.#rules.get(id) ?? id;
  }

  hasTask(task: string): boolean {
    return this.#alive.has(task);
  }

  startTask(task: string): void {
    this.#alive.add(task);
  }

  /** A task that its first step will start. */
  startWithStep(task: string): void {
    this.#alive.add(task);
    this.#waiting.add(task);
  }

  /** Whether no step has started the task yet. @returns it once */
  takeWaiting(task: string): boolean {
    return this.#waiting.delete(task);
  }

  /** The child has its parent's numbers. */
  fork(parent: string, child: string): void {
    this.#alive.add(child);
    this.#descriptors.set(child, new Map(this.#descriptors.get(parent)));
    this.#mappings.set(child, new Map(this.#mappings.get(parent)));
  }

  endTask(task: string): void {
    this.#alive.delete(task);
    this.#descriptors.delete(task);
    this.#mappings.delete(task);
  }

  acts(task: string): void {
    this.#last = task;
  }

  /** A task for what no task does: to name one that is not there would start it. */
  get anyone(): string {
    const there = ['shell', this.#last, ...this.#alive];
    return there.find((task) => this.#alive.has(task) && !this.#waiting.has(task)) ?? 'shell';
  }
}

function tableOf(tables: Map<string, Map<number, string>>, task: string): Map<number, string> {
  const known = tables.get(task);
  if (known !== undefined) return known;
  const made = new Map<number, string>();
  tables.set(task, made);
  return made;
}

/** A buffer's name as a name of a step, or `undefined` where it cannot be one. */
export const nameWord = (text: string): string | undefined =>
  /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) && text !== 'all' && text !== 'none' ? text : undefined;
