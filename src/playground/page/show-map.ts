/** The map of memory, which a place's button shows alone. */
import type { Kernel } from '../../kernel/kernel.ts';
import { button, byId, html, redraw } from '../../page/element.ts';
import { addMapStyle, drawMap } from '../../page/map-figure.ts';
import { type MapThing, type MemoryMap, memoryMap } from '../../report/memory-map.ts';
import { formatHex, type PfnRange } from '../../units.ts';

/** The whole, and each place that can be shown alone. */
const WHOLE = 'all memory';

/** Places that have a button: a board may have hundreds. */
const MOST_PLACES = 40;

/** Runs of a buffer that are told. */
const MOST_RUNS = 4;

export class MapFigure {
  #kernel: Kernel | undefined;
  /** The place on show, by its name. */
  #place = WHOLE;
  /** The buffer that was clicked, by its number. */
  #chosen: number | undefined;

  constructor() {
    addMapStyle();
  }

  /** Shows another kernel: all of its memory. */
  show(kernel: Kernel | undefined): void {
    this.#kernel = kernel;
    this.#place = WHOLE;
    this.#chosen = undefined;
    this.draw();
  }

  /** Draws what is on show as it is now. */
  draw(): void {
    const part = byId('map', HTMLElement);
    if (this.#kernel === undefined) {
      redraw(part);
      return;
    }
    const map = memoryMap(this.#kernel);
    const chosen = map.things.findIndex(({ kind, number }) => kind === 'buffer' && number === this.#chosen);
    const figure = html('figure');
    drawMap(figure, map, {
      window: map.places.find(({ name }) => name === this.#place),
      chosen,
      choose: (thing) => {
        this.#chosen = map.things[thing]?.number;
        this.draw();
      },
    });
    redraw(
      part,
      html('div', { class: 'row', role: 'group', 'aria-label': 'What the map shows' }, ...this.#zooms(map)),
      html('div', { class: 'wide', role: 'group', tabindex: 0, 'aria-label': 'Map' }, figure),
      html('p', { class: 'note', role: 'status' }, thingWords(map, map.things[chosen])),
    );
  }

  #zooms({ places }: MemoryMap): readonly HTMLElement[] {
    const names = [WHOLE, ...places.slice(0, MOST_PLACES).map(({ name }) => name)];
    return names.map((name) => {
      const made = button(name, { key: `map ${name}`, label: `Show ${name}` }, () => {
        this.#place = name;
        this.draw();
      });
      made.setAttribute('aria-pressed', String(name === this.#place));
      return made;
    });
  }
}

/** What a buffer is that was clicked. */
function thingWords({ pageSize }: MemoryMap, thing: MapThing | undefined): string {
  if (thing === undefined) return '';
  const where = ({ pfn }: PfnRange) => formatHex(BigInt(pfn) * BigInt(pageSize));
  const more = thing.runs.length - MOST_RUNS;
  const runs = thing.runs.slice(0, MOST_RUNS).map(where).join(', ');
  return `${thing.name}: ${thing.pages} pages at ${runs}${more > 0 ? ` and ${more} more places` : ''}`;
}
