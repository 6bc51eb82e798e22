/** A process becomes the server of a session: `dmaheap __serve DIR`. */
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { BufferFiles, buffersPath } from '../session/buffer-files.ts';
import type { SessionLocation } from '../session/directory.ts';
import { execPath } from '../session/exec-directory.ts';
import { makeDirectory, removeTree } from '../session/host-files.ts';
import { ProgramTasks } from '../session/program-tasks.ts';
import type { Replayed } from '../session/replay-log.ts';
import { serveSession } from '../session/served-session.ts';
import { Exchange } from './exchange.ts';
import { ExportedNames } from './exported-names.ts';
import { host, hostPageSize } from './host-processes.ts';
import { Mirror } from './mirror.ts';
import { PLAIN_WORDS, type RunWords } from './run-words.ts';
import type { ReadScenario } from './scenario-plays.ts';
import { ExchangeServer } from './server.ts';
import { readMarker, removeMarker, writeMarker } from './server-marker.ts';
import { isSocketPlace, socketPlace } from './temporary-place.ts';

/**
 * After so much run code V8 optimises a function, a sixth of its own default: the first thousand answers come sooner.
 * Newer versions have a compiler between that begins early by itself, and another flag.
 */
const OPTIMISE_AFTER = 20_000;
const OPTIMISES_LATE = process.versions.v8.startsWith('11.');

/**
 * Serves a session until nobody is connected any more. The marker file says where.
 *
 * @param onListening called once, when programs can connect
 * @param words what is told of runs
 * @param scenario reads one that is played beside a run
 * @throws SessionError, or the system's error
 */
export async function serve(
  location: SessionLocation,
  onListening: () => void,
  words: RunWords = PLAIN_WORDS,
  scenario?: ReadScenario,
): Promise<void> {
  if (OPTIMISES_LATE) setFlagsFromString(`--interrupt-budget=${OPTIMISE_AFTER}`);
  const directory = execPath(location.path);
  const news: string[] = [];
  let exchange: Exchange | undefined;
  const session = serveSession(location, {
    onLease: (what) => exchange?.leases(what),
    onReplayed: (what) => news.push(replayedText(what)),
  });
  const buffers = new ExportedNames(buffersPath(location.path));
  const mirror = new Mirror(join(directory, 'mirror'));
  makeDirectory(buffers.directory, true);
  session.view((kernel) => {
    mirror.begin(kernel);
    buffers.load(kernel);
    // What a server left that was killed. Nobody can have made a new one yet.
    new BufferFiles(buffers.directory).sweep((name) => buffers.fileOf(kernel, name) !== undefined);
  });
  const notes = new ProgramTasks(location.path);
  const token = freshToken();
  exchange = new Exchange({
    session,
    buffers,
    mirror,
    token,
    words,
    ...(scenario && { scenario }),
    host,
    hostPageSize: hostPageSize(),
    notes,
    news,
  });
  removePlaceOfKilled(location.path);
  const place = socketPlace();
  const socket = join(place, 's');
  try {
    const server = new ExchangeServer(exchange);
    await server.listen(socket);
    writeMarker(location.path, { pid: process.pid, socket, token });
    onListening();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => server.stop());
    await server.idle;
    server.close();
  } finally {
    removeMarker(location.path);
    removeTree(place);
    removeTree(mirror.directory);
    notes.close();
    session.close();
  }
}

/** The directory of the socket of a server that could not clear up: this one has its lock now. */
function removePlaceOfKilled(session: string): void {
  const socket = readMarker(session)?.socket;
  if (socket === undefined) return;
  const place = dirname(socket);
  if (isSocketPlace(place)) removeTree(place);
}

/** 64 hexadecimal digits that nobody can guess. */
const freshToken = (): string =>
  Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(32))).toString('hex');

function replayedText(what: Replayed): string {
  if ('ignored' in what) return 'the log of a server that was killed is of another boot: it is not used';
  const { calls } = what;
  return `a server was killed: ${calls} ${calls === 1 ? 'call' : 'calls'} of its log ${calls === 1 ? 'is' : 'are'} in the session now`;
}
