/** Tells an owner of a session that somebody may have asked for it. */
import { type FSWatcher, watch } from 'node:fs';

/** Looked at so often, milliseconds, where the host does not tell: it has watches for so many only, or none. */
const POLL = 100;

export class RequestWatch {
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;

  /** Neither keeps the process alive. @param onRequest called also when there is none */
  constructor(directory: string, onRequest: () => void) {
    this.#timer = setInterval(onRequest, POLL).unref();
    try {
      this.#watcher = watch(directory, { persistent: false }, onRequest);
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
  }
}
