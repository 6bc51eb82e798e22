/** What is taken away from the page: commands and a link into the clipboard, scenario and board as files. */

import { byId, html } from '../../page/element.ts';
import { encodeLink, MAX_FRAGMENT } from '../link-codec.ts';
import type { Machine } from '../machine.ts';
import type { PageInputs } from '../page-inputs.ts';
import { pageScenario } from '../page-scenario.ts';

function say(...children: readonly (string | Node)[]): void {
  byId('kept', HTMLElement).replaceChildren(
    ...children.map((child) => (typeof child === 'string' ? html('span', {}, child) : child)),
  );
}

/** Puts a text into the clipboard; where a browser does not allow it the text is shown, selected. */
async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    const field = html('textarea', { readonly: true, rows: '3', 'aria-label': what });
    field.value = text;
    say(`Copy it from here: `, field);
    field.select();
  }
}

function save(name: string, data: string | Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([data], { type: 'application/octet-stream' }));
  html('a', { href: url, download: name }).click();
  // After the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  say(`${name} saved.`);
}

interface Kept {
  readonly inputs: PageInputs;
  readonly machine: Machine;
}

async function copyLink({ inputs }: Kept): Promise<void> {
  const fragment = await encodeLink(inputs);
  if (fragment === undefined) {
    say(
      `This board is too large for a link, which holds at most ${MAX_FRAGMENT >> 10} KiB packed. Download the scenario and the board.`,
    );
    return;
  }
  const address = location.href.replace(/#.*$/s, '');
  history.replaceState(null, '', `#${fragment}`);
  await copy(`${address}#${fragment}`, 'Link');
}

/** Makes the buttons work. @param kept what is on show; `undefined` before there is anything */
export function keepButtons(kept: () => Kept | undefined, commands: () => string): void {
  const on = (id: string, act: (shown: Kept) => void) =>
    byId(id, HTMLButtonElement).addEventListener('click', () => {
      const shown = kept();
      if (shown !== undefined) act(shown);
    });
  on('copy-link', (shown) => void copyLink(shown));
  on('copy-commands', () => void copy(commands(), 'Commands'));
  on('save-scenario', ({ machine }) => save('scenario.yaml', pageScenario(machine)));
  on('save-board', ({ machine }) => {
    const { file, bytes } = machine.given.kept;
    save(file, new Uint8Array(bytes));
  });
}
