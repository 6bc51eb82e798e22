/**
 * Writes that are collected and made together: neighbours as one, because a write to an arena in a file costs a
 * call, and the first one to a page a wait for the disk.
 */
import type { PhysAddr } from '../units.ts';
import type { MemoryWrite, PhysMemory } from './phys-memory.ts';

/** Bytes that are held back at most. */
const LIMIT = 1 << 20;

export class WriteBatch {
  readonly #memory: PhysMemory;
  #writes: MemoryWrite[] = [];
  /** What follows the last whole write: neighbours, not joined yet. */
  #neighbours: Uint8Array[] = [];
  #start: PhysAddr = 0n;
  #end: PhysAddr = 0n;
  #bytes = 0;

  constructor(memory: PhysMemory) {
    this.#memory = memory;
  }

  /** @param bytes must stay as they are until `flush` */
  add(address: PhysAddr, bytes: Uint8Array): void {
    if (address !== this.#end) {
      this.#join();
      this.#start = address;
    }
    this.#neighbours.push(bytes);
    this.#end = address + BigInt(bytes.length);
    this.#bytes += bytes.length;
    if (this.#bytes >= LIMIT) this.flush();
  }

  flush(): void {
    this.#join();
    if (this.#writes.length > 0) this.#memory.writeAll(this.#writes);
    this.#writes = [];
    this.#bytes = 0;
    this.#start = this.#end;
  }

  #join(): void {
    const [first] = this.#neighbours;
    if (first === undefined) return;
    const length = Number(this.#end - this.#start);
    const bytes = this.#neighbours.length === 1 ? first : new Uint8Array(length);
    if (bytes !== first) {
      let done = 0;
      for (const part of this.#neighbours) {
        bytes.set(part, done);
        done += part.length;
      }
    }
    this.#writes.push({ address: this.#start, bytes });
    this.#neighbours = [];
  }
}
