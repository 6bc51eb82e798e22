/** `dmaheap __serve DIR`: this process becomes the server of a session. */
import { serve } from '../../exec/start.ts';
import type { Streams } from '../terminal/streams.ts';
import { loadScenario } from './load-scenario.ts';
import { RUN_WORDS } from './run-words.ts';

/**
 * Says on standard output that it listens, or why it cannot: who started it reads that, also where the disk of its log is full.
 *
 * @throws what `serve` does
 */
export async function serveProgram(path: string, { out }: Pick<Streams, 'out'>): Promise<void> {
  let isListening = false;
  const listens = () => {
    isListening = true;
    out('ready\n');
  };
  try {
    await serve({ path, from: '--session' }, listens, RUN_WORDS, loadScenario);
  } catch (error) {
    if (!isListening && error instanceof Error) out(`${error.message}\n`);
    throw error;
  }
}
