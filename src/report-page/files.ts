/** What went in, and the files that can be taken out of the page. */
import type { ReportData, ReportFile } from '../report/report-data.ts';
import { shownName } from '../report/shown-name.ts';
import { byId, html } from './element.ts';
import { unpack } from './unpack.ts';

async function download(file: ReportFile): Promise<void> {
  const link = html('a', { href: URL.createObjectURL(await unpack(file.packed)), download: file.name });
  link.click();
  URL.revokeObjectURL(link.href);
}

function fileEntry(file: ReportFile): HTMLElement {
  const name = shownName(file.name);
  const button = html('button', { type: 'button' }, `Save ${name} (${file.bytes} bytes)`);
  button.addEventListener('click', () => void download(file));
  const text = html('pre', { tabindex: 0, 'aria-label': name });
  const details = html('details', {}, html('summary', {}, `Read ${name}`), text);
  details.addEventListener(
    'toggle',
    () => void unpack(file.packed).then(async (blob) => text.replaceChildren(await blob.text())),
    { once: true },
  );
  return html('div', {}, button, /\.dtb$/.test(file.name) ? undefined : details);
}

/** Fills the part of the page that has the inputs. */
export function drawInputs(data: ReportData): void {
  const list = byId('input-list', HTMLElement);
  for (const { name, value } of data.inputs) {
    list.append(html('dt', {}, name), html('dd', {}, shownName(value)));
  }
  byId('files', HTMLElement).replaceChildren(...data.files.map(fileEntry));
  byId('notes', HTMLElement).replaceChildren(...data.notes.map((note) => html('li', {}, note)));
}
