/** The board as it is given: pasted, typed, opened, dropped, or the example. */
import { inputKind } from '../../board/input-kind.ts';
import { byId, html } from '../../page/element.ts';

interface GivenFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What a file is called that has no name, by what it is. */
function nameOf(bytes: Uint8Array): string {
  const { kind, what } = inputKind(bytes);
  if (kind === 'board') return what === 'a YAML board' ? 'board.yaml' : 'board.dts';
  if (kind === 'capture') return 'capture.txt';
  return kind === 'kernel log' ? 'dmesg.txt' : 'pasted.txt';
}

/** More is no text that a person would paste. */
const MOST_BYTES = 64 << 20;

export class BoardBox {
  readonly #text = byId('board', HTMLTextAreaElement);
  /** A file that is no text that was typed. */
  #file: GivenFile | undefined;
  readonly #given: (isWhole: boolean) => void;

  /** @param given is told that there is another input: a whole one, or one that is being typed */
  constructor(given: (isWhole: boolean) => void) {
    this.#given = given;
    this.#text.addEventListener('input', (event) => {
      this.#file = undefined;
      this.#text.placeholder = '';
      given(event instanceof InputEvent && event.inputType === 'insertFromPaste');
    });
    const picker = byId('file', HTMLInputElement);
    picker.addEventListener('change', () => void this.#open(picker.files?.[0]));
    byId('example', HTMLButtonElement).addEventListener('click', () => {
      const { content } = byId('example-board', HTMLTemplateElement);
      this.put('camera-soc.dts', new TextEncoder().encode(content.textContent ?? ''));
      given(true);
    });
    this.#takeDrops();
  }

  /** What is given now; empty bytes when nothing is. */
  file(): GivenFile {
    if (this.#file !== undefined) return this.#file;
    const bytes = new TextEncoder().encode(this.#text.value);
    return { file: nameOf(bytes), bytes };
  }

  /** Shows a file as the input, without saying so. */
  put(file: string, bytes: Uint8Array): void {
    this.#file = { file, bytes };
    const isText = !bytes.subarray(0, 4096).includes(0);
    this.#text.value = isText ? new TextDecoder().decode(bytes) : '';
    this.#text.placeholder = isText ? '' : `${file}, ${bytes.length} bytes. Paste here to replace it.`;
  }

  async #open(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) {
      byId('problems', HTMLElement).replaceChildren(
        html('p', { class: 'failed' }, `${file.name} is larger than ${MOST_BYTES >> 20} MiB.`),
      );
      return;
    }
    this.put(file.name, new Uint8Array(await file.arrayBuffer()));
    this.#given(true);
  }

  #takeDrops(): void {
    const { body } = document;
    body.addEventListener('dragover', (event) => {
      event.preventDefault();
      body.classList.add('over');
    });
    body.addEventListener('dragleave', () => body.classList.remove('over'));
    body.addEventListener('drop', (event) => {
      body.classList.remove('over');
      const [file] = event.dataTransfer?.files ?? [];
      if (file === undefined) return;
      event.preventDefault();
      void this.#open(file);
    });
  }
}
