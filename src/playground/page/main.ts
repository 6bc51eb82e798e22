/** The page: takes a board, boots it, shows what came of it, and makes what is clicked. */
import { config } from 'zod';
import { renderLogLine } from '../../cli/render/log.ts';
import { InvalidInput } from '../../diagnostic.ts';
import { SHELL_TASK } from '../../kernel/task.ts';
import { byId, html, preformatted, redraw } from '../../page/element.ts';
import { KERNELS } from '../../profile/kernels.ts';
import { spanWord } from '../../scenario/export/words.ts';
import { strerror } from '../../uapi/errno.ts';
import { formatHex, formatSize, type PhysRange, parseRange, parseSize } from '../../units.ts';
import { equalCommands } from '../equal-commands.ts';
import { decodeLink, UnreadableLink } from '../link-codec.ts';
import { type DoneStep, Machine } from '../machine.ts';
import { MAX_STEPS, type PageInputs, type PageStep } from '../page-inputs.ts';
import { BoardBox } from './board-box.ts';
import { CheckDesk, isWorker, serveChecks } from './check-worker.ts';
import { keepButtons } from './keep.ts';
import { diagnosticsList, findingsList, showChecks } from './show-checks.ts';
import { showBuffers, showHeaps } from './show-heaps.ts';
import { MapFigure } from './show-map.ts';
import { showRegions } from './show-regions.ts';

/** What is on show. */
interface Shown {
  readonly inputs: PageInputs;
  readonly machine: Machine;
}

class Page {
  readonly #box = new BoardBox((isWhole) => isWhole && this.boot());
  readonly #kernel = byId('kernel', HTMLSelectElement);
  readonly #cmdline = byId('cmdline', HTMLInputElement);
  readonly #memory = byId('memory', HTMLInputElement);
  readonly #answer = byId('answer', HTMLElement);
  readonly #map = new MapFigure();
  readonly #desk: CheckDesk;
  #shown: Shown | undefined;

  constructor(script: string) {
    this.#desk = new CheckDesk(script);
    for (const { release } of KERNELS.toReversed()) {
      this.#kernel.append(html('option', { value: release }, `Linux ${release}`));
    }
    byId('inputs', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.boot();
    });
    this.#kernel.addEventListener('change', () => this.#bootAgain());
    this.#cmdline.addEventListener('change', () => this.#bootAgain());
    this.#memory.addEventListener('change', () => this.#bootAgain());
    byId('request', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
    byId('open', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.open(byId('link', HTMLInputElement).value);
    });
    keepButtons(
      () => this.#shown && { machine: this.#shown.machine, inputs: this.#inputsNow(this.#shown) },
      () => (this.#shown === undefined ? '' : commandsOf(this.#shown).join('\n')),
    );
  }

  /** The board, the kernel and the command line as they stand on the page. */
  #given(): PageInputs {
    const cmdline = this.#cmdline.value.trim();
    const kernel = this.#kernel.value;
    const memory = memoryOf(this.#memory.value);
    return {
      ...this.#box.file(),
      ...(kernel !== '' && { kernel }),
      ...(cmdline !== '' && { cmdline }),
      ...(memory.length > 0 && { memory }),
      steps: [],
    };
  }

  /** Not before there is a board. */
  #bootAgain(): void {
    if (this.#box.file().bytes.length > 0) this.boot();
  }

  boot(linked?: PageInputs): void {
    const problems = byId('problems', HTMLElement);
    problems.replaceChildren();
    redraw(byId('result', HTMLElement));
    try {
      const inputs = linked ?? this.#given();
      this.#shown = { inputs, machine: new Machine(inputs) };
    } catch (error) {
      this.#shown = undefined;
      this.#answer.hidden = true;
      this.#say('This input does not boot.');
      problems.append(error instanceof InvalidInput ? diagnosticsList(error.diagnostics) : bugText(error));
      return;
    }
    this.#answer.hidden = false;
    this.#show(this.#shown);
    const { inputs, machine } = this.#shown;
    showChecks(byId('checks', HTMLElement), undefined);
    this.#desk.ask(inputs, (answer) => {
      if (this.#shown?.machine === machine) showChecks(byId('checks', HTMLElement), answer);
    });
  }

  /** Opens what a link holds. */
  async open(link: string): Promise<void> {
    try {
      const inputs = await decodeLink(link);
      this.#box.put(inputs.file, inputs.bytes);
      this.#kernel.value = KERNELS.some(({ release }) => release === inputs.kernel)
        ? (inputs.kernel ?? '')
        : '';
      this.#cmdline.value = inputs.cmdline ?? '';
      this.#memory.value = (inputs.memory ?? []).map(spanWord).join(' ');
      this.boot(inputs);
    } catch (error) {
      if (!(error instanceof UnreadableLink)) throw error;
      this.#say('The link could not be opened.');
      byId('problems', HTMLElement).replaceChildren(html('p', { class: 'failed' }, error.message));
    }
  }

  #inputsNow({ inputs, machine }: Shown): PageInputs {
    return { ...inputs, steps: machine.done.map(({ step }) => step) };
  }

  #say(text: string): void {
    byId('status', HTMLElement).replaceChildren(html('span', {}, text));
  }

  #show(shown: Shown): void {
    const { machine } = shown;
    const { kernel, panic } = machine;
    const regions = kernel?.regions() ?? [];
    this.#say(
      kernel === undefined
        ? `The kernel dies: Kernel panic - not syncing: ${panic}`
        : `Booted ${machine.given.what}. ${kernel.info().banner}: ${kernel.heaps().length} heaps.`,
    );
    showRegions(byId('regions', HTMLElement), regions);
    const told = machine.warnings.length + machine.findings.length;
    byId('assumed-section', HTMLElement).hidden = told === 0;
    redraw(
      byId('assumed', HTMLElement),
      ...(machine.warnings.length > 0 ? [diagnosticsList(machine.warnings)] : []),
      ...(machine.findings.length > 0 ? [findingsList(machine.findings)] : []),
    );
    this.#map.show(kernel);
    this.#showState(shown);
  }

  /** What a step changes. */
  #showState(shown: Shown): void {
    const { machine } = shown;
    const { kernel } = machine;
    showHeaps(byId('heaps', HTMLElement), kernel?.heaps() ?? [], (heap) => this.#allocate(heap));
    showBuffers(byId('buffers', HTMLElement), machine.buffers(), SHELL_TASK, (fd) =>
      this.#make({ do: 'free', fd }),
    );
    redraw(byId('commands', HTMLElement), preformatted(commandsOf(shown)));
    redraw(byId('log', HTMLElement), preformatted(machine.log().map((line) => renderLogLine(line))));
  }

  #allocate(heap: string): void {
    const field = byId('size', HTMLInputElement);
    const size = parseSize(field.value);
    field.setAttribute('aria-invalid', String(size === undefined));
    if (size === undefined) {
      this.#tell(html('p', { class: 'failed' }, `${field.value} is no size. Write 300K, 4M or 0x1000.`));
      field.focus();
      return;
    }
    const name = byId('name', HTMLInputElement).value;
    this.#make({ do: 'alloc', heap, size, ...(name !== '' && { name }) });
  }

  #make(step: PageStep): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    if (shown.machine.done.length >= MAX_STEPS) {
      this.#tell(html('p', { class: 'failed' }, `This page makes at most ${MAX_STEPS} steps.`));
      return;
    }
    const done = shown.machine.make(step);
    this.#map.draw();
    this.#showState(shown);
    this.#tell(...outcomeOf(done));
  }

  #tell(...lines: readonly HTMLElement[]): void {
    byId('result', HTMLElement).replaceChildren(...lines);
  }
}

/** Ranges of RAM as they are written. @throws InvalidInput */
function memoryOf(text: string): readonly PhysRange[] {
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => {
      const range = parseRange(word);
      if (range !== undefined) return range;
      const message = `${word} is no memory`;
      const hint = 'write BASE:SIZE, for example 0x40000000:2G';
      throw new InvalidInput([{ code: 'memory-form', severity: 'error', message, hint }]);
    });
}

const commandsOf = ({ inputs, machine }: Shown): readonly string[] =>
  equalCommands(
    inputs,
    machine.given,
    machine.done.map(({ step }) => step),
  );

/** A step and its outcome as sentences. */
function outcomeOf({ step, fd, phys, errno, reasons, log }: DoneStep): readonly HTMLElement[] {
  const what = step.do === 'free' ? `free ${step.fd}` : `alloc ${step.heap} ${formatSize(step.size)}`;
  if (errno === undefined) {
    const made = fd === undefined ? 'done' : `descriptor ${fd}`;
    return [html('p', {}, `${what}: ${made}${phys === undefined ? '' : ` at ${formatHex(phys)}`}.`)];
  }
  return [
    html('p', { class: 'failed' }, `${what}: ${errno} (${strerror(errno)})`),
    ...reasons.map((reason) => html('p', {}, reason)),
    ...(log.length === 0 ? [] : [preformatted(log.map((line) => renderLogLine(line)))]),
  ];
}

const bugText = (error: unknown): HTMLElement =>
  html(
    'div',
    {},
    html('p', { class: 'failed' }, 'This is a bug in dmaheap, not in your input. Please report it.'),
    preformatted((error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n')),
  );

// Else it tries to compile code of its own, which the page's policy forbids.
config({ jitless: true });

if (isWorker) serveChecks();
else {
  const page = new Page(document.currentScript?.textContent ?? '');
  if (location.hash.length > 1) void page.open(location.hash);
  window.addEventListener('hashchange', () => {
    if (location.hash.length > 1) void page.open(location.hash);
  });
}
