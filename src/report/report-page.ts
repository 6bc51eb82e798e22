/** The frame of a report: one file, without a network, whose policy lets only its own script and style in. */
import type { ReportData } from './report-data.ts';
import { xmlText } from './xml-text.ts';

/** What the page is made of beside its data. */
export interface PageParts {
  /** The script that draws it, compiled. */
  readonly script: string;
  readonly style: string;
  /** A text or bytes as gzip in base64: what a page of ten thousand steps says is a tenth of its size then. */
  readonly pack: (content: string | Uint8Array) => string;
  /** SHA-256 of a text, as base64. */
  readonly hash: (text: string) => string;
}

type Part = readonly [id: string, title: string, body: string];

/** A part of the page with its heading. */
const section = ([id, title, body]: Part): string =>
  `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${title}</h2>\n${body}</section>\n`;

/** The whole page. */
export function reportPage(data: ReportData, { script, style, pack, hash }: PageParts): string {
  const policy = `default-src 'none'; script-src 'sha256-${hash(script)}'; style-src 'sha256-${hash(style)}'; base-uri 'none'; form-action 'none'`;
  const last = data.steps.length;
  const title = xmlText(data.title);
  const memory: readonly Part[] = [
    [
      'map',
      'Memory',
      `<div class="controls">
<label for="step">Step</label>
<button type="button" id="back" aria-label="one step back">&lt;</button>
<input type="range" id="step" min="0" max="${last}" value="${last}">
<button type="button" id="on" aria-label="one step on">&gt;</button>
<label for="number">number</label> <input type="number" id="number" min="0" max="${last}" value="${last}">
<label for="window">show</label> <select id="window"></select>
</div>
<output id="now" for="step"></output>
<div class="wide" role="group" tabindex="0" aria-label="Map"><figure id="picture"></figure></div>
`,
    ],
    ['use', 'Usage and fragmentation', '<div id="charts"></div>\n'],
  ];
  const buffers: readonly Part[] = [
    ['lives', 'Buffers by task', '<div id="life-lines"></div>\n'],
    ['buffers', 'Buffers', '<div id="buffer-table"></div>\n'],
    ['regions', 'Regions', '<div id="region-table"></div>\n'],
  ];
  const isDead = data.panic !== undefined;
  const differences: Part = ['comparison', 'Differences', '<div id="difference-list"></div>\n'];
  const parts: readonly Part[] = [
    ...(isDead ? [] : memory),
    ['findings', 'Findings', '<ul id="finding-list"></ul>\n'],
    ...(data.comparison === undefined ? [] : [differences]),
    ...(isDead ? [] : buffers),
    ['steps', isDead ? 'Log' : 'Steps and log', '<div id="step-list"></div>\n'],
    ['inputs', 'Inputs', '<dl id="input-list"></dl>\n<div id="files"></div>\n<ul id="notes"></ul>\n'],
  ];
  const links = parts.map(([id, name]) => `<a href="#${id}">${name}</a>`).join(' ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${xmlText(data.banner)}</p>
${data.panic === undefined ? '' : `<p class="panic"><strong>The kernel dies while it boots: ${xmlText(data.panic)}</strong></p>\n`}<nav aria-label="Parts of the report">${links}</nav>
</header>
<main>
<noscript><p>The pictures and tables of this page are drawn by a script, which is part of the page.</p></noscript>
${parts.map(section).join('')}</main>
<script type="text/plain" id="data">${pack(JSON.stringify(data))}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
