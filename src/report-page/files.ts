/** What went in, and the files that can be taken out of the page. */

import { button, byId, html, preformatted } from '../page/element.ts';
import type { ReportData, ReportFile } from '../report/report-data.ts';
import { unpack } from './unpack.ts';

async function download(file: ReportFile): Promise<void> {
  const link = html('a', { href: URL.createObjectURL(await unpack(file.packed)), download: file.name });
  link.click();
  URL.revokeObjectURL(link.href);
}

function fileEntry(file: ReportFile): HTMLElement {
  const { name, bytes, packed } = file;
  const save = button(`Save ${name} (${bytes} bytes)`, {}, () => void download(file));
  if (/\.dtb$/.test(name)) return html('div', {}, save);
  const details = html('details', {}, html('summary', {}, `Read ${name}`));
  const read = async (): Promise<void> => {
    const text = await (await unpack(packed)).text();
    details.append(preformatted(text.split('\n'), name));
  };
  details.addEventListener('toggle', () => void read(), { once: true });
  return html('div', {}, save, details);
}

/** Fills the part of the page that has the inputs. */
export function drawInputs(data: ReportData): void {
  const list = byId('input-list', HTMLElement);
  for (const { name, value } of data.inputs) {
    list.append(html('dt', {}, name), html('dd', {}, value));
  }
  byId('files', HTMLElement).replaceChildren(...data.files.map(fileEntry));
  byId('notes', HTMLElement).replaceChildren(...data.notes.map((note) => html('li', {}, note)));
}
