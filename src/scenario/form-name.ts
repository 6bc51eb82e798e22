/** The name of the form that scenarios have: what their key `schema` says. */
export const SCENARIO_FORM = 'dmaheap.scenario/1';
