/** The map of the step that is chosen, and what chooses it: the slider, the number, the buttons, links from elsewhere. */
import { escapeText } from '../escape-text.ts';
import { byId, html } from '../page/element.ts';
import { addMapStyle, drawMap } from '../page/map-figure.ts';
import { livesAt, memoryAt } from '../report/memory-at.ts';
import type { ReportData } from '../report/report-data.ts';
import type { PfnRange } from '../units.ts';
import { markStep } from './charts.ts';

export class StepMap {
  readonly #data: ReportData;
  readonly #last: number;
  readonly #slider = byId('step', HTMLInputElement);
  readonly #number = byId('number', HTMLInputElement);
  readonly #window = byId('window', HTMLSelectElement);
  #step: number;
  #chosen: number | undefined;
  /** Whether a picture is asked for and not drawn yet. */
  #isDue = false;

  /** Draws the last step. */
  constructor(data: ReportData) {
    this.#data = data;
    this.#last = data.steps.length;
    this.#step = this.#last;
    this.#window.append(
      html('option', { value: '' }, 'all memory'),
      ...data.places.map(({ name }, index) => html('option', { value: index }, name)),
    );
    this.#slider.addEventListener('input', () => this.#goTo(this.#slider.valueAsNumber));
    this.#number.addEventListener('change', () => this.#goTo(this.#number.valueAsNumber));
    this.#window.addEventListener('change', () => this.#drawSoon());
    byId('back', HTMLButtonElement).addEventListener('click', () => this.#goTo(this.#step - 1));
    byId('on', HTMLButtonElement).addEventListener('click', () => this.#goTo(this.#step + 1));
    addMapStyle();
    this.#tellStep();
    this.#draw();
  }

  /** Marks a buffer in the map and leads to its row. */
  choose(buffer: number): void {
    this.#chosen = buffer;
    location.hash = `b${buffer}`;
    this.#drawSoon();
  }

  /** Shows a buffer in the map, at a step where it lives. */
  showBuffer(index: number): void {
    const buffer = this.#data.buffers[index];
    if (buffer === undefined) return;
    this.#chosen = index;
    this.showStep(livesAt(buffer, this.#step) ? this.#step : buffer.born);
  }

  /** Shows a step. The reader goes on at the slider. */
  showStep(wanted: number): void {
    this.#goTo(wanted);
    byId('map', HTMLElement).scrollIntoView();
    this.#slider.focus({ preventScroll: true });
  }

  /** Marks the step in charts that are drawn later. */
  mark(): void {
    markStep(this.#step, this.#last);
  }

  #goTo(wanted: number): void {
    if (!Number.isFinite(wanted)) return;
    this.#step = Math.min(Math.max(Math.round(wanted), 0), this.#last);
    this.#slider.value = String(this.#step);
    this.#number.value = String(this.#step);
    this.#tellStep();
    this.#drawSoon();
  }

  /** Says the step, also to who does not see the picture. */
  #tellStep(): void {
    const words = this.#stepWords();
    this.#slider.setAttribute('aria-valuetext', words);
    byId('now', HTMLOutputElement).value = words;
  }

  /** What the step was, in a line. */
  #stepWords(): string {
    if (this.#step === 0) return `before the first of ${this.#last} steps`;
    const { text, task, ended } = this.#data.steps[this.#step - 1] ?? { text: '', task: 0 };
    const end = ended === undefined ? '' : `: ${ended}`;
    const who = this.#data.tasks[task] ?? '';
    return escapeText(`after step ${this.#step} of ${this.#last}: ${who}: ${text}${end}`);
  }

  /** Draws with the next frame, however often it is asked for before. */
  #drawSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#isDue = false;
    const { map, alive } = memoryAt(this.#data, this.#step);
    drawMap(byId('picture', HTMLElement), map, {
      window: this.#shown(),
      chosen: this.#chosen === undefined ? undefined : alive.indexOf(this.#chosen),
      choose: (thing) => this.choose(alive[thing] ?? 0),
    });
    this.mark();
  }

  #shown(): PfnRange | undefined {
    const { value } = this.#window;
    const place = value === '' ? undefined : this.#data.places[Number(value)];
    return place && { pfn: place.pfn, pages: place.pages };
  }
}
