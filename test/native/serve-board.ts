// A server for carriers under development: node scripts/run-ts.mjs test/native/serve-board.ts BOARD.dtb KERNEL DIR
// Prints the environment that a program needs, and serves until its last connection has gone.
import { readFileSync } from 'node:fs';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { readMarker } from '../../src/exec/server-marker.ts';
import { serve } from '../../src/exec/start.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import type { SessionLocation } from '../../src/session/directory.ts';
import { bootSession } from '../../src/session/local-session.ts';

const [file = '', kernel = '7.3', path = ''] = process.argv.slice(2);
const location: SessionLocation = { path, from: '--session' };
const board = new Uint8Array(readFileSync(file));
const params: BootParams = { kernel };
bootSession(location, { board, file, format: 'dtb', params }, (records) =>
  boot(boardFromTree(decodeDtb(board, file), file), params, records),
);
await serve(location, () => {
  const { socket = '', token = '' } = readMarker(path) ?? {};
  console.log(`DMAHEAP_EXEC=${socket} DMAHEAP_EXEC_TOKEN=${token} DMAHEAP_EXEC_TASK=app`);
});
