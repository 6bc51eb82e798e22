/**
 * Asks a supervisor which buffers' files still have an open description: Node has no flock(2). One question at a time; who asks goes on
 * when the answer is there, or when there is nobody to ask.
 */
import type { Peer } from './peer.ts';
import { MESSAGE } from './protocol.ts';
import { type FieldReader, FieldWriter, type Frame, MalformedMessage } from './wire.ts';

/** How long an answer may take, milliseconds: a supervisor that is stopped must not stop everybody else. */
const PATIENCE = 500;

/** @param held which of the names are held; `undefined` when nobody could tell */
type OnHeld = (held: ReadonlySet<string> | undefined) => void;

interface Asked {
  readonly of: Peer;
  readonly seq: number;
  readonly names: readonly string[];
  readonly onHeld: OnHeld;
  readonly timeout: NodeJS.Timeout;
}

export class Prober {
  readonly #supervisors = new Set<Peer>();
  #asked: Asked | undefined;
  #seq = 0;

  /** Whether an answer is waited for. */
  get isAsking(): boolean {
    return this.#asked !== undefined;
  }

  /** Whether there is anybody who could be asked. */
  get isJoined(): boolean {
    return this.#supervisors.size > 0;
  }

  /** Whether a question can be asked now. */
  get canAsk(): boolean {
    return this.#supervisors.size > 0 && this.#asked === undefined;
  }

  join(supervisor: Peer): void {
    this.#supervisors.add(supervisor);
  }

  leave(peer: Peer): void {
    this.#supervisors.delete(peer);
    if (this.#asked?.of === peer) this.#end(undefined);
  }

  /** Asks; `canAsk` says whether that can be. */
  ask(names: readonly string[], onHeld: OnHeld): void {
    const [of] = this.#supervisors;
    if (of === undefined || this.#asked !== undefined) throw new Error('nobody can be asked');
    const seq = ++this.#seq;
    const timeout = setTimeout(() => this.#end(undefined), PATIENCE).unref();
    this.#asked = { of, seq, names, onHeld, timeout };
    const question = new FieldWriter().begin(MESSAGE.PROBE, seq).u32(names.length);
    for (const name of names) question.str(name);
    of.send(question.finish());
  }

  /** A supervisor answers. @throws MalformedMessage */
  answered(peer: Peer, { seq, fields }: Frame): void {
    const asked = this.#asked;
    // One that came too late.
    if (asked === undefined || asked.of !== peer || asked.seq !== seq) return;
    this.#end(fields.i64() === 0n ? heldAmong(asked.names, fields) : undefined);
  }

  #end(held: ReadonlySet<string> | undefined): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    clearTimeout(asked.timeout);
    this.#asked = undefined;
    asked.onHeld(held);
  }
}

function heldAmong(names: readonly string[], fields: FieldReader): ReadonlySet<string> {
  const held = new Set<string>();
  for (const name of names) {
    const word = fields.u8();
    if (word > 1) throw new MalformedMessage(`a holder of ${word}`);
    if (word === 1) held.add(name);
  }
  fields.end();
  return held;
}
