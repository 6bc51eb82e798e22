/** The scenarios that are played beside runs: read when a watcher asks, and gone on with after each call of a program. */
import type { Session } from '../session/session.ts';
import type { Peer } from './peer.ts';
import type { Runs } from './runs.ts';
import type { MakeRun } from './scenario-player.ts';

/** Reads a scenario, for the board whose device tree is given. @throws InvalidInput, or what cannot be read */
export type ReadScenario = (file: string, tree: Uint8Array | undefined) => Promise<MakeRun>;

export class ScenarioPlays {
  readonly #session: Session;
  readonly #runs: Runs;
  readonly #read: ReadScenario | undefined;

  /** @param read absent where nobody can read any */
  constructor(session: Session, runs: Runs, read: ReadScenario | undefined) {
    this.#session = session;
    this.#runs = runs;
    this.#read = read;
  }

  /** Starts to play a scenario. @returns what the watcher is answered when its first steps are made */
  async start(peer: Peer, file: string): Promise<unknown> {
    try {
      const tree = this.#session.view((kernel) => kernel.bootTree());
      const make = await this.#read?.(file, tree);
      if (make === undefined) throw new Error('this server plays no scenarios');
      this.#runs.setScenario(peer, make);
      this.play();
      return {};
    } catch (error) {
      return {
        error: { code: 'exec-scenario', message: error instanceof Error ? error.message : String(error) },
      };
    }
  }

  /** Makes the steps that are due, before the program goes on. */
  play(): void {
    if (!this.#runs.isPlaying) return;
    try {
      this.#session.transact((kernel) => this.#runs.play(kernel));
    } catch (error) {
      // A bug of ours. The program goes on.
      this.#runs.stopPlaying(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}
