/** Checks of what became of the regions: what `regions` tells of them, under the same names. */
import type { RegionView, WhyNoHeap } from '../kernel/views/views.ts';
import { explainRegion, whyNoHeap } from './explain-region.ts';
import type { CheckAbout, Found, Severity } from './finding.ts';
import { nodeOf, regionPath, regionRepairs, reservedPath } from './repairs.ts';
import type { Trial } from './trial.ts';

/** What each reason is; `fine` where a tree means it so. */
const SEVERITY: Readonly<Record<WhyNoHeap, Severity | 'fine'>> = {
  disabled: 'fine',
  'unsupported-format': 'error',
  'no-reg-no-size': 'error',
  'malformed-reg': 'error',
  'size-zero': 'error',
  'reserve-failed': 'error',
  'invalid-size': 'error',
  'invalid-alignment': 'error',
  'too-many-dynamic': 'error',
  'no-room': 'error',
  'default-area-failed': 'error',
  'skipped-for-cmdline': 'warning',
  'not-shared-dma-pool': 'warning',
  'reusable-and-no-map': 'error',
  'cma-misaligned': 'error',
  'cma-no-slot': 'error',
  'cma-across-zones': 'error',
  'cma-not-configured': 'note',
  'coherent-off': 'note',
  'restricted-pool': 'fine',
  'restricted-refused': 'error',
  'coherent-no-slot': 'error',
  'coherent-not-no-map': 'error',
  'mapped-ram': 'error',
  'mapped-page': 'error',
  unmappable: 'error',
  'name-taken': 'error',
  'module-not-loaded': 'note',
  // Only of a module that is loaded later: at boot CMA heaps come first.
  'no-cma-heaps': 'fine',
};

/** A heap of a vendor's kernel: another thing than a pool that was meant. */
const VENDOR_HEAP = 'vendor-heap';

export const REGION_CHECKS: readonly CheckAbout[] = [
  ...(Object.keys(SEVERITY) as WhyNoHeap[]).flatMap((name): CheckAbout[] => {
    const severity = SEVERITY[name];
    return severity === 'fine' ? [] : [{ name, severity, about: whyNoHeap(name), by: 'dmaheap' }];
  }),
  {
    name: VENDOR_HEAP,
    severity: 'note',
    about: "a heap of a vendor's kernel, which this Linux does not have",
    by: 'dmaheap',
  },
];

function checkOf({
  why,
  detail,
}: RegionView): { readonly check: string; readonly severity: Severity } | undefined {
  if (why === undefined) return undefined;
  const severity = SEVERITY[why];
  if (severity === 'fine') return undefined;
  if (why !== 'not-shared-dma-pool') return { check: why, severity };
  const purpose = detail?.is === 'purpose' ? detail.purpose.for : 'firmware';
  if (purpose === 'pool') return { check: why, severity };
  return purpose === 'vendor-heap' ? { check: VENDOR_HEAP, severity: 'note' } : undefined;
}

/** Whether a node of the tree made the region. */
const isOfTree = ({ origin }: RegionView): boolean => origin === 'static' || origin === 'dynamic';

export function regionFindings(trial: Trial): readonly Found[] {
  const { board, booted } = trial;
  let formatTold = false;
  return booted.regions.flatMap((region): Found[] => {
    const is = checkOf(region);
    const words = explainRegion(region);
    if (is === undefined || words === undefined) return [];
    // It is /reserved-memory's, and so that of all its children.
    const ofAll = is.check === 'unsupported-format';
    if (ofAll && formatTold) return [];
    formatTold ||= ofAll;
    const { name } = region;
    const path = ofAll ? reservedPath(board) : isOfTree(region) ? regionPath(board, name) : undefined;
    const reserved = board.tree?.root.children.find((node) => `/${node.name}` === reservedPath(board));
    const position = ofAll ? reserved?.position : nodeOf(trial, name)?.position;
    return [
      {
        ...is,
        message: words.reason,
        ...(words.advice !== undefined && { hint: words.advice }),
        ...(path !== undefined && { path }),
        ...(position !== undefined && { position }),
        log: is.severity === 'note' ? [] : logOf(trial, region),
        repairs: () => regionRepairs(trial, region),
      },
    ];
  });
}

const MOST_LINES = 4;
/** Lines that belong to the one behind them, and name no node. */
const LEADS = /^(Reserved memory: (?!created|initialized)|OF: reserved mem: OVERLAP|cma: (?!Reserved))/;

/** The lines of the log that name something, each with the one that leads to it. */
export function linesAbout({ booted }: Trial, isAbout: (text: string) => boolean): readonly string[] {
  const texts = booted.log.map(({ text }) => text);
  const lines = texts.flatMap((text, at) => {
    // Lines of all is well say nothing.
    const isComplaint = (booted.log[at]?.level ?? 0) <= 4 || /fail|skip|refus|unable|bypass/i.test(text);
    if (!isAbout(text) || !isComplaint) return [];
    let first = at;
    while (first > 0 && LEADS.test(texts[first - 1] ?? '') && !isAbout(texts[first - 1] ?? '')) first--;
    return texts.slice(first, at + 1);
  });
  return [...new Set(lines)].slice(0, MOST_LINES);
}

/** Whether a line names a node as a whole word. */
export const naming =
  (name: string) =>
  (text: string): boolean => {
    const at = text.indexOf(name);
    return at >= 0 && !/[\w,.@-]/.test(text[at - 1] ?? ' ') && !/[\w@-]/.test(text[at + name.length] ?? ' ');
  };

/** What Linux prints of a region that became none; a line of a healthy region says nothing of it. */
function logOf(trial: Trial, region: RegionView): readonly string[] {
  if (region.why === 'unsupported-format') {
    return linesAbout(trial, (text) => text.includes('unsupported node format'));
  }
  if (region.why === 'skipped-for-cmdline') {
    return linesAbout(trial, (text) => /linux,cma-default node|using cmdline CMA/.test(text));
  }
  if (!isOfTree(region)) return linesAbout(trial, (text) => text.startsWith('cma: '));
  const isAbout = naming(region.name);
  return linesAbout(trial, isAbout);
}
