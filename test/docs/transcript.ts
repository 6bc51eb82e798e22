/** Pages whose console blocks are run: what stands in them is what the command prints. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BOARDS, freshPlace } from '../cli/built-command.ts';

const BLOCK = /^```console\n([\s\S]*?)^```$/gm;
const MARK = '\x01';

/**
 * The page with every console block as the commands in it print it now: standard output and error as they come.
 * All blocks are one session of one shell.
 */
export function withOutputs(page: string): string {
  const place = freshPlace();
  mkdirSync(join(place.dir, 'fixtures'));
  symlinkSync(BOARDS, join(place.dir, 'fixtures/boards'));
  const commands = [...page.matchAll(BLOCK)].map(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => line.startsWith('$ '))
      .map((line) => line.slice(2)),
  );
  const script = commands
    .flat()
    .map((command) => `printf '${MARK}'\n{ ${command}\n} 2>&1`)
    .join('\n');
  const outputs = place.inShell(script).stdout.split(MARK).slice(1);
  let next = 0;
  let block = 0;
  return page.replaceAll(BLOCK, () => {
    const lines = (commands[block++] ?? []).map((command) => `$ ${command}\n${outputs[next++] ?? ''}`);
    return `\`\`\`console\n${lines.join('')}\`\`\``;
  });
}
