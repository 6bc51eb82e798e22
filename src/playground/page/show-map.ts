/** The map of memory, which a place's button shows alone. */
import type { Kernel } from '../../kernel/kernel.ts';
import { type MapThing, type MemoryMap, memoryMap } from '../../report/memory-map.ts';
import { drawLegend, drawMap } from '../../report-page/draw-map.ts';
import { addKindPatterns } from '../../report-page/kind-patterns.ts';
import { formatHex, type PfnRange } from '../../units.ts';
import { button, byId, element, redraw } from './element.ts';

/** The whole, and each place that can be shown alone. */
const WHOLE = 'all memory';

/** Places that have a button: a board may have hundreds. */
const MOST_PLACES = 40;

export class MapFigure {
  #kernel: Kernel | undefined;
  /** The place on show, by its name. */
  #place = WHOLE;

  constructor() {
    addKindPatterns();
  }

  /** Shows another kernel: all of its memory. */
  show(kernel: Kernel | undefined): void {
    this.#kernel = kernel;
    this.#place = WHOLE;
    this.draw();
  }

  /** Draws what is on show as it is now. */
  draw(): void {
    const part = byId('map', HTMLElement);
    if (this.#kernel === undefined) {
      redraw(part);
      return;
    }
    const map = buffersFirst(memoryMap(this.#kernel));
    const window = map.places.find(({ name }) => name === this.#place);
    const alive = map.things.flatMap(({ kind }, at) => (kind === 'buffer' ? [at] : []));
    const figure = element('figure');
    const legend = element('ul', { id: 'legend' });
    drawMap(figure, { map, alive }, window, undefined, (at) => tellThing(told, map, map.things[at]));
    drawLegend(legend, { map, alive });
    const told = element('p', { class: 'note', role: 'status' });
    redraw(
      part,
      element(
        'div',
        { class: 'row', role: 'group', 'aria-label': 'What the map shows' },
        ...this.#zooms(map),
      ),
      element('div', { class: 'wide', role: 'group', tabindex: '0', 'aria-label': 'Map' }, figure),
      told,
      legend,
    );
  }

  #zooms({ places }: MemoryMap): readonly HTMLElement[] {
    const names = [WHOLE, ...places.slice(0, MOST_PLACES).map(({ name }) => name)];
    return names.map((name) => {
      const made = button(name, `map ${name}`, `Show ${name}`, () => {
        this.#place = name;
        this.draw();
      });
      made.setAttribute('aria-pressed', String(name === this.#place));
      return made;
    });
  }
}

/** The same map, with the buffers before all other things: so reports have them, and `drawMap` takes them. */
function buffersFirst(map: MemoryMap): MemoryMap {
  const order = [...map.things.keys()].sort(
    (a, b) => Number(map.things[b]?.kind === 'buffer') - Number(map.things[a]?.kind === 'buffer'),
  );
  const places = new Map(order.map((before, after) => [before, after]));
  return {
    ...map,
    things: order.flatMap((at) => map.things[at] ?? []),
    parts: map.parts.map((part) => ({ ...part, thing: places.get(part.thing) ?? part.thing })),
  };
}

/** Says of a buffer that was clicked what it is. */
function tellThing(told: HTMLElement, { pageSize }: MemoryMap, thing: MapThing | undefined): void {
  if (thing === undefined) return;
  const where = ({ pfn }: PfnRange) => formatHex(BigInt(pfn) * BigInt(pageSize));
  const runs = thing.runs.slice(0, 4).map(where).join(', ');
  told.replaceChildren(element('span', {}, `${thing.name}: ${thing.pages} pages at ${runs}`));
}
